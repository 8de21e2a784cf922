"""Which icons nearly equal one of other sets, so that training has not seen what judges it.

Sets redraw and repackage each other. Two drawings are compared as they look at 48 pixels, black on white, each square
of 2 by 2 pixels made one number of ink: a and b of (24, 24) numbers differ by ||a - b||^2 / (||a||^2 + ||b||^2), which
is 0 for equal drawings and 1 where no ink is in the same place, be they thin or filled. A mirrored, moved or padded
copy is another drawing here. A drawing in colours judges also as it looks in black: its darkest place made black, so
that a red heart is known in a black one.
"""

import hashlib
from collections.abc import Callable, Iterable
from contextlib import suppress

import numpy as np
from PIL import Image

from sightline.data.cache import sightline_cache
from sightline.data.decode.guard import guarded
from sightline.data.decode.svg.rasterize import rasterize
from sightline.data.kept import keep_arrays, kept_arrays
from sightline.data.sample import BadSample

SIZE = 48
SIDE = SIZE // 2
NEAR = 0.04
"""the largest difference of what is called nearly equal. By eye, six sets against Phosphor and Font Awesome: up to 0.03
nearly all are the same drawing, at 0.04 half, above 0.06 few (another drawing in a solid square or disc)"""
ROWS, COLUMNS = 2048, 8192
VERSION = 1
"""of what is kept in the cache"""


def kept_ink(digest: np.ndarray, drawing: Callable[[int], bytes]) -> np.ndarray:
    """uint8 (icons, 24, 24) of a set whose icons have these digests, 255 for black; from the cache, or drawn now.

    All 0 for what cannot be drawn. Drawing takes 2 ms an icon.
    """
    return kept("ink", [digest.tobytes()], lambda: ink(drawing(icon) for icon in range(len(digest))))


def kept(kind: str, parts: Iterable[bytes], make: Callable[[], np.ndarray]) -> np.ndarray:
    """What `make` makes of `parts`, made once: kept in the cache by their content."""
    key = hashlib.blake2b(f"{kind}/{VERSION}".encode(), digest_size=16)
    for part in parts:
        key.update(part)
    place = sightline_cache() / "iconify" / f"{kind}-{key.hexdigest()}.npz"
    found = kept_arrays(place, lambda _, arrays: arrays["made"])
    if found is None:
        found = make()
        with suppress(OSError):  # a cache that cannot be written is done without
            keep_arrays(place, made=found)
    return found


def in_black(inks: np.ndarray) -> np.ndarray:
    """Drawings uint8 (n, 24, 24) as light as their colours are, as they would be in black: the darkest of each is 255.

    >>> in_black(np.array([[[0, 50], [100, 100]]], np.uint8)).tolist()
    [[[0, 127], [255, 255]]]
    """
    darkest = np.maximum(inks.max((1, 2), keepdims=True), 1)
    return (inks.astype(np.uint16) * 255 // darkest).astype(np.uint8)


def ink(drawings: Iterable[bytes]) -> np.ndarray:
    """uint8 (drawings, 24, 24), 0 without ink and 255 black; all 0 for what cannot be drawn."""
    return np.stack([np.zeros((SIDE, SIDE), np.uint8), *map(_ink, drawings)])[1:]


def _ink(drawing: bytes) -> np.ndarray:
    try:
        with guarded():
            picture = Image.fromarray(rasterize(drawing, SIZE))
    except BadSample:
        return np.zeros((SIDE, SIDE), np.uint8)
    if picture.size != (SIZE, SIZE):
        picture.thumbnail((SIZE, SIZE))
    page = Image.new("RGBA", (SIZE, SIZE), "white")
    page.alpha_composite(picture, ((SIZE - picture.width) // 2, (SIZE - picture.height) // 2))
    dark = 255 - np.asarray(page.convert("L"), np.uint16)
    return (dark.reshape(SIDE, 2, SIDE, 2).sum((1, 3)) // 4).astype(np.uint8)


def near(some: np.ndarray, others: np.ndarray, limit: float = NEAR) -> np.ndarray:
    """bool (a,): whether each of `some` differs from one of `others`, uint8 (a or b, 24, 24), by `limit` at most.

    Exact, and far from all pairs: norms that differ too much cannot be near, and of the rest the sums of 2 by 2, whose
    distance is at most the whole one's, tell by one product of matrices which few are worth comparing.
    """
    a, b = _Ink(some), _Ink(others)
    found = np.zeros(len(a.squares), bool)
    # ||a - b|| is at least the difference of the norms: (1 - r)^2 <= limit (1 + r^2) for the ratio r of the smaller
    ratio = (1 - np.sqrt(1 - (1 - limit) ** 2)) / (1 - limit)
    for start in range(0, len(found), ROWS):
        rows = slice(start, start + ROWS)
        low, high = a.squares[rows][0] * ratio**2, a.squares[rows][-1] / ratio**2
        first, last = np.searchsorted(b.squares, [low, high * (1 + 1e-6)])
        for column in range(first, last, COLUMNS):
            columns = slice(column, min(column + COLUMNS, last))
            allowed = limit * (a.squares[rows, None] + b.squares[None, columns])
            # four numbers that add up to s have squares of at least s^2 / 4
            apart = (
                a.coarse_squares[rows, None]
                + b.coarse_squares[None, columns]
                - 2 * a.coarse[rows] @ b.coarse[columns].T
            ) / 4
            i, j = np.nonzero(apart <= allowed * (1 + 1e-4))
            undecided = ~found[start + i]
            i, j = i[undecided], j[undecided]
            for part in range(0, len(i), COLUMNS):
                k, m = start + i[part : part + COLUMNS], column + j[part : part + COLUMNS]
                squares = ((a.fine[k].astype(np.float32) - b.fine[m]) ** 2).sum(1)
                found[k[squares <= limit * (a.squares[k] + b.squares[m])]] = True
    answer = np.zeros(len(some), bool)
    answer[a.order] = found
    return answer


class _Ink:
    """Drawings with any ink, by how much they have."""

    def __init__(self, thumbs: np.ndarray) -> None:
        fine = thumbs.reshape(len(thumbs), -1)
        squares = np.einsum("nd,nd->n", fine.astype(np.float32), fine.astype(np.float32))
        order = np.argsort(squares, kind="stable")
        self.order = order[squares[order] > 0]
        self.fine, self.squares = fine[self.order], squares[self.order]
        half = SIDE // 2
        summed = thumbs[self.order].reshape(-1, half, 2, half, 2).sum((2, 4), dtype=np.float32)
        self.coarse = summed.reshape(len(summed), -1)
        self.coarse_squares = np.einsum("nd,nd->n", self.coarse, self.coarse)
