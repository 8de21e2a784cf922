r"""How many directions the vectors of a suite fill. Told, not scored: many is good against collapse, bad for density.

RankMe, covariance rank   `probes/rankme.py`
TwoNN                     n / sum_i ln(r2_i / r1_i),  r1, r2 the distances to the two nearest others (Facco et al. 2017)

Vectors of more than 128 numbers are first projected to 128 at random, the same for all, so that ranks of encoders of
different widths stand side by side; n pictures bound the ranks too.
"""

from dataclasses import dataclass

import numpy as np

from sightline.data.array import unit
from sightline.data.draw import seed_of
from sightline.measure.finding import Finding, Statistic, Summed
from sightline.measure.pictures import Pictures
from sightline.measure.subject.subject import Subject
from sightline.probes.rankme import covariance_rank, rankme

WIDTH = 128
NAN = float("nan")


@dataclass(frozen=True)
class Once:
    """A number of all n items alone: pictures drawn with repeats fill fewer directions, so a rank has no bootstrap
    interval."""

    n: int
    value: float

    def over(self, counts: np.ndarray) -> np.ndarray:
        return np.where((counts == 1).all(axis=1), self.value, NAN)


def dimensions(subject: Subject, pictures: Pictures, *, suite: str) -> list[Finding]:
    """Of at least three pictures."""
    vectors = subject.vectors(pictures)
    rows = narrowed(vectors)
    most = min(rows.shape)
    items = f"{suite}/dimensions/{pictures.digest}"
    protocol = {"width": WIDTH}

    def ranked(metric: str, value: float, bound: float) -> Finding:
        return Finding(
            metric=metric,
            statistic=Once(len(rows), value),
            chance=1.0,
            chance_kind="one direction",
            bound=bound,
            bound_kind="numbers or pictures",
            scored=False,
            items=items,
            protocol=protocol,
        )

    away = neighbours(vectors)
    return [
        ranked("RankMe", rankme(rows), most),
        ranked("covariance rank", covariance_rank(rows), min(most, len(rows) - 1)),
        Finding(
            metric="TwoNN",
            statistic=two_nn(away),
            chance=NAN,
            chance_kind="none",
            bound=NAN,
            bound_kind="none",
            scored=False,
            items=items,
            notes=() if (lost := int((away[:, 0] <= 0).sum())) == 0 else (f"{lost} pictures with a double left out",),
        ),
    ]


def narrowed(vectors: np.ndarray) -> np.ndarray:
    """Rows (n, d) in float64, of more than `WIDTH` numbers projected to that many by a fixed Gaussian matrix."""
    rows = vectors.astype(np.float64)
    if rows.shape[1] <= WIDTH:
        return rows
    rng = np.random.default_rng(seed_of("density", "projection", rows.shape[1]))
    return rows @ rng.standard_normal((rows.shape[1], WIDTH)) / np.sqrt(WIDTH)


def neighbours(vectors: np.ndarray) -> np.ndarray:
    """(n, 2): the distances of unit vectors to the two nearest others; 0 where they differ by rounding alone."""
    return nearest_two(unit(vectors).astype(np.float64))


def nearest_two(rows: np.ndarray) -> np.ndarray:
    """(n, 2) distances of rows (n, d) to the two nearest others."""
    square = (rows**2).sum(axis=1)
    apart = square[:, None] + square[None] - 2 * rows @ rows.T
    np.fill_diagonal(apart, np.inf)
    near = np.sort(np.partition(apart, 1, axis=1)[:, :2], axis=1)
    return np.sqrt(np.where(near < 1e-12 * square.max(), 0.0, near))


def two_nn(away: np.ndarray) -> Statistic:
    """Of distances (n, 2); rows with a double are left out."""
    kept = away[:, 0] > 0
    logs = np.log(np.divide(away[:, 1], away[:, 0], out=np.ones(len(away)), where=kept))

    def of(sums: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(sums[:, 0] > 0, sums[:, 1] / sums[:, 0], NAN)

    return Summed(np.stack([logs, kept.astype(np.float64)], axis=1), of)
