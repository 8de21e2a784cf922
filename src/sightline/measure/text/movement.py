"""How far a caption's vector moves when it says the same in other words, against saying something else in as many."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from sightline.data.draw import seed_of
from sightline.measure.finding import Finding, MeanOf
from sightline.measure.measurement import Absent, Measurement
from sightline.measure.subject.subject import Subject
from sightline.measure.suite.suite import Suite
from sightline.measure.text.asked import Said
from sightline.measure.text.credit import paired
from sightline.measure.text.wording import FORMS, SCENE_WORDS, content, distance, turned
from sightline.measure.text.words import captions_of

LEAST = 3
"""words of a caption, so that one can be changed and the rest stays"""
STILL = 1e-6
"""a movement (1 - cosine) below which nothing moved"""


class Turn(NamedTuple):
    """A caption, the same in another form, and another content of the same number of changed words."""

    form: str
    caption: str
    same: str
    other: str
    picture: str


def movement(suite: Suite) -> Measurement | Absent:
    scenes = suite.kind == "scenes"
    shelf = suite.test
    told: list[tuple[tuple[str, ...], str]] = []
    seen: set[str] = set()
    for texts, key in zip(captions_of(shelf), shelf.keys, strict=True):
        if texts and texts[0] not in seen and len(texts[0].split()) >= LEAST:
            seen.add(texts[0])
            told.append((texts, key))
    told = told[: suite.n(200, 40)]
    turns = turns_of(told, SCENE_WORDS if scenes else [_vocabulary(told)])
    if not turns:
        return Absent("text", "wording", suite.name, f"no caption has {LEAST} words, of which one could be changed")
    return Measurement("text", "wording", suite.name, Wording(turns, suite.name).ask)


def turns_of(told: Sequence[tuple[tuple[str, ...], str]], groups: Sequence[Sequence[str]]) -> list[Turn]:
    """All turns of pictures' captions (the first is turned), with the key of the picture."""
    made = []
    for (main, *others), key in told:
        forms = {name: form(main) for name, form in FORMS.items()}
        forms["paraphrase"] = others[0] if others else turned(main)
        for name, same in forms.items():
            if same is None or same == main:
                continue
            rng = np.random.default_rng(seed_of("wording", name, key))
            other = content(main, distance(main, same), groups, rng)
            if other is not None and other != main:
                made.append(Turn(name, main, same, other, key))
    return made


@dataclass(frozen=True, eq=False)
class Wording:
    """q = d_content / (d_content + d_form), d = 1 - cosine; 1/2 where neither moves."""

    turns: Sequence[Turn]
    suite: str

    @cached_property
    def said(self) -> Said:
        said = Said()
        for turn in self.turns:
            said.add(turn.caption)
        for turn in self.turns:
            said.add(turn.same, turn.caption)
            said.add(turn.other)
        return said

    def ask(self, subject: Subject) -> list[Finding]:
        """The mean of q over all turns, forms counted alike, and of every form. None is scored."""
        texts = subject.texts(self.said.texts)
        start, same, other = (
            texts[self.said.all(getattr(turn, name) for turn in self.turns)] for name in ("caption", "same", "other")
        )
        form, far = 1 - paired(start, same), 1 - paired(start, other)
        form, far = np.where(form < STILL, 0, form), np.where(far < STILL, 0, far)
        shares = np.where(form + far > 0, far / np.maximum(form + far, STILL), 0.5)
        kinds = np.array([turn.form for turn in self.turns])
        names = list(dict.fromkeys(kinds.tolist()))
        weights = 1 / np.array([(kinds == kind).sum() for kind in kinds])
        every = np.ones(len(kinds), bool)
        return [
            self._finding("mean of forms", shares, weights, every),
            *(self._finding(name, shares, weights, kinds == name) for name in names),
        ]

    def _finding(self, name: str, shares: np.ndarray, weights: np.ndarray, kept: np.ndarray) -> Finding:
        return Finding(
            metric=f"content moves a caption, not its form: {name}",
            statistic=MeanOf(shares[kept], weights[kept]),
            chance=0.5,
            chance_kind="content and form move it alike",
            bound=1.0,
            bound_kind="form does not move it",
            scored=False,
            items=f"wording, {name}, of {self.suite}",
            family=[turn.picture for turn, here in zip(self.turns, kept, strict=True) if here],
            protocol={"captions": len(set(t.caption for t in self.turns)), "content": "as many words changed"},
        )


def _vocabulary(told: Sequence[tuple[tuple[str, ...], str]]) -> list[str]:
    """The longer words of all captions."""
    words = {word for texts, _ in told for word in texts[0].split() if len(word) > 3 and word.isalpha()}
    return sorted(words) if len(words) > 1 else []
