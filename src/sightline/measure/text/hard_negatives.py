"""T3: the true caption against false ones that are a small edit away (as in ARO and SugarCrepe; Hsieh et al. 2023)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sightline.measure.finding import Finding, MeanOf
from sightline.measure.measurement import Absent, Measurement
from sightline.measure.subject.subject import Subject
from sightline.measure.suite.suite import Suite
from sightline.measure.text.asked import Gallery, Said
from sightline.measure.text.credit import chosen, paired
from sightline.measure.text.pairs import SHUFFLED, Pairs
from sightline.measure.text.questions import Question, blind, plain, shuffled
from sightline.measure.text.words import captions_of

TOLD = (SHUFFLED,)
"""kinds that enter no score: who reads well tells a sentence from its shuffled words without a picture"""


def hard_negatives(suite: Suite, pairs: Pairs | None) -> Measurement | Absent:
    """On scenes all kinds; on a source the false captions it brings, and captions in another order."""
    if pairs is not None:
        return Measurement("text", "hard negatives", suite.name, OnPairs(pairs, suite.name).ask)
    told = captions_of(suite.test)
    questions: list[Question] = []
    left = suite.n(300, 60)
    for at, (texts, sample) in enumerate(zip(told, suite.test.samples, strict=True)):
        if not texts:
            continue
        false = [text for text in sample.negatives if text.strip() and text.strip() not in texts]
        questions += [Question("negatives", at, (texts[0], text.strip()), sample.key) for text in false]
        order = shuffled(texts[0], sample.key) if left else None
        if order is not None:
            left -= 1
            questions.append(Question(SHUFFLED, at, order, sample.key))
    if not questions:
        reason = "no picture has a false caption beside a true one, and no caption is long enough to be shuffled"
        return Absent("text", "hard negatives", suite.name, reason)
    gallery = Gallery()
    gallery.add(suite.test.pictures, [plain(texts[0]) if texts else "" for texts in told])
    corpus = [text for texts in told for text in texts]
    return Measurement("text", "hard negatives", suite.name, HardNegatives(questions, gallery, corpus, suite.name).ask)


@dataclass(frozen=True, eq=False)
class HardNegatives:
    """Questions about the pictures of a gallery; `corpus` are true captions, for who answers without looking."""

    questions: Sequence[Question]
    gallery: Gallery
    corpus: Sequence[str]
    suite: str

    @cached_property
    def kinds(self) -> dict[str, list[int]]:
        """The places of the questions of each kind."""
        found: dict[str, list[int]] = {}
        for k, question in enumerate(self.questions):
            found.setdefault(question.kind, []).append(k)
        return found

    @cached_property
    def said(self) -> Said:
        said = Said()
        for question in self.questions:
            for text in question.candidates:
                said.add(text, plain(text))
        return said

    @cached_property
    def notes(self) -> dict[str, tuple[str, ...]]:
        """Of each kind, how often it is answered by words alone."""
        return {
            kind: tuple(
                f"without a picture, by {how}: {share:.2f}"
                for how, share in blind([self.questions[k] for k in at], self.corpus).items()
            )
            for kind, at in self.kinds.items()
        }

    def answers(self, subject: Subject) -> np.ndarray:
        """(questions,) 1 where the true caption is the nearest, 0 where another is, between them by lot on a tie."""
        texts, vectors = subject.texts(self.said.texts), self.gallery.vectors(subject)
        rows = [self.said.all(question.candidates) for question in self.questions]
        counts = [len(some) for some in rows]
        own = np.repeat([question.picture for question in self.questions], counts)
        near = paired(vectors[own], texts[np.concatenate(rows)])
        return chosen(np.split(near, np.cumsum(counts)[:-1]))

    def ask(self, subject: Subject) -> list[Finding]:
        """The mean over kinds, each counted alike, scored; every kind, told."""
        answers = self.answers(subject)
        made = [self._finding(kind, [kind], at, answers, self.notes[kind]) for kind, at in self.kinds.items()]
        scored = [kind for kind in self.kinds if kind not in TOLD]
        if not scored:
            return made
        places = [k for kind in scored for k in self.kinds[kind]]
        return [self._finding("mean of kinds", scored, places, answers, (), scored=True), *made]

    def _finding(
        self,
        name: str,
        kinds: Sequence[str],
        at: Sequence[int],
        answers: np.ndarray,
        notes: tuple[str, ...],
        *,
        scored: bool = False,
    ) -> Finding:
        share = np.array([1 / (len(kinds) * len(self.kinds[self.questions[k].kind])) for k in at])
        chances = np.array([1 / len(self.questions[k].candidates) for k in at])
        return Finding(
            metric=f"hard negatives: {name}",
            statistic=MeanOf(answers[list(at)], share),
            chance=float((share * chances).sum()),
            chance_kind="analytic",
            bound=1.0,
            bound_kind="labels",
            scored=scored,
            items=f"hard negatives, {name}, of {self.suite}",
            family=[self.questions[k].family for k in at],
            protocol={"kinds": ", ".join(kinds), "questions": len(at), "ties": "by lot"},
            notes=notes,
        )


@dataclass(frozen=True, eq=False)
class OnPairs:
    """The questions of scenes, made when they are first asked."""

    pairs: Pairs
    suite: str

    @cached_property
    def task(self) -> HardNegatives:
        return HardNegatives(self.pairs.questions, self.pairs.gallery, self.pairs.corpus, self.suite)

    def ask(self, subject: Subject) -> list[Finding]:
        return self.task.ask(subject)
