"""Orders are permutations, mixtures count exactly, and any position can be asked for alone."""

import numpy as np
import pytest

from sightline.data.feed.order import BLOCK, Window, counts, mixture_look_up, order, positions
from sightline.data.feed.permutation import SMALL, look_up


@pytest.mark.parametrize("n", [1, 2, 7, 100, SMALL, SMALL + 1, 100_003])
def test_every_epoch_is_a_permutation(n):
    for epoch in (0, 3):
        assert np.array_equal(np.sort(order(n, 5, epoch)), np.arange(n))


@pytest.mark.parametrize("n", [100, SMALL + 5])
def test_epochs_and_seeds_differ(n):
    first = order(n, 0, 0)
    assert (first == order(n, 0, 1)).mean() < 0.05
    assert (first == order(n, 1, 0)).mean() < 0.05
    assert (first == np.arange(n)).mean() < 0.05


def test_large_orders_have_no_trend():
    found = order(SMALL * 2 + 11, 0, 0).astype(float)
    assert abs(np.corrcoef(found[:-1], found[1:])[0, 1]) < 0.015
    assert abs(np.corrcoef(found, np.arange(len(found)))[0, 1]) < 0.015


def test_small_orders_are_equally_likely():
    seen = np.zeros((5, 5))
    for seed in range(2000):
        seen[np.arange(5), order(5, seed, 0)] += 1
    assert np.abs(seen / 2000 - 0.2).max() < 0.04


def test_positions_run_through_epoch_borders():
    joined = np.concatenate([order(10, 0, epoch) for epoch in range(4)])
    assert np.array_equal(positions(10, 0, 7, 25), joined[7:32])
    assert np.array_equal(look_up(10, 0, np.array([33, 2, 19])), joined[[33, 2, 19]])


def test_an_empty_source_is_refused():
    with pytest.raises(ValueError, match="empty"):
        positions(0, 0, 0, 1)


def test_a_window_shows_every_sample_so_often_and_soon():
    window, n = Window(size=64, visits=4), 1000
    at = np.arange(n * 4)
    found = window.look_up(n, 3, at)
    for windows in (1, 2, 7, 40):
        assert window.reached(n, 64 * windows) == len(set(found[: 64 * windows].tolist()))
    assert (window.reached(n, 10), window.reached(50, 64)) == (10, 50)
    assert np.array_equal(found[:64], window.look_up(n, 3, at[:64]))  # any positions alone
    for stage in found[:3968].reshape(-1, 64):
        assert len(set(stage)) == 64
    counted = np.bincount(found, minlength=n)
    assert np.median(counted) == 4 and counted.min() >= 1 and counted.max() <= 8
    places = [np.flatnonzero(found == sample) for sample in range(n)]
    # inside one passing a sample is away for less than two windows
    assert np.median([np.diff(where).max() for where in places if len(where) == 4]) < 2 * 64


def test_a_window_slides_by_a_part_of_itself():
    window = Window(size=64, visits=4)
    stages = [set(window.look_up(1000, 0, np.arange(64 * k, 64 * k + 64))) for k in range(6)]
    assert [len(stages[0] & later) for later in stages] == [64, 48, 32, 16, 0, 0]


def test_a_source_that_fits_into_the_window_is_read_in_epochs():
    assert np.array_equal(Window(size=64, visits=4).look_up(50, 7, np.arange(120)), look_up(50, 7, np.arange(120)))


@pytest.mark.parametrize(("size", "visits"), [(10, 3), (4, 8), (4, 0)])
def test_a_window_that_cannot_slide_is_refused(size, visits):
    with pytest.raises(ValueError, match="multiple of the visits"):
        Window(size=size, visits=visits)


@pytest.mark.parametrize("weights", [[1, 1], [0.7, 0.2, 0.1], [1e-4, 1, 3], [5.0] + [1e-3] * 40])
def test_counts_never_fall_and_follow_the_weights(weights):
    shares = tuple(int(w / sum(weights) * 2**32) for w in weights)
    before = np.zeros(len(weights))
    for block in range(1, 60):
        now = counts(shares, block * BLOCK)
        assert now.sum() == block * BLOCK and (now >= before).all()
        assert np.abs(now - block * BLOCK * np.array(weights) / sum(weights)).max() <= len(weights)
        before = now


def test_a_mixture_is_exact_after_every_block_and_shuffled_inside():
    part, _ = mixture_look_up([50, 70, 90], [0.5, 0.25, 0.25], 0, np.arange(4 * BLOCK))
    for block in part.reshape(4, BLOCK):
        assert np.array_equal(np.bincount(block), [512, 256, 256])
    assert not np.array_equal(part[:BLOCK], part[BLOCK : 2 * BLOCK])
    assert np.abs(np.bincount(part[:128], minlength=3) / 128 - [0.5, 0.25, 0.25]).max() < 0.15


def test_each_source_of_a_mixture_is_visited_epoch_by_epoch():
    part, index = mixture_look_up([50, 70], [0.3, 0.7], 9, np.arange(6 * BLOCK))
    for source, length in enumerate((50, 70)):
        drawn = index[part == source]
        epochs = drawn[: len(drawn) // length * length].reshape(-1, length)
        # inside a block the draws are shuffled, so an epoch is exact up to the block's own disorder
        seen = np.bincount(epochs.ravel(), minlength=length)
        assert seen.max() - seen.min() <= 2 + BLOCK // length
        assert np.array_equal(np.sort(drawn[:length]) if length > BLOCK else np.unique(drawn), np.arange(length))


def test_mixture_positions_can_be_asked_for_alone():
    part, index = mixture_look_up([50, 70], [0.3, 0.7], 9, np.arange(3000))
    at = np.array([2999, 0, 1024, 1023])
    alone = mixture_look_up([50, 70], [0.3, 0.7], 9, at)
    assert np.array_equal(alone[0], part[at]) and np.array_equal(alone[1], index[at])


@pytest.mark.parametrize("weights", [[0, 0], [-1, 2], [float("nan"), 1], [1]])
def test_weights_that_mean_nothing_are_refused(weights):
    with pytest.raises(ValueError, match="weights"):
        mixture_look_up([5, 5], weights, 0, np.arange(3))


def test_orders_are_pinned():
    """A change here would change every run that is being resumed."""
    assert positions(10, 3, 0, 10).tolist() == [8, 1, 9, 7, 4, 3, 6, 0, 5, 2]
    assert positions(10**6, 3, 0, 4).tolist() == [172152, 253852, 430054, 722648]
    part, index = mixture_look_up([50, 70], [0.3, 0.7], 9, np.arange(5))
    assert part.tolist() == [1] * 5 and index.tolist() == [10, 50, 32, 24, 55]
