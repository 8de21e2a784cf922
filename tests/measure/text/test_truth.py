import numpy as np
import pytest
from told import Told, found, source

from sightline.measure.measurement import Absent
from sightline.measure.subject.controls import BagOfWords, Constant, Oracle
from sightline.measure.text.tasks import tasks
from sightline.measure.text.words import captions_of, is_truth

ROWS = [
    (("one box",), 1),
    (("one box",), 0),
    (("one box",), 0),
    (("two",), 0),
    (("two",), 1),
    (("two",), 1),
    (("alone",), 1),
]
CLASSES = ("0", "1")


def test_a_statement_s_share_of_right_pairs_is_counted_with_ties_one_half_and_statements_count_alike():
    pictures = np.array([[2.0, 1], [2, 1], [1, 5], [3, 1], [3, 1], [1, 9], [1, 1]])
    made = found(source(ROWS, CLASSES), "truth")(Told(pictures, {"one box": [1, 0], "two": [1, 0]}))
    # one box: a tie, and a win; two: a tie, and a loss
    truth = made["truth of statements"]
    assert truth.value == pytest.approx(((0.5 + 1) / 2 + (0.5 + 0) / 2) / 2)
    assert truth.protocol["statements"] == 2 and truth.protocol["pairs"] == 4


def test_truth_is_told_by_pictures_alone():
    suite = source(ROWS, CLASSES)
    values = [found(suite, "truth")(who)["truth of statements"].value for who in (Oracle(), Constant(), BagOfWords())]
    assert values == [1, 0.5, 0.5]


def test_false_statements_are_no_captions():
    suite = source(ROWS, CLASSES)
    assert [bool(texts) for texts in captions_of(suite.test)] == [True, False, False, False, True, True, True]
    whole = found(suite, "retrieval")(Oracle())["retrieval R@1, both ways"]
    assert whole.protocol["pictures"] == 4 and whole.value == 1


@pytest.mark.parametrize(
    ("rows", "classes"),
    [
        (ROWS, ("cat", "dog")),
        (ROWS[:3], CLASSES),
        ([(("a",), 1), (("b",), 1)], CLASSES),
        (ROWS, ("0", "1", "2")),
    ],
    ids=["two classes of things", "one statement", "nothing false", "three classes"],
)
def test_only_labels_that_mean_true_and_false_make_statements(rows, classes):
    suite = source(rows, classes)
    assert not is_truth(suite.test)
    assert all(captions_of(suite.test))
    assert any(isinstance(task, Absent) and task.name == "truth" for task in tasks(suite))
