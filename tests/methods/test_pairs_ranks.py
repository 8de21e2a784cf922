"""Two gloo processes equal one under SimCLR and BYOL, BatchNorms and all."""

import pytest
import torch
from rank_steps import trained

from sightline import dist
from sightline.methods.pictures import byol, simclr
from sightline.methods.pictures.byol import BYOL
from sightline.methods.pictures.simclr import SimCLR
from sightline.nn.conv.sync_norm import across_ranks
from sightline.towers import ResNetSpec, ViTSpec

B = 6


def model(kind, tower, chunk):
    torch.manual_seed(1)
    specs = {"resnet": ResNetSpec(depths=(1, 1), width=4), "vit": ViTSpec(size=8, patch=4, dim=8, depth=1, heads=2)}
    made = specs[tower].build()
    if kind == "simclr":
        return across_ranks(SimCLR(made, simclr.Config(temperature=0.3, out=6, chunk=chunk)).double())
    return across_ranks(BYOL(made, byol.Config(hidden=8, out=6, momentum=0.9)).double())


def shares():
    """My share of each of four batches."""
    b = B // dist.world()
    mine = slice(dist.offset(b), dist.offset(b) + b)
    for step in range(4):
        generator = torch.Generator().manual_seed(step)
        first, second = torch.randn(2, B, 3, 8, 8, generator=generator, dtype=torch.float64)
        yield {"image": first[mine], "views": [second[mine]]}


def train(kind, tower, chunk):
    """Four steps: (losses, gradients of the first step, last state)."""
    return trained(model(kind, tower, chunk), shares(), total=8, rate=0.05)


@pytest.mark.parametrize(
    ("kind", "tower", "chunk"),
    [("simclr", "resnet", None), ("simclr", "vit", 4), ("byol", "resnet", None), ("byol", "vit", None)],
)
def test_two_ranks_equal_one(ranks, kind, tower, chunk):
    alone = train(kind, tower, chunk)
    for losses, gradients, state in ranks.run(__file__, "train", kind, tower, chunk):
        torch.testing.assert_close(losses, alone[0], rtol=1e-9, atol=1e-11)
        for mine, expected in ((gradients, alone[1]), (state, alone[2])):
            assert list(mine) == list(expected)
            for name, value in expected.items():
                torch.testing.assert_close(mine[name], value, rtol=1e-7, atol=1e-9, msg=lambda m, n=name: f"{n}: {m}")
