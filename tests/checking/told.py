"""For tests of what is measured of texts: a subject and a source made by hand, and what a task finds."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from sightline.data.sample import Sample
from sightline.measure.finding import Finding
from sightline.measure.measurement import Absent, Measurement
from sightline.measure.pictures import Pictures, Texts
from sightline.measure.subject.controls import Plain
from sightline.measure.suite.shelf import Shelf
from sightline.measure.suite.suite import Suite
from sightline.measure.text.tasks import tasks


class Told(Plain):
    """Vectors of pictures by their first byte, and of texts by a table."""

    name = "told"

    def __init__(self, pictures: np.ndarray, texts: dict[str, Sequence[float]]) -> None:
        self.rows, self.table = np.asarray(pictures, np.float32), texts

    def vectors(self, pictures: Pictures) -> np.ndarray:
        return self.rows[[int(np.asarray(item).flat[0]) for item in pictures.items]]

    def tokens(self, pictures: Pictures) -> np.ndarray:
        raise NotImplementedError

    patches = tokens

    def texts(self, texts: Texts) -> np.ndarray:
        return np.array([self.table[text] for text in texts.items], np.float32)


def source(rows: Sequence[tuple[Any, ...]], classes: Sequence[str] = (), **fields: Any) -> Suite:
    """A source of (captions, label) rows; picture k is full of k."""
    samples = [
        Sample(f"k{k}", np.full((4, 4, 3), k, np.uint8), captions=tuple(captions), label=label, **fields)
        for k, (captions, label) in enumerate(rows)
    ]
    return Suite("mine", "source", Shelf(samples, "mine", classes))


@cache
def asked(suite: Suite) -> list[Measurement | Absent]:
    """The room's tasks on a suite; what they draw is drawn once."""
    return tasks(suite)


def found(suite: Suite, name: str) -> Callable[[Any], dict[str, Finding]]:
    """What the task called `name` says of a subject, by metric."""
    task = next(task for task in asked(suite) if task.name == name)
    assert isinstance(task, Measurement), task
    return lambda subject: {finding.metric: finding for finding in task.ask(subject)}
