"""Neighbours, retrieval, AMI and rank agreement against double loops, with ties, lone classes and single items."""

from itertools import permutations
from math import comb, exp, log

import numpy as np
import pytest
from scipy.stats import skew, spearmanr
from sklearn.metrics import adjusted_mutual_info_score

from sightline.measure.finding import interval
from sightline.measure.similarity.agreement import OfDistinct, ami, clustered, embedded, shared, spearman
from sightline.measure.similarity.findings import mean_known, skewness
from sightline.measure.similarity.neighbours import cosines, occurrence, retrieved, right_of, vote

RNG = np.random.default_rng(0)


def one(similarity: list[float], right: list[bool]) -> tuple[float, float]:
    precision, first = retrieved(np.array([similarity]), np.array([right]))
    return float(precision[0]), float(first[0])


def naive(order: list[int], right: list[bool]) -> float:
    total = sum(right)
    ranked = [right[i] for i in order]
    return sum(sum(ranked[: i + 1]) / (i + 1) for i in range(total) if ranked[i]) / total


@pytest.mark.parametrize("right", [[True, False, True, False, True], [False, False, False, True, False], [True] * 5])
@pytest.mark.parametrize(
    "scores", [[0.5, 0.4, 0.3, 0.2, 0.1], [0.5, 0.5, 0.2, 0.2, 0.2], [0.1] * 5, [0.1, 0.9, 0.9, 0.9, 0.3]]
)
def test_map_at_r_is_the_mean_over_every_order_of_candidates_that_tie(scores: list[float], right: list[bool]) -> None:
    orders = [o for o in permutations(range(5)) if all(scores[a] >= scores[b] for a, b in zip(o, o[1:], strict=False))]
    precision, first = one(scores, right)
    assert precision == pytest.approx(np.mean([naive(list(o), right) for o in orders]), abs=1e-12)
    assert first == pytest.approx(np.mean([right[o[0]] for o in orders]), abs=1e-12)


def test_the_order_of_the_candidates_changes_no_retrieval_and_no_vote() -> None:
    scores = RNG.integers(0, 4, (6, 30)) / 4
    right = RNG.random((6, 30)) < 0.3
    right[:, 0] = True
    answers = np.eye(3, dtype=bool)[RNG.integers(0, 3, 30)]
    order = RNG.permutation(30)
    for a, b in zip(retrieved(scores, right), retrieved(scores[:, order], right[:, order]), strict=True):
        assert a == pytest.approx(b, abs=1e-12)
    whole = (slice(0, 3),)
    assert vote(scores, answers, whole, k=7, t=0.07) == pytest.approx(
        vote(scores[:, order], answers[order], whole, k=7, t=0.07), abs=1e-12
    )


def test_what_is_no_candidate_is_never_retrieved() -> None:
    assert one([-np.inf, 0.1, 0.2], [False, True, False]) == (0.0, 0.0)
    assert one([-np.inf, 0.3, 0.2], [False, True, False]) == (1.0, 1.0)


def test_votes_are_those_of_the_k_nearest_weighted_by_their_cosine() -> None:
    scores = RNG.random((5, 12))
    classes = RNG.integers(0, 4, 12)
    found = vote(scores, np.eye(4, dtype=bool)[classes], (slice(0, 4),), k=5, t=0.07)
    for row, given in zip(scores, found, strict=True):
        votes = [sum(exp(row[i] / 0.07) for i in np.argsort(-row)[:5] if classes[i] == c) for c in range(4)]
        assert given.argmax() == np.argmax(votes) and given.max() == 1


def test_a_constant_gets_exactly_the_chance_of_its_answers() -> None:
    answers, right = np.eye(4, dtype=bool)[RNG.integers(0, 4, 50)], np.eye(4, dtype=bool)[RNG.integers(0, 4, 40)]
    same = cosines(np.ones((40, 8)), np.ones((50, 8)))
    hits, luck = right_of(vote(same, answers, (slice(0, 4),), k=20, t=0.07), right, (slice(0, 4),))
    assert hits.mean() == pytest.approx(luck[0], abs=1e-12)


def looped_ami(a: np.ndarray, b: np.ndarray) -> float:
    """Vinh, Epps, Bailey 2010, with the hypergeometric weights as whole numbers."""
    n, left, right = len(a), np.unique(a), np.unique(b)

    def entropy(x: np.ndarray) -> float:
        return -sum((x == v).mean() * log((x == v).mean()) for v in np.unique(x))

    mutual = expected = 0.0
    for u in left:
        for v in right:
            p, q, both = int((a == u).sum()), int((b == v).sum()), int(((a == u) & (b == v)).sum())
            if both:
                mutual += both / n * log(n * both / (p * q))
            for k in range(max(1, p + q - n), min(p, q) + 1):
                expected += k / n * log(n * k / (p * q)) * comb(q, k) * comb(n - q, p - k) / comb(n, p)
    return (mutual - expected) / ((entropy(a) + entropy(b)) / 2 - expected)


