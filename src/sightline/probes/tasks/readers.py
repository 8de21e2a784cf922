"""What each task reads of an encoder, and of the pixels themselves, which is the floor beside every score."""

from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from sightline.data.array import to_numpy
from sightline.probes.stages import stage_blocks, stage_vectors
from sightline.probes.tasks.gather import Reader

SIDE = 16
"""raw pixels: the view averaged to so many a side"""
CELL = 4
"""raw pixels of a patch: so many a side"""


Task = Literal["knn", "linear", "attentive", "segmentation", "depth", "stages"]


def encoder_reader(task: Task, encoder: Any, first: Any) -> Reader:
    """What `task` reads of an encoder. `first` is a prepared picture as a batch of one, with which it is seen, before
    all others are read, whether the encoder has what the task needs; ValueError where it has not."""
    match task:
        case "knn":
            return joint_vectors(encoder)
        case "linear":
            return pooled_vectors(encoder)
        case "stages":
            return stages(encoder, stage_blocks(encoder, first))
        case _:
            grid_of(encoder, encoder.features(first))
            return patch_tokens(encoder)


def pixel_reader(task: Task, encoder: Any, first: Any) -> Reader | None:
    """What stands beside it: the pixels of the same view, on the same grid. None for pictures of no common size."""
    if not isinstance(first, Tensor):
        return None
    if task in ("knn", "linear", "stages"):
        return pixel_vectors
    return pixel_tokens(grid_of(encoder, encoder.features(first)))


def joint_vectors(encoder: Any) -> Reader:
    """The vectors that are searched and compared: after the projection."""
    return lambda pictures: {"vectors": to_numpy(encoder.encode_image(pictures))}


def pooled_vectors(encoder: Any) -> Reader:
    """The tower's own vectors, before any projection, as CLIP's linear probe takes them."""
    return lambda pictures: {"vectors": to_numpy(encoder.features(pictures).pooled)}


def stages(encoder: Any, blocks: dict[str, int]) -> Reader:
    """The vectors of every stage (`probes.stages`)."""
    return lambda pictures: stage_vectors(encoder, pictures, blocks)


def patch_tokens(encoder: Any) -> Reader:
    """Patch tokens (b, gy, gx, d) after the last norm. ValueError for an encoder without, or without one grid."""

    def read(pictures: Any) -> dict[str, np.ndarray]:
        features = encoder.features(pictures)
        gy, gx = grid_of(encoder, features)
        return {"tokens": to_numpy(features.tokens).reshape(len(features.tokens), gy, gx, -1)}

    return read


def grid_of(encoder: Any, features: Any) -> tuple[int, int]:
    """The grid of an encoder's patch tokens. ValueError where there is none."""
    if isinstance(features.grid, Tensor):
        raise ValueError(f"{encoder.name} cuts every picture into a grid of its own (NaFlex); this task needs one grid")
    gy, gx = features.grid
    if not gy * gx or features.tokens.shape[1] != gy * gx:
        raise ValueError(f"{encoder.name} has no patch tokens, only one vector a picture; this task needs them")
    return gy, gx


def pixel_vectors(pictures: Tensor) -> dict[str, np.ndarray]:
    """The view at 16 x 16."""
    return {"vectors": F.adaptive_avg_pool2d(pictures.float().cpu(), SIDE).flatten(1).numpy()}


def pixel_tokens(grid: tuple[int, int]) -> Reader:
    """Every patch at 4 x 4, on the encoder's grid."""

    def read(pictures: Tensor) -> dict[str, np.ndarray]:
        small = F.adaptive_avg_pool2d(pictures.float().cpu(), (grid[0] * CELL, grid[1] * CELL))
        b, c = small.shape[:2]
        cut = small.reshape(b, c, grid[0], CELL, grid[1], CELL).permute(0, 2, 4, 1, 3, 5)
        return {"tokens": torch.flatten(cut, 3).numpy()}

    return read
