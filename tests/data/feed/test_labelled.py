"""PK, pairs and episodes: exact counts of classes, disjoint support and queries, one order on any number of ranks."""

import numpy as np
import pytest
import torch

from sightline.data.feed.by_class import ByClass
from sightline.data.feed.labelled import PK, Episodes, Pairs
from sightline.data.feed.loader import Loader
from sightline.data.feed.order import Epochs
from sightline.data.sample import Sample
from sightline.data.sources.mixture import Mixture
from sightline.data.sources.subset import Subset
from sightline.recipes.pictures import simclr
from sightline.train.recipe.override import override

RNG = np.random.default_rng(0)
LABELS = RNG.permutation(np.repeat(np.arange(11), np.arange(5, 16)))  # class c has 5 + c samples


class Classes:
    """A picture of one colour for each label, `broken` indices unusable."""

    name, has = "classes", frozenset({"image", "label"})
    classes = tuple("abcdefghijklmnop")

    def __init__(self, labels=LABELS, broken=()):
        self.numbers, self.broken = labels, set(broken)

    def __len__(self):
        return len(self.numbers)

    def __getitem__(self, index):
        image = b"no picture" if index in self.broken else np.full((8, 8, 3), index, np.uint8)
        label = int(self.numbers[index])
        return Sample(f"k{index}", image, label=None if label < 0 else label)


def loader(source, order, batch, **changes):
    return Loader(source, **({"batch": batch, "size": 8, "order": order, "memory": "never"} | changes))


def drawn(order, steps, labels=LABELS, seed=0):
    size = order.classes * order.samples if isinstance(order, PK) else order.size
    return ByClass(order, labels).look_up(len(labels), seed, np.arange(steps * size)).reshape(steps, size)


@pytest.mark.parametrize("order", [PK(classes=4, samples=3), PK(classes=11, samples=2), PK(classes=7, samples=5)])
def test_every_batch_has_exactly_p_classes_of_k_samples_class_by_class(order):
    for batch in drawn(order, 40):
        assert len(set(batch.tolist())) == len(batch)
        rows = LABELS[batch].reshape(order.classes, order.samples)
        assert (rows == rows[:, :1]).all() and len(set(rows[:, 0].tolist())) == order.classes


def test_classes_and_the_samples_of_a_class_come_equally_often_within_one():
    order = PK(classes=4, samples=3)
    batches = drawn(order, 110)
    for steps in (1, 2, 7, 50, 110):
        counts = np.bincount(LABELS[batches[:steps].ravel()], minlength=11) / order.samples
        assert np.ptp(counts) <= 1
    for label in range(11):
        seen = np.bincount(batches.ravel(), minlength=len(LABELS))[label == LABELS]
        assert np.ptp(seen) <= 1


def test_a_class_with_fewer_samples_shows_each_as_often_as_the_others_and_is_named():
    labels = np.repeat([0, 1, 2, -1], [2, 8, 1, 3])
    laid = ByClass(PK(classes=3, samples=5), labels, ("a", "b", "c"), "few")
    for batch in laid.look_up(len(labels), 0, np.arange(15 * 20)).reshape(20, 15):
        for row in batch.reshape(3, 5):
            counts = np.bincount(row, minlength=len(labels))[labels == labels[row[0]]]
            assert np.ptp(counts) <= 1
        assert (labels[batch] >= 0).all()
    assert laid.notes == (
        "3 of 14 samples of few have no label and are never drawn (data.order)",
        "2 of 3 classes of few have fewer than 5 samples (the first, 'a', has 2) and show each of them several times "
        "in a batch (data.order)",
    )


@pytest.mark.parametrize("order", [Pairs(), Pairs(same=2, different=1), Pairs(same=1, different=4)])
def test_a_group_of_pairs_has_exactly_as_many_of_one_class_and_of_two(order):
    batches = drawn(order, 60)
    for group in batches:
        first, second = LABELS[group.reshape(-1, 2)].T
        assert (first == second).tolist() == [False] * order.different + [True] * order.same
        drawn_classes = [*first, *second[: order.different]]
        assert len(set(drawn_classes)) == len(drawn_classes) == order.together
        assert all(a != b for a, b in group.reshape(-1, 2))
    assert np.ptp(np.bincount(LABELS[batches.ravel()], minlength=11)) <= 2 * 12


def test_a_class_of_one_is_in_no_pair_and_is_named():
    labels = np.repeat([0, 1, 2, 3], [4, 1, 3, 2])
    laid = ByClass(Pairs(), labels, source="few")
    assert 1 not in labels[laid.look_up(len(labels), 0, np.arange(80))]
    assert laid.notes == (
        "1 of 4 classes of few have fewer than 2 samples (the first, 1, has 1) and are left out (data.order)",
    )


