"""Metric losses against double loops in float64, at odd sizes; what they do where there is nothing to learn from."""

import math

import pytest
import torch

from sightline.losses.metric import (
    MINERS,
    Chopra,
    CosineSimilarity,
    DotProductSimilarity,
    Hadsell,
    Hinge,
    Lecture,
    LpDistance,
    PairHinge,
    SNRDistance,
    SoftMargin,
    histogram,
    n_pair,
    triplet,
)
from sightline.losses.metric.histogram import density
from sightline.losses.metric.mining import related
from sightline.losses.metric.npair import squared_norms
from sightline.losses.metric.reduction import (
    AvgNonZeroReducer,
    ClassWeightedReducer,
    MeanReducer,
    PerAnchorReducer,
    SumReducer,
    ThresholdReducer,
)

LABELS = torch.tensor([2, 0, 0, 1, -1, 1, 2, 2, 3, -1, 0])
"""with samples of no class, and a class of one"""
N = len(LABELS)
DISTANCES = [LpDistance(), LpDistance(power=2.0), CosineSimilarity(), DotProductSimilarity(), SNRDistance()]
REDUCERS = [
    MeanReducer(),
    SumReducer(),
    AvgNonZeroReducer(),
    ThresholdReducer(low=0.1, high=2.0),
    ClassWeightedReducer(weights=(1.0, 0.5, 2.0, 3.0)),
    PerAnchorReducer(),
]
CONDITIONS = {
    "all_valid": lambda ap, an, m: True,
    "all_active": lambda ap, an, m: an < ap + m,
    "hard": lambda ap, an, m: an < ap,
    "semihard": lambda ap, an, m: ap < an < ap + m,
    "lecture_semihard": lambda ap, an, m: an < ap,
    "lecture_hard": lambda ap, an, m: an + m < ap,
    "easy": lambda ap, an, m: an >= ap + m,
}


def vectors(seed=0, n=N, d=5):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).requires_grad_()


def triples(labels=LABELS):
    """Every anchor, positive, negative of labelled samples."""
    of, n = labels.tolist(), range(len(labels))
    return [(a, p, q) for a in n for p in n for q in n if a != p and of[a] == of[p] != of[q] and min(of[a], of[q]) >= 0]


def listed(found):
    return list(zip(*(part.tolist() for part in found), strict=True))


