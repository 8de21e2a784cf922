"""Dense descriptors: the patch tokens of an encoder, in views so small that there are as many as asked for.

A whole picture of W x H pixels on a tower of g x g patches gives places W / g apart: 40 px of a picture of 240 for a
tower of 6 x 6, which says little about where. So it is cut into overlapping square views (`data.prepare.tile`) of side

    t = g sqrt(W H / n)

whose patches are sqrt(W H / n) apart, so that about n of them cover the picture. Where views overlap the patch stays
whose own view has the nearer middle: at the edge of a view a patch knows one side of its surroundings only.
"""

from typing import Any

import numpy as np
from PIL import Image

from sightline.data.array import to_numpy
from sightline.data.prepare.seen import seen_part
from sightline.data.prepare.tile import Box, tiles
from sightline.search.match.described import Described, described, pitch_of

Grid = tuple[int, int]


class Patches:
    """About `count` patch tokens of each picture, of an encoder that has such (`features`)."""

    notes = ()

    def __init__(self, encoder: Any, count: int) -> None:
        """ValueError for an encoder without a grid of patch tokens."""
        self.encoder, self.count, self.name = encoder, count, encoder.name
        self.grid = self._tokens([Image.new("RGB", (64, 64), (127, 127, 127))])[1]

    def __call__(self, picture: Image.Image) -> Described:
        wanted = round(max(self.grid) * pitch_of(picture.size, self.count))
        views = tiles(*picture.size, max(2, wanted)) or [Box(0, 0, *picture.size)]
        tokens, grid = self._tokens([picture.crop((b.x, b.y, b.x + b.w, b.y + b.h)) for b in views])
        places = np.stack([places_of(self.encoder.rule, view, grid) for view in views])
        inside = ((places > 0) & (places < picture.size)).all(axis=-1)
        kept = inside & own(places, views)
        return described(places[kept], tokens[kept], picture.size, _pitch(places[0].reshape(*grid, 2), picture.size))

    def whole(self, picture: Image.Image) -> np.ndarray | None:
        return to_numpy(self.encoder.encode_image([picture], normalize=True))[0]

    def _tokens(self, views: list[Image.Image]) -> tuple[np.ndarray, Grid]:
        """(v, gy gx, d) float32 and (gy, gx). Views are squares, or there is but one: all have the same grid."""
        seen = self.encoder.features(views)
        gy, gx = np.asarray(to_numpy(seen.grid)).reshape(-1, 2)[0].astype(int).tolist()
        tokens = to_numpy(seen.tokens)
        if gy * gx < 2 or tokens.shape[1] < gy * gx:
            raise ValueError(f"{self.name} has no patch tokens, only one vector a picture")
        return tokens[:, : gy * gx], (gy, gx)


def places_of(rule: Any, view: Box, grid: Grid) -> np.ndarray:
    """(gy gx, 2) x, y: the middles of the patches of a view, in pixels of the picture it is cut from."""
    x, y, w, h = seen_part(rule, (view.h, view.w))
    across = view.x + view.w * (x + w * (np.arange(grid[1]) + 0.5) / grid[1])
    down = view.y + view.h * (y + h * (np.arange(grid[0]) + 0.5) / grid[0])
    return np.stack(np.meshgrid(across, down), axis=-1).reshape(-1, 2)


def own(places: np.ndarray, views: list[Box]) -> np.ndarray:
    """Bool (v, n): which places (v, n, 2) lie at least as near to the middle of their own view as to that of any other,
    by the larger of the two coordinates' distances; of views equally near the first has the place."""
    middles = np.array([(view.x + view.w / 2, view.y + view.h / 2) for view in views])
    nearest = [np.abs(row[:, None] - middles).max(axis=-1).argmin(axis=-1) for row in places]
    return np.stack(nearest) == np.arange(len(views))[:, None]


def _pitch(places: np.ndarray, size: tuple[int, int]) -> float:
    """The larger step between neighbours of a grid (gy, gx, 2)."""
    steps = [np.abs(np.diff(places, axis=axis)).max(initial=0) for axis in (0, 1)]
    return float(max(steps)) or float(max(size))
