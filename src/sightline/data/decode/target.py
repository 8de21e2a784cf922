"""Masks, depth, boxes and keypoints brought to the size at which the picture was decoded. numpy and pillow only."""

from pathlib import Path

import numpy as np

from sightline.data.decode.guard import guarded
from sightline.data.decode.picture import open_raster
from sightline.data.sample import BadSample, Encoded


def read_mask(mask: Encoded, shape: tuple[int, int]) -> np.ndarray:
    """Class or instance numbers (y, x) at `shape`, by nearest neighbour, in the integer type they came in.

    Raises BadSample for a picture of colours: numbers are one channel (or a palette, whose indices are the numbers).
    """
    numbers = _plane(mask)
    if not np.issubdtype(numbers.dtype, np.integer):
        raise BadSample(f"a mask holds whole numbers, not {numbers.dtype}")
    return _nearest(numbers, shape)


def read_depth(depth: Encoded, shape: tuple[int, int]) -> np.ndarray:
    """Depth (y, x) float32 in metres at `shape`, by nearest neighbour: a mean across an edge is the depth of nothing.

    Integers are millimetres, floats are metres; 0 stays "unknown".
    """
    values = _plane(depth)
    metres = values / np.float32(1000) if np.issubdtype(values.dtype, np.integer) else values
    return _nearest(metres.astype(np.float32), shape)


def known_depth(depth: Encoded, shape: tuple[int, int]) -> np.ndarray:
    """`read_depth` of a depth to learn from. Raises BadSample, naming the file, for one that is NaN or infinite."""
    metres = read_depth(depth, shape)
    if count := int((~np.isfinite(metres)).sum()):
        which = f"{depth.name}: " if isinstance(depth, Path) else ""
        raise BadSample(
            f"{which}depth is NaN or infinite at {count} of {metres.size} pixels; write 0 where it is not known"
        )
    return metres


def scale_boxes(boxes: np.ndarray, before: tuple[int, int], after: tuple[int, int]) -> np.ndarray:
    """Boxes (objects, 4) x, y, width, height, float32, moved from a picture of `before` (y, x) pixels to `after`."""
    down, across = after[0] / before[0], after[1] / before[1]
    return np.asarray(boxes, np.float32).reshape(-1, 4) * np.array([across, down, across, down], np.float32)


def scale_keypoints(keypoints: np.ndarray, before: tuple[int, int], after: tuple[int, int]) -> np.ndarray:
    """Keypoints (..., k, 3) x, y, visibility, float32, moved from a picture of `before` (y, x) pixels to `after`.

    Raises BadSample for another shape, for numbers that are not finite, and a visibility that is not 0, 1 or 2.
    """
    points = np.asarray(keypoints, np.float32)
    if points.ndim < 2 or points.shape[-1] != 3:
        raise BadSample(f"keypoints are x, y, visibility each, not of shape {points.shape}")
    if not np.isfinite(points).all() or not np.isin(points[..., 2], (0, 1, 2)).all():
        raise BadSample("keypoints are finite numbers, their visibility 0 (not labelled), 1 (hidden) or 2 (visible)")
    down, across = after[0] / before[0], after[1] / before[1]
    return points * np.array([across, down, 1], np.float32)


def extent(image: Encoded) -> tuple[int, int]:
    """Height and width of a raster picture as it is seen (EXIF turned), from its header.

    Raises BadSample for what has no pixels of its own, such as SVG: pixel boxes mean nothing there.
    """
    if isinstance(image, np.ndarray):
        return image.shape[0], image.shape[1]
    width, height = open_raster(image).shown
    return height, width


def must_match(plane: Encoded, image: Encoded, what: str) -> None:
    """BadSample where a mask or depth (`what`) has another shape than its picture: they show not the same. A copy of
    another size is no other shape; a drawing has no pixels of its own, and so none."""
    y, x = extent(plane)
    try:
        height, width = extent(image)
    except BadSample:
        return
    # sides of a smaller copy are rounded
    if abs(y * width - x * height) > max(width, height):
        raise BadSample(f"its {what} is {x} x {y} pixels, the picture {width} x {height}: they show not the same")


def _plane(encoded: Encoded) -> np.ndarray:
    if isinstance(encoded, np.ndarray):
        plane = encoded
    else:
        with guarded("mask or depth cannot be read"):
            plane = open_raster(encoded).plane()
    if plane.dtype == bool:
        plane = plane.astype(np.uint8)
    if plane.ndim != 2:
        raise BadSample(f"mask or depth has one value a pixel, not shape {plane.shape}")
    return plane


def _nearest(plane: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    rows, columns = (
        ((np.arange(new) + 0.5) * (old / new)).astype(np.int64) for new, old in zip(shape, plane.shape, strict=True)
    )
    return np.ascontiguousarray(plane[rows[:, None], columns])
