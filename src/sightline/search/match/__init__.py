"""The same things in several pictures: matches of their patches, how the cameras stood, and a model of the scene.

>>> import numpy as np
>>> from sightline.search.match import mutual
>>> mutual(np.eye(3)[[0, 1]], np.eye(3)[[2, 1, 0]]).tolist()
[[0, 2], [1, 1]]
"""

from sightline.search.match.described import Described, Describer
from sightline.search.match.geometry import Geometry, fundamental, relative_pose
from sightline.search.match.intrinsics import Intrinsics, read_intrinsics
from sightline.search.match.match import Matched, compared, match
from sightline.search.match.nearest import mutual
from sightline.search.match.open import open_describer
from sightline.search.match.reconstruct import reconstruct

__all__ = [
    "Described",
    "Describer",
    "Geometry",
    "Intrinsics",
    "Matched",
    "compared",
    "fundamental",
    "match",
    "mutual",
    "open_describer",
    "read_intrinsics",
    "reconstruct",
    "relative_pose",
]
