"""How well an index answers queries that have one right picture: by words alone, by vectors alone, and as it searches.

Recall at k over queries; a picture that words do not find has no rank, so it counts as not found.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sightline.data.array import unit
from sightline.probes.retrieval import chance
from sightline.search.index import Index
from sightline.search.query import Embedder
from sightline.search.rank.rank import Mode

KS = (1, 5, 10)
MODES: dict[str, Mode] = {"bm25": "words", "vectors": "vectors", "fused": "fused"}


def judge(index: Index, encoder: Embedder, queries: Sequence[tuple[str, int]]) -> dict[str, Any]:
    """`{"bm25", "vectors", "fused": {"r1", "r5", "r10"}, "n", "candidates", "chance_r10"}` of (query, id) pairs.

    Raises ValueError without queries, or for an id that the index cannot search.
    """
    if not queries:
        raise ValueError("there are no queries to judge the index by")
    index.check(encoder)
    vectors = unit(encoder.encode_text([query for query, _ in queries]))
    ranks = {name: np.empty(len(queries)) for name in MODES}
    candidates = 0
    for number, ((query, right), vector) in enumerate(zip(queries, vectors, strict=True)):
        for name, mode in MODES.items():
            found = index.ranking(query, vector, mode, encoder)
            place = np.searchsorted(found.ids, right)
            if place == len(found.ids) or found.ids[place] != right:
                raise ValueError(f"the right picture of {query!r}, {right}, is not in {index.path}")
            ranks[name][number] = found.ranks[place]
            candidates = len(found.ids)
    figures: dict[str, Any] = {name: {f"r{k}": float((rank <= k).mean()) for k in KS} for name, rank in ranks.items()}
    ones = np.ones(len(queries), np.int64)
    return figures | {"n": len(queries), "candidates": candidates, "chance_r10": chance(ones, candidates, 10)}
