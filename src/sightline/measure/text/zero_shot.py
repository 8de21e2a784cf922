"""T1: the name of what is to be seen, among all names, without a label (Radford et al. 2021, section 3.1.4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np

from sightline.data.array import unit
from sightline.data.scenes.palette import BASIC
from sightline.data.scenes.vocabulary import pool
from sightline.measure.finding import Finding, MeanOf
from sightline.measure.measurement import Absent, Measurement
from sightline.measure.pictures import Pictures, Texts
from sightline.measure.subject.subject import Subject
from sightline.measure.suite.shelf import Shelf
from sightline.measure.suite.suite import Suite
from sightline.measure.text.credit import cosines, first, meanings
from sightline.probes.zero_shot import GRAPHIC, PHOTO

TEMPLATES = tuple(dict.fromkeys((*GRAPHIC, *PHOTO)))


def zero_shot(suite: Suite) -> Measurement | Absent:
    """On scenes the names and the colours of things, on icons what they are called, on a source its classes."""
    if suite.kind == "scenes":
        return Measurement("text", "zero-shot", suite.name, Things(suite.test).ask)
    if suite.kind == "icons":
        kept = _different(suite.test.captions, suite.n(300, 60))
        found = [suite.test.captions[at] for at in kept], np.array(kept), np.arange(len(kept))
    else:
        found = _classes(suite.test)
    if isinstance(found, str):
        return Absent("text", "zero-shot", suite.name, found)
    return Measurement("text", "zero-shot", suite.name, Classes(suite.test, *found, suite.name).ask)


def _classes(shelf: Shelf) -> tuple[list[str], np.ndarray, np.ndarray] | str:
    """Names of all classes, the pictures that have one, and its number; or why there is nothing to tell apart."""
    names = [name.replace("_", " ").strip() for name in shelf.classes]
    labels = np.array([-1 if s.label is None or s.label >= len(names) else s.label for s in shelf.samples], np.int64)
    kept = np.flatnonzero(labels >= 0)
    if not len(kept):
        return "no picture has a label with a name"
    if len(names) < 2:
        return f"there is one class only, {names[0]!r}"
    if all(name.isdecimal() for name in names):
        return f"the classes have numbers ({names[0]} to {names[-1]}) and no names: write what each is called"
    return names, kept, labels[kept]


def _different(texts: Sequence[str], most: int) -> list[int]:
    """The first places of the first `most` different texts."""
    return list({text: at for at, text in reversed([*enumerate(texts)]) if text}.values())[::-1][:most]


@dataclass(frozen=True, eq=False)
class Classes:
    """Pictures at `kept` of a shelf against the names of all classes; `label` is each one's number."""

    shelf: Shelf
    names: Sequence[str]
    kept: np.ndarray
    label: np.ndarray
    suite: str

    @cached_property
    def texts(self) -> Texts:
        said = [template.replace("{}", name) for name in self.names for template in TEMPLATES]
        return Texts(said, np.repeat(meanings(self.names), len(TEMPLATES), axis=0))

    @cached_property
    def pictures(self) -> Pictures:
        ideal = np.zeros((len(self.shelf), meanings(["a"]).shape[1]), np.float32)
        ideal[self.kept] = meanings([self.names[int(k)] for k in self.label])
        return self.shelf.pictures.told(vectors=ideal)

    def ask(self, subject: Subject) -> list[Finding]:
        """The mean over classes of their accuracy, scored; over pictures, told. Vectors are averaged over templates."""
        weights = unit(unit(subject.texts(self.texts)).reshape(len(self.names), len(TEMPLATES), -1).mean(axis=1))
        table = cosines(subject.vectors(self.pictures)[self.kept], weights)
        right = first(table, np.arange(len(self.names)) == self.label[:, None])
        rank = _rank(table, self.label)
        share = 1 / np.bincount(self.label, minlength=len(self.names))[self.label]
        domains = self.shelf.domains
        about = {
            "chance_kind": "analytic",
            "bound": 1.0,
            "bound_kind": "labels",
            "items": f"zero-shot of {self.suite}",
            "domain": None if domains is None else [domains[k] for k in self.kept],
            "family": [self.shelf.samples[k].name or self.shelf.samples[k].key for k in self.kept],
            "protocol": {"classes": len(self.names), "templates": "GRAPHIC and PHOTO of sightline.probes.zero_shot"},
        }
        count = len(self.names)
        return [
            Finding(
                metric="zero-shot accuracy, mean of classes",
                statistic=MeanOf(right, share),
                chance=1 / count,
                **about,
            ),
            Finding(
                metric="zero-shot accuracy, of pictures",
                statistic=MeanOf(right),
                chance=1 / count,
                scored=False,
                **about,
            ),
            Finding(
                metric="zero-shot accuracy, top 5",
                statistic=MeanOf((rank <= 5).astype(float)),
                chance=min(1.0, 5 / count),
                scored=False,
                **about,
            ),
        ]


