"""A query's vector against pictures: all of them, or those that a graph proposes."""

from dataclasses import dataclass

import numpy as np

from sightline.probes.nearest import top_k
from sightline.search.rank.matrix import Vectors
from sightline.search.rank.near import Graph
from sightline.search.tile import Best

SMALL = 2**19
"""numbers up to which a product takes one thread: 0.1 ms longer where another core is free for it"""


@dataclass(frozen=True, slots=True)
class Seen:
    """The cosine (n,) of a query and each of the pictures at `rows` (n,), ascending; None for all of them."""

    rows: np.ndarray | None
    cosines: np.ndarray

    def nearest(self, count: int, there: np.ndarray | None = None) -> np.ndarray:
        """Rows of the `count` nearest, best first; of those that a graph proposed all. `there` are the only rows that
        may be found, where not all may.
        """
        if self.rows is not None:
            return self.rows[np.lexsort((self.rows, -self.cosines))]
        return top_k(self.cosines, count) if there is None else there[top_k(self.cosines[there], count)]


def compared(vectors: Vectors, graph: Graph | None, vector: np.ndarray, count: int, parts: Best | None = None) -> Seen:
    """A unit vector (e,) against every picture; with a graph against those near it, `count` of them by their parts.

    `parts` are the pictures' best tiles, always looked at exactly: a picture is as near as the nearest of the whole and
    its parts.
    """
    rows = None
    if graph is not None:
        rows = vectors.rows(np.sort(graph.candidates(vector)))
        if parts is not None:
            rows = np.union1d(rows, top_k(parts.cosines, count))
    cosines = cosines_of(vectors.matrix if rows is None else vectors.matrix[rows], vector)
    if parts is not None:
        cosines = np.maximum(cosines, parts.cosines if rows is None else parts.cosines[rows])
    return Seen(rows, cosines)


def cosines_of(matrix: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """The cosines (n,) of unit vectors (n, e) and one."""
    # on a machine that does something else too, the threads of a product wait 8 ms for one another
    product = np.einsum("ij,j->i", matrix, vector) if matrix.size <= SMALL else matrix @ vector
    # six digits: equal vectors then score equal, whatever block of the product they fell into
    return np.round(product, 6)
