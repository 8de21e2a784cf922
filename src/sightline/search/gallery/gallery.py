"""Recognising: which enrolled identity a picture shows, or none of them.

    w_k = unit(mean_i unit(f(x_i)))   of the pictures of identity k (Qi, Brown, Lowe 2018: an imprinted weight)
    s_k = cosine(f(x), w_k),          accepted as argmax_k s_k where max_k s_k >= t

The threshold t is for somebody who was never enrolled. Each picture of the gallery plays that part: its greatest cosine
with the identities of others is what an impostor reaches (leave one identity out), and t is the least that at most the
share `far` of these scores reaches. How often the enrolled are then accepted is told in the same way: each picture
against all identities, its own without it (leave one picture out).
"""

from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from pathlib import Path

import numpy as np

from sightline.data.array import unit
from sightline.probes.verification import impostor_threshold
from sightline.search.gallery.cosine import cosines
from sightline.search.owner import owner_of
from sightline.search.schema import connect, plain_errors


@dataclass(frozen=True)
class Limit:
    """A threshold at a stated false-accept rate, and what it was estimated from."""

    threshold: float
    far: float
    """the rate asked for"""
    estimate: float
    """the share of impostor scores that reach the threshold: at most `far`"""
    impostors: int
    """scores it was chosen on: a picture of the gallery each"""
    needed: int
    """scores that a rate so small takes"""
    accepted: float | None
    """share of pictures that are accepted as who they are; None where no identity has two pictures"""

    @property
    def small(self) -> bool:
        """Whether the gallery is too small for this rate: then no impostor of it is accepted, and that is all one
        knows."""
        return self.impostors < self.needed


@dataclass(frozen=True)
class Gallery:
    """The enrolled vectors of an index."""

    path: Path
    names: tuple[str, ...]
    """identities, sorted"""
    label: np.ndarray
    """(n,) the identity of each picture"""
    vectors: np.ndarray
    """(n, d) unit, float32"""
    hashes: frozenset[str] = frozenset()
    """fingerprints of the pictures"""
    others: int = 0
    """pictures of the index that are nobody's"""
    twice: int = 0
    """pictures that stand under several names, which makes strangers look like the enrolled"""

    @cached_property
    def sizes(self) -> np.ndarray:
        """(k,) pictures of each identity."""
        return np.bincount(self.label, minlength=len(self.names))

    @cached_property
    def sums(self) -> np.ndarray:
        """(k, d) float64, of the vectors of each identity."""
        found = np.zeros((len(self.names), self.vectors.shape[1]))
        np.add.at(found, self.label, self.vectors.astype(np.float64))
        return found

    @cached_property
    def prototypes(self) -> np.ndarray:
        """(k, d) unit, float32."""
        return unit(self.sums)

    def scores(self, vectors: np.ndarray) -> np.ndarray:
        """Cosines float64 (m, k) of unit vectors (m, d) with the identities."""
        return cosines(vectors, self.prototypes)

    def limit(self, far: float) -> Limit:
        """The threshold at the false-accept rate `far`, from the gallery itself.

        Raises ValueError for a gallery of one identity, which has no impostors, and for a rate that is none.
        """
        if len(self.names) < 2:
            raise ValueError(
                f"{self.path} has one identity, so nothing in it tells how like a stranger is to it; enrol others, or "
                "give --threshold"
            )
        if not 0 < far < 1:
            raise ValueError(f"--far {far}: expected a share above 0 and below 1, such as 0.01")
        scores = self.scores(self.vectors)
        own = np.arange(len(self.label)), self.label
        others = scores.copy()
        others[own] = -np.inf
        impostors = others.max(axis=1)
        threshold = impostor_threshold(impostors, far)
        paired = self.sizes[self.label] > 1
        rest = unit(self.sums[self.label] - self.vectors)
        mine = np.einsum("nd,nd->n", rest, self.vectors)
        right = (mine >= threshold) & (mine > impostors)
        return Limit(
            threshold,
            far,
            float((impostors >= threshold).mean()),
            len(impostors),
            ceil(1 / far - 1e-9),
            float(right[paired].mean()) if paired.any() else None,
        )


def read_gallery(path: Path) -> Gallery:
    """The identities of an index and the vectors of their pictures.

    Raises ValueError where there is no index, or nobody was enrolled.
    """
    if not path.is_file():
        raise ValueError(f"there is no gallery at {path}. Make one: sightline enrol ENCODER SRC --into {path}")
    with closing(connect(path)) as connection, plain_errors(path):
        owner = owner_of(connection, path)
        rows = connection.execute(
            """SELECT name_of.name, data, hash FROM enrolled AS name_of JOIN picture ON picture.id = name_of.picture
               JOIN vector USING (hash) WHERE encoder_id = ? ORDER BY picture.id""",
            (owner.id,),
        ).fetchall()
        (every,) = connection.execute(
            "SELECT count(*) FROM picture JOIN vector USING (hash) WHERE encoder_id = ?", (owner.id,)
        ).fetchone()
    if not rows:
        raise ValueError(
            f"{path} is an index in which nobody is enrolled. Enrol: sightline enrol {owner.name} SRC --into {path}"
        )
    names, label = np.unique([name for name, *_ in rows], return_inverse=True)
    return Gallery(
        path,
        tuple(names.tolist()),
        label,
        np.stack([np.frombuffer(data, "<f4") for _, data, _ in rows]),
        frozenset(hash for *_, hash in rows),
        every - len(rows),
        len({(name, hash) for name, _, hash in rows}) - len({hash for *_, hash in rows}),
    )
