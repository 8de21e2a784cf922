"""A picture with two marks, and where they are found in a view by looking at its pixels alone.

Every picture is made twice, the second time with the colours of its marks exchanged: means, alpha and every draw are
the same in both, so whatever an operation does to colours, the two views differ just where a mark is.
"""

from dataclasses import dataclass

import numpy as np
import torch
from hypothesis import strategies as st

from sightline.data.augment import AugmentViews
from sightline.data.augment.targets import followed

DARK, LIGHT = 20, 140
NUMBERS = (7, 9)
"""of the two marks in the mask"""
SEEN = 0.06
"""how far two views differ, on a scale of 1, where a mark can be told at all"""
SHARE = 0.4
"""of the largest difference: a mark shows from there on (a texture makes differences vary by 40 percent each way)"""


@dataclass(frozen=True)
class Marks:
    """What is drawn: sizes of the stored picture, and two marks as top, left, height, width."""

    size: tuple[int, int]
    boxes: tuple[tuple[int, int, int, int], ...]
    channels: int


@st.composite
def marks(draw, channels=(3, 4)):
    """Pictures of 48 to 64 pixels a side with a mark of 12 to 18 pixels in the left and, turned by a quarter, in the
    right half."""
    y, x = draw(st.integers(48, 64)), draw(st.integers(48, 64))
    sides = draw(st.integers(12, 18)), draw(st.integers(12, 18))
    boxes = []
    for half, (height, width) in enumerate((sides, sides[::-1])):
        top = draw(st.integers(2, y - height - 2))
        left = half * x // 2 + draw(st.integers(2, x // 2 - width - 2))
        boxes.append((top, left, height, width))
    return Marks((y, x), tuple(boxes), draw(st.sampled_from(channels)))


def batch(given, b, exchanged=False):
    """`b` stored copies, padded to 64 x 64, with the marks' mask, depth (their number in metres) and boxes, and as
    keypoints of each mark its middle and its corners."""
    (y, x), pad = given.size, 64
    image = np.zeros((4, pad, pad), np.uint8)
    if given.channels == 3:
        image[:, :y, :x] = 255
    mask = np.full((pad, pad), -1)
    mask[:y, :x] = 0
    for number, shade, (top, left, height, width) in zip(
        NUMBERS, (LIGHT, DARK) if exchanged else (DARK, LIGHT), given.boxes, strict=True
    ):
        place = (slice(top, top + height), slice(left, left + width))
        image[(slice(0, 3), *place)], image[(3, *place)], mask[place] = shade, 255, number
    boxes = torch.tensor([[left, top, width, height] for top, left, height, width in given.boxes]).float()
    inside = torch.tensor([[0.5, 0.5], [0, 0], [0, 1], [1, 0], [1, 1]])
    points = boxes[:, None, :2] + boxes[:, None, 2:] * inside
    points = torch.cat([points, torch.full((2, 5, 1), 2.0)], 2)
    return {
        "image": torch.from_numpy(image[: given.channels]).expand(b, -1, -1, -1).contiguous(),
        "size": torch.tensor([given.size] * b),
        "index": 11 * torch.arange(b),
        "mask": torch.from_numpy(mask).expand(b, -1, -1),
        "depth": torch.from_numpy(mask).clamp(min=0).float().expand(b, -1, -1),
        "boxes": [boxes] * b,
        "keypoints": [points] * b,
    }


def seen(given, views, step, b):
    """Of each view: (b, s, s) bool, the pixels in which a mark shows, none where none can be told; and its targets."""
    stored, augment = batch(given, b), AugmentViews(views, mean=(0, 0, 0), std=(1, 1, 1))
    made, transforms = augment.with_transforms(stored, 5, step)
    other = augment(batch(given, b, exchanged=True), 5, step)
    found = []
    for one, two, each in zip(made, other, transforms, strict=True):
        apart = (one - two).abs().amax(1)
        most = apart.amax((1, 2), keepdim=True)
        # a crop that shows more of one mark may get another ground, chosen to contrast with the mean ink
        told = (most > SEEN) & (apart.flatten(1).quantile(0.1, dim=1)[:, None, None] < SEEN)
        shows = (apart > SHARE * most) & told
        found.append((shows.numpy(), followed(stored, each, one.shape[3])))
    return found


def grown(mask, by):
    """The pixels up to `by` away along rows and columns."""
    return torch.nn.functional.max_pool2d(torch.from_numpy(mask).float()[:, None], 2 * by + 1, 1, by)[:, 0].numpy() > 0


def shrunk(mask, by):
    """The pixels more than `by` from where the mask, or the view, ends."""
    return ~grown(np.pad(~mask, ((0, 0), (by, by), (by, by)), constant_values=True), by)[:, by:-by, by:-by]
