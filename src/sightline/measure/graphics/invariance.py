r"""How little it matters to an encoder in which way a drawing is done (representation.md G.6).

    inv     = (c_A - c_rand) / (1 - c_rand)       c_A mean cos(z(x), z(A_s x)) over severities s; c_rand of different x
    R@1     of x with value v among all drawings with value v: the same drawing with another value has to come first
    leak    = (acc - 1/K) / (1 - 1/K)             acc of a linear probe for the value, on drawings it was not fitted on

Score = mean of (inv, R@1, 1 - leak) over operations. A constant encoder leaks nothing because it knows nothing, so
1 - leak counts only as far as the drawings themselves are found again: min(1 - leak, R@1 over chance). The mean over
severities has no term at s = 0, where the cosine is 1 whatever the encoder. Scenes come two by two, one with another
meaning and the same layout, so that R@1 asks whether meaning is more than the operation.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sightline.measure.finding import Finding, MeanOf, Summed
from sightline.measure.graphics.applied import Applied
from sightline.measure.graphics.cosine import cosines, first, normalised, others
from sightline.measure.subject.subject import Subject
from sightline.probes.linear import LinearProbe

RIDGE = 1e-2
"""C of the probe: few vectors of many numbers"""


@dataclass(frozen=True, eq=False)
class Invariance:
    """What is asked about one operation; items are the drawings, two that stand together share their luck."""

    applied: Applied
    items: str

    def __call__(self, subject: Subject) -> Sequence[Finding]:
        before, lower, top = self.applied.seen_by(subject)
        same = np.stack([*((before * z).sum(-1) for z in lower), (before * top).sum(-1).mean(0)]).mean(0)
        hard, easy, told = found_again(top), found_among_others(top), leaking(top)
        n, k, one = len(before), len(top), np.ones(len(before))
        name = self.applied.operation.name
        protocol = {
            "severities": [*self.applied.lower, 1.0],
            "values": list(self.applied.operation.values[:k]),
            "drawings": n,
        }

        def kept(sums: np.ndarray) -> np.ndarray:
            """1 - leak, as far as drawings are found again; of sums (r, 3)."""
            with np.errstate(invalid="ignore", divide="ignore"):
                share = sums[:, :2] / sums[:, 2:]
            leak = np.clip((share[:, 1] - 1 / k) / (1 - 1 / k), 0, 1)
            return np.minimum(1 - leak, (share[:, 0] - 1 / n) / (1 - 1 / n))

        apart = others(cosines(before, before))
        common = {"items": self.items, "protocol": protocol, "family": tuple(i // 2 for i in range(n))}
        return [
            Finding(
                metric=f"{name}: invariance",
                statistic=Summed(np.stack([same, apart, one], 1), normalised),
                chance=0.0,
                chance_kind="different drawings",
                bound=1.0,
                bound_kind="unmoved",
                **common,
            ),
            Finding(
                metric=f"{name}: R@1 hard",
                statistic=MeanOf(hard),
                chance=1 / n,
                chance_kind="analytic",
                bound=1.0,
                bound_kind="labels",
                **common,
            ),
            Finding(
                metric=f"{name}: 1 - leak",
                statistic=Summed(np.stack([hard, told, one], 1), kept),
                chance=0.0,
                chance_kind="capped by R@1 hard",
                bound=1.0,
                bound_kind="no leak",
                **common,
            ),
            Finding(
                metric=f"{name}: R@1",
                statistic=MeanOf(easy),
                chance=1 / n,
                chance_kind="analytic",
                bound=1.0,
                bound_kind="labels",
                scored=False,
                **common,
            ),
            Finding(
                metric=f"{name}: leak",
                statistic=MeanOf(told),
                chance=1 / k,
                chance_kind="analytic",
                bound=1.0,
                bound_kind="labels",
                scored=False,
                notes=("accuracy of a linear probe for the value; higher leaks more",),
                **common,
            ),
        ]


def found_again(top: np.ndarray) -> np.ndarray:
    """(n,) how often drawing i with value v finds itself with another value among all others with value v; top is units
    (k, n, d)."""
    k, n, _ = top.shape
    hits = np.zeros(n)
    for value in range(k):
        wrong = _without_own(cosines(top[value], top[value]))
        for other in range(k):
            if other != value:
                hits += first(np.diag(cosines(top[value], top[other])), wrong)
    return hits / (k * (k - 1))


def found_among_others(top: np.ndarray) -> np.ndarray:
    """(n,) the same among all drawings with that other value."""
    k, n, _ = top.shape
    hits = np.zeros(n)
    for value in range(k):
        for other in range(k):
            if other != value:
                square = cosines(top[value], top[other])
                hits += first(np.diag(square), _without_own(square))
    return hits / (k * (k - 1))


def leaking(top: np.ndarray) -> np.ndarray:
    """(n,) share of the values of drawing i that a linear probe reads, fitted on every second two of the drawings."""
    k, n, d = top.shape
    right = np.zeros(n)
    odd = np.arange(n) // 2 % 2
    for side in (0, 1):
        known, asked = top[:, odd != side], top[:, odd == side]
        values = np.repeat(np.arange(k), known.shape[1])
        probe = LinearProbe(RIDGE).fit(known.reshape(-1, d), values)
        read = probe.predict(asked.reshape(-1, d)).reshape(k, -1)
        right[odd == side] = (read == np.arange(k)[:, None]).mean(0)
    return right


def _without_own(square: np.ndarray) -> np.ndarray:
    """(n, n - 1): every row without its own column."""
    n = len(square)
    return square[~np.eye(n, dtype=bool)].reshape(n, n - 1)
