"""What a picture loses where a part of it is covered (Zeiler, Fergus 2014, https://arxiv.org/abs/1311.2901, sec. 4.2).

heat(y, x) = cos(picture, query) - cos(picture with the square (y, x) grey, query). It asks the encoder as it is used,
by whole pictures, so it needs neither patches nor gradients, and works of an exported graph. It costs a pass for every
square, and what covers a part may itself look like something.
"""

from collections.abc import Iterator

import numpy as np

SQUARES = 6
"""a side; of the sixes, eights and overlapping squares tried on scenes these point best (docs/benchmarks.md)"""
TOGETHER = 12
"""covered pictures in one batch: whoever shares the encoder waits no longer"""
GREY = 0.0
"""of a prepared picture: the middle of its values"""


def covered(picture: np.ndarray, squares: int = SQUARES, together: int = TOGETHER) -> Iterator[np.ndarray]:
    """A prepared picture, float32 (c, y, x), with each of `squares` by `squares` parts grey in turn, row-major, some at
    a time: float32 (b, c, y, x)."""
    rows, columns = (edges(side, squares) for side in picture.shape[1:])
    parts = [(slice(*y), slice(*x)) for y in rows for x in columns]
    for first in range(0, len(parts), together):
        some = parts[first : first + together]
        batch = np.repeat(picture[None], len(some), axis=0)
        for one, (y, x) in zip(batch, some, strict=True):
            one[:, y, x] = GREY
        yield batch


def edges(side: int, squares: int) -> list[tuple[int, int]]:
    """Where each of `squares` parts of a side begins and ends: all of them cover it, none overlap.

    >>> edges(32, 6)
    [(0, 5), (5, 11), (11, 16), (16, 21), (21, 27), (27, 32)]
    """
    at = [round(side * number / squares) for number in range(squares + 1)]
    return list(zip(at[:-1], at[1:], strict=True))
