"""Two pictures matched: which places show the same, and how the cameras stood."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sightline.data.prepare.page import readable
from sightline.search.match.described import Described, Describer
from sightline.search.match.geometry import Geometry, fundamental, relative_pose
from sightline.search.match.intrinsics import Intrinsics
from sightline.search.match.nearest import RATIO, mutual

if TYPE_CHECKING:
    from sightline.protocols import Picture


@dataclass(frozen=True, eq=False)
class Matched:
    """Matches of two pictures; `one.points[pairs[:, 0]]` and `other.points[pairs[:, 1]]` are the same."""

    one: Described
    other: Described
    pairs: np.ndarray
    """(k, 2) numbers of places"""
    geometry: Geometry | None
    """None where too few matches agree on any"""

    @property
    def points(self) -> tuple[np.ndarray, np.ndarray]:
        """(k, 2) and (k, 2) x, y in pixels of either picture."""
        return self.one.points[self.pairs[:, 0]], self.other.points[self.pairs[:, 1]]


def match(
    describer: Describer,
    one: "Picture",
    other: "Picture",
    *,
    intrinsics: Intrinsics | None = None,
    ratio: float = RATIO,
    tolerance: float | None = None,
) -> Matched:
    """Mutual nearest neighbours of two pictures that pass the ratio test, and the geometry that they agree on.

    `tolerance`: pixels by which an inlier may miss its epipolar line; left out, what the describer's grid allows. With
    `intrinsics` the rotation and the direction of the movement are known too. ValueError naming a picture that cannot
    be read.

    >>> from PIL import Image
    >>> from sightline.search.match import match, open_describer
    >>> noise = Image.effect_noise((96, 96), 80).resize((192, 192)).convert("RGB")
    >>> found = match(open_describer("pixels", 400), noise.crop((0, 0, 160, 160)), noise.crop((16, 8, 176, 168)))
    >>> moved = found.points[0] - found.points[1]
    >>> [round(float(axis)) for axis in __import__("numpy").median(moved, axis=0)]
    [16, 8]
    """
    seen = [describer(readable(picture)) for picture in (one, other)]
    return compared(*seen, intrinsics=intrinsics, ratio=ratio, tolerance=tolerance)


def compared(
    one: Described,
    other: Described,
    *,
    intrinsics: Intrinsics | None = None,
    ratio: float = RATIO,
    tolerance: float | None = None,
) -> Matched:
    """`match` of pictures that are described already."""
    pairs = mutual(one.vectors, other.vectors, ratio)
    first, second = one.points[pairs[:, 0]], other.points[pairs[:, 1]]
    missed = max(one.tolerance, other.tolerance) if tolerance is None else tolerance
    if intrinsics is None:
        return Matched(one, other, pairs, fundamental(first, second, missed))
    lenses = intrinsics.of(one.size), intrinsics.of(other.size)
    return Matched(one, other, pairs, relative_pose(first, second, *lenses, missed))
