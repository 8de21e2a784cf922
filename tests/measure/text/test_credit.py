from itertools import permutations

import numpy as np
import pytest

from sightline.measure.text.credit import chosen, cosines, first, meanings, paired, winoground


def by_hand(table):
    """Winoground's scores by their definition, as a mean over all orders in which ties may be broken."""
    made = []
    for lot in permutations(range(4)):
        c = {(i, t): (table[i][t], lot[2 * i + t]) for i in (0, 1) for t in (0, 1)}
        text = c[0, 0] > c[0, 1] and c[1, 1] > c[1, 0]
        image = c[0, 0] > c[1, 0] and c[1, 1] > c[0, 1]
        made.append((text, image, text and image))
    return np.mean(made, axis=0)


def test_scores_of_two_pictures_and_two_captions_equal_their_definition_ties_by_lot():
    tables = np.random.default_rng(0).integers(0, 3, (40, 2, 2)).astype(float)
    assert np.allclose(winoground(tables), [by_hand(table) for table in tables])


def test_a_constant_gets_the_chance_of_winoground_and_so_does_chance():
    assert np.allclose(winoground(np.ones((3, 2, 2))), [[1 / 4, 1 / 4, 1 / 6]] * 3)
    drawn = winoground(np.random.default_rng(1).normal(size=(20_000, 2, 2))).mean(axis=0)
    assert drawn == pytest.approx([1 / 4, 1 / 4, 1 / 6], abs=0.01)


def test_perfect_tables_get_one_and_exchanged_ones_nothing():
    assert winoground(np.eye(2)[None]).tolist() == [[1, 1, 1]]
    assert winoground(1 - np.eye(2)[None]).tolist() == [[0, 0, 0]]


def test_a_tie_is_worth_the_chance_of_the_lot_wherever_the_right_one_stands():
    scores = np.array([[1.0, 1, 1, 1], [2, 2, 0, 0], [0, 1, 2, 3]])
    for order in permutations(range(4)):
        right = np.eye(4, dtype=bool)[0][list(order)]
        assert first(scores[:, list(order)], np.tile(right, (3, 1))).tolist() == [0.25, 0.5, 0]
    assert chosen([row for row in scores]).tolist() == [0.25, 0.5, 0]


def test_several_right_answers_share_the_lot():
    assert first(np.array([[1.0, 1, 1]]), np.array([[True, True, False]])).tolist() == [2 / 3]


def test_equal_vectors_have_equal_cosines_wherever_they_stand():
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=(7, 33)), rng.normal(size=(5, 33))
    table = cosines(np.concatenate([a, a[::-1]]), np.concatenate([b, b]))
    assert (table[:, :5] == table[:, 5:]).all() and (table[:7] == table[7:][::-1]).all()
    assert np.allclose(paired(a[:5], b), np.diag(cosines(a[:5], b)), atol=1e-7)


def test_meanings_are_a_function_of_the_word_and_all_but_orthogonal():
    made = meanings([f"word {k}" for k in range(200)])
    assert (made[3] == meanings(["word 3"])[0]).all()
    others = cosines(made, made) - np.eye(200)
    assert np.abs(others).max() < 0.4
