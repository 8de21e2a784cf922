"""A classifier from every stage of a tower: in which block are the classes easiest to read?

Of each stage the pooled vector (through the tower's own reading) and the mean of its patches, both by LayerNorm without
affine, since lengths differ from block to block; of each a linear probe and kNN. Pictures unlike those that a tower was
trained on often peak before its last block.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from sightline.data.array import to_numpy
from sightline.probes.knn import KNN
from sightline.probes.linear import LinearProbe
from sightline.towers.alexnet import AlexNet
from sightline.towers.flexi import FlexiViT
from sightline.towers.naflex import NaFlex
from sightline.towers.resnet import ResNet
from sightline.towers.vit import ViT

STRENGTHS = tuple(10.0**power for power in range(-4, 0))
EPSILON = 1e-6
MOST = 1000
"""blocks looked for in a tower of another package"""


@dataclass(frozen=True, slots=True)
class StageScore:
    """Accuracies of one stage's vectors of one kind, on the pictures that were asked about."""

    stage: str
    linear: float
    knn: float


class StageProbes:
    """`fit` one linear probe and one kNN a stage; `score` says how good each is; `predict` asks the best one."""

    def __init__(self, k: int = 20, strengths: Sequence[float] = STRENGTHS, *, seed: int = 0) -> None:
        """`k` neighbours; `strengths`, at least two, as of `LinearProbe`: the accuracy on the pictures that C is chosen
        on also says which stage is best, so the choice never sees what is scored."""
        if len(strengths) < 2:
            raise ValueError(
                f"strengths are at least two values of C, on whose choice stages are judged; got {strengths}"
            )
        self.k, self.strengths, self.seed = k, tuple(strengths), seed

    def fit(self, stages: Mapping[str, Any], labels: Any) -> "StageProbes":
        """Stages {name: (n, d)} in order, labels (n,) int, below 0 where there is none. Returns itself, with `linear_`
        and `knn_` by name, and `best_`: the name with the best accuracy on held-out training pictures, of equals the
        first."""
        if not stages:
            raise ValueError("no stage was given")
        vectors = {name: layer_norm(rows) for name, rows in stages.items()}
        self.linear_ = {n: LinearProbe(self.strengths, seed=self.seed).fit(v, labels) for n, v in vectors.items()}
        self.knn_ = {name: KNN(self.k).fit(rows, labels) for name, rows in vectors.items()}
        held = {name: max(probe.accuracies_.values()) for name, probe in self.linear_.items()}
        self.best_ = max(held, key=lambda name: held[name])
        return self

    def predict(self, stages: Mapping[str, Any]) -> np.ndarray:
        """Labels (q,) by the linear probe of the stage `best_`."""
        return self.linear_[self.best_].predict(layer_norm(stages[self.best_]))

    def score(self, stages: Mapping[str, Any], labels: Any) -> list[StageScore]:
        """One row a stage, in the order of `fit`."""
        vectors = {name: layer_norm(stages[name]) for name in self.linear_}
        return [
            StageScore(name, self.linear_[name].score(rows, labels), self.knn_[name].score(rows, labels))
            for name, rows in vectors.items()
        ]


def layer_norm(vectors: Any) -> Float[np.ndarray, "n d"]:
    """Every vector with mean 0 and deviation 1 over its numbers, float32; one of equal numbers becomes zero."""
    rows = to_numpy(vectors).astype(np.float64)
    apart = rows - rows.mean(axis=-1, keepdims=True)
    return (apart / np.sqrt((apart**2).mean(axis=-1, keepdims=True) + EPSILON)).astype(np.float32)


def stage_vectors(encoder: Any, images: Any, blocks: Mapping[str, int]) -> dict[str, Float[np.ndarray, "n d"]]:
    """{"STAGE pooled", "STAGE mean patch"} of pictures by `encoder.layers`; the mean is left out where it is what the
    tower pools. `blocks` as of `stage_blocks`. Raises ValueError for an encoder without stages."""
    found: dict[str, np.ndarray] = {}
    for name, features in zip(blocks, encoder.layers(images, list(blocks.values())), strict=True):
        pooled, tokens = to_numpy(features.pooled), to_numpy(features.tokens)
        found[f"{name} pooled"] = pooled
        if tokens.shape[1] and features.mask is None:
            mean = tokens.mean(axis=1)
            if mean.shape != pooled.shape or not np.allclose(mean, pooled, rtol=1e-4, atol=1e-4):
                found[f"{name} mean patch"] = mean
    return found


def stage_blocks(encoder: Any, image: Any) -> dict[str, int]:
    """The stages of an encoder's image tower by name, and the block that each ends with, as `layers` counts them.

    Every block of a transformer, every convolution of AlexNet and VGG, every stage of a ResNet (its last block). The
    blocks of another package's tower are asked for `image` one by one, until one is not there. Raises ValueError for a
    tower that gives none.
    """
    tower: Any = encoder.model.image
    match tower:
        case FlexiViT() | NaFlex():
            return _blocks(len(tower.vit.stack.blocks))
        case ViT():
            return _blocks(len(tower.stack.blocks))
        case AlexNet():
            return {f"convolution {i + 1}": i for i in range(tower.convolutions)}
        case ResNet():
            ends = np.cumsum([len(list(stage.children())) for stage in tower.stages]) - 1
            return {f"stage {i + 1}": int(end) for i, end in enumerate(ends)}
        case _:
            encoder.layers(image, [0])
            return _blocks(next((i for i in range(1, MOST) if not _there(encoder, image, i)), MOST))


def _blocks(count: int) -> dict[str, int]:
    return {f"block {i}": i for i in range(count)}


def _there(encoder: Any, image: Any, block: int) -> bool:
    try:
        encoder.layers(image, [block])
    except ValueError:
        return False
    return True
