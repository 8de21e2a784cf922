"""Information density: disturbed pictures map to the same vector, and only what matters is kept, in few bits.

The score is the mean of invariance, matched retrieval, decodability, retention and bits, and never more than retention:
a constant is invariant to everything. Without labels retention is unknown, and retrieval caps the score.
"""

from collections.abc import Callable, Sequence
from functools import cache

from sightline.measure.density.content import Content
from sightline.measure.density.dimensions import dimensions
from sightline.measure.density.invariance import invariance
from sightline.measure.density.queries import candidates, queries
from sightline.measure.density.truth import truth
from sightline.measure.finding import Finding
from sightline.measure.measurement import Absent, Measurement
from sightline.measure.subject.subject import Subject
from sightline.measure.suite.suite import Suite


def tasks(suite: Suite) -> list[Measurement | Absent]:
    """The measurements this suite allows, and what it does not, with the reason."""
    kept = _tried("content", suite, lambda: Content(suite.name, truth(suite)).findings)
    caps = isinstance(kept, Absent)
    pictures = suite.whole.pictures
    return [
        _tried("nuisance", suite, lambda: _nuisance(suite, caps=caps)),
        kept,
        Measurement("density", "dimensions", suite.name, lambda s: dimensions(s, pictures, suite=suite.name))
        if len(pictures) > 2
        else Absent("density", "dimensions", suite.name, "fewer than three pictures"),
    ]


def _nuisance(suite: Suite, *, caps: bool) -> Callable[[Subject], Sequence[Finding]]:
    """Refuses at once; disturbs the pictures when first asked."""
    clean = candidates(suite)
    asked = cache(lambda: queries(suite, clean))
    return lambda subject: invariance(subject, asked(), suite=suite.name, caps=caps)


def _tried(name: str, suite: Suite, make: Callable[[], Callable[[Subject], Sequence[Finding]]]) -> Measurement | Absent:
    try:
        return Measurement("density", name, suite.name, make())
    except ValueError as error:
        return Absent("density", name, suite.name, str(error))
