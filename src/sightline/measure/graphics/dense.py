"""Beside the scores: do patches stay what they are where a drawing is done otherwise, and does it keep its caption?"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sightline.measure.finding import Finding, MeanOf, Summed
from sightline.measure.graphics.applied import Applied
from sightline.measure.graphics.cosine import agreement, cosines, normalised, units
from sightline.measure.graphics.operation import Operation
from sightline.measure.graphics.original import Original
from sightline.measure.pictures import Pictures, Texts
from sightline.measure.subject.subject import Subject

GRID = 6
"""of the ideal patches"""


@dataclass(frozen=True, eq=False)
class Dense:
    """Normalised cosine of corresponding patches at severity 1, of operations that leave everything in its place."""

    operations: Sequence[Operation]
    originals: Sequence[Original]
    items: str

    @cached_property
    def starts(self) -> list[bool]:
        """Whether unchanged drawings are of lines, of the operations each once."""
        return list(dict.fromkeys(operation.lines for operation in self.operations))

    @cached_property
    def pictures(self) -> Pictures:
        """The drawings as every operation starts from them, then after every operation."""
        first = [next(o for o in self.operations if o.lines == lines) for lines in self.starts]
        made = [operation.before(original) for operation in first for original in self.originals]
        for operation in self.operations:
            values = len(operation.values)
            made += [operation.after(original, i % values, 1.0) for i, original in enumerate(self.originals)]
        ideal = np.tile(np.eye(len(self.originals)), (len(made) // len(self.originals), 1))
        return Pictures(made).told(
            tokens=np.broadcast_to(ideal[:, None, None], (len(made), GRID, GRID, ideal.shape[1]))
        )

    def __call__(self, subject: Subject) -> Sequence[Finding]:
        n = len(self.originals)
        tokens = units(subject.tokens(self.pictures))
        tokens = tokens.reshape(-1, n, tokens.shape[1] * tokens.shape[2], tokens.shape[3])
        found = []
        for number, operation in enumerate(self.operations, start=len(self.starts)):
            before = tokens[self.starts.index(operation.lines)]
            same = (before * tokens[number]).sum(-1).mean(-1)
            square = np.einsum("ind,jnd->ij", before, before) / before.shape[1]
            apart = (square.sum(1) - np.diag(square)) / (n - 1)
            found.append(
                Finding(
                    metric=f"{operation.name}: patches",
                    statistic=Summed(np.stack([same, apart, np.ones(n)], 1), normalised),
                    chance=0.0,
                    chance_kind="different drawings",
                    bound=1.0,
                    bound_kind="unmoved",
                    scored=False,
                    items=self.items,
                    protocol={"severity": 1.0, "drawings": n},
                )
            )
        return found


@dataclass(frozen=True, eq=False)
class SameCaption:
    """Whether the best caption of a drawing, of those of all of them, stays the best at severity 1."""

    applied: Sequence[Applied]
    items: str

    @cached_property
    def texts(self) -> Texts:
        said = [original.caption for original in self.applied[0].originals]
        return Texts(said, ideal=np.eye(len(said)))

    def __call__(self, subject: Subject) -> Sequence[Finding]:
        texts = units(subject.texts(self.texts))
        found = []
        for applied in self.applied:
            before, _, top = applied.seen_by(subject)
            own = cosines(before, texts)
            kept = np.mean([agreement(own, cosines(z, texts)) for z in top], axis=0)
            found.append(
                Finding(
                    metric=f"{applied.operation.name}: same caption",
                    statistic=MeanOf(kept),
                    chance=1 / len(texts),
                    chance_kind="captions drawn evenly",
                    bound=1.0,
                    bound_kind="unmoved",
                    scored=False,
                    items=self.items,
                    protocol={"captions": len(texts), "drawings": applied.n},
                )
            )
        return found
