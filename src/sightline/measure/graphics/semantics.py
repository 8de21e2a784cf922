"""Whether another meaning moves a design further than another look that changes as many pixels (representation.md G.6).

    q = d_M / (d_M + d_A)        d = mean ||z(x) - z(.x)|| of unit vectors; M the edit, A the nuisance matched to it

Chance is 0.5; an encoder that moves by neither is there too. The score of the aspect is the mean q over kinds of edits,
scaled from 0.5: scaled once, since a mean of scores that are each cut off at 0 is above 0 for an encoder that knows
nothing. Nuisances differ in loudness, so the mean is taken of the pairs' q and not of their distances; the q of each
kind and of each nuisance is told beside.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from sightline.measure.finding import Finding, MeanOf
from sightline.measure.graphics.cosine import units
from sightline.measure.graphics.edits import KINDS, MATCHED, NUISANCES, Edits
from sightline.measure.subject.subject import Subject

STILL = 1e-5
"""distances of unit vectors below this are rounding"""


@dataclass(frozen=True, eq=False)
class Semantics:
    """The mean over kinds of edits, then each kind and each nuisance alone; items are pairs."""

    edits: Edits

    def __call__(self, subject: Subject) -> Sequence[Finding]:
        before = units(subject.vectors(self.edits.before))
        after = units(subject.vectors(self.edits.after))
        kinds = [kind for kind in KINDS for _ in self.edits.pairs[kind]]
        pairs = [pair for kind in KINDS for pair in self.edits.pairs[kind]]
        own = before[[pair.at for pair in pairs]]
        moved = np.linalg.norm(after.reshape(len(pairs), 2, -1) - own[:, None], axis=2)
        share = share_of_meaning(moved)
        evenly = np.array([1 / kinds.count(kind) for kind in kinds])
        whole = _finding("meaning", MeanOf(share, evenly), "edits", scored=True)
        by_kind = _findings("meaning: {}", share, kinds, KINDS)
        return [whole, *by_kind, *_findings("meaning against {}", share, [pair.nuisance for pair in pairs], NUISANCES)]


def _findings(metric: str, share: np.ndarray, of: list[str], names: Iterable[str]) -> list[Finding]:
    """The mean share of meaning of the pairs of each name that has any."""
    chosen = {name: share[[one == name for one in of]] for name in names}
    return [
        _finding(metric.format(name), MeanOf(some), f"edits: {name}", scored=False)
        for name, some in chosen.items()
        if len(some)
    ]


def _finding(metric: str, share: MeanOf, items: str, *, scored: bool) -> Finding:
    return Finding(
        metric=metric,
        statistic=share,
        chance=0.5,
        chance_kind="analytic",
        bound=1.0,
        bound_kind="unmoved by looks",
        scored=scored,
        items=items,
        protocol={"matched": f"pixel L2 within {MATCHED:.0%}", "pairs": share.n},
    )


def share_of_meaning(moved: np.ndarray) -> np.ndarray:
    """q (n,) of distances (n, 2) by meaning and by look; 0.5 where nothing moved."""
    kept = np.where(moved < STILL, 0.0, moved)
    total = kept.sum(1)
    return np.where(total > 0, kept[:, 0] / np.where(total > 0, total, 1.0), 0.5)
