"""Whether a source holds photographs rather than graphics: told by how much of a picture is exactly flat."""

from typing import Any

import numpy as np

from sightline.data.decode.picture import decode
from sightline.data.sample import BadSample

LOOKED_AT = 24
"""pictures of a source, spread over it"""
SIDE = 96
"""pixels of the shorter side they are looked at in"""
FLAT = 0.4
"""share of neighbours of one colour from which on a picture is a drawing: caltech101 has .09 in the median, emoji .71,
line icons .73, screenshots of layouts .94"""


def mostly_photographs(source: Any) -> bool:
    """Whether most of a few pictures of a source are photographs; False of a stream, which has no places to look at."""
    if not hasattr(source, "__getitem__") or not len(source):
        return False
    places = np.unique(np.linspace(0, len(source) - 1, LOOKED_AT).astype(int))
    found = [told for place in places if (told := _photograph(source, int(place))) is not None]
    return bool(found) and sum(found) > len(found) / 2


def flatness(pixels: np.ndarray) -> float:
    """The share of neighbours in a row of uint8 (y, x, c) that have one colour, 0 to 1."""
    return float((pixels[:, 1:] == pixels[:, :-1]).all(axis=-1).mean()) if pixels.shape[1] > 1 else 1.0


def _photograph(source: Any, place: int) -> bool | None:
    """None of what cannot be read, which indexing will name."""
    try:
        pixels = decode(source[place].image, SIDE)
    except (BadSample, OSError):
        return None
    return pixels.shape[2] == 3 and flatness(pixels) < FLAT
