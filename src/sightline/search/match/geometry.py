"""How two cameras stood to each other, from matches some of which are wrong, by OpenCV's estimators.

    x2^T F x1 = 0,     E = K2^T F K1 = [t]_x R,     X2 = R X1 + t

F by MAGSAC++ (Barath et al. 2020, https://arxiv.org/abs/1912.05909) and E by graph-cut RANSAC (Barath and Matas 2018,
https://arxiv.org/abs/1706.00984) as OpenCV has them, R and t by the one of four decompositions of E that has the points
before both cameras. The length of t cannot be known. Of E OpenCV's MAGSAC++ is the worse one: 80 matches right to half
a pixel among 30 wrong ones give R to 1.5 degrees by it, and to 0.25 by graph cuts.
"""

from dataclasses import dataclass

import numpy as np

from sightline.search.match.extra import opencv
from sightline.search.match.intrinsics import Intrinsics

LEAST = 8
"""matches below which nothing is estimated: seven give a fundamental matrix whatever they are"""
CONFIDENCE, TRIALS = 0.9999, 10_000


@dataclass(frozen=True, eq=False)
class Geometry:
    """What k matches of two pictures agree on."""

    fundamental: np.ndarray
    """(3, 3) F, of points in pixels"""
    inliers: np.ndarray
    """(k,) bool: which matches agree"""
    residual: float
    """median over the inliers of Sampson's distance to the epipolar line, in pixels"""
    rotation: np.ndarray | None = None
    """(3, 3) R, from the first camera's axes to the second's; None without intrinsics"""
    translation: np.ndarray | None = None
    """(3,) t of length 1; None without intrinsics"""

    @property
    def degrees(self) -> float | None:
        """By how much the second camera is turned; None without intrinsics."""
        return None if self.rotation is None else angle(self.rotation)


def fundamental(one: np.ndarray, other: np.ndarray, tolerance: float) -> Geometry | None:
    """Of matched points (k, 2) and (k, 2) in pixels; an inlier misses its epipolar line by at most about `tolerance`
    pixels. None where there are fewer than LEAST, or nothing agrees."""
    cv2 = opencv()
    if len(one) < LEAST:
        return None
    one, other = one.astype(np.float64), other.astype(np.float64)
    found, mask = cv2.findFundamentalMat(one, other, cv2.USAC_MAGSAC, tolerance, CONFIDENCE, TRIALS)
    return None if found is None else _geometry(found[:3], mask, one, other)


def relative_pose(
    one: np.ndarray, other: np.ndarray, first: Intrinsics, second: Intrinsics, tolerance: float
) -> Geometry | None:
    """The same with the intrinsics of both pictures known, at their sizes: also how the camera turned and moved."""
    cv2 = opencv()
    if len(one) < LEAST:
        return None
    one, other = one.astype(np.float64), other.astype(np.float64)
    # as seen through a lens of focal length 1; the tolerance with them
    rays = [_rays(points, lens) for points, lens in ((one, first), (other, second))]
    limit = tolerance / np.mean([first.fx, first.fy, second.fx, second.fy])
    found, mask = cv2.findEssentialMat(*rays, np.eye(3), cv2.USAC_ACCURATE, CONFIDENCE, limit, TRIALS)
    if found is None:
        return None
    essential = found[:3]  # of few points several may fit: the first
    _, rotation, translation, _ = cv2.recoverPose(essential, *rays, np.eye(3), mask=mask.copy())
    matrix = np.linalg.inv(second.matrix).T @ essential @ np.linalg.inv(first.matrix)
    return _geometry(matrix, mask, one, other, rotation, translation.reshape(3))


def sampson(matrix: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(k,) pixels: to first order how far both points together are from a pair that F (3, 3) allows,

    |x2^T F x1| / sqrt((F x1)_1^2 + (F x1)_2^2 + (F^T x2)_1^2 + (F^T x2)_2^2)      (Hartley and Zisserman 2004, 11.4.3)
    """
    x1, x2 = (np.concatenate([points, np.ones((len(points), 1))], axis=1) for points in (one, other))
    line2, line1 = x1 @ matrix.T, x2 @ matrix
    steep = (line2[:, :2] ** 2).sum(axis=1) + (line1[:, :2] ** 2).sum(axis=1)
    return np.abs((x2 * line2).sum(axis=1)) / np.sqrt(np.maximum(steep, 1e-30))


def angle(rotation: np.ndarray, other: np.ndarray | None = None) -> float:
    """Degrees of a rotation (3, 3), or between two."""
    turned = rotation if other is None else rotation @ other.T
    axis = np.array([turned[2, 1] - turned[1, 2], turned[0, 2] - turned[2, 0], turned[1, 0] - turned[0, 1]])
    # of small angles the arc cosine of the trace knows nothing
    return float(np.degrees(np.arctan2(np.linalg.norm(axis), np.trace(turned) - 1)))


def _geometry(matrix: np.ndarray, mask: np.ndarray, one: np.ndarray, other: np.ndarray, *pose: np.ndarray) -> Geometry:
    inliers = mask.reshape(-1) > 0
    missed = sampson(matrix, one[inliers], other[inliers])
    return Geometry(matrix, inliers, float(np.median(missed)) if len(missed) else float("nan"), *pose)


def _rays(points: np.ndarray, lens: Intrinsics) -> np.ndarray:
    return (points - [lens.cx, lens.cy]) / [lens.fx, lens.fy]
