"""The spaces that are compared: one tower, one budget of time, nothing but what is learnt from the pictures differs."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from _atlas import shards
from sightline.methods.parts.teaching import Head
from sightline.methods.pictures.autoencoder import Autoencoder
from sightline.nn.conv.decoder import ConvDecoder
from sightline.recipes.find import find
from sightline.towers.spec import Causal, Mean, TransformerTextSpec, ViTSpec
from sightline.train.optim.schedule import WarmupCosine
from sightline.train.recipe.evaluation import Evaluation
from sightline.train.recipe.parts import Parts
from sightline.train.recipe.recipe import Recipe

SCENES = "scenes?level=1&n=8000&size=64::scenes?level=4&n=4000&size=64"
"""arrangements of things, and designs with values; the training split"""
WIDTH = 128
SIZE = 48
TOWER = ViTSpec(size=SIZE, patch=8, dim=WIDTH, depth=4, heads=4, pool=Mean())
"""of all: 36 patches of 8 pixels, 0.8 M"""
TEXT = TransformerTextSpec(vocab=4096, length=40, dim=64, depth=2, heads=2, reading=Causal())
"""of those that read captions"""


@dataclass(frozen=True)
class Space:
    """A recipe on the common tower, the pictures it learns from, and how many steps are four minutes."""

    recipe: Callable[[], Recipe]
    data: str
    steps: int
    batch: int = 64

    def trained(self) -> Recipe:
        base = self.recipe()
        parts = {name: {"image": TOWER, "text": TEXT}.get(name, part) for name, part in base.parts.items()}
        return replace(
            base,
            parts=Parts(**parts),
            data=replace(base.data, size=SIZE),
            batch=self.batch,
            steps=self.steps,
            schedule=WarmupCosine(warmup=self.steps // 10),
            evaluation=Evaluation(metric="rankme", samples=500),
        )


def of(name: str, **views: object) -> Callable[[], Recipe]:
    """The recipe called `name`; with `views`, those fields of its views changed."""

    def recipe() -> Recipe:
        base = find(name)
        made: Callable[[int], object] = replace(base.data.views, **views) if views else base.data.views  # type: ignore[type-var]
        return replace(base, data=replace(base.data, views=made))

    return recipe


def taught(name: str) -> Callable[[], Recipe]:
    """One of DINO's family with half the prototypes, which batches of 64 can balance."""

    def recipe() -> Recipe:
        base = of(name, **DRAWN)()
        heads = {
            key: replace(value, prototypes=512) for key, value in vars(base.method).items() if isinstance(value, Head)
        }
        return replace(base, method=replace(base.method, **heads))

    return recipe


def rebuilding() -> Recipe:
    """The autoencoder with a decoder that doubles a map of 6 x 6 three times."""

    def build(recipe: Recipe) -> Autoencoder:
        decoder = ConvDecoder(recipe.method.code, SIZE // 8, (64, 32, 16))
        return Autoencoder(recipe.parts.image.build(), decoder, recipe.method)

    return replace(find("autoencoder"), build=build)


DRAWN = {"kind": "graphics"}
"""other grounds, colours and lines, nothing mirrored"""

SPACES = {
    "clip": Space(of("clip"), SCENES, steps=400, batch=128),
    "siglip": Space(of("siglip"), SCENES, steps=400, batch=128),
    "simclr": Space(of("simclr.vit", **DRAWN), SCENES, steps=450),
    "dino": Space(taught("dino"), SCENES, steps=300),
    "ibot": Space(taught("ibot"), SCENES, steps=310),
    "dinov2": Space(taught("dinov2"), SCENES, steps=310),
    "mae": Space(of("mae", **DRAWN), SCENES, steps=1360),
    "autoencoder": Space(rebuilding, SCENES, steps=460),
    "clip.emoji": Space(of("clip"), "emoji", steps=400, batch=128),
    "simclr.emoji": Space(of("simclr.vit", **DRAWN), "emoji", steps=450),
    "dino.emoji": Space(taught("dino"), "emoji", steps=300),
}
"""each about four minutes of two cores of an AMD EPYC without AVX512"""


def source(name: str) -> str:
    data = SPACES[name].data
    return shards(data, "train") if data == "emoji" else data


def folder(root: Path, name: str) -> Path:
    return root / "runs" / name
