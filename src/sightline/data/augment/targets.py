"""Masks, depth, boxes and keypoints taken to where the augmentation has taken the picture.

All are in pixels of the stored picture and follow the transform of a view (`geometry`): numbers per pixel by nearest
neighbour, computed on the device where they are; boxes and points, which are few, in numpy beside it.
"""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64, Shaped
from torch import Tensor

from sightline.data.augment.geometry import Transform, after, inverse, mirrored, points
from sightline.protocols import Batch

TARGETS = frozenset({"mask", "depth", "boxes", "keypoints"})
"""the keys of a batch that follow the picture"""
TIE = 1e-3
"""Pixels added to where a centre comes from: of two pixels equally near, the right or lower one, whatever float32
rounds to."""
SLACK = 1e-6
"""pixels that a map may be off by, where something lies on a border"""


def followed(batch: Batch, transform: Transform, size: int, flip: Sequence[int] = ()) -> Batch:
    """What the stored `batch` has of mask, depth, boxes and keypoints, as they are in a view of `size` pixels.

    transform: as `AugmentViews.with_transforms` gives it with the view.
    flip:      for each keypoint the one that it is in a mirror (the right eye for the left), () where none has a side.

    Beside `boxes` stand `box_ids`. Lists are on the device of `image`. Nothing to follow gives an empty Batch.
    """
    given, made = cast(dict[str, Any], batch), cast(dict[str, Any], {})
    image = batch.get("image")
    device = torch.device("cpu") if image is None else image.device
    planes = [(name, outside) for name, outside in (("mask", -1), ("depth", 0)) if name in given]
    if planes:
        first = given[planes[0][0]]
        places, inside = origins(transform, size, first.shape[2], first.device)
        made |= {name: picked(given[name], places, inside, outside) for name, outside in planes}
    if "boxes" in given:
        made["boxes"], made["box_ids"] = boxes_in(given["boxes"], transform, size, device)
    if "keypoints" in given:
        made["keypoints"] = keypoints_in(given["keypoints"], transform, device, flip)
    return cast(Batch, made)


def origins(
    transform: Transform, size: int, columns: int, device: torch.device
) -> tuple[Int64[Tensor, "b s s"], Bool[Tensor, "b s s"]]:
    """Where the centre of each pixel of a view comes from: its place in a stored plane of `columns` columns, row by row
    (0 where it comes from outside of the picture), and whether it comes from inside."""
    at, back = np.arange(size) + 0.5, inverse(transform.map)
    found: list[Tensor] = []
    holds: list[Tensor] = []
    # the last frame is the view itself, which holds all of its pixels
    for number, (there, ends) in enumerate(transform.frames[:-1] or transform.frames):
        to = after(there, back)
        for axis in (1, 0):
            across, down, most = (
                torch.from_numpy(array).to(device, torch.float32)
                for array in (
                    to[:, axis, :1] * at,
                    to[:, axis, 1:2] * at + to[:, axis, 2:] + TIE,
                    ends[:, 1 - axis, None, None],
                )
            )
            origin = across[:, None] + down[:, :, None]
            holds.append((origin >= 0) & (origin < most))
            if number == 0:
                found.append(origin.long())
    row, column = found
    inside = torch.stack(holds).all(0)
    return (row * columns + column).masked_fill_(~inside, 0), inside


def picked(
    plane: Shaped[Tensor, "b y x"], places: Int64[Tensor, "b s s"], inside: Bool[Tensor, "b s s"], outside: float
) -> Shaped[Tensor, "b s s"]:
    """The numbers of a plane at `places` (`origins`), `outside` where there are none."""
    values = plane.flatten(1).gather(1, places.flatten(1)).view_as(places)
    return values.masked_fill_(~inside, outside)


