"""What the studies of this room share: caltech101 by classes, one small tower, one budget, and trainings that go on
where they stopped."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

import sightline
from sightline.data.decode.picture import decode
from sightline.data.feed.order import Epochs, Order
from sightline.data.prepare.preprocess import Preprocess, opened
from sightline.data.sample import Sample
from sightline.data.sources.labels import labels_of
from sightline.data.sources.source import open_source
from sightline.data.views.kinds import MaeView
from sightline.probes.paired import interval
from sightline.recipes.find import find, train
from sightline.towers.spec import ResNetSpec, SmallStem
from sightline.train.optim.optimizer import AdamW
from sightline.train.optim.schedule import WarmupCosine
from sightline.train.recipe.evaluation import Evaluation
from sightline.train.recipe.parts import Parts
from sightline.train.recipe.recipe import Recipe

SIZE = 32
"""pixels of a side"""
TOWER = ResNetSpec(depths=(1, 1, 1), width=24, stem=SmallStem(stride=2))
"""of all: 0.2 M, 96 numbers"""
BATCH, STEPS = 60, 400
VIEWS = MaeView(scale=(0.5, 1.0))
"""a crop, mirrored one time in two: so short a training has no use for more"""
VIEW = Preprocess(size=SIZE, resize="crop")
"""what is asked: photographs without the bars that no crop of the training has"""
EPOCHS = Epochs()


class Labelled:
    """Samples under labels of their own: a part of the classes of a set, or other ones."""

    has = frozenset({"image", "label"})

    def __init__(self, samples: Sequence[Sample], labels: np.ndarray, classes: Sequence[str], name: str) -> None:
        self.samples, self.told, self.classes, self.name = samples, labels, tuple(classes), name

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> Sample:
        return replace(self.samples[index], label=int(self.told[index]))

    def labels(self) -> np.ndarray:
        return self.told


@dataclass(frozen=True, eq=False)
class Set:
    """A part of caltech101, decoded: samples, the evaluation view of each uint8 (n, y, x, 3), and labels (n,)."""

    samples: list[Sample]
    pixels: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]

    def of(self, classes: Sequence[int] | np.ndarray, name: str, places: np.ndarray | None = None) -> Labelled:
        """The pictures of some classes, numbered in that order; of those at `places` alone where they are given."""
        number = np.full(len(self.classes), -1)
        number[classes] = np.arange(len(classes))
        labels = number[self.labels]
        chosen = np.flatnonzero(labels >= 0)
        if places is not None:
            chosen = np.intersect1d(chosen, places)
        return Labelled([self.samples[i] for i in chosen], labels[chosen], [self.classes[c] for c in classes], name)


def shards(name: str, split: str) -> str:
    """The SRC of a part of a set."""
    if "SIGHTLINE_DATA" not in os.environ:
        raise SystemExit(f"set SIGHTLINE_DATA to the folder that holds {name}/")
    return f"{os.environ['SIGHTLINE_DATA']}/{name}:{split}"


@cache
def caltech(split: str) -> Set:
    source: Any = open_source(shards("caltech101", split))
    # once for all runs, with pixels to spare for crops
    samples = [
        replace(sample, image=decode(sample.image, SIZE * 3 // 2))
        for sample in map(source.__getitem__, range(len(source)))
    ]
    pixels = np.stack([VIEW.pixels(opened(sample.image, SIZE)) for sample in samples])
    return Set(samples, pixels, labels_of(source), source.classes)


def small(name: str, order: Order = EPOCHS, *, steps: int = STEPS, **changes: Any) -> Recipe:
    """The recipe called `name` on the common tower, pictures and budget; `changes` are fields of the recipe."""
    base = find(name)
    shared: dict[str, Any] = {
        "parts": Parts(image=TOWER),
        "data": replace(base.data, size=SIZE, order=order, views=VIEWS, preprocess=VIEW),
        "optim": AdamW(lr=4e-3, weight_decay=0.05),
        "batch": BATCH,
        "steps": steps,
        "schedule": WarmupCosine(warmup=steps // 10),
        "precision": "float32",
        "evaluation": Evaluation(metric="rankme", samples=100),
    }
    return replace(base, **shared | changes)


def trained(recipe: Recipe, source: Any, out: Path, held: Any = None) -> Any:
    """The encoder of a run, trained first where it is not finished; the same call goes on where it stopped."""
    if not (out / "encoder.json").exists():  # what is written last
        done = train(recipe, out=out, data=source, evaluation=held or source, export=False, quiet=True)
        if not done.finished:
            raise SystemExit(f"{out} was stopped at step {done.steps}; the same command goes on")
        print(f"{out}: {done.steps} steps, {done.seconds:.0f} s", flush=True)
    return sightline.load(str(out))


def embed(encoder: Any, pixels: np.ndarray) -> np.ndarray:
    """Vectors (n, e) as the encoder gives them, not normalised, of what `Set.pixels` holds."""
    return np.asarray(encoder.encode_image(torch.from_numpy(encoder.rule.normalised(pixels))).cpu(), np.float64)


def vectors(out: Path, encoder: Callable[[], Any]) -> dict[str, np.ndarray]:
    """{"train", "test"}: of every picture of the set, kept beside the run."""
    file = out / "vectors.npz"
    if not file.exists():
        made = encoder()
        np.savez(file, **{split: embed(made, caltech(split).pixels) for split in ("train", "test")})
    with np.load(file) as kept:
        return dict(kept)


def figure(values: np.ndarray, family: np.ndarray) -> str:
    """The mean and its 95 % interval, families drawn again."""
    low, high = interval(values, np.zeros(len(values)), family=family)
    return f"{values.mean():.3f} ({low:.3f} to {high:.3f})"


def difference(a: np.ndarray, b: np.ndarray, family: np.ndarray) -> str:
    """mean(a - b) of the same items and its 95 % interval, families drawn again."""
    low, high = interval(a, b, family=family)
    return f"{(np.asarray(a, float) - b).mean():+.3f} ({low:+.3f} to {high:+.3f})"
