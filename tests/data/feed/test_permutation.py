"""Dealt hands never hold a thing twice, and every epoch is still a permutation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sightline.data.feed.permutation import SMALL, dealt, handed, look_up


@settings(max_examples=60, deadline=None)
@given(n=st.integers(1, 40), hand=st.integers(1, 40), seed=st.integers(0, 99))
def test_no_hand_holds_a_thing_twice_and_all_come_equally_often_within_one(n, hand, seed):
    hand = min(hand, n)
    found = dealt(n, hand, seed, np.arange(12 * n * hand))
    assert all(len(set(row)) == hand for row in found.reshape(-1, hand).tolist())
    assert np.array_equal(np.sort(found.reshape(-1, n), axis=1), np.broadcast_to(np.arange(n), (12 * hand, n)))


@pytest.mark.parametrize(("n", "hand"), [(7, 7), (9, 8), (40, 7), (SMALL + 3, 5)])
def test_any_positions_can_be_asked_for_alone(n, hand):
    at = np.arange(3 * n - 50, 3 * n + 50) if n > 50 else np.arange(20 * n)
    whole = dealt(n, hand, 4, at)
    assert all(dealt(n, hand, 4, at[[k]])[0] == whole[k] for k in (len(at) - 1, 0, len(at) // 2))
    assert np.array_equal(dealt(n, hand, 4, at[::-1]), whole[::-1])


def test_hands_that_fit_an_epoch_are_those_of_the_plain_sequence():
    assert np.array_equal(dealt(12, 4, 3, np.arange(120)), look_up(12, 3, np.arange(120)))


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 7])
def test_a_hand_larger_than_the_deck_holds_everything_as_often_as_it_can(n):
    hand = 5
    found = handed(n, hand, 0, np.arange(hand * 21)).reshape(-1, hand)
    counts = np.array([np.bincount(row, minlength=n) for row in found])
    assert counts.max() == -(-hand // n) and counts.min() == hand // n
    assert np.ptp(counts.sum(0)) <= 1
    with pytest.raises(ValueError, match="a hand of 5"):
        dealt(4, 5, 0, np.arange(3))
