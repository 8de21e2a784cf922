"""What `graphics` compares: designs and three ways to caption them, what may be hidden of them, how they are viewed."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from _spaces import DRAWN, TOWER, of
from sightline.data.atomic import atomic_write
from sightline.data.augment import evaluation as whole
from sightline.data.augment.draws import Draws
from sightline.data.masks import ElementMask, RandomMask, ink, ink_share, solid
from sightline.data.masks.amount import Amount, counted, lowest, shared
from sightline.data.sample import Sample
from sightline.data.scenes import parts
from sightline.data.scenes.caption import WHERE, noun
from sightline.data.scenes.scene import Element, Scene, place
from sightline.data.sources.source import open_source
from sightline.losses.pixels import RawPixels
from sightline.methods.image_text.clip import Config
from sightline.recipes.find import find
from sightline.text.load import BPE
from sightline.towers.spec import Causal, FlatMapSpec, ResNetSpec, StandardStem, TransformerTextSpec
from sightline.train.optim.schedule import WarmupCosine
from sightline.train.recipe.evaluation import Evaluation
from sightline.train.recipe.parts import Parts
from sightline.train.recipe.recipe import Recipe

SIDE = 64
TRAINED = "scenes:train?level=4&n=12000&seed=0&size=64"
FITTED = "scenes:train?level=4&n=3000&seed=9&size=64"
"""what probes learn from"""
TESTED = "scenes:test?level=4&n=1500&seed=9&size=64"
VOCAB, LENGTH = 1024, 48


def source_of(src: str, quick: bool) -> str:
    """A SRC, of a twentieth of its designs where it is to be quick."""
    before, _, after = src.partition("n=")
    n, _, rest = after.partition("&")
    return f"{before}n={int(n) // 20}&{rest}" if quick else src


@cache
def scenes(src: str) -> tuple[Scene, ...]:
    source: Any = open_source(src)
    return tuple(source.scene(i) for i in range(len(source)))


@cache
def pictures(src: str, folder: Path) -> np.ndarray:
    """uint8 (n, side, side, 3), drawn once and kept in `folder`."""
    file = folder / f"{_named(src)}.npy"
    if not file.exists():
        made = np.stack([parts.picture(scene) for scene in scenes(src)])
        with atomic_write(file) as [temporary], temporary.open("wb") as opened:
            np.save(opened, made)
    return np.load(file)


def _named(src: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in src)


# --- captions


def names(element: Element) -> str:
    """The type alone: "a star rating", "a tent", "a text"."""
    return f"{'an' if element.name[0] in 'aeiou' else 'a'} {element.name}"


MEANS = {
    "star rating": "{} out of 5 stars",
    "battery": "{} % charged",
    "progress bar": "{} % done",
    "toggle": "switched {}",
    "arrow": "pointing {}",
    "bar chart": "{} is the highest",
    "analog clock": "the time {}",
}
"""the value of a widget without its type"""


def meaning(element: Element) -> str:
    """What it means: "4 out of 5 stars", "a tent", 'the text "PRO"'."""
    if element.kind == "text":
        return f'the text "{element.value}"'
    return MEANS[element.name].format(element.value) if element.kind == "widget" else names(element)


def plain(element: Element) -> Element:
    """Of no size and no stroke that a caption would tell."""
    return element._replace(size="medium", stroke="filled")


def described(element: Element, where: str) -> str:
    """With colour, value and place: "a blue 75 % battery in the top right"."""
    return f"{noun(plain(element))} {WHERE[where]}"


def listed(said: list[str]) -> str:
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"


def captions(scene: Scene) -> tuple[str, ...]:
    """The caption by names, the one by meaning, then a phrase of every element: in this order for all three choosers,
    so that the tokenizer is trained on the same words whichever is taken."""
    elements = scene.elements
    each = [described(e, place(e.box, scene.side)) for e in elements]
    return listed([names(e) for e in elements]), listed([meaning(e) for e in elements]), *each


def by_names(sample: Sample, u: np.ndarray) -> str:
    """The caption by names."""
    return sample.captions[0]


def by_meaning(sample: Sample, u: np.ndarray) -> str:
    """The caption by meaning."""
    return sample.captions[1]


def by_elements(sample: Sample, u: np.ndarray) -> str:
    """One element of the design, or two, each as often."""
    each = [*sample.captions[2:]]
    first = each.pop(int(u[0] * len(each)))
    return first if u[1] < 0.5 or not each else f"{first} and {each[int(u[2] * len(each))]}"


class Designs:
    """Drawn designs with the captions above, and no false ones: those would tell values to the caption by names."""

    has = frozenset({"image", "text"})
    classes: tuple[str, ...] = ()

    def __init__(self, src: str, folder: Path) -> None:
        self.name = src
        self.pixels = pictures(src, folder)
        file = folder / f"{_named(src)}.json"
        if not file.exists():
            with atomic_write(file) as [temporary]:
                temporary.write_text(json.dumps([captions(scene) for scene in scenes(src)]))
        self.said = [tuple(said) for said in json.loads(file.read_text())]

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: int) -> Sample:
        if not 0 <= index < len(self):
            raise IndexError(f"design {index} of {len(self)}")
        key = f"{self.name}/{index:06d}"
        return Sample(key=key, image=self.pixels[index], captions=self.said[index], name=key)


# --- masks


@dataclass(frozen=True)
class SolidMask(Amount):
    """Patches of one flat colour alone, at random; others only where there are too few."""

    def __call__(
        self, pictures: Float[Tensor, "b 3 y x"], grid: tuple[int, int], draws: Draws
    ) -> Bool[Tensor, "b gy gx"]:
        return sorted_by(~_flat(pictures, grid), self, grid, draws, pictures)


@dataclass(frozen=True)
class BrokenMask(Amount):
    """Patches that are never of one flat colour, at random; flat ones only where there are too few others."""

    def __call__(
        self, pictures: Float[Tensor, "b 3 y x"], grid: tuple[int, int], draws: Draws
    ) -> Bool[Tensor, "b gy gx"]:
        return sorted_by(_flat(pictures, grid), self, grid, draws, pictures)


def _flat(pictures: Float[Tensor, "b 3 y x"], grid: tuple[int, int]) -> np.ndarray:
    return solid(pictures, grid).flatten(1).cpu().numpy()


def sorted_by(
    late: np.ndarray, amount: Amount, grid: tuple[int, int], draws: Draws, pictures: Float[Tensor, "b 3 y x"]
) -> Bool[Tensor, "b gy gx"]:
    """Exactly the ratio of the patches (b, n), those that are `late` after all others."""
    assert not isinstance(amount.ratio, tuple), "an exact number, as MAE needs"
    b, n = late.shape
    mask = lowest(draws.many("noise", n) + late, counted(amount.ratio, n, b))
    return shared(mask, amount.share, grid, draws, pictures.device)


RATIO = 0.3
"""of the patches, 19 of 64: half of a design's patches are flat and a half is not, so that either kind suffices and a
third of the other still shows"""
KINDS: dict[str, Callable[..., Any]] = {
    "random": RandomMask,
    "elements": ElementMask,
    "only solid": SolidMask,
    "never solid": BrokenMask,
}


def hidden(kind: str, pixels: np.ndarray) -> dict[str, float]:
    """Of the masked patches of designs (n, y, x, 3): the share of one flat colour; and of all ink, the share masked."""
    seen = torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255
    grid = (SIDE // TOWER.patch, SIDE // TOWER.patch)
    mask = KINDS[kind](ratio=RATIO)(seen, grid, Draws(0, 0, np.arange(len(pixels)), "mask 0"))
    inked = ink_share(ink(seen), grid)
    flat, whole = (mask & solid(seen, grid)).sum() / mask.sum(), inked.sum()
    return {"masked_solid": float(flat), "masked_ink": float((inked * mask).sum() / whole)}


# --- recipes


def trained(recipe: Recipe, steps: int, batch: int) -> Recipe:
    """With the numbers that every arm of a question shares."""
    return replace(
        recipe,
        batch=batch,
        steps=steps,
        schedule=WarmupCosine(warmup=max(1, steps // 10)),
        evaluation=Evaluation(metric="rankme", samples=500),
    )


def captioned(chooser: Callable[[Sample, np.ndarray], str]) -> Callable[[int], Recipe]:
    """`clip.small`'s method and kind of tower, half as wide and deep; whole pictures, so that places stay true."""

    def recipe(steps: int) -> Recipe:
        base = find("clip.small")
        data = replace(base.data, size=SIDE, views=whole, caption=chooser, tokenizer=BPE(vocab=VOCAB, length=LENGTH))
        towers = Parts(
            image=ResNetSpec(depths=(1, 1, 1), width=32, stem=StandardStem(), pool=FlatMapSpec(grid=4)),
            text=TransformerTextSpec(vocab=VOCAB, length=LENGTH, dim=64, depth=2, heads=2, reading=Causal()),
        )
        # a caption by names fits several designs of a batch: none of them is wrong
        made = replace(base, parts=towers, data=data, method=Config(positives="caption"))
        return trained(made, steps, 64)

    return recipe


