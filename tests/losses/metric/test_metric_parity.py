"""Distances, miners, reducers and losses against pytorch-metric-learning: values and gradients, in float64."""

import pytest
import torch
from pytorch_metric_learning import distances as peers
from pytorch_metric_learning import losses, miners, reducers

from sightline.losses.metric import CosineSimilarity, DotProductSimilarity, Hinge, LpDistance, SNRDistance, SoftMargin
from sightline.losses.metric.distances import apart
from sightline.losses.metric.histogram import histogram
from sightline.losses.metric.mining import MINERS, related
from sightline.losses.metric.npair import n_pair
from sightline.losses.metric.reduction import (
    AvgNonZeroReducer,
    ClassWeightedReducer,
    MeanReducer,
    PerAnchorReducer,
    SumReducer,
    ThresholdReducer,
)
from sightline.losses.metric.triplet import triplet

LABELS = torch.tensor([0, 0, 0, 1, 1, 2, 2, 2, 2, 3, 4, 4, 0])
"""classes of several sizes, one of a single sample"""
DISTANCES = [
    (LpDistance(), peers.LpDistance(normalize_embeddings=False)),
    (LpDistance(power=2.0), peers.LpDistance(normalize_embeddings=False, power=2)),
    (LpDistance(p=1.0), peers.LpDistance(normalize_embeddings=False, p=1)),
    (LpDistance(p=3.0, power=2.0), peers.LpDistance(normalize_embeddings=False, p=3, power=2)),
    (CosineSimilarity(), peers.CosineSimilarity()),
    (DotProductSimilarity(), peers.DotProductSimilarity(normalize_embeddings=False)),
    (SNRDistance(), peers.SNRDistance(normalize_embeddings=False)),
]
SQUARED = peers.LpDistance(normalize_embeddings=False, power=2)


def vectors(seed=0, n=13, d=7):
    x = torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return (0.3 * x).requires_grad_()


def same_value_and_gradient(mine, theirs, tolerance=1e-10):
    """`mine` and `theirs` are functions of vectors."""
    x, y = vectors(), vectors()
    a, b = mine(x), theirs(y)
    torch.testing.assert_close(a, b, rtol=0, atol=tolerance)
    a.sum().backward()
    b.sum().backward()
    torch.testing.assert_close(x.grad, y.grad, rtol=0, atol=tolerance)
    assert x.grad.abs().max() > 0


