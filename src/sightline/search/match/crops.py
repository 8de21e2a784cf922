"""Descriptors of what gives one vector a picture, an exported encoder or the pixels themselves: a crop for each place.

Places lie on a grid, about n of them; the crop around each is REACH times as wide as the grid's pitch, since a crop no
wider than the pitch would know nothing of its surroundings.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from PIL import Image

from sightline.data.array import to_numpy, unit
from sightline.data.prepare.tile import Box
from sightline.search.match.described import Described, described, pitch_of

REACH = 4
TOGETHER = 256
"""crops embedded in one call"""
SIDE, WHOLE = 8, 32
"""raw pixels: of a side of a crop, and of a whole picture"""

Embed = Callable[[list[Image.Image]], np.ndarray]
"""crops -> (n, d)"""


class Crops:
    """One vector of each of about `count` crops, by `embed`; by `embed_whole` one of the picture."""

    def __init__(
        self, embed: Embed, count: int, *, name: str, embed_whole: Embed | None = None, notes: tuple[str, ...] = ()
    ) -> None:
        self.embed, self.embed_whole = embed, embed_whole or embed
        self.count, self.name, self.notes = count, name, notes

    def __call__(self, picture: Image.Image) -> Described:
        boxes, pitch = crops(picture.size, self.count)
        made = [self.embed([_cut(picture, box) for box in some]) for some in _chunks(boxes)]
        middles = np.array([(box.x + box.w / 2, box.y + box.h / 2) for box in boxes])
        return described(middles, np.concatenate(made), picture.size, pitch)

    def whole(self, picture: Image.Image) -> np.ndarray | None:
        return unit(self.embed_whole([picture]))[0]


def of_encoder(encoder: Any, count: int) -> Crops:
    """Crops by whatever embeds pictures."""
    note = f"{encoder.name} gives vectors of whole pictures only: {count:,} crops of each picture are embedded"
    return Crops(lambda cut: to_numpy(encoder.encode_image(cut)), count, name=encoder.name, notes=(note,))


def of_pixels(count: int) -> Crops:
    """Crops as they are, in 8 x 8 pixels less their mean: their cosine is the normalised cross-correlation."""
    return Crops(_pixels(SIDE), count, name="pixels", embed_whole=_pixels(WHOLE))


def crops(size: tuple[int, int], count: int) -> tuple[list[Box], float]:
    """About `count` square crops inside a picture of `size`, row by row, evenly apart, and the pixels between them."""
    pitch = pitch_of(size, count)
    side = max(1, min(round(REACH * pitch), *size))
    starts = [np.unique(np.linspace(0, n - side, max(1, round((n - side) / pitch) + 1)).round()) for n in size]
    boxes = [Box(int(x), int(y), side, side) for y in starts[1] for x in starts[0]]
    apart = max((float(np.diff(some).max(initial=0)) for some in starts), default=0.0)
    return boxes, apart or float(side)


def _pixels(side: int) -> Embed:
    def embed(cut: list[Image.Image]) -> np.ndarray:
        small = [np.asarray(one.resize((side, side), Image.Resampling.BOX), np.float32).reshape(-1) for one in cut]
        rows = np.stack(small) / 255
        return rows - rows.mean(axis=1, keepdims=True)

    return embed


def _cut(picture: Image.Image, box: Box) -> Image.Image:
    return picture.crop((box.x, box.y, box.x + box.w, box.y + box.h))


def _chunks(boxes: list[Box]) -> Iterator[list[Box]]:
    return (boxes[first : first + TOGETHER] for first in range(0, len(boxes), TOGETHER))