def masked(kind: str) -> Callable[[int], Recipe]:
    """MAE of whole pictures; plain pixels as targets, so that a flat patch has a colour to be told."""

    def recipe(steps: int) -> Recipe:
        base = find("mae")
        data = replace(base.data, size=SIDE, views=whole, masks=KINDS[kind](ratio=RATIO))
        made = replace(
            base,
            parts=Parts(image=replace(TOWER, size=SIDE)),
            data=data,
            method=replace(base.method, target=RawPixels()),
        )
        return trained(made, steps, 64)

    return recipe


def viewed(**views: object) -> Callable[[int], Recipe]:
    """SimCLR on the tower, and at the size, of the spaces of `which_one`."""

    def recipe(steps: int) -> Recipe:
        base = of("simclr.vit", **views)()
        made = replace(base, parts=Parts(image=TOWER), data=replace(base.data, size=TOWER.size))
        return trained(made, steps, 64)

    return recipe


@dataclass(frozen=True)
class Question:
    """Its arms, by name, and the steps of each: two and a half minutes of two cores."""

    arms: dict[str, Callable[[int], Recipe]]
    steps: int
    against: tuple[tuple[str, str], ...]
    """which arms are compared"""
    references: tuple[str, ...] = ()


QUESTIONS = {
    "captions": Question(
        {"names": captioned(by_names), "meaning": captioned(by_meaning), "elements": captioned(by_elements)},
        1000,
        (("meaning", "names"), ("elements", "names"), ("elements", "meaning")),
    ),
    "masks": Question(
        {kind: masked(kind) for kind in ("random", "elements", "only solid", "never solid")},
        280,
        (("elements", "random"), ("never solid", "random"), ("never solid", "only solid"), ("random", "untrained")),
        ("untrained", "pixels"),
    ),
    "views": Question(
        {"photograph": viewed(kind="photo"), "graphics": viewed(**DRAWN)},
        280,
        (("graphics", "photograph"), ("graphics", "untrained"), ("photograph", "untrained")),
        ("untrained", "pixels"),
    ),
}
