"""Patterns (r, y, x) for chosen pictures of a batch: what a ground or a texture is made of."""

import numpy as np

from sightline.data.augment.draws import Draws
from sightline.data.augment.pictures import Pictures

GRID = 9
"""knots of a noise along each side"""


def board(pictures: Pictures, draws: Draws, rows: np.ndarray) -> np.ndarray:
    """A checkerboard of 0 and 1, its cells 1/64 to 1/8 of the picture."""
    y, x = pictures.image.shape[2:]
    cell = np.maximum(1.0, min(y, x) * draws.uniform("cell", 1 / 64, 1 / 8))[rows, None]
    down, along = draws.many("phase", 2)[rows].T[..., None]
    odd = np.floor(np.arange(y) / cell + down)[:, :, None] + np.floor(np.arange(x) / cell + along)[:, None]
    return odd % 2


def gradient(pictures: Pictures, draws: Draws, rows: np.ndarray) -> np.ndarray:
    """An even ramp from 0 to 1 in any direction."""
    down, along = _places(pictures)
    angle = 2 * np.pi * draws.uniform("direction")[rows, None, None]
    ramp = np.sin(angle) * down + np.cos(angle) * along
    reach = (np.abs(np.sin(angle)) + np.abs(np.cos(angle))) / 2
    return ramp / (2 * reach) + 0.5


def clouds(pictures: Pictures, draws: Draws, rows: np.ndarray) -> np.ndarray:
    """Smooth noise from 0 to 1."""
    return (noise(pictures, draws, rows) + 1) / 2


def noise(pictures: Pictures, draws: Draws, rows: np.ndarray) -> np.ndarray:
    """Random knots of mean 0 in [-1, 1], joined by straight lines."""
    knots = draws.many("knots", GRID * GRID)[rows].reshape(-1, GRID, GRID)
    # the mean of each picture is 0, and no knot beyond 1
    knots = knots - knots.mean((1, 2), keepdims=True)
    knots /= np.abs(knots).max((1, 2), keepdims=True)
    down, along = (_joined(n) for n in pictures.image.shape[2:])
    return down @ knots @ along.T


def hatch(pictures: Pictures, draws: Draws, rows: np.ndarray, period: np.ndarray) -> np.ndarray:
    """Parallel waves of `period` (r,) pixels in any direction, of mean 0 in [-1, 1]."""
    down, along = np.arange(pictures.image.shape[2]), np.arange(pictures.image.shape[3])
    angle = np.pi * draws.uniform("slope")[rows, None]
    pace = 2 * np.pi / period[:, None]
    phase = 2 * np.pi * draws.uniform("offset")[rows, None]
    # sin(a + b) from sines of lines: no sine of every pixel
    one, other = pace * np.sin(angle) * down + phase, pace * np.cos(angle) * along
    return np.sin(one)[:, :, None] * np.cos(other)[:, None] + np.cos(one)[:, :, None] * np.sin(other)[:, None]


def dots(pictures: Pictures, draws: Draws, rows: np.ndarray, period: np.ndarray) -> np.ndarray:
    """Round spots, light and dark in turns, `period` (r,) pixels apart along rows and columns; of mean 0 in [-1, 1]."""
    phase = 2 * np.pi * draws.many("spots", 2)[rows]
    waves = [
        np.sin(2 * np.pi * np.arange(n) / period[:, None] + phase[:, axis, None])
        for axis, n in enumerate(pictures.image.shape[2:])
    ]
    return waves[0][:, :, None] * waves[1][:, None]


def _places(pictures: Pictures) -> tuple[np.ndarray, np.ndarray]:
    """Middles of rows (y, 1) and columns (x,), from -1/2 to 1/2."""
    y, x = pictures.image.shape[2:]
    return ((np.arange(y) + 0.5) / y - 0.5)[:, None], (np.arange(x) + 0.5) / x - 0.5


def _joined(n: int) -> np.ndarray:
    """(n, GRID) weights of the knots for each of n pixels."""
    at = (np.arange(n) + 0.5) / n * (GRID - 1)
    return np.maximum(0.0, 1 - np.abs(at[:, None] - np.arange(GRID)))
