"""Maps of chosen blocks of an encoder's tower for pictures in any form, some pictures at a time."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from sightline.data.prepare.seen import Part, seen_part
from sightline.towers.dense.feature_map import map_of
from sightline.weights.capabilities.locates import shapes_of
from sightline.weights.encoder import TorchEncoder

TOGETHER = 16
"""pictures at a time"""
WHOLE: Part = (0.0, 0.0, 1.0, 1.0)


def maps_in_turn(
    encoder: TorchEncoder, images: Any, blocks: Sequence[int]
) -> Iterator[tuple[OrderedDict[str, Tensor], tuple[int, int], list[tuple[tuple[int, int], Part]]]]:
    """(maps, height and width of the views, and of each picture its height, width and the part that its view shows).

    `images` as for `encode_image`; of what is given as a view, the view is the picture.
    """
    every = images if isinstance(images, list | tuple) else None
    if every is None and not (isinstance(images, Tensor | np.ndarray) and images.ndim == 4):
        every = [images]
    given: Any = images if every is None else every
    for first in range(0, len(given), TOGETHER):
        some = given[first : first + TOGETHER]
        found = encoder.layers(some, blocks)
        rule: Any = encoder.rule
        view = (rule.size, rule.size)
        if isinstance(some, Tensor | np.ndarray):
            view = (int(some.shape[2]), int(some.shape[3]))
        about = [(view, WHOLE) if s is None else (s, seen_part(rule, s)) for s in shapes_of(some)]
        yield OrderedDict((str(number), map_of(one)) for number, one in enumerate(found)), view, about
