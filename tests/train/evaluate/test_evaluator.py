"""What is measured while training: classes by name, who is asked, and what is said beside a score."""

import numpy as np
import pytest
import torch

from sightline.data.prepare.preprocess import Preprocess
from sightline.data.sample import Sample
from sightline.probes.heldout.neighbours import Neighbours
from sightline.probes.heldout.prepared import Prepared
from sightline.protocols import Kept
from sightline.towers.sizes import vit_small
from sightline.train.evaluate.evaluator import Evaluator
from sightline.train.evaluate.score import error, formatted

VIEW = Preprocess(size=8)


class Named:
    """One-coloured pictures: `labels` count in `classes`, and the name of a class decides the colour."""

    has = frozenset({"image", "label"})

    def __init__(self, name, classes, labels, captions=()):
        self.name, self.classes, self.labels, self.captions = name, tuple(classes), labels, captions

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        words = (self.captions[index],) if self.captions else ()
        return Sample(str(index), np.full((8, 8, 3), 100, np.uint8), words, label=self.labels[index])


def prepared(*given):
    return Prepared(Named(*given), VIEW, samples=100, seed=0)


def vectors(part):
    """A direction for each name."""
    names = sorted({*"abcdefgh", "caf\u00e9"})
    return np.eye(len(names))[[0 if label is None else names.index(label) for label in part.labels]]


def test_classes_are_compared_by_name_whatever_their_numbers():
    memory = prepared("train", "abc", [0, 0, 1, 1, 2, 2])
    held = prepared("test", "bc", [0, 1, 1])  # b is 1 there and 0 here
    found = Neighbours(held, memory)
    assert found.scores(vectors(memory), vectors(held)) == {"knn": 1.0, "chance_knn": pytest.approx(1 / 3), "n_knn": 3}
    assert found.notes == [] and found.reason == ""
    decomposed = prepared("mac", ["b", "cafe\u0301"], [0, 1])
    composed = prepared("linux", ["a", "b", "caf\u00e9"], [0, 1, 2])
    assert Neighbours(decomposed, composed).scores(vectors(composed), vectors(decomposed))["knn"] == 1.0


def test_classes_that_the_memory_lacks_are_told_and_left_out():
    memory, held = prepared("train", "abc", [0, 0, 1, 1]), prepared("test", "abdc", [0, 1, 2, 2, 3])
    found = Neighbours(held, memory)
    assert found.notes == [
        "kNN knows no 'c', 'd': none among the 4 training pictures looked at in train; 3 of 5 held-out pictures are "
        "left out of it"
    ]
    scores = found.scores(vectors(memory), vectors(held))
    assert (scores["knn"], scores["n_knn"]) == (1.0, 2)


@pytest.mark.parametrize("none", [None, -1])
def test_pictures_without_a_label_are_counted_and_neither_ask_nor_answer(none):
    memory, held = prepared("train", "ab", [0, none, 1, 1]), prepared("test", "ab", [0, none, none, 1])
    found = Neighbours(held, memory)
    scores = found.scores(vectors(memory), vectors(held))
    assert (scores["knn"], scores["n_knn"]) == (1.0, 2)
    assert scores["chance_knn"] == pytest.approx((1 / 3 + 2 / 3) / 2)  # a label drawn from a, b, b
    assert [note.split(" pictures")[0] for note in found.notes] == ["2 of 4 held-out", "1 of 4 training"]


@pytest.mark.parametrize(
    ("memory", "held", "reason"),
    [
        ([0, 0], [0, 1], "the training pictures looked at in train are all 'a'"),
        ([None], [0, 1], "the training pictures looked at in train have no labels"),
        ([0, 1], [1, 1], "the held-out pictures are all 'b'"),
        ([0, 1], [2, 2], "no held-out picture is of a known class"),
    ],
)
def test_one_class_gives_no_score_and_says_so(memory, held, reason):
    found = Neighbours(prepared("test", "abc", held), prepared("train", "abc", memory))
    assert found.reason == reason and found.notes[-1] == f"no kNN score: {reason}"


class Method(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.image = vit_small(8, 4, 1).build()

    def kept(self):
        return Kept(parts={"image": self.image}, capabilities=("embeds",))


def test_an_evaluation_carries_chance_and_number_beside_each_score():
    memory, held = prepared("train", "ab", [0, 1] * 4), prepared("test", "ba", [0, 1, 1])
    rules = {"view": VIEW, "tokenizer": None, "device": torch.device("cpu"), "precision": "float32"}
    scores = Evaluator(held, memory, **rules)(Method())
    assert scores.keys() == {"knn", "chance_knn", "n_knn", "rankme"}
    assert scores["chance_knn"] == 0.5 and scores["n_knn"] == 3
    assert Evaluator(held, None, **rules)(Method()).keys() == {"rankme"}


def test_only_a_share_of_right_answers_has_an_error():
    scores = {"score": 1.5, "n_score": 12.0, "lift": 2.0, "chance_lift": 1.0, "n_lift": 12.0, "heldout_loss": 3.25}
    assert formatted(scores) == "score 1.500 (n 12)  lift 2.000 (chance 1.000, n 12)  heldout_loss 3.250"


def test_a_score_is_said_with_its_error_chance_and_number():
    scores = {"knn": 0.25, "chance_knn": 0.1, "n_knn": 48.0, "rankme": 7.5}
    scores |= {"text_to_image_r1": 0.5, "image_to_text_r1": 0.0, "chance_r1": 0.01, "n_retrieval": 100.0}
    assert error(0.25, 48) == pytest.approx((0.25 * 0.75 / 48) ** 0.5) and error(0.5, 0) == 0
    assert formatted(scores) == (
        "knn 0.250 \u00b1 0.062 (chance 0.100, n 48)  rankme 7.500  "
        "text_to_image_r1 0.500 \u00b1 0.050 (chance 0.010, n 100)  "
        "image_to_text_r1 0.000 \u00b1 0.000 (chance 0.010, n 100)"
    )
