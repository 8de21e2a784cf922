import numpy as np
import pytest

from sightline.probes.depth import (
    DepthProbe,
    PositionMean,
    TrainingMean,
    error_sums,
    grid_oracle,
    log_depth,
    pooled,
)


def slopes(n=12, grid=(4, 5), patch=6, width=8, noise=0.0, seed=0):
    """Tokens in which log depth of a patch is linear, up to noise, and depth that is flat in each patch."""
    rng = np.random.default_rng(seed)
    tokens = rng.normal(size=(n, *grid, width)).astype(np.float32)
    logs = tokens @ rng.normal(size=width).astype(np.float32) * 0.3 + 1
    depth = np.exp(logs).repeat(patch, axis=1).repeat(patch, axis=2).astype(np.float32)
    return tokens + noise * rng.normal(size=tokens.shape).astype(np.float32), depth


def naive(truth, predicted):
    n = squared = relative = within = 0
    for plane, guess in zip(truth, predicted, strict=True):
        for real, said in zip(plane.ravel().tolist(), guess.ravel().tolist(), strict=True):
            if real > 0 and np.isfinite(real):
                n += 1
                squared += (said - real) ** 2
                relative += abs(said - real) / real
                within += max(said / real, real / said) < 1.25
    return (squared / n) ** 0.5, relative / n, within / n, n


def assert_equal(errors, expected):
    np.testing.assert_allclose((errors.rmse, errors.abs_rel, errors.delta1, errors.n), expected, rtol=1e-6)


def test_errors_equal_the_double_loop_where_depth_is_unknown_in_every_way():
    rng = np.random.default_rng(0)
    truth = [rng.uniform(0.5, 5, size).astype(np.float32) for size in ((5, 4), (3, 7), (2, 2))]
    truth[0][0], truth[0][1, 0], truth[1][:, 2], truth[2][:] = 0, -1, np.nan, np.inf
    predicted = [rng.uniform(0.5, 5, plane.shape) for plane in truth]
    predicted[2][:] = np.nan  # where nothing is known, nothing is asked
    assert_equal(pooled(error_sums(truth, predicted)), naive(truth, predicted))


def test_errors_of_one_pixel_and_at_the_edge_of_delta1():
    assert_equal(pooled(error_sums([np.array([[2.0]])], [np.array([[3.0]])])), (1, 0.5, 0, 1))
    # 1.25 itself is not within
    assert pooled(error_sums([np.array([[4.0, 5.0]])], [np.array([[5.0, 4.0]])])).delta1 == 0
    assert pooled(error_sums([np.array([[4.0, 5.0]])], [np.array([[4.9, 5.0]])])).delta1 == 1


def test_tokens_that_know_log_depth_are_read_perfectly_and_noise_is_no_better_than_the_mean():
    tokens, depth = slopes()
    probe = DepthProbe(1e-8).fit(tokens[:8], depth[:8])
    np.testing.assert_allclose(np.exp(probe.log_depth(tokens[8:])), depth[8:, 3::6, 3::6], rtol=1e-3)
    assert probe.predict(tokens[8:], (4, 5)) == pytest.approx(depth[8:, 3::6, 3::6], rel=1e-3)
    blind = np.random.default_rng(9).normal(size=tokens.shape)
    mean = pooled(error_sums(depth[8:], TrainingMean().fit(depth[:8]).predict([plane.shape for plane in depth[8:]])))
    guessed = DepthProbe().fit(blind[:8], depth[:8]).score(blind[8:], depth[8:])
    assert probe.score(tokens[8:], depth[8:]).rmse < 0.8 * mean.rmse and guessed.rmse > 0.9 * mean.rmse


def test_weights_equal_ridge_by_the_normal_equations_of_all_patches():
    tokens, depth = slopes(noise=1.0)
    depth[:, :7, :4] = 0  # patches that are known in part, and not at all
    ridge = 0.03
    probe = DepthProbe(ridge).fit(tokens, depth)
    rows, wanted, weight = [], [], []
    for picture, plane in zip(tokens, depth, strict=True):
        for i in range(4):
            for j in range(5):
                pixels = plane[6 * i : 6 * i + 6, 6 * j : 6 * j + 6].astype(np.float64)
                known = pixels[pixels > 0]
                rows.append(np.append((picture[i, j] - probe.mean_) / probe.deviation_, 1))
                wanted.append(np.log(known).mean() if known.size else 0)
                weight.append(known.size / 36)
    x, t, v = np.array(rows, np.float64), np.array(wanted), np.array(weight) / np.sum(weight)
    penalty = ridge * np.diag([1.0] * 8 + [0.0])
    expected = np.linalg.solve(x.T @ (v[:, None] * x) + penalty, x.T @ (v * t))
    np.testing.assert_allclose(np.append(probe.coef_, probe.intercept_), expected, atol=1e-6)


