"""Two gloo processes equal one: anchors among everyone's vectors, counts and histograms of the whole batch."""

import pytest
import torch
from rank_steps import trained

from sightline import dist
from sightline.data.feed.labelled import Episodes
from sightline.losses.metric import CosineSimilarity, Hinge, LpDistance, SoftMargin
from sightline.losses.metric.reduction import AvgNonZeroReducer, PerAnchorReducer, SumReducer
from sightline.methods.metric.histogram import Histogram
from sightline.methods.metric.imprinting import Generated, Imprinting
from sightline.methods.metric.npair import NPair
from sightline.methods.metric.prototypical import Prototypical
from sightline.methods.metric.siamese import Siamese
from sightline.methods.metric.triplet import Config, Triplet
from sightline.nn.conv.sync_norm import across_ranks
from sightline.nn.head import Projection
from sightline.towers import ConvNetSpec

LABELS = [0, 0, 1, 1, 2, 2, 3, 3]
UNEVEN = [0, 0, 0, 1, -1, 1, 2, 2]
"""the ranks have other numbers of triplets, and one a picture without a label"""
EPISODES = Episodes(ways=2, shots=1, queries=1)
TRIPLETS = {
    "semihard": Config(violation=Hinge(margin=0.5)),
    "batch_hard": Config(mining="batch_hard", violation=SoftMargin(), distance=LpDistance()),
    "nonzero": Config(mining="all_valid", reducer=AvgNonZeroReducer(), distance=CosineSimilarity()),
    "sum": Config(mining="all_active", reducer=SumReducer()),
    "per anchor": Config(mining="hard", reducer=PerAnchorReducer()),
}
OTHERS = {
    "siamese": lambda tower, head: Siamese(tower, head),
    "npair": lambda tower, head: NPair(tower, head),
    "histogram": lambda tower, head: Histogram(tower, head),
    "prototypical": lambda tower, head: Prototypical(tower, EPISODES),
    "imprinting": lambda tower, head: Imprinting(tower, head, 4),
    "generated": lambda tower, head: Generated(tower, head, 4, EPISODES),
}


def model(kind):
    torch.manual_seed(1)
    tower = ConvNetSpec(size=8, width=6, depth=2).build()
    head = Projection(tower.dim, 5)
    made = Triplet(tower, head, TRIPLETS[kind]) if kind in TRIPLETS else OTHERS[kind](tower, head)
    return across_ranks(made.double())


def shares(kind):
    """My share of each of three batches."""
    b = len(LABELS) // dist.world()
    mine = slice(dist.offset(b), dist.offset(b) + b)
    labels = UNEVEN if kind in TRIPLETS or kind in ("histogram", "imprinting") else LABELS
    if kind in ("prototypical", "generated"):
        labels = [0, 1, 0, 1, 2, 3, 2, 3]
    for step in range(3):
        image = torch.randn(8, 3, 8, 8, generator=torch.Generator().manual_seed(step), dtype=torch.float64)
        yield {"image": image[mine], "label": torch.tensor(labels)[mine]}


def train(kind):
    """(losses, gradients of the first step, last state, what is watched)."""
    made = model(kind)
    learnt = trained(made, shares(kind), total=8, rate=0.05)
    return *learnt, {name: float(value) for name, value in made.watched.items() if value.ndim == 0}


@pytest.mark.parametrize("kind", [*TRIPLETS, *OTHERS])
def test_two_ranks_equal_one(ranks, kind):
    alone = train(kind)
    for losses, gradients, state, watched in ranks.run(__file__, "train", kind):
        torch.testing.assert_close(losses, alone[0], rtol=1e-9, atol=1e-11)
        assert watched == pytest.approx(alone[3], rel=1e-5, abs=1e-6)
        for mine, expected in ((gradients, alone[1]), (state, alone[2])):
            assert list(mine) == list(expected)
            for name, value in expected.items():
                torch.testing.assert_close(mine[name], value, rtol=1e-7, atol=1e-9, msg=lambda m, n=name: f"{n}: {m}")
