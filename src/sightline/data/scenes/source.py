"""The built-in source `scenes`: composed layouts with exact ground truth, made on request from a seed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from sightline.data.draw import seed_of
from sightline.data.sample import Sample
from sightline.data.scenes import caption, design, parts, svg, vocabulary
from sightline.data.scenes.layout import compose
from sightline.data.scenes.record import given
from sightline.data.scenes.scene import Scene, place

SPLITS = ("train", "test")
RENDERERS = {"parts": parts.picture, "svg": svg.picture}
SMALLEST = 32
"""pixels below which a level-1 object is a smudge"""


class Scenes:
    """Random access to scenes: `source[i]` is a pure function of (level, seed, split, size, i), whatever `n` is.

    `renderer` draws the picture: "parts" (composited from pre-rendered parts) or "svg" (the exact document by resvg,
    slower); masks come from the parts either way. With `alt`, a sample has alt text beside its captions: half the words
    of the main one, or, in that share of the scenes, of another scene's.

    A sample carries the picture, uint8 (size, size, 3); two captions (three at level 4); the instance mask, uint8
    (size, size), 0 background, else 1 + index of the topmost element; boxes (elements, 4), full extents also where
    hidden; and in `extra`: `phrases` [(words, (x, y, w, h))], `visible` shares, `depth_order` (instance numbers,
    nearest first), `class_mask` uint16 (size, size) with its names in `classes`, `text` (the strings on the canvas),
    `factors` (a dict per element), `design` (the factors the scene was drawn from, flat: `record.given`;
    `record.factors` adds the measures of its style) and the `scene` itself. Lists run over the elements from back to
    front, as the instance numbers do.
    """

    classes: tuple[str, ...] = ()

    def __init__(
        self,
        level: int = 1,
        n: int = 10_000,
        seed: int = 0,
        split: str = "train",
        size: int = 96,
        renderer: str = "parts",
        alt: float | None = None,
    ) -> None:
        if level not in vocabulary.LEVELS:
            raise ValueError(f"scenes have levels 1, 2, 3 and 4; got level={level!r}")
        if split not in SPLITS:
            raise ValueError(f"scenes have no split {split!r}; known: {', '.join(SPLITS)}")
        if renderer not in RENDERERS:
            raise ValueError(f"scenes have no renderer {renderer!r}; known: {', '.join(RENDERERS)}")
        if n < 1:
            raise ValueError(f"n={n}: the number of scenes must be at least 1")
        if size < SMALLEST:
            raise ValueError(f"size={size}: the canvas must be at least {SMALLEST} pixels wide")
        if alt is not None and not 0 <= alt <= 1:
            raise ValueError(f"alt={alt}: expected the share of scenes whose alt text is another's, between 0 and 1")
        self.level, self.n, self.seed, self.split, self.size, self.alt = level, n, seed, split, size, alt
        self._picture = RENDERERS[renderer]
        self.has = frozenset({"image", "text", "negatives", "mask", "boxes"} | ({"alt"} if alt is not None else set()))
        self.name = f"scenes:{split}?level={level}&n={n}&seed={seed}&size={size}"
        self.name += f"&alt={alt:g}" if alt is not None else ""

    def __len__(self) -> int:
        return self.n

    def scene(self, index: int) -> Scene:
        """Scene number `index`, before it is drawn."""
        if not 0 <= index < self.n:
            raise IndexError(f"scene {index} of {self.n}")
        return self._composed(int(index))

    def _composed(self, index: int) -> Scene:
        key = seed_of("scenes", self.level, self.seed, self.split, index)
        return design.compose(self.size, key) if self.level == design.LEVEL else compose(self.level, self.size, key)

    def _alt(self, index: int, said: str) -> str:
        """A page's words: half of those of the caption, or of another scene's, which may lie beyond the last."""
        draws = np.random.default_rng(seed_of("alt of scenes", self.level, self.seed, self.split, int(index)))
        if draws.random() < (self.alt or 0.0):
            said = caption.caption(self._composed(int(draws.integers(2**31))))
        words = said.split()
        kept = draws.random(len(words)) < 0.5
        kept[draws.integers(len(words))] = True
        return " ".join(word for word, keep in zip(words, kept, strict=True) if keep)

    def __getitem__(self, index: int) -> Sample:
        scene = self.scene(index)
        owner = parts.owners(scene)
        kinds = (*caption.KINDS, *caption.EDITS) if self.level == design.LEVEL else caption.KINDS
        return replace(
            self._told(index, scene),
            image=self._picture(scene),
            negatives=tuple(text for kind in kinds if (text := caption.hard_negatives(scene, kind))),
            mask=owner,
            extra=truth(scene, owner),
        )

    def words(self, index: int) -> Sample:
        """The sample undrawn: captions, alt text, and boxes with their phrases and factors."""
        scene = self.scene(index)
        return replace(self._told(index, scene), extra={"phrases": phrases(scene), "factors": factors(scene)})

    def _told(self, index: int, scene: Scene) -> Sample:
        """What is known of a scene before it is drawn."""
        said = caption.caption(scene)
        key = f"{self.split}/level{self.level}/seed{self.seed}/{index:06d}"
        styled = (caption.styled(scene),) if self.level == design.LEVEL else ()
        return Sample(
            key=key,
            image=b"",
            captions=(said, caption.brief(scene), *styled),
            alt=() if self.alt is None else (self._alt(index, said),),
            boxes=np.array([e.box for e in scene.elements], np.float32),
            name=key,
        )


def phrases(scene: Scene) -> list[tuple[str, tuple[int, int, int, int]]]:
    """What each element is called, and its box."""
    return [(caption.phrase(scene, k), e.box) for k, e in enumerate(scene.elements)]


def factors(scene: Scene) -> list[dict[str, Any]]:
    """What each element was drawn from."""
    return [
        {
            "what": e.name,
            "kind": e.kind,
            "colour": e.colour,
            "size": e.size,
            "place": place(e.box, scene.side),
            "background": scene.background.words,
            "stroke": e.stroke,
            "value": e.value,
        }
        for e in scene.elements
    ]


def truth(scene: Scene, owner: np.ndarray) -> dict[str, Any]:
    """Everything that is known of a drawn scene beyond its captions and boxes; `owner` is its instance mask."""
    elements = scene.elements
    number = vocabulary.number(scene.level)
    owners = np.array([0, *(number[e.name] for e in elements)], np.uint16)
    return {
        "phrases": phrases(scene),
        "visible": parts.visible(scene, owner),
        "depth_order": list(range(len(elements), 0, -1)),
        "class_mask": owners[owner],
        "classes": vocabulary.classes(scene.level),
        "text": [e.value for e in elements if e.kind == "text"],
        "factors": factors(scene),
        "design": given(scene),
        "scene": scene,
    }
