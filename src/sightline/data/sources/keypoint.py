"""Keypoints as tables and json write them, and which of them change sides in a mirror."""

import json
from typing import Any

import numpy as np

from sightline.data.sample import BadSample


def read_keypoints(value: Any) -> np.ndarray | None:
    """(k, 3), or (objects, k, 3), float32 x, y, visibility; None where there are none.

    From lists of that shape, from COCO's flat [x, y, v, x, y, v, ...] of one object or of each of several, or from such
    lists as a text of json. Raises BadSample for anything else.
    """
    try:
        points = np.array(_plain(value), np.float32)
        if points.ndim == 1 or (points.ndim == 2 and points.shape[1] != 3):
            points = points.reshape(*points.shape[:-1], -1, 3)
    except (ValueError, TypeError, RecursionError) as error:
        raise BadSample(f"keypoints are not lists of x, y, visibility: {error}") from error
    if points.size and points.shape[-1] != 3:
        raise BadSample(f"keypoints are x, y, visibility each, not of shape {points.shape}")
    return points if points.size else None


def read_flip(value: Any) -> tuple[int, ...]:
    """For each keypoint the one that it is in a mirror, as `keypoint_flip` says: [0, 2, 1] for nose, left and right
    eye. () where nothing is said. ValueError for what is no exchange of pairs."""
    try:
        flip = tuple(int(number) for number in _plain(value))
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError(f"keypoint_flip is no list of numbers: {error}") from error
    if sorted(flip) != list(range(len(flip))) or any(flip[other] != number for number, other in enumerate(flip)):
        raise ValueError(
            f"keypoint_flip is {list(flip)}; expected for each keypoint, counted from 0, the one on its other side, or "
            "itself"
        )
    return flip


def _plain(value: Any) -> list[Any]:
    """Lists of what parquet gives as arrays of arrays, or of a text of json."""
    if isinstance(value, str):
        value = json.loads(value) if value.strip() else None
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if value is None or value != value:  # NaN, as tables with gaps have it
        return []
    return [_plain(one) if isinstance(one, list | np.ndarray) else one for one in value]