@pytest.mark.parametrize(("ours", "peer"), DISTANCES, ids=lambda d: type(d).__name__)
def test_distances_are_the_peers_of_all_pairs_and_row_by_row(ours, peer):
    others = vectors(1, 5).detach()
    weight = torch.randn(len(LABELS), 5, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    same_value_and_gradient(lambda x: ours(x, others) * weight, lambda x: peer(x, others) * weight)
    x, y = vectors(3).detach(), vectors(4).detach()
    torch.testing.assert_close(ours.paired(x, y), ours(x, y).diagonal(), rtol=0, atol=1e-12)
    sign = -1 if peer.is_inverted else 1
    torch.testing.assert_close(apart(ours, x, y), sign * peer(x, y), rtol=0, atol=1e-10)


def triplets(name, x, distance, margin):
    same, different = related(LABELS)
    return MINERS[name](apart(distance, x, x), same, different, margin)


def listed(found):
    return sorted(zip(*(part.tolist() for part in found), strict=True))


@pytest.mark.parametrize(("ours", "peer"), DISTANCES, ids=lambda d: type(d).__name__)
@pytest.mark.parametrize(
    ("name", "kind"), [("all_active", "all"), ("hard", "hard"), ("semihard", "semihard"), ("easy", "easy")]
)
def test_mined_triplets_are_the_peers(name, kind, ours, peer):
    x = vectors().detach()
    theirs = miners.TripletMarginMiner(margin=0.3, type_of_triplets=kind, distance=peer)(x, LABELS)
    assert listed(triplets(name, x, ours, 0.3)) == listed(theirs)
    assert len(theirs[0])


@pytest.mark.parametrize(("ours", "peer"), DISTANCES, ids=lambda d: type(d).__name__)
def test_batch_hard_triplets_are_the_peers(ours, peer):
    x = vectors().detach()
    assert listed(triplets("batch_hard", x, ours, 0.3)) == listed(miners.BatchHardMiner(distance=peer)(x, LABELS))


MINED = {
    "all_valid": None,
    "all_active": miners.TripletMarginMiner(margin=0.2, type_of_triplets="all", distance=SQUARED),
    "hard": miners.TripletMarginMiner(margin=0.2, type_of_triplets="hard", distance=SQUARED),
    "semihard": miners.TripletMarginMiner(margin=0.2, type_of_triplets="semihard", distance=SQUARED),
    "batch_hard": miners.BatchHardMiner(distance=SQUARED),
}
WEIGHTS = (0.5, 2.0, 1.0, 3.0, 0.25)
REDUCERS = [
    (MeanReducer(), reducers.MeanReducer()),
    (SumReducer(), reducers.SumReducer()),
    (AvgNonZeroReducer(), reducers.AvgNonZeroReducer()),
    (ThresholdReducer(low=0.1), reducers.ThresholdReducer(low=0.1)),
    (ThresholdReducer(low=0.1, high=1.2), reducers.ThresholdReducer(low=0.1, high=1.2)),
    (ClassWeightedReducer(weights=WEIGHTS), reducers.ClassWeightedReducer(weights=torch.tensor(WEIGHTS))),
]


@pytest.mark.parametrize(("ours", "peer"), REDUCERS, ids=lambda r: type(r).__name__)
@pytest.mark.parametrize("mining", MINED)
def test_the_triplet_loss_is_the_peers_with_every_miner_and_reducer(mining, ours, peer):
    loss = losses.TripletMarginLoss(margin=0.2, distance=SQUARED, reducer=peer)
    mine = MINED[mining]
    same_value_and_gradient(
        lambda x: triplet(x, LABELS, mining=mining, violation=Hinge(margin=0.2), reducer=ours),
        lambda x: loss(x, LABELS, mine(x, LABELS) if mine else None),
    )


@pytest.mark.parametrize("margin", [0.0, 0.3])
def test_the_soft_margin_is_the_peers_smooth_loss(margin):
    peer = peers.LpDistance(normalize_embeddings=False)
    loss = losses.TripletMarginLoss(margin=margin, smooth_loss=True, distance=peer, reducer=reducers.MeanReducer())
    mine = miners.BatchHardMiner(distance=peer)
    same_value_and_gradient(
        lambda x: triplet(x, LABELS, distance=LpDistance(), mining="batch_hard", violation=SoftMargin(margin=margin)),
        lambda x: loss(x, LABELS, mine(x, LABELS)),
    )


def test_the_mean_of_means_per_anchor_is_the_peers_of_pairs():
    """The peer has it for pairs alone."""
    same, _ = related(LABELS)
    anchors, others = same.nonzero(as_tuple=True)
    values = vectors(5, len(anchors), 1)[:, 0].detach().exp()
    peer = reducers.PerAnchorReducer()
    told = {"loss": {"losses": values, "indices": (anchors, others), "reduction_type": "pos_pair"}}
    theirs = peer(told, vectors(), LABELS)
    torch.testing.assert_close(PerAnchorReducer()(values, anchors, LABELS), theirs, rtol=0, atol=1e-12)


def test_n_pair_is_the_peers_without_normalisation():
    labels = torch.arange(6).repeat_interleave(2)
    peer = losses.NPairsLoss(distance=peers.DotProductSimilarity(normalize_embeddings=False))
    same_value_and_gradient(lambda x: n_pair(x[0:12:2], x[1:12:2]), lambda x: peer(x[:12], labels))


@pytest.mark.filterwarnings("ignore:Using a non-tuple sequence:UserWarning")  # the peer's
@pytest.mark.parametrize("bins", [1, 7, 100])
def test_the_histogram_loss_is_the_peers(bins):
    """It floors in float32."""
    peer = losses.HistogramLoss(n_bins=bins)
    same_value_and_gradient(lambda x: histogram(x, LABELS, bins), lambda x: peer(x, LABELS), 1e-6)
