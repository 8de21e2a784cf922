import numpy as np
import pytest

from sightline.probes.knn import KNN
from sightline.probes.tasks.gather import Gathered
from sightline.probes.tasks.labelled import Labels, classified, names_of, neighbours, staged


class Named:
    name, has, classes = "mine", frozenset({"image", "label"}), ("cat", "dog")

    def __init__(self, labels):
        self.labels = labels

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, number):
        return type("Record", (), {"label": self.labels[number]})


def test_names_are_those_of_the_source_and_numbers_beyond_them_stay():
    assert names_of(Named([0, 1, None, -1, 7])) == ["cat", "dog", None, None, "7"]


def test_classes_are_matched_by_name_and_what_is_left_out_is_said():
    labels = Labels(["b", "a", "b", None, "a", "c"], ["a", "b", "d", None, "c"])
    assert labels.classes == ["a", "b"]
    assert labels.train.tolist() == [1, 0, 1, -1, 0, -1] and labels.test.tolist() == [0, 1, -1, -1, -1]
    assert labels.notes == [
        "left out: 1 of 6 training pictures without a label",
        "left out: 1 of 5 judged pictures without a label",
        "left out: 'c', of which there is only one training picture",
        "left out: 1 judged pictures of 'd', which training lacks",
    ]


@pytest.mark.parametrize(
    ("train", "test", "reason"),
    [
        ([None, None], ["a"], "no training picture has a label"),
        (["a", "a"], ["a", "b"], "all labelled training pictures are 'a'"),
        (["a", "b"], ["a", "b"], "of at least two classes there must be at least two"),
        (["a", "a", "b"], ["a", "b"], "of at least two classes there must be at least two"),
        (["a", "a", "b", "b"], ["a", "a"], "the pictures judged on are all 'a'"),
        (["a", "a", "b", "b"], ["c", None], "are of no class that training knows"),
    ],
)
def test_labels_that_leave_nothing_to_tell_apart_are_refused(train, test, reason):
    with pytest.raises(ValueError, match=reason):
        Labels(train, test)


def test_chance_is_the_share_of_the_most_frequent_training_class():
    row = Labels(["a", "a", "a", "b", "b"], ["a", "b", "b", "b"]).majority
    assert row.name == "chance (a)" and row.scores["accuracy"].value == 0.25


def gathered(seed, labels, index=None):
    rng = np.random.default_rng(seed)
    found = Gathered(index=index or list(range(len(labels))))
    vectors = rng.normal(size=(len(labels), 6)) + 4 * np.eye(6)[labels]
    found.features = {"encoder": {"vectors": vectors[found.index]}, "pixels": {"vectors": vectors[found.index] * 0 + 1}}
    return found


def test_rows_are_the_probes_own_scores_and_pictures_that_could_not_be_read_do_not_shift_them():
    rng = np.random.default_rng(0)
    y, truth = rng.integers(0, 3, 40), rng.integers(0, 3, 30)
    labels = Labels([str(c) for c in y], [str(c) for c in truth])
    kept, asked = [i for i in range(40) if i % 7], [i for i in range(30) if i % 5]
    train, test = gathered(1, y, kept), gathered(2, truth, asked)
    result = classified(neighbours(5, labels), labels, train, test, {"pixels": "pixels", "encoder": "encoder"})
    by_name = {row.kind: row.scores["accuracy"].value for row in result.rows}
    own = KNN(5).fit(train.features["encoder"]["vectors"], y[kept])
    assert by_name["encoder"] == pytest.approx(own.score(test.features["encoder"]["vectors"], truth[asked]))
    assert by_name["encoder"] > 0.8 and by_name["bound"] == 1
    assert (result.n_train, result.n_test) == (len(kept), len(asked))


def test_stages_say_which_is_easiest_to_read_and_which_would_be_chosen_unseen():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 60)
    labels = Labels([str(c) for c in y], [str(c) for c in y])
    train, test = gathered(1, y), gathered(2, y)
    for part in (train, test):
        part.features = {"encoder": {"early": rng.normal(size=(60, 6)), "late": part.features["encoder"]["vectors"]}}
    result = staged(5, 0, labels, train, test, "encoder", "raw pixels")
    assert [row.name for row in result.rows][1:] == ["early", "late", "upper bound"]
    assert any(note.startswith("easiest to read: late") for note in result.notes)
    assert "the stage that training pictures held out would choose: late" in result.notes


def test_more_neighbours_than_pictures_and_a_source_without_labels_are_refused():
    labels = Labels(["a", "a", "b", "b"], ["a", "b"])
    with pytest.raises(ValueError, match="--k 5: there are only 4 labelled training pictures"):
        neighbours(5, labels)
    bare = Named([])
    bare.has = frozenset({"image"})
    with pytest.raises(ValueError, match="mine has no labels"):
        names_of(bare)
