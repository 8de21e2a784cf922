"""The whole room, as the report takes it: the mean of the scored metrics."""

import numpy as np
import pytest
from told import asked

from sightline.measure.measurement import Absent, Measurement
from sightline.measure.subject.controls import Constant, Oracle, PositionCodes, Shuffled
from sightline.measure.subject.pixels import PixelSubject
from sightline.measure.subject.subject import Lacks
from sightline.measure.suite.opened import open_suite
from sightline.measure.text.tasks import tasks


def score(suite, subject):
    made = [f for task in asked(suite) if isinstance(task, Measurement) for f in task.ask(subject)]
    return np.mean([f.score for f in made if f.scored])


def test_perfect_features_are_at_their_bound_and_a_constant_at_chance(scenes):
    assert score(scenes, Oracle()) >= 0.95
    assert score(scenes, Constant()) <= 1e-9


@pytest.mark.parametrize("subject", [PixelSubject(), PositionCodes()], ids=lambda subject: subject.name)
def test_who_reads_no_text_is_not_measured_and_says_so(scenes, subject):
    for task in asked(scenes):
        assert isinstance(task, Measurement)
        with pytest.raises(Lacks, match="no text tower"):
            task.ask(subject)


def test_icons_are_named_found_and_never_stated():
    suite = open_suite("icons", quick=True)
    assert score(suite, Oracle()) >= 0.95
    assert score(suite, Constant()) <= 1e-9
    assert "truth" in {task.name for task in asked(suite) if isinstance(task, Absent)}


def test_the_same_question_has_the_same_answer(scenes):
    values = [
        [f.value for task in tasks(scenes) if isinstance(task, Measurement) for f in task.ask(Shuffled(Oracle()))]
        for _ in range(2)
    ]
    assert values[0] == values[1]


@pytest.mark.slow
def test_shuffled_features_are_at_chance_at_the_full_size():
    suite = open_suite("scenes")
    assert score(suite, Shuffled(Oracle())) <= 0.05
    assert score(suite, Oracle()) >= 0.95