def test_one_example_of_every_class_is_refused_with_the_reason():
    with pytest.raises(
        ValueError, match="has one of each of its 7 classes: a picture is no example for itself. Give two"
    ):
        loader(Classes(np.arange(7)), PK(classes=4, samples=2), 8)
    with pytest.raises(ValueError, match="takes 3 classes of 2 or more samples, and classes has 0"):
        loader(Classes(np.arange(7)), Pairs(), 8)
    loader(Classes(np.arange(7)), PK(classes=4, samples=1), 4)  # nothing is compared within a class


@pytest.mark.parametrize("order", [Episodes(ways=5, shots=1, queries=4), Episodes(ways=3, shots=3, queries=2)])
def test_support_and_queries_are_disjoint_samples_of_the_same_classes_in_the_same_order(order):
    for episode in drawn(order, 60):
        support = episode[: order.ways * order.shots].reshape(order.ways, order.shots)
        queries = episode[order.ways * order.shots :].reshape(order.ways, order.queries)
        assert len(set(episode.tolist())) == order.size
        ways = LABELS[support[:, 0]]
        assert len(set(ways.tolist())) == order.ways
        assert (LABELS[support] == ways[:, None]).all() and (LABELS[queries] == ways[:, None]).all()


def test_classes_too_small_for_an_episode_are_left_out():
    order = Episodes(ways=3, shots=2, queries=7)
    laid = ByClass(order, LABELS, source="some")
    seen = set(LABELS[laid.look_up(len(LABELS), 0, np.arange(50 * order.size))].tolist())
    assert seen == set(range(4, 11))  # those of 9 or more
    assert laid.notes == (
        "4 of 11 classes of some have fewer than 9 samples (the first, 0, has 5) and are left out (data.order)",
    )


@pytest.mark.parametrize("order", [PK(classes=4, samples=3), Episodes(ways=3, shots=2, queries=2)])
def test_the_labels_drawn_do_not_depend_on_where_samples_stand(order):
    """labels'[order'] = labels[order] for labels' any permutation of labels."""
    moved = LABELS[RNG.permutation(len(LABELS))]
    assert np.array_equal(moved[drawn(order, 30, moved)], LABELS[drawn(order, 30)])
    assert not np.array_equal(LABELS[drawn(order, 30, seed=1)], LABELS[drawn(order, 30)])


BROKEN = {int(i) for label in range(3, 11) for i in np.flatnonzero(LABELS == label)[::5]}  # a fifth of most classes
ORDERS = [(PK(classes=4, samples=3), 12), (Pairs(different=2), 24), (Episodes(ways=3, shots=1, queries=2), 36)]


@pytest.mark.parametrize(("order", "batch"), ORDERS)
def test_two_ranks_are_one_and_a_resumed_run_is_the_whole(order, batch):
    source = Classes(broken=BROKEN)
    whole = list(loader(source, order, batch).iterate(0, 9))
    for start in (4, 8):
        for step, again in zip(range(start, 9), loader(source, order, batch).iterate(start, 9), strict=True):
            assert torch.equal(again["index"], whole[step]["index"])
    ranks = [list(loader(source, order, batch, rank=rank, world=2).iterate(0, 9)) for rank in range(2)]
    for step in range(9):
        assert torch.equal(torch.cat([rank[step]["index"] for rank in ranks]), whole[step]["index"])
    kept = loader(source, order, batch, memory="always")
    assert all(torch.equal(kept.batch(step)["index"], whole[step]["index"]) for step in (0, 5))


@pytest.mark.parametrize(("order", "batch"), ORDERS)
def test_a_bad_sample_gives_its_place_to_another_of_its_class_that_is_not_there_yet(order, batch):
    sound, patched = loader(Classes(), order, batch), loader(Classes(broken=BROKEN), order, batch)
    moved = 0
    for step in range(12):
        one, other = sound.batch(step)["index"], patched.batch(step)["index"]
        changed = one != other
        assert np.array_equal(LABELS[one], LABELS[other])
        assert torch.equal(changed, torch.tensor([int(i) in BROKEN for i in one]))
        for unit in other[None] if isinstance(order, PK) else other.view(-1, order.size):
            assert len(unit.unique()) == len(unit)
        moved += int(changed.sum())
    assert moved > 10 and patched.bad.keys() <= {f"k{i}" for i in BROKEN}


def test_where_a_class_has_no_other_sample_its_good_ones_come_twice_but_none_in_both_parts_of_an_episode():
    labels = np.repeat([0, 1], 4)
    source = Classes(labels, broken=(0, 1, 2))
    for step in range(5):
        index = loader(source, PK(classes=2, samples=4), 8).batch(step)["index"]
        assert sorted(index.tolist()) == [3, 3, 3, 3, 4, 5, 6, 7]
    for step in range(5):
        index = loader(Classes(labels, broken=(1,)), Episodes(ways=2, shots=2, queries=2), 8).batch(step)["index"]
        support, queries = set(index[:4].tolist()), set(index[4:].tolist())
        assert not support & queries and support | queries == {0, 2, 3, 4, 5, 6, 7}
    with pytest.raises(ValueError, match="of the 4 samples of class 'a' too few can be used for data.order=Episodes"):
        loader(source, Episodes(ways=2, shots=2, queries=2), 8).batch(0)
    with pytest.raises(ValueError, match="of the 4 samples of class 'a' too few"):
        loader(Classes(labels, broken=range(4)), PK(classes=2, samples=4), 8).batch(0)


