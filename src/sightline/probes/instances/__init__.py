"""The same thing again: landmark and re-identification protocols over vectors, and what is done to vectors before.

>>> import numpy as np
>>> seen = Seen(np.eye(3)[[0, 0, 1, 1]], identity=["a", "a", "b", "b"], camera=[1, 2, 1, 2])
>>> reidentify(seen, seen).summary()["r1"]
1.0
"""

from sightline.probes.instances.expand import augmented, average, by_rank, by_similarity, expanded
from sightline.probes.instances.identity import Seen, reidentify
from sightline.probes.instances.judged import Judged
from sightline.probes.instances.landmark import Truth, landmarks
from sightline.probes.instances.precision import at_hits, average_precision, trapezoid
from sightline.probes.instances.whiten import Whitening, from_pairs, matching, pca

__all__ = [
    "Judged",
    "Seen",
    "Truth",
    "Whitening",
    "at_hits",
    "augmented",
    "average",
    "average_precision",
    "by_rank",
    "by_similarity",
    "expanded",
    "from_pairs",
    "landmarks",
    "matching",
    "pca",
    "reidentify",
    "trapezoid",
]
