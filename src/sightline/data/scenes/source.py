"""The built-in source `scenes`: composed layouts with exact ground truth, made on request from a seed."""

from __future__ import annotations

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
    slower); masks come from the parts either way. A sample carries the picture, uint8 (size, size, 3); two captions
    (three at level 4);
    the instance mask, uint8 (size, size), 0 background, else 1 + index of the topmost element; boxes (elements, 4),
    full extents also where hidden; and in `extra`: `phrases` [(words, (x, y, w, h))], `visible` shares, `depth_order`
    (instance numbers, nearest first), `class_mask` uint16 (size, size) with its names in `classes`, `text` (the
    strings on the canvas), `factors` (a dict per element), `design` (the factors the scene was drawn from, flat:
    `record.given`; `record.factors` adds the measures of its style) and the `scene` itself. Lists run over the elements
    from back to front, as the instance numbers do.
    """

    has = frozenset({"image", "text", "negatives", "mask", "boxes"})
    classes: tuple[str, ...] = ()

    def __init__(
        self,
        level: int = 1,
        n: int = 10_000,
        seed: int = 0,
        split: str = "train",
        size: int = 96,
        renderer: str = "parts",
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
        self.level, self.n, self.seed, self.split, self.size = level, n, seed, split, size
        self._picture = RENDERERS[renderer]
        self.name = f"scenes:{split}?level={level}&n={n}&seed={seed}&size={size}"

    def __len__(self) -> int:
        return self.n

    def scene(self, index: int) -> Scene:
        """Scene number `index`, before it is drawn."""
        if not 0 <= index < self.n:
            raise IndexError(f"scene {index} of {self.n}")
        key = seed_of("scenes", self.level, self.seed, self.split, int(index))
        return design.compose(self.size, key) if self.level == design.LEVEL else compose(self.level, self.size, key)

    def __getitem__(self, index: int) -> Sample:
        scene = self.scene(index)
        designed = self.level == design.LEVEL
        kinds = (*caption.KINDS, *caption.EDITS) if designed else caption.KINDS
        owner = parts.owners(scene)
        key = f"{self.split}/level{self.level}/seed{self.seed}/{index:06d}"
        return Sample(
            key=key,
            image=self._picture(scene),
            captions=(caption.caption(scene), caption.brief(scene), *([caption.styled(scene)] if designed else [])),
            negatives=tuple(text for kind in kinds if (text := caption.hard_negatives(scene, kind))),
            mask=owner,
            boxes=np.array([e.box for e in scene.elements], np.float32),
            name=key,
            extra=truth(scene, owner),
        )


def truth(scene: Scene, owner: np.ndarray) -> dict[str, Any]:
    """Everything that is known of a drawn scene beyond its captions and boxes; `owner` is its instance mask."""
    elements = scene.elements
    number = vocabulary.number(scene.level)
    owners = np.array([0, *(number[e.name] for e in elements)], np.uint16)
    return {
        "phrases": [(caption.phrase(scene, k), e.box) for k, e in enumerate(elements)],
        "visible": parts.visible(scene, owner),
        "depth_order": list(range(len(elements), 0, -1)),
        "class_mask": owners[owner],
        "classes": vocabulary.classes(scene.level),
        "text": [e.value for e in elements if e.kind == "text"],
        "factors": [
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
            for e in elements
        ],
        "design": given(scene),
        "scene": scene,
    }
