"""Metric learning in three steps: distances between vectors, which of them to learn from, one number of what is left.

    d = apart(distance, x, y)               distances.py    (b, m), larger is further
    a, p, n = MINERS[mining](d, ...)        mining.py       places of anchors, positives, negatives
    reducer(violation(d[a, p], d[a, n]))    triplet.py, reduction.py

Names are those of pytorch-metric-learning where it has the thing.
"""

from sightline.losses.metric.contrastive import Chopra, Hadsell, Lecture
from sightline.losses.metric.distances import CosineSimilarity, DotProductSimilarity, LpDistance, SNRDistance
from sightline.losses.metric.histogram import histogram
from sightline.losses.metric.mining import MINERS
from sightline.losses.metric.npair import n_pair
from sightline.losses.metric.triplet import Hinge, PairHinge, SoftMargin, triplet

__all__ = [
    "MINERS",
    "Chopra",
    "CosineSimilarity",
    "DotProductSimilarity",
    "Hadsell",
    "Hinge",
    "Lecture",
    "LpDistance",
    "PairHinge",
    "SNRDistance",
    "SoftMargin",
    "histogram",
    "n_pair",
    "triplet",
]
