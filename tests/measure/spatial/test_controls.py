from functools import cache
from typing import Any

import asked_room
import pytest
from asked_room import score

from sightline.measure.finding import Finding
from sightline.measure.measurement import Measurement
from sightline.measure.spatial.tasks import tasks
from sightline.measure.subject.controls import BagOfWords, Constant, Oracle, PositionCodes, Shuffled
from sightline.measure.suite.opened import open_suite


@cache
def room(quick: bool = True) -> list[Measurement]:
    return [task for task in tasks(open_suite("scenes", quick=quick)) if isinstance(task, Measurement)]


def asked(subject: Any, quick: bool = True) -> dict[str, Finding]:
    return asked_room.asked(room(quick), subject)


def test_perfect_features_reach_the_bound() -> None:
    assert score(asked(Oracle())) >= 0.95


@pytest.mark.parametrize("subject", [Constant(), PositionCodes()], ids=["constant", "position codes"])
def test_sameness_and_perfect_position_codes_gain_nothing_at_all(subject: Any) -> None:
    assert all(finding.score == 0 for finding in asked(subject).values())


def test_words_in_no_order_are_at_one_half_of_the_swaps() -> None:
    assert asked(BagOfWords())["left/right and above/below captions"].value == 0.5


@pytest.mark.slow
def test_shuffled_features_are_chance_at_full_size() -> None:
    assert score(asked(Shuffled(Oracle()), quick=False)) <= 0.05
