"""Two gloo processes equal one where samples have weights: MAE's edges, pairs that can be solved; BatchNorms too."""

import pytest
import torch

from sightline import dist
from sightline.methods.pictures import mae, relative_position
from sightline.methods.pictures.mae import MAE
from sightline.methods.pictures.relative_position import RelativePosition
from sightline.nn.conv.sync_norm import across_ranks
from sightline.towers import ResNetSpec, ViTSpec

B = 4


def model(kind):
    torch.manual_seed(1)
    if kind == "mae":
        tower = ViTSpec(size=8, patch=2, dim=8, depth=1, heads=2).build()
        return MAE(tower, mae.Config(dim=8, depth=1, heads=2, flat_weight=0.1)).double()
    tower = ResNetSpec(depths=(1, 1), width=4).build()
    return across_ranks(RelativePosition(tower, relative_position.Config(hidden=8)).double())


def learn(kind):
    """The loss and the gradients of my share of one batch, of which the first half is flat for the most part."""
    method, b = model(kind), B // dist.world()
    generator = torch.Generator().manual_seed(2)
    views = torch.randn(9, B, 3, 8, 8, generator=generator, dtype=torch.float64)
    views[:6, : B // 2, :, :, :6] = 0.5
    views[1:5, 0] = 0.5
    mask = torch.zeros(B, 16, dtype=torch.bool)
    mask.scatter_(1, torch.rand(B, 16, generator=generator).argsort(1)[:, :9], True)
    mine = slice(dist.offset(b), dist.offset(b) + b)
    given = {"image": views[0, mine], "views": list(views[1:, mine]), "masks": [mask.view(B, 4, 4)[mine]]}
    [loss] = method(given).values()
    loss.backward()
    dist.all_reduce_gradients(method.parameters())
    return float(dist.mean(loss)), {name: p.grad for name, p in method.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("kind", ["mae", "relative_position"])
def test_two_ranks_of_unequal_weight_equal_one(ranks, kind):
    loss, gradients = learn(kind)
    for mine, theirs in ranks.run(__file__, "learn", kind):
        assert mine == pytest.approx(loss, rel=1e-9)
        assert theirs.keys() == gradients.keys()
        for name, value in gradients.items():
            torch.testing.assert_close(theirs[name], value, rtol=1e-7, atol=1e-10, msg=lambda m, n=name: f"{n}: {m}")
