r"""Is what matters still in the vector, and in how few bits?

retention   accuracy of a linear probe for what must survive; the mean over the questions
bits        the fewest r b with which the probe keeps 95 % of what it has above chance: the r first principal components
            of the unit vectors, each as one of 2^b values;   score = (log2 32 D - log2 bits) / (log2 32 D - log2 bits*)

bits* are those that perfect features need in the same code: they take the place of log2 C, which no linear probe can
read. What is kept is counted above chance, or an encoder that knows nothing would need one bit.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sightline.data.array import unit
from sightline.measure.density.ridge import by_luck, hits, ridge
from sightline.measure.density.truth import Truth
from sightline.measure.finding import Finding, MeanOf, Statistic, Summed
from sightline.measure.subject.subject import Subject

COMPONENTS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)
BITS = (1, 2, 3, 4, 8)
KEPT = 0.95
REACH = 2.5
"""deviations from the mean that the values of a component cover"""
FLOAT = 32


@dataclass(frozen=True, eq=False)
class Coded:
    """What probes of codes of one encoder's vectors answered, m pictures and q questions."""

    right: np.ndarray
    """(m, codes): the share of the questions answered rightly; the vectors as they are come last"""
    bits: np.ndarray
    """(codes,)"""
    answers: np.ndarray
    """(m, q) bool: of the vectors as they are"""
    chance: np.ndarray
    """(q,): of these answers"""


@dataclass(frozen=True, eq=False)
class Content:
    """What must survive in the vectors of one suite."""

    suite: str
    truth: Truth

    @cached_property
    def least(self) -> float:
        """log2 of the bits that perfect features need."""
        fitted, asked = self.truth.fitted.ideal.vectors, self.truth.asked.ideal.vectors
        assert fitted is not None and asked is not None
        found = self._coded(fitted, asked)
        whole = needed(found.right, found.bits, float(found.chance.mean()))
        return float(whole.over(np.ones((1, whole.n)))[0])

    def findings(self, subject: Subject) -> list[Finding]:
        """Retention, which caps the score, the retention of each question as diagnostics, and the bits."""
        truth = self.truth
        found = self._coded(subject.vectors(truth.fitted), subject.vectors(truth.asked))
        chance = float(found.chance.mean())
        common = {
            "items": f"{self.suite}/content/{truth.asked.digest}",
            "domain": truth.domains,
            "family": truth.families,
            "protocol": {"fitted": len(truth.rows), "probe": "ridge", "classes": truth.right.shape[1]},
            "notes": truth.notes,
        }
        kept = Finding(
            metric="content retention",
            statistic=MeanOf(found.answers.mean(axis=1)),
            chance=chance,
            chance_kind="answers dealt at random",
            bound=1.0,
            bound_kind="labels",
            caps=True,
            **common,
        )
        some = [
            Finding(
                metric=f"content retention: {question}",
                statistic=MeanOf(found.answers[:, number]),
                chance=float(found.chance[number]),
                chance_kind="answers dealt at random",
                bound=1.0,
                bound_kind="labels",
                scored=False,
                **common,
            )
            for number, question in enumerate(truth.questions)
        ]
        fewest = Finding(
            metric="bits needed (log2)",
            statistic=needed(found.right, found.bits, chance),
            chance=float(np.log2(found.bits[-1])),
            chance_kind=f"{FLOAT} bits a number",
            bound=self.least,
            bound_kind="perfect features",
            **common,
        )
        return [kept, fewest, *(some if len(some) > 1 else [])]

    def _coded(self, fitted: np.ndarray, asked: np.ndarray) -> "Coded":
        truth = self.truth
        train, test = unit(fitted)[truth.rows].astype(np.float64), unit(asked)[truth.kept].astype(np.float64)
        scores = ridge(train, truth.answers, truth.parts).scores(test)
        whole = hits(scores, truth.right, truth.parts)
        axes = principal(train, COMPONENTS[-1])
        train, test = (train - (mean := train.mean(axis=0))) @ axes, (test - mean) @ axes
        columns, bits = [], []
        for r in [r for r in COMPONENTS if r <= axes.shape[1]]:
            for b in BITS:
                step = cell(train[:, :r], b)
                probe = ridge(quantised(train[:, :r], step, b), truth.answers, truth.parts)
                answers = hits(probe.scores(quantised(test[:, :r], step, b)), truth.right, truth.parts)
                columns.append(answers.mean(axis=1))
                bits.append(r * b)
        right = np.stack([*columns, whole.mean(axis=1)], axis=1)
        chance = by_luck(scores, truth.right, truth.parts)
        return Coded(right, np.array([*bits, FLOAT * fitted.shape[1]]), whole, chance)


def principal(rows: np.ndarray, most: int) -> np.ndarray:
    """The first principal axes (d, r) of rows (n, d), at most `most` and only those along which they vary."""
    centred = rows - rows.mean(axis=0)
    if len(rows) <= rows.shape[1]:
        square, left = np.linalg.eigh(centred @ centred.T)
        right = centred.T @ left / np.sqrt(np.maximum(square, 1e-300))
    else:
        square, right = np.linalg.eigh(centred.T @ centred)
    order = np.argsort(-square, kind="stable")[:most]
    return right[:, order[square[order] > max(1e-12 * len(rows), 1e-10 * square.max())]]


def cell(rows: np.ndarray, bits: int) -> np.ndarray:
    """(r,) width of each of the 2^bits cells of every component of centred rows (n, r)."""
    return 2 * REACH * rows.std(axis=0) / 2**bits


def quantised(rows: np.ndarray, step: np.ndarray, bits: int) -> np.ndarray:
    """Each number of rows (n, r) as the middle of its cell, one of 2^bits; what lies beyond takes the outermost.

    >>> quantised(np.array([[-9.0], [-0.1], [0.3], [1.4]]), np.array([1.0]), 2).ravel().tolist()
    [-1.5, -0.5, 0.5, 1.5]
    """
    half = 2**bits // 2
    return (np.clip(np.floor(rows / step), -half, half - 1) + 0.5) * step


def needed(right: np.ndarray, bits: np.ndarray, chance: float) -> Statistic:
    """log2 of the fewest bits with which `KEPT` of the accuracy above chance stays, of answers (m, codes) to codes of
    `bits` (codes,), of which the last are the vectors as they are; all bits where nothing is above chance."""

    def of(sums: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore", divide="ignore"):
            accuracy = sums[:, :-1] / sums[:, -1:]
        whole = accuracy[:, -1:]
        # what many sums round differently is no loss
        enough = (accuracy >= chance + KEPT * (whole - chance) - 1e-9) & (whole > chance)
        enough[:, -1] = True
        return np.log2(np.where(enough, bits, np.inf).min(axis=1))

    return Summed(np.concatenate([right, np.ones((len(right), 1))], axis=1), of)