@pytest.mark.parametrize(
    ("classes", "found"),
    [
        (RNG.integers(0, 3, 25), RNG.integers(0, 3, 25)),
        (np.repeat(np.arange(4), 5), np.repeat(np.arange(5), 4)),
        (np.array([0, 0, 2, 2, 5]), np.array([1, 1, 1, 0, 0])),  # classes 1, 3 and 4 are absent
        (np.array([0, 1, 1, 1]), np.array([3, 3, 3, 3])),  # one cluster
        (np.array([0, 1]), np.array([0, 0])),
    ],
)
def test_ami_is_that_of_scikit_learn_and_of_a_double_loop(classes: np.ndarray, found: np.ndarray) -> None:
    assert ami(classes, found) == pytest.approx(adjusted_mutual_info_score(classes, found), abs=1e-6)
    assert ami(classes, found) == pytest.approx(looped_ami(classes, found), abs=1e-6)


def test_of_one_class_or_one_item_nothing_can_be_told() -> None:
    assert np.isnan(ami(np.zeros(5, int), np.arange(5)))
    assert np.isnan(ami(np.zeros(1, int), np.zeros(1, int)))


def test_items_drawn_twice_do_not_count_as_agreeing() -> None:
    classes, found = RNG.integers(0, 30, 300), RNG.integers(0, 30, 300)
    statistic = OfDistinct(300, lambda index: ami(classes[index], found[index]))
    counts = np.random.default_rng(1).multinomial(300, np.full(300, 1 / 300), size=200)
    low, high = interval(statistic.over(counts))
    assert low < ami(classes, found) < high and high - low < 0.2
    half = (np.arange(300) < 150).astype(float)[None]
    assert statistic.over(half)[0] == ami(classes[:150], found[:150])


def test_clusters_of_parted_vectors_are_the_classes_and_those_of_equal_ones_are_one() -> None:
    truth = np.repeat(np.arange(6), 9)
    assert ami(truth, clustered(np.eye(200)[truth] + 0.01 * RNG.standard_normal((54, 200)), 6)) == pytest.approx(1)
    assert len(set(clustered(np.ones((9, 4)), 3).tolist())) == 1


def test_rank_agreement_is_scipys_of_every_row_without_itself() -> None:
    similarity, graded = RNG.random((9, 9)), RNG.integers(0, 4, (9, 9)) / 3
    found = spearman(similarity, graded)
    for i in range(9):
        others = np.arange(9) != i
        assert found[i] == pytest.approx(spearmanr(similarity[i, others], graded[i, others]).statistic, abs=1e-9)
    assert (spearman(np.ones((5, 5)), RNG.random((5, 5))) == 0).all()


def test_what_pictures_share_is_counted_by_a_double_loop_and_is_a_cosine_of_some_vectors() -> None:
    sets = [tuple({str(v) for v in RNG.integers(0, 4, RNG.integers(1, 3))} for _ in range(3)) for _ in range(12)]
    found = shared(sets)
    for i, a in enumerate(sets):
        for j, b in enumerate(sets):
            assert found[i, j] == pytest.approx(np.mean([len(x & y) / len(x | y) for x, y in zip(a, b, strict=True)]))
    made = embedded(found)
    assert cosines(made, made) == pytest.approx(found, abs=1e-5)


def test_hubness_is_the_skewness_of_how_often_a_picture_is_near() -> None:
    similarity = RNG.random((20, 20))
    counts = np.zeros(20)
    for i, row in enumerate(similarity):
        for j in [j for j in np.argsort(-row) if j != i][:4]:
            counts[j] += 1
    assert occurrence(similarity, 4) == pytest.approx(counts)
    assert skewness(counts).over(np.ones((1, 20)))[0] == pytest.approx(skew(counts))
    assert occurrence(np.ones((5, 5)), 2) == pytest.approx(np.full(5, 2.0))


def test_the_mean_of_a_question_is_over_the_items_it_asks() -> None:
    values = np.array([1.0, 0.0, 1.0, np.nan])
    assert mean_known(values).over(np.ones((1, 4)))[0] == pytest.approx(2 / 3)
    assert mean_known(values).over(np.array([[0, 1, 1, 2]]))[0] == pytest.approx(1 / 2)
