import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sightline.data.sample import Sample
from sightline.measure.localization.classes import Masked, class_names, masked
from sightline.measure.localization.tasks import tasks
from sightline.measure.measurement import Absent
from sightline.measure.places import Board
from sightline.measure.suite.shelf import IGNORED, Shelf
from sightline.measure.suite.suite import Suite


def sample(number: int, mask: Any = None, **extra: Any) -> Sample:
    image = np.random.default_rng(number).integers(0, 255, (16, 24, 3), dtype=np.uint8)
    return Sample(key=str(number), image=image, mask=mask, extra=extra)


def board(samples: list[Sample], name: str = "nowhere") -> Board:
    shelf = Shelf(samples, name)
    return Board(shelf, shelf.squares(16), 16)


def halves(values: tuple[int, int], shape: tuple[int, int] = (16, 24)) -> np.ndarray:
    plane = np.full(shape, values[0], np.uint8)
    plane[:, shape[1] // 2 :] = values[1]
    return plane


def test_a_mask_of_another_size_is_brought_to_the_picture_and_the_padding_is_not_judged() -> None:
    made = masked(board([sample(i, halves((3, 5), (8, 12))) for i in range(3)]), None)
    assert isinstance(made, Masked) and made.names == ("3", "5") and not made.named
    plane = made.truth[0]
    assert plane is not None
    assert (plane[:2] == IGNORED).all() and plane[8, 0] == 0 and plane[8, 15] == 1


def test_names_come_from_the_file_beside_and_void_is_no_class(tmp_path: Path) -> None:
    (tmp_path / "classes.json").write_text(json.dumps({"0": "sky", "1": "road", "2": "void (ignore)"}))
    assert class_names(str(tmp_path))[0] == "sky"
    both = [sample(i, halves((0, 2) if i % 2 else (1, 0))) for i in range(8)]
    made = masked(board(both, str(tmp_path)), None)
    assert isinstance(made, Masked) and made.names == ("sky", "road") and made.named and made.background is None


def test_instances_with_categories_become_masks_of_categories() -> None:
    told = [{"category": "cat", "mask_value": 7}, {"category": "rare", "mask_value": 9}]
    samples = [sample(i, halves((7, 0)), objects=told[:1]) for i in range(3)] + [
        sample(4, halves((9, 0)), objects=told)
    ]
    made = masked(board(samples), None)
    assert isinstance(made, Masked) and made.names == ("background", "cat") and made.background == 0
    last = made.truth[3]
    assert last is not None and last[8, 2] == IGNORED and last[8, 14] == 0


def test_one_class_and_no_mask_are_told_as_such() -> None:
    assert masked(board([sample(0)]), None) == "no picture has a mask"
    assert "fewer than two classes" in str(masked(board([sample(i, halves((1, 1))) for i in range(4)]), None))


@pytest.mark.parametrize("mask", [None, halves((1, 1)), b"no picture", np.zeros((4, 4, 3), np.uint8)])
def test_a_source_that_cannot_be_asked_is_absent_with_a_reason_never_a_traceback(mask: Any) -> None:
    shelf = Shelf([replace(sample(i), mask=mask) for i in range(4)], "nowhere")
    found = tasks(Suite("nowhere", "source", shelf, shelf))
    assert [type(task) for task in found] == [Absent] * 4
    assert all(isinstance(task, Absent) and task.reason for task in found)