@dataclass(frozen=True, eq=False)
class Things:
    """What is called in scenes of one or two things, among all names, and in which colour, among the eight.

    Of a picture of two, both names are right. A name is the mean of "a red NAME", "an orange NAME", ...; a colour the
    mean of "a COLOUR heart", "a COLOUR gear", ...
    """

    shelf: Shelf

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(thing.name for thing in pool(1))

    @cached_property
    def texts(self) -> Texts:
        said = [f"{'an' if c[0] in 'aeiou' else 'a'} {c} {name}" for name, c in product(self.names, BASIC)]
        pairs = [(name, colour) for name, colour in product(self.names, BASIC)]
        return Texts(said, np.stack([self._ideal([pair]) for pair in pairs]))

    @cached_property
    def pictures(self) -> Pictures:
        seen = [[(e.name, e.colour) for e in sample.extra["scene"].elements] for sample in self.shelf.samples]
        return self.shelf.pictures.told(vectors=np.stack([self._ideal(pairs) for pairs in seen]))

    def ask(self, subject: Subject) -> list[Finding]:
        """The mean of both accuracies, scored; each, told."""
        table = unit(subject.texts(self.texts)).reshape(len(self.names), len(BASIC), -1)
        vectors = subject.vectors(self.pictures)
        shares, chances, made = [], [], []
        for what, weights, words in (("name", table.mean(axis=1), self.names), ("colour", table.mean(axis=0), BASIC)):
            seen = [{getattr(e, what) for e in s.extra["scene"].elements} for s in self.shelf.samples]
            right = np.array([[word in some for word in words] for some in seen])
            shares.append(first(cosines(vectors, weights), right))
            chances.append(float(right.mean()))
            made.append(self._finding(f"zero-shot {what} of things", shares[-1], chances[-1], f"{len(words)} {what}s"))
        candidates = f"{len(self.names)} names, {len(BASIC)} colours"
        both = "zero-shot accuracy, names and colours"
        return [
            self._finding(both, np.mean(shares, axis=0), float(np.mean(chances)), candidates, scored=True),
            *made,
        ]

    def _finding(
        self, metric: str, right: np.ndarray, chance: float, candidates: str, *, scored: bool = False
    ) -> Finding:
        return Finding(
            metric=metric,
            statistic=MeanOf(right),
            chance=chance,
            chance_kind="analytic",
            bound=1.0,
            bound_kind="labels",
            scored=scored,
            items="zero-shot of scenes",
            domain=self.shelf.domains,
            protocol={
                "level": 1,
                "candidates": candidates,
                "template": "a {colour} {name}",
                "right": "a thing of the picture",
            },
        )

    def _ideal(self, pairs: Sequence[tuple[str, str]]) -> np.ndarray:
        """A name and a colour are a place each."""
        made = np.zeros(len(self.names) + len(BASIC), np.float32)
        for name, colour in pairs:
            made[self.names.index(name)] = made[len(self.names) + BASIC.index(colour)] = 1
        return made


def _rank(table: np.ndarray, label: np.ndarray) -> np.ndarray:
    """The middle rank of each row's own column."""
    own = table[np.arange(len(label)), label][:, None]
    return 1 + (table > own).sum(axis=1) + 0.5 * ((table == own).sum(axis=1) - 1)
