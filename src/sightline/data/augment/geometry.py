"""Affine maps of the plane, one a picture: where each operation of the augmentation takes what it shows.

A map is (b, 2, 3) float64, [A | t]: the point (x, y) goes to A (x, y) + t. Points are in pixels from the upper left
corner of the picture: pixel (row i, column j) covers [j, j + 1) x [i, i + 1), its centre is (j + 1/2, i + 1/2). numpy,
so that a device never waits for them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Transform:
    """Where the points of stored pictures are now, and which of them can have got there."""

    map: np.ndarray
    """(b, 2, 3) from pixels of the stored pictures"""
    frames: tuple[tuple[np.ndarray, np.ndarray], ...]
    """Maps (b, 2, 3) like `map`, and sizes (b, 2) height and width, of the stored picture and of what each operation
    made of it, the present one last: a point that was outside of any of these rectangles has been cut off."""

    def then(self, by: np.ndarray, size: np.ndarray) -> "Transform":
        """Moved `by` (b, 2, 3) onto pictures of `size` (b, 2)."""
        there = after(by, self.map)
        return Transform(there, (*self.frames, (there, size)))


def still(size: np.ndarray) -> Transform:
    """That of stored pictures of `size` (b, 2)."""
    stay = identity(len(size))
    return Transform(stay, ((stay, size),))


def joined(parts: Sequence[Transform]) -> Transform:
    """The transforms of the parts of a batch as one. Where a part went through fewer frames, its last stands again."""
    most = max(len(part.frames) for part in parts)
    every = [(*part.frames, *part.frames[-1:] * (most - len(part.frames))) for part in parts]
    frames = [
        (np.concatenate([there for there, _ in frame]), np.concatenate([size for _, size in frame]))
        for frame in zip(*every, strict=True)
    ]
    return Transform(np.concatenate([part.map for part in parts]), tuple(frames))


def identity(b: int) -> np.ndarray:
    """(b, 2, 3): every point stays where it is."""
    return np.tile(np.eye(2, 3), (b, 1, 1))


def after(second: np.ndarray, first: np.ndarray) -> np.ndarray:
    """(b, 2, 3): `first`, then `second`."""
    made = second[:, :, :2] @ first
    made[:, :, 2] += second[:, :, 2]
    return made


def inverse(maps: np.ndarray) -> np.ndarray:
    """(b, 2, 3): where points of the view come from."""
    linear = np.linalg.inv(maps[:, :, :2])
    return np.concatenate([linear, -linear @ maps[:, :, 2:]], 2)


def window(windows: np.ndarray, size: int, flip: np.ndarray | None = None) -> np.ndarray:
    """(b, 2, 3): windows (b, 4) top, left, height, width resized to a square of `size` pixels; mirrored where `flip`
    (b,) is true."""
    top, left, height, width = windows.T
    made = np.zeros((len(windows), 2, 3))
    made[:, 0, 0], made[:, 1, 1] = size / width, size / height
    made[:, 0, 2], made[:, 1, 2] = -left * size / width, -top * size / height
    return made if flip is None else after(mirror(flip, size), made)


def mirror(flip: np.ndarray, width: int) -> np.ndarray:
    """(b, 2, 3): left and right of a picture of `width` pixels exchanged where `flip` (b,) is true: x -> width - x."""
    made = identity(len(flip))
    made[:, 0, 0], made[:, 0, 2] = np.where(flip, -1.0, 1.0), np.where(flip, float(width), 0.0)
    return made


def about(matrix: np.ndarray, before: tuple[int, int], size: int) -> np.ndarray:
    """(b, 2, 3): `matrix` (b, 2, 2) about the middle of a picture of `before` (y, x) pixels, stretched to a square of
    `size`: the matrix acts on coordinates from -1 to 1 along each side, as that of `grid_sample` does."""
    y, x = before
    linear = matrix * np.array([size / x, size / y])
    return np.concatenate([linear, size / 2 - linear @ np.array([[x / 2], [y / 2]])], 2)


def points(maps: np.ndarray, given: np.ndarray) -> np.ndarray:
    """Points (b, p, 2) x, y by the maps (b, 2, 3)."""
    return given @ maps[:, :, :2].transpose(0, 2, 1) + maps[:, None, :, 2]


def mirrored(maps: np.ndarray) -> np.ndarray:
    """(b,) bool: whether left and right are exchanged, that is, whether det A < 0."""
    return maps[:, 0, 0] * maps[:, 1, 1] < maps[:, 0, 1] * maps[:, 1, 0]
