"""Draws are uniform, independent of one another, and nothing but a function of their names."""

import numpy as np

from sightline.data.draw import seed_of, uniform


def correlation(a, b):
    return np.corrcoef(a.ravel(), b.ravel())[0, 1]


def test_draws_fill_the_unit_interval_evenly():
    u = uniform(0, 0, np.arange(4000), "op", 10)
    assert u.min() >= 0 and u.max() < 1
    counts = np.histogram(u, 50, (0, 1))[0]
    chi2 = ((counts - 800) ** 2 / 800).sum()
    assert chi2 < 49 + 4 * np.sqrt(2 * 49)  # mean plus four deviations of 49 degrees of freedom


def test_neighbouring_keys_give_unrelated_draws():
    index = np.arange(20_000)
    here = uniform(3, 7, index, "op", 2)
    others = [uniform(4, 7, index, "op", 2), uniform(3, 8, index, "op", 2), uniform(3, 7, index + 1, "op", 2)]
    others += [uniform(3, 7, index, "oq", 2), here[:, ::-1]]
    assert all(abs(correlation(here, other)) < 0.02 for other in others)  # four deviations


def test_a_draw_does_not_depend_on_its_company():
    alone = uniform(1, 2, np.array([17]), "op", 3)
    among = uniform(1, 2, np.arange(100), "op", 5)[17:18, :3]
    assert np.array_equal(alone, among)


def test_values_are_pinned():
    """A change here would change every run that is being resumed."""
    expected = [[0.90296969, 0.33401369], [0.77881751, 0.6447139]]
    assert np.allclose(uniform(1, 2, np.array([3, 4]), "op", 2), expected, atol=1e-8)
    assert seed_of("a", 1) == 6222101017213550541
