"""The closed forms of the ridge probe against refits and against every order of the answers."""

from itertools import permutations

import numpy as np
import pytest

from sightline.measure.density import ridge as room
from sightline.measure.density.ridge import by_luck, hits, ridge

PARTS = [slice(0, 3), slice(3, 5)]


def problem(n: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(n + d)
    rows = rng.standard_normal((n, d))
    answers = np.zeros((n, 5), bool)
    answers[np.arange(n), rng.integers(0, 3, n)] = True
    answers[np.arange(n), 3 + rng.integers(0, 2, n)] = True
    answers[0, :3] = True
    return rows, answers


def solved(rows: np.ndarray, targets: np.ndarray, penalty: float, asked: np.ndarray) -> np.ndarray:
    mean, offset = rows.mean(axis=0), targets.mean(axis=0)
    x, y = rows - mean, targets - offset
    return (asked - mean) @ np.linalg.solve(x.T @ x + penalty * np.eye(x.shape[1]), x.T @ y) + offset


@pytest.mark.parametrize(("n", "d"), [(30, 7), (9, 20), (12, 12)])
def test_scores_are_those_of_the_normal_equations(n: int, d: int) -> None:
    rows, answers = problem(n, d)
    found = ridge(rows, answers, PARTS)
    asked = np.random.default_rng(0).standard_normal((4, d))
    assert found.scores(asked) == pytest.approx(solved(rows, answers, found.penalty, asked), abs=1e-8)


@pytest.mark.parametrize(("n", "d"), [(25, 6), (8, 15)])
def test_the_penalty_is_that_of_the_best_left_out_answers_by_refitting_without_each_row(
    n: int, d: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, answers = problem(n, d)
    shares, right = (1e-3, 0.1, 10.0), []
    monkeypatch.setattr(room, "PENALTIES", shares)
    x = rows - rows.mean(axis=0)
    square = np.linalg.eigvalsh(x.T @ x)
    unit = square[square > 1e-9].mean()
    for share in shares:
        # the mean of all rows is subtracted in both: leaving a row out of the mean as well is what 1 / n in h does
        left = np.stack(
            [
                solved(np.delete(rows, i, 0), np.delete(answers, i, 0), share * unit, rows[i : i + 1])[0]
                for i in range(n)
            ]
        )
        right.append(hits(left, answers, PARTS).mean())
    best = max(zip(right, shares, strict=True))[1]
    assert ridge(rows, answers, PARTS).penalty == pytest.approx(best * unit)


def test_a_row_with_two_right_answers_is_hit_by_either() -> None:
    scores = np.array([[0.1, 0.9, 0.3, 0.0, 1.0], [0.9, 0.1, 0.3, 0.0, 1.0]])
    targets = np.array([[True, True, False, True, False], [False, True, True, False, True]])
    assert hits(scores, targets, PARTS).tolist() == [[True, False], [False, True]]


def test_luck_is_the_mean_over_every_order_of_the_answers() -> None:
    rng = np.random.default_rng(3)
    scores, (_, targets) = rng.standard_normal((6, 5)), problem(6, 2)
    every = [hits(scores[list(order)], targets, PARTS).mean(axis=0) for order in permutations(range(6))]
    assert by_luck(scores, targets, PARTS) == pytest.approx(np.mean(every, axis=0), abs=1e-12)


def test_rows_that_are_all_equal_give_the_most_frequent_answer_and_nothing_beyond_luck() -> None:
    _, answers = problem(20, 3)
    scores = ridge(np.full((20, 6), 0.3), answers, PARTS).scores(np.full((20, 6), 0.3))
    assert (scores == answers.mean(axis=0)).all()
    assert by_luck(scores, answers, PARTS) == pytest.approx(hits(scores, answers, PARTS).mean(axis=0))