def boxes_in(
    boxes: Sequence[Float[Tensor, "_n 4"]], transform: Transform, size: int, device: torch.device
) -> tuple[list[Float[Tensor, "_m 4"]], list[Int64[Tensor, " _m"]]]:
    """(boxes, ids) of each sample, float32 and int64: the upright boxes x, y, width, height around what has become of
    the boxes, clipped to the picture before and to the view after; and which of the sample's boxes each was.

    Those under a pixel wide or high are left out. Around what is turned there is room.
    """
    counts = [len(one) for one in boxes]
    owner = np.repeat(np.arange(len(boxes)), counts)
    ids = np.concatenate([np.arange(count) for count in counts]).astype(np.int64)
    given = torch.cat(list(boxes)).double().cpu().numpy()
    low, high = given[:, :2], given[:, :2] + given[:, 2:]
    for there, ends in transform.frames[:-1] or transform.frames:
        # what a frame has cut off, to the upright box around it: exact unless the frame is turned
        least, most = _around(inverse(there), np.zeros((len(ends), 2)), ends[:, ::-1].astype(np.float64))
        low, high = (edge.clip(least[owner], most[owner]) for edge in (low, high))
    low, high = (edge.clip(0, size) for edge in _around(transform.map[owner], low, high))
    kept = np.all(high - low >= 1 - SLACK, axis=1)
    left = np.bincount(owner[kept], minlength=len(boxes)).tolist()
    made = np.concatenate([low, high - low], 1)[kept].astype(np.float32)
    return (
        list(torch.from_numpy(made).to(device, non_blocking=True).split(left)),
        list(torch.from_numpy(ids[kept]).to(device, non_blocking=True).split(left)),
    )


def keypoints_in(
    keypoints: Sequence[Float[Tensor, "*_o _k 3"]],
    transform: Transform,
    device: torch.device,
    flip: Sequence[int] = (),
) -> list[Float[Tensor, "*_o _k 3"]]:
    """Keypoints x, y, visibility of each sample, float32, where they are in the view; 0, 0, 0 where not labelled, or
    outside of the picture or the view.

    In a mirrored view keypoint j is the one that was number flip[j]. ValueError where `flip` is no permutation of a
    sample's keypoints.
    """
    mirror, each = mirrored(transform.map), []
    for number, one in enumerate(keypoints):
        stored = one.double().cpu().numpy()
        if len(flip) and stored.size:
            if sorted(flip) != list(range(stored.shape[-2])):
                raise ValueError(
                    f"keypoint_flip is {tuple(flip)}, and a sample has {stored.shape[-2]} keypoints; expected each of "
                    f"0 to {stored.shape[-2] - 1} once: the number of the keypoint that each is in a mirror"
                )
            stored = stored[..., list(flip), :] if mirror[number] else stored
        each.append(stored)
    counts = [stored.size // 3 for stored in each]
    owner = np.repeat(np.arange(len(each)), counts)
    given = np.concatenate([stored.reshape(-1, 3) for stored in each])
    place, seen = given[:, None, :2], given[:, 2] > 0
    for there, ends in transform.frames:
        at = points(there[owner], place)[:, 0]
        # borders included: a mirror exchanges them
        seen &= np.all((at >= -SLACK) & (at <= ends[owner, ::-1] + SLACK), axis=1)
    there = np.concatenate([points(transform.map[owner], place)[:, 0], given[:, 2:]], 1)
    made = torch.from_numpy(np.where(seen[:, None], there, 0.0).astype(np.float32)).to(device, non_blocking=True)
    return [part.view(stored.shape) for part, stored in zip(made.split(counts), each, strict=True)]


def _around(maps: np.ndarray, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The lower and the upper corners (n, 2) x, y of the upright boxes around what boxes become by maps (n, 2, 3)."""
    corners = [low, high, np.stack([low[:, 0], high[:, 1]], 1), np.stack([high[:, 0], low[:, 1]], 1)]
    there = points(maps, np.stack(corners, 1))
    return there.min(1), there.max(1)
