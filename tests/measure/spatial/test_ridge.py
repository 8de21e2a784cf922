import numpy as np

from sightline.measure.spatial.ridge import Ridge, placeless


def test_a_linear_rule_is_found_and_a_constant_column_says_nothing() -> None:
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(size=(200, 3)), np.ones((200, 1))], axis=1)
    y = x[:, :3] @ rng.normal(size=(3, 2)) + 4
    np.testing.assert_allclose(Ridge().fit(x, y, np.arange(200)).predict(x), y, atol=0.02)


def test_without_a_bias_the_opposite_difference_gives_the_opposite_answer() -> None:
    x = np.random.default_rng(1).normal(size=(60, 4))
    ridge = Ridge(centred=False).fit(x, x[:, :1], np.arange(60))
    np.testing.assert_allclose(ridge.predict(-x), -ridge.predict(x))


def test_a_code_of_positions_that_is_added_says_nothing_any_more() -> None:
    rng = np.random.default_rng(2)
    code, content = rng.normal(size=(1, 4, 4, 3)), rng.normal(size=(5, 4, 4, 3))
    np.testing.assert_allclose(placeless(content + code, content + code), placeless(content, content), atol=1e-4)
    assert (placeless(np.repeat(code, 5, axis=0), np.repeat(code, 5, axis=0)) == 0).all()
