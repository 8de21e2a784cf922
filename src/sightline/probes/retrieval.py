"""Retrieval recall at k: how often the right picture is among the first k of a text, and the other way round.

A query's rank is  1 + #(wrong candidates that score higher) + 0.5 * #(wrong candidates that score the same), both
against its best right candidate; it is a hit at k when rank <= k. So a constant encoder gets the middle rank, not the
first, and a picture with five captions needs one of them among the first k (the field's definition; torchmetrics'
`RetrievalRecall` is the share of right candidates found, at most k/5 there).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from typing import Any

import numpy as np

from sightline.data.array import to_numpy, unit

ROWS = 1024
"""queries compared at a time: memory is ROWS x candidates"""


def ranks(similarity: np.ndarray, relevant: np.ndarray) -> np.ndarray:
    """Rank of every query's best right candidate, float64 (q,); halves where it ties with a wrong one.

    `similarity` (q, c), `relevant` (q, c) bool with at least one true in each row.
    """
    if similarity.shape != relevant.shape:
        raise ValueError(f"similarity is {similarity.shape} and relevant is {relevant.shape}; they must be equal")
    if not relevant.any(axis=1).all():
        raise ValueError(f"query {int(np.argmin(relevant.any(axis=1)))} has no right candidate; leave it out")
    best = np.where(relevant, similarity, -np.inf).max(axis=1, keepdims=True)
    above = (similarity > best).sum(axis=1)
    level = ((similarity == best) & ~relevant).sum(axis=1)
    return 1.0 + above + 0.5 * level


def recall(similarity: Any, relevant: Any, ks: Sequence[int] = (1, 5, 10)) -> dict[str, float]:
    """`{"r1", "r5", "r10", "median_rank"}` of a similarity matrix (q, c) and its right answers (q, c) bool.

    >>> recall(np.eye(3), np.eye(3, dtype=bool))["r1"]
    1.0
    """
    return _summary(ranks(to_numpy(similarity), to_numpy(relevant).astype(bool)), ks)


def chance(right: np.ndarray, candidates: int, k: int) -> float:
    """Mean hit rate at `k` of a random order: 1 - C(n - r, k) / C(n, k) for each query's `right` (q,) count."""
    counts, times = np.unique(right, return_counts=True)
    k = min(k, candidates)
    miss = [comb(candidates - int(r), k) / comb(candidates, k) for r in counts]
    return float(1.0 - np.dot(miss, times) / len(right))


def retrieval(
    image_vectors: Any,
    text_vectors: Any,
    image_of_text: Any,
    *,
    text_group: Any | None = None,
    ks: Sequence[int] = (1, 5, 10),
) -> dict[str, Any]:
    """Both directions over a set: vectors (n, e) of pictures, (m, e) of texts, and each text's picture (m,) int.

    `text_group` (m,) names texts that say the same (an identical caption, say): a picture of any text of the group is
    then right for all of them. Vectors are normalised here. Products are made in float64 and compared in float32, so
    that two equal vectors score equal wherever they stand in the matrix.

    Returns `{"text_to_image": {"r1", "r5", "r10", "median_rank"}, "image_to_text": {...}, "n", "chance_r10"}`: `n`
    pictures, chance of the text-to-image direction. Pictures without a text are candidates, never queries.
    """
    found = ranked(image_vectors, text_vectors, image_of_text, text_group=text_group)
    return {
        "text_to_image": _summary(found.text, ks),
        "image_to_text": _summary(found.image, ks),
        "n": found.images,
        "chance_r10": chance(found.right_images, found.images, 10),
    }


@dataclass(frozen=True, eq=False)
class Ranked:
    """The ranks of `retrieval`, query by query, and how many right candidates each query has."""

    text: np.ndarray
    """(m,) of every text, among all pictures"""
    image: np.ndarray
    """(q,) of every picture of `queries`, among all texts"""
    queries: np.ndarray
    """(q,) the pictures that have a text, in order"""
    right_images: np.ndarray
    """(m,)"""
    right_texts: np.ndarray
    """(q,)"""
    images: int
    """pictures in all"""


def ranked(image_vectors: Any, text_vectors: Any, image_of_text: Any, *, text_group: Any | None = None) -> Ranked:
    """What `retrieval` summarises; the same arguments, and ValueError for the same."""
    images, texts = unit(image_vectors).astype(np.float64), unit(text_vectors).astype(np.float64)
    owner = to_numpy(image_of_text).astype(np.int64)
    if len(owner) != len(texts):
        raise ValueError(f"image_of_text has {len(owner)} entries for {len(texts)} texts; give each text its picture")
    if len(owner) == 0 or owner.min() < 0 or owner.max() >= len(images):
        raise ValueError(f"image_of_text must hold at least one index and lie within 0..{len(images) - 1}")
    _, group = np.unique(np.arange(len(texts)) if text_group is None else to_numpy(text_group), return_inverse=True)
    pairs = np.unique(np.stack([group, owner], axis=1), axis=0)  # (group, picture) pairs that are right

    queries = np.unique(owner)
    text_ranks, image_ranks = np.empty(len(texts)), np.empty(len(queries))
    right_texts = np.empty(len(queries), np.int64)
    for first in range(0, len(texts), ROWS):
        rows = slice(first, first + ROWS)
        right = _table(pairs, group[rows], len(images))
        text_ranks[rows] = ranks((texts[rows] @ images.T).astype(np.float32), right)
    for first in range(0, len(queries), ROWS):
        rows = slice(first, first + ROWS)
        right = _table(pairs[:, ::-1], queries[rows], int(group.max()) + 1)[:, group]
        image_ranks[rows] = ranks((images[queries[rows]] @ texts.T).astype(np.float32), right)
        right_texts[rows] = right.sum(axis=1)
    right_images = np.bincount(pairs[:, 0])[group]
    return Ranked(text_ranks, image_ranks, queries, right_images, right_texts, len(images))


def _table(pairs: np.ndarray, rows: np.ndarray, width: int) -> np.ndarray:
    """Bool (rows, width): true where (row, column) is one of `pairs` (p, 2)."""
    table = np.zeros((len(rows), width), dtype=bool)
    order = np.argsort(pairs[:, 0], kind="stable")
    first = np.searchsorted(pairs[order, 0], rows, side="left")
    last = np.searchsorted(pairs[order, 0], rows, side="right")
    for row, (a, b) in enumerate(zip(first, last, strict=True)):
        table[row, pairs[order[a:b], 1]] = True
    return table


def _summary(rank: np.ndarray, ks: Sequence[int]) -> dict[str, float]:
    return {f"r{k}": float((rank <= k).mean()) for k in ks} | {"median_rank": float(np.median(rank))}
