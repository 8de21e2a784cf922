import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sightline.probes.rankme import covariance_rank, rankme


def gaussian(n, d, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d))


def naive(vectors):
    sigma = np.sqrt(np.linalg.eigvalsh(vectors.T @ vectors).clip(min=0))
    total = 0.0
    for value in sigma:
        p = value / sum(sigma) + 1e-7
        total -= p * np.log(p)
    return np.exp(total)


def test_it_equals_the_formula_through_the_gram_matrix():
    for n, d in ((50, 7), (64, 16), (9, 9)):
        vectors = gaussian(n, d) * np.linspace(0.1, 2, d)
        assert rankme(vectors) == pytest.approx(naive(vectors), rel=1e-5)


def test_the_figures_of_the_reference():
    """4096 vectors of 128 numbers: isotropic, moved by 5, and of rank 8."""
    vectors = gaussian(4096, 128)
    assert rankme(vectors) == pytest.approx(127.5, abs=0.1)
    assert covariance_rank(vectors) == pytest.approx(126.0, abs=0.2)
    assert rankme(vectors + 5) == pytest.approx(52.6, abs=0.5)
    assert covariance_rank(vectors + 5) == pytest.approx(126.0, abs=0.2)
    flat = gaussian(4096, 8) @ gaussian(8, 128, seed=1)
    assert rankme(flat) == pytest.approx(7.9, abs=0.15) and covariance_rank(flat) == pytest.approx(7.8, abs=0.3)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 1000), st.floats(0.01, 100))
def test_turning_scaling_and_reordering_change_nothing(seed, scale):
    vectors = gaussian(30, 6, seed) * np.arange(1, 7)
    turn, _ = np.linalg.qr(gaussian(6, 6, seed + 1))
    for rank in (rankme, covariance_rank):
        assert rank(scale * vectors[::-1] @ turn) == pytest.approx(rank(vectors), rel=1e-6)


def test_a_collapsed_encoder_has_rank_one_and_a_dead_one_zero():
    assert rankme(np.ones((100, 64))) == pytest.approx(1, abs=1e-3)
    assert rankme(np.zeros((100, 64))) == 0 and covariance_rank(np.ones((100, 64))) == 0
    assert 1 <= rankme(gaussian(3, 64)) <= 3.01


def test_what_has_no_rank_is_refused():
    with pytest.raises(ValueError, match="at least two vectors"):
        rankme(np.ones((1, 8)))
    with pytest.raises(ValueError, match="1 of 3 vectors are not finite"):
        rankme(np.array([[1.0, 2], [np.inf, 1], [0, 1]]))
