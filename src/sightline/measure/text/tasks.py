"""What is asked of an encoder here, by what a suite has."""

from sightline.measure.measurement import Absent, Measurement
from sightline.measure.suite.suite import Suite
from sightline.measure.text.hard_negatives import hard_negatives
from sightline.measure.text.modality import Modality
from sightline.measure.text.movement import movement
from sightline.measure.text.pairs import Pairs
from sightline.measure.text.retrieval import asked
from sightline.measure.text.steadiness import Steadiness
from sightline.measure.text.truth import truth
from sightline.measure.text.winoground import Winoground
from sightline.measure.text.zero_shot import zero_shot


def tasks(suite: Suite) -> list[Measurement | Absent]:
    """The measurements this suite allows, and what it does not, with the reason."""
    return [zero_shot(suite), *_retrieval(suite), *_sentences(suite), movement(suite)]


def _retrieval(suite: Suite) -> list[Measurement | Absent]:
    task = asked(suite)
    if isinstance(task, str):
        return [Absent("text", name, suite.name, task) for name in ("retrieval", "modality")]
    return [
        Measurement("text", "retrieval", suite.name, task.ask),
        Measurement("text", "modality", suite.name, Modality(task).ask),
    ]


def _sentences(suite: Suite) -> list[Measurement | Absent]:
    if suite.kind != "scenes":
        return [hard_negatives(suite, None), truth(suite)]
    pairs = Pairs(suite)
    return [
        hard_negatives(suite, pairs),
        Measurement("text", "winoground", suite.name, Winoground(pairs, suite.name).ask),
        Measurement("text", "steadiness", suite.name, Steadiness(pairs, suite.name).ask),
    ]