def test_the_ridge_is_the_best_on_pictures_held_out():
    tokens, depth = slopes(n=10, width=60, noise=2.0)
    probe = DepthProbe((1e-6, 0.3)).fit(tokens, depth)
    assert probe.ridge_ == min(probe.errors_, key=probe.errors_.get) and set(probe.errors_) == {1e-6, 0.3}
    again = DepthProbe(probe.ridge_).fit(tokens, depth)
    np.testing.assert_array_equal(probe.coef_, again.coef_)


def test_units_scale_the_error_and_nothing_else():
    tokens, depth = slopes(noise=0.5)
    metres, milli = DepthProbe(0.1).fit(tokens, depth), DepthProbe(0.1).fit(tokens, depth * 1000)
    a, b = metres.score(tokens, depth), milli.score(tokens, depth * 1000)
    np.testing.assert_allclose((a.rmse * 1000, a.abs_rel, a.delta1), (b.rmse, b.abs_rel, b.delta1), rtol=1e-4)


def test_pictures_without_any_depth_teach_nothing():
    tokens, depth = slopes()
    depth[:3] = np.nan
    probe, plain = DepthProbe(0.1).fit(tokens, depth), DepthProbe(0.1).fit(tokens[3:], depth[3:])
    np.testing.assert_allclose(probe.coef_, plain.coef_, atol=1e-9)


def test_the_mean_is_that_of_known_pixels():
    planes = [np.array([[1.0, 0.0], [3.0, np.nan]]), np.array([[5.0]])]
    assert TrainingMean().fit(planes).depth_ == 3
    assert TrainingMean().fit(planes).predict([(1, 2)])[0].tolist() == [[3, 3]]


def test_the_mean_of_a_place_equals_the_loop_and_unknown_places_have_the_mean_of_all():
    rng = np.random.default_rng(0)
    planes = rng.uniform(1, 4, (5, 3, 4))
    planes[rng.uniform(size=planes.shape) < 0.4] = 0
    planes[:, 0, 0] = np.inf
    found = PositionMean().fit(planes).predict([(3, 4)])[0]
    for y in range(3):
        for x in range(4):
            known = [d for d in planes[:, y, x] if 0 < d < np.inf]
            every = planes[(planes > 0) & (planes < np.inf)]
            assert found[y, x] == pytest.approx(np.mean(known) if known else every.mean())
    # another size is brought to the places by area
    twice = PositionMean().fit([planes[0] + 1, (planes[0] + 1).repeat(2, 0).repeat(2, 1)]).predict([(3, 4)])[0]
    np.testing.assert_allclose(twice[1:], planes[0][1:] + 1)


def test_the_grid_oracle_is_perfect_on_flat_patches_and_the_mean_elsewhere():
    _, depth = slopes()
    assert pooled(error_sums(depth, grid_oracle(depth, (4, 5)))).rmse < 1e-6
    assert grid_oracle([np.array([[1.0, 3.0, 0.0, np.nan]])], (1, 2))[0].tolist() == [[2, 2, 0, 0]]


def test_mean_log_depth_of_a_patch_is_that_of_its_known_part():
    logs, part = log_depth(np.array([[np.e, 0.0, 1.0], [np.e**3, np.nan, 1.0]]), (1, 3))
    np.testing.assert_allclose(logs, [[2, 0, 0]])
    np.testing.assert_allclose(part, [[1, 0, 1]])


def test_what_cannot_be_fitted_or_compared_is_refused():
    tokens, depth = slopes()
    with pytest.raises(ValueError, match="12 pictures came with 3 depths"):
        DepthProbe().fit(tokens, depth[:3])
    with pytest.raises(ValueError, match="no pixel has a known depth"):
        DepthProbe().fit(tokens, depth * np.nan)
    with pytest.raises(ValueError, match=r"predicted depth 0 is \(2, 2\) pixels, its truth \(1, 2\)"):
        error_sums([np.ones((1, 2))], [np.ones((2, 2))])
    with pytest.raises(ValueError, match="not above 0 and finite in 1 pixels"):
        error_sums([np.ones((1, 2))], [np.array([[1.0, np.nan]])])
    with pytest.raises(ValueError, match="above 0"):
        DepthProbe(0.0)
