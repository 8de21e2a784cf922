"""How pictures and texts lie to each other: the gap between them (Liang et al. 2022), and whether what the encoder
takes for sure is so (expected calibration error, Guo et al. 2017). Told, not scored: a gap is neither good nor bad."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sightline.data.array import unit
from sightline.data.draw import uniform
from sightline.measure.finding import Finding, MeanOf, Statistic, Summed
from sightline.measure.subject.subject import Subject
from sightline.measure.text.credit import cosines, first
from sightline.measure.text.retrieval import Retrieval

BINS = 15
"""of equal width, of the confidence"""
RIDGE = 1e-3
"""of the classifier of modalities, relative to the mean square of the features"""
FEW = 8
"""pictures below which nothing is held out"""


@dataclass(frozen=True, eq=False)
class Modality:
    """The pictures of a retrieval task and the main caption of each."""

    task: Retrieval

    def ask(self, subject: Subject) -> list[Finding]:
        """Gap, separability of the two by a plane, and calibration of the best caption."""
        all_texts, every = subject.texts(self.task.said.texts), subject.vectors(self.task.pictures)
        vectors = unit(every[[at for at, _ in self.task.told]])
        texts = unit(all_texts[self.task.said.all(said[0] for _, said in self.task.told)])
        n = len(vectors)
        made = [
            self._finding("modality gap", gap(vectors, texts), 0.0, 2.0, "lengths of unit vectors", range(n)),
        ]
        if n >= FEW:
            apart = MeanOf(separable(vectors, texts))
            made.append(
                self._finding(
                    "modalities told apart", apart, 0.5, 1.0, "labels", [*range(n), *range(n)], chance="analytic"
                )
            )
        picture, row = self.task.owners
        right = np.zeros((n, len(all_texts)), bool)
        right[picture, row] = True
        table = cosines(vectors, all_texts)
        sure = confidence(subject.logits(table.astype(np.float64)), subject.probabilities)
        error = calibration(sure, first(table, right))
        how = f"{BINS} bins of the {subject.probabilities} of the best caption"
        made.append(self._finding("calibration error", error, 1.0, 0.0, "labels", range(n), bins=how))
        return made

    def _finding(
        self,
        metric: str,
        statistic: Statistic,
        worst: float,
        best: float,
        bound_kind: str,
        family: Sequence[int],
        *,
        chance: str = "the range of the metric",
        bins: str = "",
    ) -> Finding:
        return Finding(
            metric=metric,
            statistic=statistic,
            chance=worst,
            chance_kind=chance,
            bound=best,
            bound_kind=bound_kind,
            scored=False,
            items=f"{metric} of {self.task.suite}",
            family=list(family),
            protocol={"pictures": len(self.task.told)},
            notes=(bins,) if bins else (),
        )


def gap(vectors: np.ndarray, texts: np.ndarray) -> MeanOf:
    """The distance of the mean of unit vectors (n, d) of pictures from that of texts (n, d).

    |m| = mean_i d_i . m / |m| of the differences d_i with mean m: a mean over pairs, as other metrics are.
    """
    apart = vectors.astype(np.float64) - texts
    middle = apart.mean(axis=0)
    return MeanOf(apart @ (middle / max(float(np.linalg.norm(middle)), 1e-12)))


def separable(vectors: np.ndarray, texts: np.ndarray) -> np.ndarray:
    """(2n,) whether each picture, then each text, is told for what it is by a ridge regression on the others' half."""
    n = len(vectors)
    rows = np.concatenate([vectors, texts]).astype(np.float64)
    target = np.repeat([1.0, -1.0], n)
    half = np.tile(np.argsort(np.argsort(uniform(0, 0, np.arange(n), "modality")[:, 0])) % 2, 2)
    right = np.zeros(2 * n)
    for side in (0, 1):
        fit, held = half != side, half == side
        middle = rows[fit].mean(axis=0)
        centred = rows[fit] - middle
        ridge = RIDGE * max(float((centred**2).mean()), 1e-12) * fit.sum()
        weight = np.linalg.solve(centred.T @ centred + ridge * np.eye(rows.shape[1]), centred.T @ target[fit])
        said = ((rows[held] - middle) @ weight) * target[held]
        right[held] = np.where(np.abs(said) < 1e-9, 0.5, said > 0)
    return right


def confidence(logits: np.ndarray, probabilities: str) -> np.ndarray:
    """(n,) the probability of the best of each row of `logits` (n, k), by softmax or sigmoid."""
    best = logits.max(axis=1)
    if probabilities == "sigmoid":
        return np.exp(-np.logaddexp(0, -best))
    return 1 / np.exp(logits - best[:, None]).sum(axis=1)


def calibration(sure: np.ndarray, right: np.ndarray) -> Summed:
    """sum_b n_b / n |mean confidence_b - accuracy_b| over `BINS` bins of `sure` (n,) in [0, 1], of `right` (n,)."""
    rows = np.zeros((len(sure), BINS, 2))
    rows[np.arange(len(sure)), np.clip((sure * BINS).astype(int), 0, BINS - 1)] = np.stack(
        [np.ones(len(sure)), sure - right], axis=1
    )

    def of(sums: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.abs(sums[..., 1]).sum(axis=1) / sums[..., 0].sum(axis=1)

    return Summed(rows, of)