@pytest.mark.parametrize("mode", CONDITIONS)
def test_each_mode_takes_the_triplets_that_meet_its_condition(mode):
    d = torch.rand(N, N, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    margin, meets = 0.3, CONDITIONS[mode]
    wanted = [(a, p, n) for a, p, n in triples() if meets(float(d[a, p]), float(d[a, n]), margin)]
    assert listed(MINERS[mode](d, *related(LABELS), margin)) == wanted
    assert wanted


def test_batch_hard_takes_the_furthest_positive_and_the_nearest_negative_of_every_anchor_that_has_both():
    d = torch.rand(N, N, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    wanted = []
    for anchor in sorted({a for a, _, _ in triples()}):
        own = [(p, n) for a, p, n in triples() if a == anchor]
        furthest = max((p for p, _ in own), key=lambda p: float(d[anchor, p]))
        wanted.append((anchor, furthest, min((n for _, n in own), key=lambda n: float(d[anchor, n]))))
    assert listed(MINERS["batch_hard"](d, *related(LABELS), 0.2)) == wanted


def test_hard_semihard_ties_and_easy_are_all_triplets_and_share_none():
    d = torch.randint(0, 6, (N, N), generator=torch.Generator().manual_seed(3)).double() / 4  # many ties
    parts = [set(listed(MINERS[mode](d, *related(LABELS), 0.5))) for mode in ("hard", "semihard", "easy")]
    ties = {(a, p, n) for a, p, n in triples() if d[a, p] == d[a, n]}
    assert sum(map(len, parts)) + len(ties) == len(triples())
    assert set.union(ties, *parts) == set(triples())
    assert set(listed(MINERS["all_active"](d, *related(LABELS), 0.5))) == parts[0] | parts[1] | ties
    assert set(listed(MINERS["lecture_hard"](d, *related(LABELS), 0.5))) < parts[0]


@pytest.mark.parametrize("violation", [Hinge(margin=0.4), SoftMargin(), SoftMargin(margin=0.4), PairHinge(margin=2.5)])
@pytest.mark.parametrize("mining", MINERS)
def test_the_triplet_loss_is_the_loop_over_its_triplets(mining, violation):
    x = vectors()
    d = [[(x[i] - x[j]).norm().item() for j in range(N)] for i in range(N)]
    chosen = listed(MINERS[mining](torch.tensor(d, dtype=torch.float64), *related(LABELS), violation.margin))
    m, found = violation.margin, []
    for a, p, n in chosen:
        match violation:
            case Hinge():
                found.append(max(0.0, m + d[a][p] - d[a][n]))
            case SoftMargin():
                found.append(math.log1p(math.exp(m + d[a][p] - d[a][n])))
            case _:
                found.append(d[a][p] ** 2 + max(0.0, m - d[a][n]) ** 2)
    loss = triplet(x, LABELS, distance=LpDistance(), mining=mining, violation=violation)
    assert loss.item() == pytest.approx(sum(found) / max(len(found), 1), abs=1e-9)


@pytest.mark.parametrize(
    ("form", "near", "far"),
    [
        (Lecture(margin=1.5), lambda x: x**2, lambda x: max(0, 1.5 - x) ** 2),
        (Hadsell(margin=1.5), lambda x: x**2 / 2, lambda x: max(0, 1.5 - x) ** 2 / 2),
        (Chopra(bound=4.0), lambda x: 2 / 4 * x**2, lambda x: 2 * 4 * math.exp(-2.77 * x / 4)),
    ],
    ids=["lecture", "hadsell", "chopra"],
)
def test_the_contrastive_forms_are_their_equations_and_have_their_gradients(form, near, far):
    x = torch.tensor([0.0, 0.3, 1.0, 1.5, 2.7], dtype=torch.float64)
    for same, of in ((True, near), (False, far)):
        flags = torch.full((len(x),), same)
        assert form(x, flags).tolist() == pytest.approx([of(float(v)) for v in x], abs=1e-12)
        inside = x[[1, 2, 4]].requires_grad_()
        assert torch.autograd.gradcheck(lambda v, flags=flags: form(v, flags[:3]), inside)


@pytest.mark.parametrize("distance", [LpDistance(), LpDistance(p=1.0), LpDistance(power=2.0)])
def test_equal_vectors_have_a_finite_gradient_and_those_of_one_class_none(distance):
    x = torch.ones(4, 3, requires_grad=True)
    same = torch.tensor([True, False, True, False])
    Lecture(margin=1.0)(distance.paired(x, x.detach()), same).sum().backward()
    assert x.grad.isfinite().all() and not x.grad[same].any()
    y = torch.ones(4, 3, requires_grad=True)
    loss = triplet(y, torch.tensor([0, 0, 1, 1]), distance=distance, mining="all_valid", violation=Hinge(margin=0.25))
    loss.backward()
    assert loss.item() == 0.25 and y.grad.isfinite().all()


@pytest.mark.parametrize(
    "labels", [[0, 0, 0], [0, 1, 2], [-1, -1, -1], [-1, 0, 0]], ids=["one class", "one each", "none", "no negative"]
)
def test_a_batch_without_a_triplet_gives_a_zero_with_a_graph(labels):
    for mining in MINERS:
        for reducer in REDUCERS:
            x = vectors(n=3)
            loss = triplet(x, torch.tensor(labels), mining=mining, reducer=reducer)
            assert loss.item() == 0
            loss.backward()
            assert x.grad is not None and not x.grad.any()


def test_n_pair_is_the_loop_over_anchors_and_other_classes_positives():
    f, g = vectors(1, 7), vectors(2, 7)
    total = 0.0
    for i in range(7):
        total += math.log(1 + sum(math.exp((f[i] @ g[j] - f[i] @ g[i]).item()) for j in range(7) if j != i))
    assert n_pair(f, g).item() == pytest.approx(total / 7, abs=1e-12)
    norms = sum((f[i] @ f[i] + g[i] @ g[i]).item() for i in range(7)) / 7
    assert squared_norms(f, g).item() == pytest.approx(norms, abs=1e-12)
    assert torch.autograd.gradcheck(n_pair, (vectors(1, 4, 3), vectors(2, 4, 3)))


@pytest.mark.parametrize("bins", [1, 9, 100])
def test_the_histogram_loss_is_the_loop_over_pairs_and_triangular_kernels(bins):
    x = vectors(4)
    s = torch.nn.functional.cosine_similarity(x[:, None], x[None], dim=2)
    step, kinds = 2 / bins, {True: [], False: []}
    for i in range(N):
        for j in range(i):
            if min(LABELS[i], LABELS[j]) >= 0:
                kinds[bool(LABELS[i] == LABELS[j])].append(s[i, j].item())
    nodes = [-1 + r * step for r in range(bins + 1)]
    h = {k: [sum(max(0, 1 - abs(v - t) / step) for v in of) / len(of) for t in nodes] for k, of in kinds.items()}
    expected = sum(h[False][r] * sum(h[True][: r + 1]) for r in range(bins + 1))
    assert histogram(x, LABELS, bins).item() == pytest.approx(expected, abs=1e-10)


def test_the_histogram_loss_has_the_gradient_of_its_value():
    assert torch.autograd.gradcheck(lambda x: histogram(x, LABELS[:7], 9), vectors(5, 7, 3))


def test_the_histogram_loss_is_one_half_by_chance_and_nothing_where_classes_stand_apart():
    x = torch.tensor([[1.0, 0], [1, 0], [-1, 0], [-1, 0]])  # cosines of 1 and -1 have nodes of their own
    assert float(histogram(x, torch.tensor([0, 0, 1, 1]))) == 0
    assert float(histogram(x, torch.tensor([0, 1, 0, 1]))) > 0.5
    chance = histogram(vectors(6, 400, 16), torch.arange(400) % 20)
    assert chance.item() == pytest.approx(0.5, abs=0.03)
    for s in (-1.0, 1.0, 1.0000001):
        assert float(density(torch.tensor([s]), 10).sum()) == pytest.approx(1)


@pytest.mark.parametrize("labels", [[0, 0, 0], [0, 1, 2], [-1, -1, 0]])
def test_a_histogram_of_one_kind_of_pairs_gives_a_zero_with_a_graph(labels):
    x = vectors(n=3)
    loss = histogram(x, torch.tensor(labels))
    loss.backward()
    assert loss.item() == 0 and not x.grad.any()


@pytest.mark.parametrize("distance", DISTANCES, ids=lambda d: type(d).__name__)
@pytest.mark.parametrize("reducer", REDUCERS, ids=lambda r: type(r).__name__)
def test_the_mean_over_parts_with_everyones_columns_is_the_whole(distance, reducer):
    """What two ranks compute: each its own anchors among all vectors, counts summed over both."""
    chosen = dict(distance=distance, mining="all_active", reducer=reducer, violation=Hinge(margin=0.5))
    labels = torch.tensor([0, 0, 1, 1, 1, 2, 2, 2, 2, 3])  # the halves have other numbers of triplets
    whole, parted = vectors(7, 10), vectors(7, 10)
    expected = triplet(whole, labels, **chosen)
    expected.backward()
    counted: list[torch.Tensor] = []

    def part(first, total):
        mine = slice(first, first + 5)
        return triplet(parted[mine], labels[mine], first=first, x_all=parted, labels_all=labels, total=total, **chosen)

    def note(x):
        counted.append(x)
        return x

    for first in (0, 5):  # what each rank hands in to be summed
        part(first, note)
    half = len(counted) // 2
    sums = [a + b for a, b in zip(counted[:half], counted[half:], strict=True)]
    losses = []
    for first in (0, 5):
        left = iter(sums)
        losses.append(part(first, lambda x, left=left: next(left)))
    loss = sum(losses) / 2
    loss.backward()
    torch.testing.assert_close(loss, expected, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(parted.grad, whole.grad, rtol=1e-9, atol=1e-12)


def test_numbers_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="margin must be above 0, got 0"):
        Lecture(margin=0)
    with pytest.raises(ValueError, match="bound must be above 0"):
        Chopra(bound=-1.0)
    with pytest.raises(ValueError, match="histogram of 0 bins; the paper has 100 to 150"):
        histogram(vectors(n=4), torch.tensor([0, 0, 1, 1]), 0)
    with pytest.raises(ValueError, match="is of class 3, and there are 2 weights.*give a weight for every class"):
        ClassWeightedReducer(weights=(1.0, 1.0))(torch.ones(1), torch.tensor([0]), torch.tensor([3]))
