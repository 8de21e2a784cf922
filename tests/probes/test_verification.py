import numpy as np
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from sightline.probes.verification import accuracy, best_threshold, by_folds, dealt, impostor_threshold, roc

RNG = np.random.default_rng(5)


def drawn(n=87, steps=20):
    """Scores with many ties, and truth that they tell a little of."""
    same = RNG.random(n) < 0.4
    return np.round((RNG.normal(size=n) + same) * steps / 4) / steps, same


def test_the_curve_is_that_of_a_double_loop_at_every_threshold():
    scores, same = drawn()
    curve = roc(scores, same)
    assert (curve.thresholds[0], curve.far[0], curve.tar[0]) == (np.inf, 0, 0)
    assert sorted(set(scores), reverse=True) == curve.thresholds[1:].tolist()
    for threshold, far, tar in zip(curve.thresholds, curve.far, curve.tar, strict=True):
        accepted = [[s for s, one in zip(scores, same, strict=True) if one == kind] for kind in (False, True)]
        naive = [sum(s >= threshold for s in kind) / len(kind) for kind in accepted]
        assert [far, tar] == pytest.approx(naive, abs=1e-12)


def test_the_area_is_the_share_of_pairs_in_order_and_a_tie_is_half():
    scores, same = drawn()
    won = [(a > b) + 0.5 * (a == b) for a in scores[same] for b in scores[~same]]
    assert roc(scores, same).auc == pytest.approx(np.mean(won), abs=1e-12)
    assert roc(scores, same).auc == pytest.approx(roc_auc_score(same, scores), abs=1e-12)


def test_the_curve_and_the_equal_error_rate_are_scikit_learns():
    scores, same = drawn(301)
    curve = roc(scores, same)
    far, tar, _ = roc_curve(same, scores, drop_intermediate=False)
    assert np.allclose(curve.far, far) and np.allclose(curve.tar, tar)
    # far + tar grows along the polygon; the line TAR = 1 - FAR cuts it where the sum is 1
    assert curve.eer == pytest.approx(np.interp(1.0, far + tar, far), abs=1e-12)


@pytest.mark.parametrize(("scores", "eer"), [([3, 2, 1, 0], 0.0), ([0, 1, 2, 3], 1.0), ([1, 1, 1, 1], 0.5)])
def test_the_equal_error_rate_of_perfect_inverted_and_constant_scores(scores, eer):
    curve = roc(np.array(scores), np.array([True, True, False, False]))
    assert curve.eer == pytest.approx(eer) and curve.auc == pytest.approx(1 - eer)


def test_the_best_threshold_is_as_good_as_any_of_all():
    for _ in range(20):
        scores, same = drawn(23, steps=6)
        candidates = [*scores, *(scores + 1e-6), *(scores - 1e-6)]
        best = max(accuracy(scores, same, t) for t in candidates)
        assert accuracy(scores, same, best_threshold(scores, same)) == pytest.approx(best)


def test_where_no_pair_may_be_accepted_the_threshold_is_just_above_all_scores():
    threshold, tar = roc(np.array([0.9, 0.7, 0.3]), np.array([False, True, True])).at(0.1)
    assert tar == 0 and 0.9 < threshold < 0.9 + 1e-9


def test_between_separated_kinds_the_threshold_is_the_middle():
    assert best_threshold(np.array([0.9, 0.7, 0.3, 0.1]), np.array([True, True, False, False])) == pytest.approx(0.5)


def test_folds_take_their_threshold_from_the_others_alone():
    scores, same = drawn(60)
    fold = np.arange(60) % 10
    found = by_folds(scores, same, fold)
    naive = []
    for number in range(10):
        others = [i for i in range(60) if i % 10 != number]
        threshold = best_threshold(scores[others], same[others])
        mine = [i for i in range(60) if i % 10 == number]
        naive.append(sum((scores[i] >= threshold) == same[i] for i in mine) / len(mine))
    assert [one.accuracy for one in found.folds] == pytest.approx(naive)
    mean = sum(naive) / 10
    sigma = (sum((p - mean) ** 2 for p in naive) / 9) ** 0.5
    assert found.mean == pytest.approx(mean) and found.error == pytest.approx(sigma / 10**0.5)


def test_a_fold_cannot_move_its_own_threshold():
    scores, same = drawn(60)
    fold = np.arange(60) % 10
    other = np.where(fold == 3, -scores, scores)
    assert by_folds(scores, same, fold).folds[3].threshold == by_folds(other, same, fold).folds[3].threshold


def test_dealing_gives_each_fold_as_many_of_either_kind():
    same = np.arange(105) < 45
    fold = dealt(same, 10, seed=1)
    assert np.ptp(np.bincount(fold[same], minlength=10)) <= 1 and np.ptp(np.bincount(fold[~same], minlength=10)) <= 1
    assert (fold == dealt(same, 10, seed=1)).all() and (fold != dealt(same, 10, seed=2)).any()


@pytest.mark.parametrize("far", [0.0, 0.01, 0.1, 0.25, 0.5, 0.99])
def test_no_more_impostors_than_said_reach_the_threshold_and_any_lower_one_lets_more_in(far):
    scores = np.round(RNG.normal(size=40), 1)
    threshold = impostor_threshold(scores, far)
    assert (scores >= threshold).sum() <= far * 40
    below = np.nextafter(threshold, -np.inf)
    assert (scores >= below).sum() > far * 40


def test_the_rate_of_the_curve_keeps_to_the_same_count():
    scores, same = drawn()
    threshold, tar = roc(scores, same).at(0.1)
    assert (scores[~same] >= threshold).mean() <= 0.1 and (scores[same] >= threshold).mean() == pytest.approx(tar)
    assert roc(scores, same).at(0.0)[0] > scores[~same].max()


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: roc(np.ones(3), np.ones(3)), "none of the 3 pairs is different"),
        (lambda: roc(np.ones(3), np.zeros(3)), "none of the 3 pairs is same"),
        (lambda: roc(np.array([1, np.nan]), np.array([0, 1])), "1 of 2 scores are not finite"),
        (lambda: roc(np.ones(3), np.ones(2)), "expected one of each a pair"),
        (lambda: by_folds(np.arange(4.0), np.array([0, 1, 0, 1]), np.zeros(4)), "at least 2 folds"),
        (lambda: dealt(np.array([0, 1, 1, 1]), 3), "1 pairs are different and there are 3 folds"),
        (lambda: impostor_threshold(np.ones(3), 1.0), "expected a share"),
        (lambda: impostor_threshold(np.zeros(0), 0.1), "there are none"),
    ],
)
def test_what_cannot_be_told_is_refused(call, says):
    with pytest.raises(ValueError, match=says):
        call()
