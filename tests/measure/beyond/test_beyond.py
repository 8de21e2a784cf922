"""Numbers, letters, patches and resolution: what is drawn is what is said, and controls get chance or all of it."""

import numpy as np
import pytest
from scipy.ndimage import label

from sightline.data.sample import Sample
from sightline.measure.beyond.counting import Counting, counted
from sightline.measure.beyond.drawn import INKS, NAMES, picture, thing, word
from sightline.measure.beyond.phase import Phase, inside_one
from sightline.measure.beyond.resolution import Resolution, reduced
from sightline.measure.beyond.tasks import DRAWN, tasks
from sightline.measure.beyond.writing import WORDS, SmallText, WrongWord
from sightline.measure.finding import Finding
from sightline.measure.measurement import Absent, Measurement
from sightline.measure.subject.controls import Constant, Oracle
from sightline.measure.suite.opened import open_suite
from sightline.measure.suite.shelf import Shelf
from sightline.measure.suite.suite import Suite


@pytest.fixture(scope="module")
def asked() -> list[Measurement]:
    return [task for task in tasks(open_suite("scenes", quick=True)) if isinstance(task, Measurement)]


def _values(asked: list[Measurement], subject: Oracle | Constant) -> dict[str, Finding]:
    return {finding.metric: finding for task in asked for finding in task.ask(subject)}


def test_a_perfect_encoder_reaches_every_bound_and_follows_no_word(asked: list[Measurement]):
    for metric, finding in _values(asked, Oracle()).items():
        assert finding.score == pytest.approx(0.0 if "follows the word" in metric else 1.0), metric
        assert not finding.scored


def test_the_constant_encoder_is_at_chance(asked: list[Measurement]):
    for metric, finding in _values(asked, Constant()).items():
        if "cosine" not in metric and "one off" not in metric:
            assert finding.value == pytest.approx(finding.chance), metric


def test_a_quick_look_keeps_its_budget(asked: list[Measurement]):
    class Counted(Constant):
        seen: dict[str, int] = {}

        def vectors(self, pictures):
            self.seen[pictures.digest] = len(pictures)
            return super().vectors(pictures)

    counted = Counted()
    _values(asked, counted)
    assert sum(counted.seen.values()) <= 100


@pytest.mark.parametrize("number", range(1, 9))
def test_as_many_things_are_drawn_as_are_said(number: int):
    for index in range(6):
        made = counted(number, index, index, "asked")
        _, pieces = label((made < 200).any(2), structure=np.ones((3, 3)))  # pyright: ignore[reportGeneralTypeIssues]
        assert pieces == number


def test_ink_does_not_tell_the_number():
    ink = {n: [(counted(n, k, 0, "asked") < 200).any(2).sum() for k in range(12)] for n in (3, 4)}
    assert max(ink[3]) > min(ink[4])


def test_pictures_that_are_asked_about_are_not_those_fitted_on():
    counting = Counting(2, 2)
    asked = {picture.tobytes() for picture in counting.asked.items}  # pyright: ignore[reportAttributeAccessIssue]
    assert not asked & {p.tobytes() for p in counting.known.items}  # pyright: ignore[reportAttributeAccessIssue]


def test_the_wrong_word_is_never_the_thing_and_changes_only_its_place():
    attack = WrongWord(30)
    assert (attack.truth[:, 0] != attack.truth[:, 1]).all()
    pictures = np.stack([np.asarray(item) for item in attack.pictures.items])
    same = pictures[:30, :60] == pictures[30:, :60]
    assert same.all()
    assert (pictures[:30] != pictures[30:]).any((1, 2, 3)).all()


def test_letters_have_the_height_that_is_said():
    for height in (4, 8, 20):
        rows = np.flatnonzero((picture(word("SHOP", "black", height, (48, 48))) < 128).any((1, 2)))
        assert abs(rows[-1] - rows[0] + 1 - height) <= 1
    assert len(SmallText(4).pictures) == 4 * 4 * 6
    assert len(set(map(len, WORDS))) == 1


def test_what_does_not_fit_the_canvas_is_refused():
    with pytest.raises(ValueError, match="does not fit a canvas of 96"):
        word("SHOPSHOP", "black", 40, (48, 48))


def test_a_thing_moves_by_whole_pixels():
    phase = Phase(2, (0, 3))
    one, _, moved, _ = (np.asarray(item) for item in phase.pictures.items)
    assert np.array_equal(one[:-3, :-3], moved[3:, 3:])
    assert (phase.boxes[1, :, :2] - phase.boxes[0, :, :2] == 3).all()


def test_inside_one_patch_is_what_a_loop_over_pixels_says():
    boxes = np.array([[x, y, 10, 7] for x in range(0, 40, 3) for y in range(0, 40, 3)])
    window = (0.0, 0.0, 1.0, 1.0)
    found = inside_one(boxes, (6, 6), window)
    for box, inside in zip(boxes, found, strict=True):
        x, y, w, h = box
        patches = {(row // 16, column // 16) for row in range(y, y + h) for column in range(x, x + w)}
        assert inside == (len(patches) == 1)


def test_reducing_keeps_what_is_plain_and_loses_what_is_fine():
    plain = np.full((96, 96, 3), 77, np.uint8)
    assert np.array_equal(reduced(plain, 16), plain)
    fine = np.zeros((96, 96, 3), np.uint8)
    fine[:, ::2] = 255
    assert reduced(fine, 16).std() < 5


def test_a_source_is_asked_at_every_resolution_and_told_why_no_more():
    pictures = [picture(thing(name, INKS[0], 40, (48, 48))) for name in NAMES]
    samples = [Sample(key=str(k), image=p) for k, p in enumerate(pictures)]
    found = tasks(Suite("folder", "source", Shelf(samples, "folder")))
    assert [task.name for task in found if isinstance(task, Absent)] == list(DRAWN)
    assert isinstance(found[0], Measurement)
    assert [f.value for f in found[0].ask(Oracle())] == [1.0] * 5
    same = tasks(Suite("folder", "source", Shelf(samples[:1] * 9, "folder")))
    assert isinstance(same[0], Absent) and "1 different pictures" in same[0].reason


def test_resolution_is_retrieval_of_the_whole_by_the_reduced():
    pictures = [np.asarray(picture(thing(name, "black", 40, (48, 48)))) for name in NAMES]
    resolution = Resolution(pictures, (16,))
    assert len(resolution.pictures) == 24
    assert resolution(Oracle())[0].value == 1
