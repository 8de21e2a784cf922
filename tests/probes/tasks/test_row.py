import numpy as np
import pytest

from sightline.probes.tasks.row import drawn_again, share


def test_a_share_has_the_error_of_independent_answers():
    score = share(np.array([True, False, True, True]))
    assert score.value == 0.75 and score.error == pytest.approx((0.75 * 0.25 / 4) ** 0.5)


def test_the_error_of_a_mean_is_that_of_the_formula():
    values = np.random.default_rng(0).normal(size=400)
    score = drawn_again(400, lambda some: {"mean": float(values[some].mean())})["mean"]
    assert score.value == pytest.approx(values.mean())
    assert score.error == pytest.approx(values.std() / 20, rel=0.2)


def test_equal_pictures_have_no_error_one_picture_none_that_is_known_and_a_seed_gives_the_same():
    assert drawn_again(9, lambda some: {"same": 3.0})["same"].error == 0
    assert drawn_again(1, lambda some: {"one": 3.0})["one"].error is None
    values = np.arange(20.0)
    once, again = (drawn_again(20, lambda some: {"m": float(values[some].max())}, seed=4)["m"] for _ in range(2))
    assert once == again
