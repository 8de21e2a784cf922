"""Latent similarity: what is alike lies together. The score is the mean of kNN, mAP@R, AMI and agreement with graded
similarity, of those a suite can be asked."""

from collections.abc import Callable, Sequence

from sightline.measure.density.truth import truth
from sightline.measure.finding import Finding
from sightline.measure.measurement import Absent, Measurement
from sightline.measure.similarity.findings import agreement, clustering, knn, retrieval, space
from sightline.measure.similarity.questions import by_label, by_name, graded
from sightline.measure.subject.subject import Subject
from sightline.measure.suite.suite import Suite

MEMORY = 3000
"""pictures that vote, at most"""
Ask = Callable[[Subject], Sequence[Finding]]


def tasks(suite: Suite) -> list[Measurement | Absent]:
    """The measurements this suite allows, and what it does not, with the reason."""
    name = suite.name
    pictures = suite.whole.pictures

    def voting() -> Ask:
        known = truth(suite, MEMORY)
        return lambda subject: knn(subject, known, suite=name)

    def finding() -> Ask:
        asked = by_label(suite)
        return lambda subject: retrieval(subject, asked, suite=name, scored=True)

    def grouping() -> Ask:
        asked = by_label(suite)
        return lambda subject: clustering(subject, asked, suite=name)

    def grading() -> Ask:
        shelf, sets = graded(suite)
        return lambda subject: agreement(subject, shelf, sets, suite=name)

    def naming() -> Ask:
        asked = by_name(suite)
        # drawings of one thing are what there is to find where nothing has a class
        scored = not any(suite.test.labels)
        return lambda subject: retrieval(subject, asked, suite=name, scored=scored)

    def spreading() -> Ask:
        if len(pictures) < 3:
            raise ValueError("fewer than three pictures")
        return lambda subject: space(subject, pictures, suite=name)

    made = [
        _tried("knn", suite, voting),
        _tried("retrieval", suite, finding),
        _tried("clustering", suite, grouping),
        _tried("agreement", suite, grading),
        _tried("space", suite, spreading),
    ]
    return made if suite.kind == "scenes" else [*made, _tried("names", suite, naming)]


def _tried(name: str, suite: Suite, make: Callable[[], Ask]) -> Measurement | Absent:
    try:
        return Measurement("similarity", name, suite.name, make())
    except ValueError as error:
        return Absent("similarity", name, suite.name, str(error))
