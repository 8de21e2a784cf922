"""Which pictures of a set are compared with which: all with all, or each with those that look most like it."""

from collections.abc import Sequence

import numpy as np

from sightline.probes.nearest import top_k

NEAR = 20
"""ours: neighbours of each picture; up to one more are compared all with all"""


def pairs_of(count: int, wholes: Sequence[np.ndarray | None], near: int = NEAR) -> list[tuple[int, int]]:
    """Pairs i < j, each once, by rising numbers: of each picture with its `near` nearest by the vectors `wholes` (e,)
    of whole pictures; all of them where there are no more pictures, or no such vectors, or `near` is 0."""
    if near < 0:
        raise ValueError(f"{near} neighbours of each picture; expected at least 1, or 0 to compare all with all")
    rows = [whole for whole in wholes if whole is not None]
    if near == 0 or count <= near + 1 or len(rows) < count:
        return [(i, j) for i in range(count) for j in range(i + 1, count)]
    vectors = np.stack(rows)
    found: set[tuple[int, int]] = set()
    for i in range(count):
        cosines = vectors @ vectors[i]
        cosines[i] = -np.inf
        found |= {(min(i, int(j)), max(i, int(j))) for j in top_k(cosines, near)}
    return sorted(found)
