"""T4: two pictures, two captions of the same words: which belongs to which (Winoground, Thrush et al. 2022)."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sightline.measure.finding import Finding, MeanOf
from sightline.measure.subject.subject import Subject
from sightline.measure.text.asked import Said
from sightline.measure.text.credit import cosines, winoground
from sightline.measure.text.edits import SWAPS
from sightline.measure.text.pairs import Pairs

CHANCE = {"text": 1 / 4, "image": 1 / 4, "group": 1 / 6}


@dataclass(frozen=True, eq=False)
class Winoground:
    """A scene and the same with two colours, or two places, exchanged."""

    pairs: Pairs
    suite: str

    @cached_property
    def said(self) -> Said:
        said = Said()
        for kind in SWAPS:
            for edit in self.pairs.edits[kind]:
                said.all(edit.captions)
        return said

    def scores(self, subject: Subject) -> tuple[np.ndarray, list[str]]:
        """Text, image and group score (n, 3) of every pair, and what was exchanged in it."""
        texts, vectors = subject.texts(self.said.texts), self.pairs.gallery.vectors(subject)
        tables, kinds = [], []
        for kind in SWAPS:
            for edit, rows in zip(self.pairs.edits[kind], self.pairs.rows[kind], strict=True):
                tables.append(cosines(vectors[list(rows)], texts[self.said.all(edit.captions)]))
                kinds.append(kind)
        return winoground(np.stack(tables)), kinds

    def ask(self, subject: Subject) -> list[Finding]:
        """The mean of the three, scored; each of them and each exchange, told."""
        scores, kinds = self.scores(subject)
        whole = self._finding("mean of text, image, group", scores.mean(axis=1), sum(CHANCE.values()) / 3, scored=True)
        told = [self._finding(name, scores[:, k], chance) for k, (name, chance) in enumerate(CHANCE.items())]
        groups = [
            self._finding(f"group, {kind} exchanged", scores[np.array(kinds) == kind, 2], CHANCE["group"])
            for kind in SWAPS
            if kind in kinds
        ]
        return [whole, *told, *groups]

    def _finding(self, name: str, items: np.ndarray, chance: float, *, scored: bool = False) -> Finding:
        return Finding(
            metric=f"two pictures, two captions: {name}",
            statistic=MeanOf(items),
            chance=chance,
            chance_kind="analytic",
            bound=1.0,
            bound_kind="labels",
            scored=scored,
            items=f"pairs of {self.suite}, {len(items)}",
            protocol={"pairs": len(items), "form": "Winoground", "ties": "by lot", "level": 1},
        )
