"""*segments*: a class for every pixel by a `segmenter`, or the outlines of things by a `detector` with masks.

Neither is prompted: both say all they know of a picture.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from torch import Tensor

from sightline.data.prepare.seen import Part
from sightline.weights.capabilities import Capability
from sightline.weights.capabilities.detects import Things, detect
from sightline.weights.encoder import TorchEncoder
from sightline.weights.maps import maps_in_turn

VOID = 255
"""the number of a pixel that the view does not show"""


@dataclass(frozen=True, eq=False)
class Pixels:
    """What every pixel of one picture is."""

    labels: UInt8[np.ndarray, "y x"]
    """numbers in `names`, at the size of the picture, of the view where that was given; VOID where it was not seen"""
    names: tuple[str, ...]


def segment(encoder: TorchEncoder, images: Any, *prompts: Any, **options: Any) -> list[Pixels] | list[Things]:
    """Of each of `images`, given as for `encode_image`, `Pixels`, or `Things` with masks of a detector that outlines.

    ValueError for prompts, which neither takes, and for more classes than a label picture has numbers.
    """
    if prompts:
        raise ValueError(unprompted(encoder.name))
    if "segmenter" not in encoder.parts:
        return detect(encoder, images, **options)
    if options:
        raise ValueError(f"a segmenter tells every pixel its class, whatever {', '.join(options)}; leave it out")
    segmenter: Any = encoder.parts["segmenter"]
    if len(segmenter.names) > VOID:
        raise ValueError(
            f"{len(segmenter.names)} classes do not fit into a label picture of 8 bits, which holds {VOID}"
        )
    found = []
    for maps, view, about in maps_in_turn(encoder, images, segmenter.blocks):
        logits = encoder.run(segmenter, maps, view).float()
        for one, (shape, part) in zip(logits, about, strict=True):
            found.append(Pixels(labels=labelled(one, shape, part), names=segmenter.names))
    return found


def labelled(logits: Float[Tensor, "k y x"], shape: tuple[int, int], part: Part) -> UInt8[np.ndarray, "v w"]:
    """The class of greatest logit at every pixel of a picture of `shape`, of which the view shows `part`: bilinearly
    between the view's pixels, VOID beside it."""
    x, y, w, h = part
    height, width = shape
    across = (torch.arange(width, dtype=torch.float64) + 0.5) / width
    down = (torch.arange(height, dtype=torch.float64) + 0.5) / height
    column, row = (across - x) / w, (down - y) / h
    seen = ((row >= 0) & (row <= 1))[:, None] & ((column >= 0) & (column <= 1))[None]
    grid = torch.stack(torch.broadcast_tensors(2 * column[None] - 1, 2 * row[:, None] - 1), -1).to(logits)
    values = F.grid_sample(logits[None], grid[None], mode="bilinear", padding_mode="border", align_corners=False)
    return values[0].argmax(0).cpu().masked_fill(~seen, VOID).to(torch.uint8).numpy()


def unprompted(name: str) -> str:
    """Why a run without prompts takes none."""
    return (
        f"{name} takes no points and boxes: it says what every pixel is, or outlines all that it finds. Prompts belong "
        "to runs that were trained to be prompted (segment anything)"
    )


CAPABILITY = Capability(needs=("image",), do=segment)
