"""Neighbours, blind pairs and the questions of the blind comparison, from their definitions."""

import numpy as np
import pytest

from sightline.measure.exhibit.failure import mistaken
from sightline.measure.exhibit.near import blind_pairs, nearest, ranks, spread
from sightline.measure.exhibit.rounds import LISTED, ROUNDS, drawn_rounds


def points(n: int, d: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


def test_a_rank_counts_the_pictures_that_are_nearer() -> None:
    rows = points(17, 5, 0)
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    found = ranks(rows)
    for i in range(17):
        for j in range(17):
            nearer = sum(unit[i] @ unit[k] > unit[i] @ unit[j] for k in range(17) if k not in (i, j))
            assert found[i, j] == (0 if i == j else nearer + 1)
    assert nearest(found, 3, 16) == [int(i) for i in np.argsort(-(unit @ unit[3]))[1:]]


def test_equal_vectors_have_ranks_of_their_places_and_zero_vectors_raise_nothing() -> None:
    found = ranks(np.zeros((4, 3), np.float32))
    assert (np.sort(found, axis=1) == np.arange(4)).all() and (np.diag(found) == 0).all()


def test_a_blind_pair_is_near_in_one_and_far_in_the_other() -> None:
    # pictures 0 and 1 are one in the first encoder and opposite in the second
    one, other = points(40, 8, 1), points(40, 8, 2)
    one[1] = one[0] + 1e-3
    other[1] = -other[0]
    (a, b, near, far), *_ = blind_pairs(ranks(one), ranks(other), 4)
    assert (a, b, near, far) == (0, 1, 1, 39)
    pairs = blind_pairs(ranks(one), ranks(other), 4)
    pictures = [picture for pair in pairs for picture in pair[:2]]
    assert len(set(pictures)) == len(pictures)
    assert [pair[3] for pair in pairs] == sorted((pair[3] for pair in pairs), reverse=True)


def test_an_encoder_has_no_blind_pair_with_itself() -> None:
    rank = ranks(points(50, 6, 3))
    assert blind_pairs(rank, rank, 8) == []


def test_queries_are_of_as_many_classes_as_there_are() -> None:
    classes = ["a"] * 30 + ["b"] * 3 + ["c"]
    chosen = spread(classes, 3, 0)
    assert {classes[i] for i in chosen} == {"a", "b", "c"}
    assert spread(classes, 12, 5) == spread(classes, 12, 5) and len(set(spread(classes, 12, 5))) == 12


def test_the_sides_of_the_blind_comparison_are_drawn_and_known() -> None:
    one, other = ranks(points(60, 8, 4)), ranks(points(60, 8, 5))
    rounds, alike = drawn_rounds(one, other, 0)
    assert len(rounds) == ROUNDS and alike == 0
    assert {side for *_, side in rounds} == {0, 1}
    for query, left, right, side in rounds:
        assert (left, right)[side] == nearest(one, query, LISTED)
        assert (right, left)[side] == nearest(other, query, LISTED)
    assert rounds == drawn_rounds(one, other, 0)[0] != drawn_rounds(one, other, 1)[0]


def test_two_encoders_that_agree_leave_nothing_to_judge() -> None:
    rank = ranks(points(60, 8, 6))
    assert drawn_rounds(rank, rank, 0) == ([], 1.0)


@pytest.mark.parametrize("classes", [[None] * 8, ["only"] * 8, [str(i) for i in range(8)]])
def test_without_classes_of_several_pictures_nothing_is_mistaken(classes: list[str | None]) -> None:
    rows = points(8, 4, 7)
    assert mistaken(ranks(rows), rows, classes, 6) == []


def test_a_mistaken_picture_lies_among_another_class() -> None:
    rows = np.eye(2, 4, dtype=np.float32).repeat(8, 0) + points(16, 4, 8) * 0.01
    classes: list[str | None] = ["cat"] * 8 + ["dog"] * 8
    classes[2] = "dog"
    [(picture, taken, near)] = mistaken(ranks(rows), rows, classes, 6)
    assert (picture, taken) == (2, "cat") and all(classes[i] == "cat" for i in near)
