from functools import cache
from typing import Any

import asked_room
import numpy as np
import pytest
from asked_room import score

from sightline.measure.finding import Finding
from sightline.measure.localization.tasks import tasks
from sightline.measure.measurement import Measurement
from sightline.measure.subject.controls import Constant, Oracle, PositionCodes, Shuffled
from sightline.measure.subject.pixels import PixelSubject
from sightline.measure.suite.opened import open_suite


@cache
def room() -> list[Measurement]:
    return [task for task in tasks(open_suite("scenes", quick=True)) if isinstance(task, Measurement)]


def asked(subject: Any) -> dict[str, Finding]:
    return asked_room.asked(room(), subject)


def test_perfect_features_reach_the_bound_of_every_metric() -> None:
    found = asked(Oracle())
    assert score(found) >= 0.95 and min(finding.score for finding in found.values() if finding.scored) >= 0.85
    assert len(found) == 7


@pytest.mark.parametrize(
    "subject",
    [Constant(), Shuffled(Oracle()), Shuffled(PixelSubject()), PositionCodes()],
    ids=["constant", "shuffled oracle", "shuffled pixels", "position codes"],
)
def test_what_knows_nothing_of_places_scores_chance(subject: Any) -> None:
    assert score(asked(subject)) <= 0.05


def test_raw_pixels_have_tokens_and_no_words() -> None:
    assert list(asked(PixelSubject())) == ["segmentation probe mIoU"]


def test_an_interval_of_the_set_contains_its_value() -> None:
    finding = asked(PixelSubject())["segmentation probe mIoU"]
    low, high = np.quantile(finding.resampled(), [0.025, 0.975])
    assert low <= finding.value <= high
