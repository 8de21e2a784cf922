"""Weighted k nearest neighbours on frozen vectors (Wu et al. 2018, https://arxiv.org/abs/1805.01978; DINO's protocol).

votes_c = sum over the k nearest i of  exp(s_i / T) [y_i = c],   s_i the cosine, T = 0.07, k = 20.

DINOv2 votes with softmax(s / T) over the neighbours: the same winner. Subtracting the greatest s of the row, as done
here, changes no winner either and cannot overflow.
"""

from typing import Any

import numpy as np

from sightline.data.array import to_numpy, unit
from sightline.probes.nearest import top_k

ROWS = 1024


class KNN:
    """`fit` keeps unit vectors and labels; `predict` votes. Labels below 0 (none) are left out of the memory."""

    def __init__(self, k: int = 20, temperature: float = 0.07) -> None:
        if k < 1 or temperature <= 0:
            raise ValueError(f"k must be at least 1 and temperature above 0; got k={k}, temperature={temperature}")
        self.k, self.temperature = k, temperature

    def fit(self, vectors: Any, labels: Any) -> "KNN":
        """Vectors (n, d), labels (n,) int. Returns itself."""
        known = to_numpy(labels).astype(np.int64)
        if len(known) != len(vectors):
            raise ValueError(f"{len(vectors)} vectors came with {len(known)} labels; give one each")
        if not (known >= 0).any():
            raise ValueError("no vector has a label; kNN needs at least one labelled vector")
        self.vectors_ = unit(vectors)[known >= 0]
        self.classes_, self.labels_ = np.unique(known[known >= 0], return_inverse=True)
        return self

    def votes(self, vectors: Any) -> np.ndarray:
        """Share of the votes for each of `classes_`, float64 (q, classes)."""
        return self._votes(unit(vectors), left_out=None)

    def predict(self, vectors: Any) -> np.ndarray:
        """Labels (q,); equal votes go to the smaller label."""
        return self.classes_[self.votes(vectors).argmax(axis=1)]

    def predict_left_out(self) -> np.ndarray:
        """Labels of the fitted vectors themselves, each predicted from all the others."""
        if len(self.vectors_) < 2:
            raise ValueError("leaving one out needs at least two labelled vectors")
        return self.classes_[self._votes(self.vectors_, left_out=np.arange(len(self.vectors_))).argmax(axis=1)]

    def score(self, vectors: Any, labels: Any) -> float:
        """Share of `labels` (q,) predicted; labels below 0 are not counted."""
        truth = to_numpy(labels)
        return float((self.predict(vectors) == truth)[truth >= 0].mean())

    def _votes(self, queries: np.ndarray, left_out: np.ndarray | None) -> np.ndarray:
        """Float64 (q, classes): weighted votes of the k nearest, but for the rows `left_out` (q,) of the memory."""
        votes = np.zeros((len(queries), len(self.classes_)))
        for first in range(0, len(queries), ROWS):
            similarity = queries[first : first + ROWS] @ self.vectors_.T
            if left_out is not None:
                similarity[np.arange(len(similarity)), left_out[first : first + ROWS]] = -np.inf
            for row, scores in enumerate(similarity, start=first):
                near = top_k(scores, self.k)
                weight = np.exp((scores[near].astype(np.float64) - scores[near[0]]) / self.temperature)
                np.add.at(votes[row], self.labels_[near], weight / weight.sum())
        return votes
