"""*detects*: boxes of things and their classes, by the `detector` that stands on the image tower's maps."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from sightline.data.prepare.seen import Part, onto_picture
from sightline.weights.capabilities import Capability
from sightline.weights.encoder import TorchEncoder
from sightline.weights.maps import maps_in_turn


@dataclass(frozen=True, eq=False)
class Things:
    """What was found in one picture, the surest first."""

    boxes: Float[np.ndarray, "n 4"]
    """x, y, width, height in pixels of the picture, of the view where that was given"""
    scores: Float[np.ndarray, " n"]
    labels: Int[np.ndarray, " n"]
    """numbers in `names`"""
    names: tuple[str, ...]
    size: tuple[int, int]
    """height and width of the picture"""
    masks: Bool[np.ndarray, "n y x"] | None = None
    """which pixels show each; None of a detector that does not outline"""


def detect(
    encoder: TorchEncoder, images: Any, *, least: float = 0.05, most: int = 100, outlines: bool = True
) -> list[Things]:
    """What is in each of `images`, given as for `encode_image`: at most `most` things of a score of `least` or more.

    ValueError for numbers that cannot be, and an encoder whose tower gives no maps.
    """
    if not 0 <= least <= 1 or most < 1:
        raise ValueError(f"things have scores from 0 to 1, and at least one is asked for; got {least=} and {most=}")
    detector: Any = encoder.parts["detector"]
    found = []
    for maps, view, about in maps_in_turn(encoder, images, detector.blocks):
        answers = encoder.run(detector, maps, view)
        found += [
            _on_picture(one, view, shape, part, detector.names, least, most, outlines)
            for one, (shape, part) in zip(answers, about, strict=True)
        ]
    return found


def _on_picture(
    found: dict[str, Tensor],
    view: tuple[int, int],
    shape: tuple[int, int],
    part: Part,
    names: tuple[str, ...],
    least: float,
    most: int,
    outlines: bool,
) -> Things:
    height, width = shape
    corners = found["boxes"].float().cpu().double().numpy()
    shares = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], 1) / [view[1], view[0], view[1], view[0]]
    boxes = onto_picture(shares, part) * [width, height, width, height]
    scores = found["scores"].float().cpu().numpy()
    # what lies beside the picture, in the padding of its view, is nothing
    kept = np.flatnonzero((scores >= least) & (boxes[:, 2:] > 0).all(1))[:most]
    labels = found["labels"].cpu().numpy()[kept] - 1
    masks = None
    if outlines and "masks" in found:
        masks = _pasted(
            found["masks"][torch.from_numpy(kept).to(found["masks"].device)], corners[kept], view, shape, part
        )
    made = boxes[kept].astype(np.float32)
    return Things(boxes=made, scores=scores[kept], labels=labels, names=names, size=shape, masks=masks)


def _pasted(
    chances: Tensor, corners: np.ndarray, view: tuple[int, int], shape: tuple[int, int], part: Part
) -> Bool[np.ndarray, "n y x"]:
    """Masks (n, 1, 28, 28) within boxes of the view, as pixels of the picture, by torchvision."""
    from torchvision.models.detection.roi_heads import paste_masks_in_image

    if not len(chances):
        return np.zeros((0, *shape), bool)
    x, y, w, h = part
    height, width = shape
    across, down = width * w / view[1], height * h / view[0]
    placed = corners * [across, down, across, down] + [x * width, y * height, x * width, y * height]
    pixels = paste_masks_in_image(chances.float().cpu(), torch.from_numpy(placed).float(), shape)
    return (pixels[:, 0] >= 0.5).numpy()


CAPABILITY = Capability(needs=("image", "detector"), do=detect)