def test_a_part_of_a_source_is_drawn_by_its_own_labels():
    indices = np.flatnonzero(LABELS % 2 == 0)[::-1]
    index = loader(Subset(Classes(), indices), PK(classes=6, samples=2), 12).batch(3)["index"].numpy()
    rows = LABELS[indices][index].reshape(6, 2)
    assert (rows[:, 0] == rows[:, 1]).all() and set(rows[:, 0].tolist()) == {0, 2, 4, 6, 8, 10}


def test_orders_of_labels_are_pinned():
    """A change here would change every run that is being resumed."""
    assert drawn(PK(classes=4, samples=2), 2, seed=3).tolist() == [
        [88, 7, 9, 11, 91, 93, 63, 33],
        [3, 97, 26, 40, 29, 103, 10, 107],
    ]
    assert drawn(Episodes(ways=2, shots=1, queries=2), 2, seed=3).tolist() == [
        [88, 9, 7, 82, 11, 34],
        [91, 63, 93, 66, 33, 25],
    ]


@pytest.mark.parametrize(
    ("order", "batch", "world", "words"),
    [
        (
            PK(classes=8, samples=4),
            64,
            1,
            r"PK\(classes=8, samples=4\) makes batches of 32, and batch is 64: set batch=32",
        ),
        (
            PK(classes=5, samples=2),
            10,
            2,
            r"2 processes share.*whole classes; set 'data.order=PK\(classes=4, samples=2\)' b",
        ),
        (
            PK(classes=12, samples=2),
            24,
            1,
            r"takes 12 classes, and classes has 11.*PK\(classes=11, samples=2\)' batch=22",
        ),
        (Pairs(same=2), 10, 1, "whole groups of pairs of 6, and batch is 10: set batch=12"),
        (Pairs(), 4, 2, "groups of pairs of 4 on each of 2 processes, and batch is 4: set batch=8"),
        (Pairs(different=6), 14, 1, "takes 13 classes of 2 or more samples, and classes has 11.*fewer pairs of two"),
        (Episodes(ways=5, shots=1, queries=3), 30, 1, "whole episodes of 20, and batch is 30: set batch=40"),
        (Episodes(ways=5, shots=1, queries=3), 20, 2, "of 20 on each of 2 processes, and batch is 20: set batch=40"),
        (Episodes(ways=9, shots=2, queries=7), 81, 1, "takes 9 classes of 9 or more samples, and classes has 7"),
    ],
)
def test_what_does_not_divide_is_refused_with_what_fits(order, batch, world, words):
    with pytest.raises(ValueError, match=words):
        loader(Classes(), order, batch, world=world)


def test_sources_without_labels_mixtures_and_streams_are_refused():
    class Unlabelled(Classes):
        has = frozenset({"image"})

    class Far(Unlabelled):
        __getitem__ = None

        def epoch(self, seed, epoch, skip=0):
            raise AssertionError

    order = PK(classes=2, samples=2)
    with pytest.raises(ValueError, match="draws by labels, and 'classes' has none. Give a folder of pictures for each"):
        loader(Unlabelled(), order, 4)
    for source in (Mixture([Classes(), Classes()]), Stream()):
        with pytest.raises(ValueError, match="one source that is read by index"):
            loader(source, order, 4)
    with pytest.raises(ValueError, match="has 0. Set data.order=Epochs, or give more classes"):
        loader(Classes(np.full(9, -1)), order, 4)


class Stream:
    """Nothing but its face."""

    name, classes, has = "far", (), frozenset({"image", "label"})

    def epoch(self, seed, epoch, skip=0):
        raise AssertionError("never read")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: PK(classes=0), "classes must be 1 or more"),
        (lambda: Pairs(different=0), "different must be 1 or more"),
        (lambda: Episodes(ways=1), "ways must be 2 or more"),
        (lambda: Episodes(queries=0), "queries must be 1 or more"),
    ],
)
def test_numbers_that_mean_nothing_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_a_recipe_names_its_order_on_the_command_line():
    made = override(simclr.tiny(), ["data.order=PK(classes=8, samples=4)"])
    assert made.data.order == PK(classes=8, samples=4)
    made = override(made, ["data.order=Episodes(ways=5, shots=1, queries=5)", "data.order.shots=2"])
    assert made.data.order == Episodes(ways=5, shots=2, queries=5)
    assert override(made, ["data.order=Epochs"]).data.order == Epochs()
    with pytest.raises(ValueError, match="none of Epochs, Window, PK, Pairs, Episodes"):
        override(made, ["data.order=Sorted"])
