"""`sightline.measure`: encoders, suites, and a report. Features are embedded once and kept by content, so that an
interrupted measurement goes on; nothing is written before it is whole."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import psutil

from sightline.measure.finding import Finding
from sightline.measure.measurement import Absent, Measurement
from sightline.measure.pictures import Pictures
from sightline.measure.report.result import Measured, Missing, Report, Row
from sightline.measure.rooms import ROOMS, tasks
from sightline.measure.subject.encoder import EncoderSubject
from sightline.measure.subject.pixels import PixelSubject
from sightline.measure.subject.random_tower import randomised, shape_of
from sightline.measure.subject.store import Store
from sightline.measure.subject.subject import Lacks, Subject
from sightline.measure.suite.suite import Suite
from sightline.weights.encoder import TorchEncoder

TIMED = 64
"""pictures of which the speed is taken"""
TRANSFER = (
    "Scores on scenes do not transfer: density, similarity, localization and spatial did not rank thirteen encoders of "
    "four minutes as real pictures do (rank correlations -0.10 to 0.41), and text did for only four. They tell what an "
    "encoder makes of scenes. To choose for your own pictures, measure on them (docs/measure.md)."
)
"""what a report on scenes says of itself"""
UNASKED = "not asked of a random tower: what is told beside the scores has no gain"
Tell = Callable[[int, int | None], None]


def measured(
    subjects: Sequence[Subject],
    suites: Sequence[Suite],
    *,
    rooms: Sequence[str] = tuple(ROOMS),
    about: Callable[[Subject], dict[str, Any]] = lambda subject: {},
    tell: Tell = lambda done, total: None,
    exhibit: Callable[[Subject, Suite], None] = lambda subject, suite: None,
    quick: bool = False,
) -> Report:
    """Every subject on every suite. `tell(done, total)` counts tasks times subjects; `exhibit` is called once for each
    subject on each suite while its features are in memory."""
    began = time.monotonic()
    asked = [(suite, tasks(suite, tuple(rooms))) for suite in suites]
    total = sum(len(found) for _, found in asked) * len(subjects)
    every = {id(subject): Measured(subject.name, subject.kind, about(subject)) for subject in subjects}
    done = 0
    for suite, found in asked:
        for subject in subjects:
            mine = every[id(subject)]
            start = time.monotonic()
            for task in found:
                _ask(subject, task, mine)
                done += 1
                tell(done, total)
            exhibit(subject, suite)
            _look(subject, suite, mine)
            _forget(subject)
            mine.seconds += time.monotonic() - start
    described = [
        {
            "name": suite.name,
            "kind": suite.kind,
            "pictures": len(suite.test),
            "memory": None if suite.memory is None else len(suite.memory),
            "digest": suite.test.pictures.digest,
            "memory_digest": None if suite.memory is None else suite.memory.pictures.digest,
            "truth": suite.test.told,
            "left_aside": dict(sorted((suite.test.bad | (suite.memory.bad if suite.memory else {})).items())),
            "notes": suite.notes,
        }
        for suite in suites
    ]
    notes = [TRANSFER] if any(suite.kind == "scenes" for suite in suites) else []
    return Report([*every.values()], described, notes, quick=quick, seconds=time.monotonic() - began)


def _ask(subject: Subject, task: Measurement | Absent, mine: Measured) -> None:
    if isinstance(task, Absent):
        mine.missing.append(Missing(task.aspect, task.suite, task.name, task.reason))
        return
    if subject.kind == "random" and task.aspect == "beyond":
        mine.missing.append(Missing(task.aspect, task.suite, task.name, UNASKED))
        return
    start = time.monotonic()
    try:
        found: Sequence[Finding] = task.ask(subject)
    except Lacks as error:
        mine.missing.append(Missing(task.aspect, task.suite, task.name, str(error)))
        return
    took = (time.monotonic() - start) / max(1, len(found))
    mine.peak_memory = max(mine.peak_memory, psutil.Process().memory_info().rss)
    mine.rows += [Row(task.aspect, task.suite, task.name, finding, took) for finding in found]


def _look(subject: Subject, suite: Suite, mine: Measured) -> None:
    """What is suspicious of the vectors themselves, and how fast they come."""
    some = Pictures(suite.test.pictures.items[:TIMED])
    vectors = _quietly(subject, suite)
    if vectors is not None and suite.test.pictures.different > 1:
        spread = np.abs(vectors - vectors[:1]).max()
        flag = "all vectors are equal: it has collapsed, and tells no picture from another"
        if spread <= 1e-6 * max(1.0, float(np.abs(vectors).max())) and flag not in mine.flags:
            mine.flags.append(flag)
    if subject.kind == "encoder" and not mine.thousand:
        encoder = getattr(subject, "encoder", None)
        if encoder is not None:
            start = time.monotonic()
            encoder.encode_image(list(some.items))
            mine.thousand = (time.monotonic() - start) / len(some) * 1000


def _quietly(subject: Subject, suite: Suite) -> np.ndarray | None:
    try:
        return subject.vectors(suite.test.pictures)
    except Lacks:
        return None


def _forget(subject: Subject) -> None:
    for holder in (getattr(subject, "store", None), subject):
        if isinstance(holder, Store | PixelSubject):
            holder.forget()


def subjects_of(encoders: Sequence[tuple[str, Any]], store: Store, *, seed: int = 0) -> list[Any]:
    """The encoders, raw pixels, and a random tower for every kind of encoder among them that torch can build.

    `encoders` are (name, encoder).
    """
    made: list[Any] = [EncoderSubject(encoder, store, name=name) for name, encoder in encoders]
    made.append(PixelSubject())
    shapes: dict[str, Any] = {}
    for _, encoder in encoders:
        if isinstance(encoder, TorchEncoder):
            shapes.setdefault(shape_of(encoder), encoder)
    for number, encoder in enumerate(shapes.values()):
        drawn = randomised(encoder, seed)
        name = "random" if len(shapes) == 1 else f"random {number + 1}"
        made.append(EncoderSubject(drawn, store, name=name, kind="random", identity=drawn.identity))
    return made


def about(subject: Any) -> dict[str, Any]:
    """What the report says of a subject beside what was measured."""
    encoder = getattr(subject, "encoder", None)
    if encoder is None:
        return {"dim": None, "parameters": None, "shape": None}
    parameters = None
    if isinstance(encoder, TorchEncoder):
        parameters = sum(value.numel() for value in encoder.model.parameters())
    return {
        "dim": encoder.dim,
        "parameters": parameters,
        "size": getattr(encoder.rule, "size", None),
        "identity": subject.identity,
        "reads_text": subject.reads_text,
        "shape": shape_of(encoder) if isinstance(encoder, TorchEncoder) else None,
    }
