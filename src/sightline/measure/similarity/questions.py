"""In what two pictures of a suite can be the same: the thing, ink and place of a scene, a class, a name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sightline.data.draw import seed_of
from sightline.measure.density.truth import FIELDS, Sets, shown
from sightline.measure.pictures import Pictures
from sightline.measure.suite.shelf import Shelf
from sightline.measure.suite.suite import Suite

CODE = 128
"""numbers of the vectors that perfect features know a class by, where there are more classes than that"""


@dataclass(frozen=True, eq=False)
class Question:
    """Which of the n pictures at `kept` of a shelf are the same. `answers` (n, c) bool are a picture's classes, `main`
    (n,) the number of its first; every class has at least two pictures."""

    name: str
    shelf: Shelf
    kept: np.ndarray
    answers: np.ndarray
    main: np.ndarray
    notes: tuple[str, ...] = ()

    def pictures(self, rows: np.ndarray | None = None) -> Pictures:
        """All pictures of the shelf, with perfect vectors for its answers, or for the classes `rows` (n,)."""
        width = self.answers.shape[1]
        hot = self.answers.astype(np.float32) if rows is None else np.eye(width, dtype=np.float32)[rows]
        if width > CODE:
            rng = np.random.default_rng(seed_of("similarity", "code"))
            hot = hot @ rng.standard_normal((width, CODE)).astype(np.float32)
        whole = np.zeros((len(self.shelf), hot.shape[1]), np.float32)
        whole[self.kept] = hot
        return self.shelf.pictures.told(vectors=whole)

    def spread(self, values: np.ndarray) -> np.ndarray:
        """Values (n,) float64 as those of the whole shelf, NaN of what is left out."""
        whole = np.full(len(self.shelf), np.nan)
        whole[self.kept] = values
        return whole

    @property
    def relevant(self) -> np.ndarray:
        """(n, n) bool: whether two have an answer in common; not of a picture with itself."""
        wide = self.answers.astype(np.float32)
        both = wide @ wide.T > 0
        np.fill_diagonal(both, False)
        return both


def by_label(suite: Suite) -> list[Question]:
    """The thing of close-ups, then its colour and place; or the class of what is labelled. ValueError with the
    reason."""
    if suite.kind == "scenes":
        shelf = suite.whole
        sets, main = shown(shelf), [_main(sample.extra["factors"], sample.boxes) for sample in shelf.samples]
        return [
            question(name, shelf, [row[q] for row in sets], [row[q] for row in main]) for q, name in enumerate(FIELDS)
        ]
    labels = suite.test.labels
    if not any(labels):
        raise ValueError("no picture has a label")
    return [question("class", suite.test, [{label} if label else set() for label in labels], labels)]


def by_name(suite: Suite) -> list[Question]:
    """Drawings of one thing, where names come more than once; ValueError with the reason."""
    names = [sample.name for sample in suite.test.samples]
    if suite.kind == "scenes" or not any(count > 1 for name, count in Counter(names).items() if name):
        raise ValueError("no two pictures have a name in common")
    return [question("name", suite.test, [{name} if name else set() for name in names], names)]


def question(name: str, shelf: Shelf, sets: Sequence[set[str]], main: Sequence[str | None]) -> Question:
    """Without the pictures that have no answer, and those whose every class has no other picture; ValueError where
    fewer than two classes are left."""
    times = Counter(word for row in sets for word in row)
    kept = [i for i, row in enumerate(sets) if any(times[word] > 1 for word in row)]
    words = sorted({word for i in kept for word in sets[i] if times[word] > 1})
    if len(words) < 2:
        raise ValueError(f"fewer than two groups of pictures are of one {name}; two of two pictures are needed")
    answers = np.array([[word in sets[i] for word in words] for i in kept], dtype=bool)
    number = {word: k for k, word in enumerate(words)}
    first = [number.get(main[i] or "", int(answers[row].argmax())) for row, i in enumerate(kept)]
    alone = sum(bool(row) for row in sets) - len(kept)
    notes = (f"{alone} pictures left out that are alone in their {name}",) if alone else ()
    return Question(name, shelf, np.array(kept), answers, np.array(first), notes)


def graded(suite: Suite) -> tuple[Shelf, Sets]:
    """What is known of each picture by itself: thing, ink and place; ValueError with the reason."""
    if suite.kind != "scenes":
        raise ValueError("how similar two pictures are is known of the built-in scenes alone")
    return suite.whole, shown(suite.whole)


def _main(elements: list[dict[str, str]], boxes: np.ndarray | None) -> tuple[str, ...]:
    """The answers of the largest element, of equals the one farthest back."""
    assert boxes is not None
    largest = elements[int((boxes[:, 2] * boxes[:, 3]).argmax())]
    return tuple(str(largest[key]) for key in FIELDS.values())
