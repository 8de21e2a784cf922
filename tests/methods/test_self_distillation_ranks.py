"""Two gloo processes equal one: centers, Sinkhorn, KoLeo; losses, gradients and weights after three steps."""

import pytest
import torch
from rank_steps import trained

from sightline import dist
from sightline.methods.parts.targets import Centering, Sinkhorn
from sightline.methods.parts.teaching import Head, Teaching
from sightline.methods.pictures import dino, dinov2, ibot
from sightline.nn.conv.sync_norm import across_ranks
from sightline.towers import ResNetSpec, ViTSpec

B = 6


def model(kind, targets):
    torch.manual_seed(1)
    vit, resnet = ViTSpec(size=8, patch=2, dim=8, depth=1, heads=2), ResNetSpec(depths=(1, 1), width=4)
    tower = (resnet if kind == "dino on a ResNet" else vit).build()
    head, spec = Head(prototypes=12, hidden=8, bottleneck=4), {"center": Centering(), "sinkhorn": Sinkhorn()}[targets]
    teaching = Teaching(momentum=0.9, freeze=0.0)
    if kind.startswith("dino on") or kind == "dino":
        made = dino.DINO(tower, dino.Config(head=head, teaching=teaching, targets=spec))
    elif kind == "ibot":
        made = ibot.IBOT(tower, ibot.Config(head=head, teaching=teaching, targets=spec))
    else:
        config = dinov2.Config(head=head, patch_head=head, teaching=teaching, targets=spec)
        made = dinov2.DINOv2(tower, config)
    return across_ranks(made.double())


def global_batch(step):
    generator = torch.Generator().manual_seed(step)
    views = [torch.randn(B, 3, s, s, generator=generator, dtype=torch.float64) for s in (8, 8, 4)]
    masks = [torch.rand(B, 4, 4, generator=generator) < 0.4 for _ in range(2)]
    masks[0][1:3] = False  # ranks hold different numbers of masked patches
    return views, masks


def shares():
    """My share of each of three batches."""
    b = B // dist.world()
    for step in range(3):
        views, masks = ([x[dist.offset(b) :][:b] for x in part] for part in global_batch(step))
        yield {"image": views[0], "views": views[1:], "masks": masks}


def train(kind, targets):
    """Three steps: (losses, first gradients, last state)."""
    return trained(model(kind, targets), shares(), total=3, rate=0.1)


@pytest.mark.parametrize("kind", ["dino", "dino on a ResNet", "ibot", "dinov2"])
@pytest.mark.parametrize("targets", ["center", "sinkhorn"])
def test_two_ranks_equal_one(ranks, kind, targets):
    one = train(kind, targets)
    for two in ranks.run(__file__, "train", kind, targets):
        assert two[0] == pytest.approx(one[0], rel=1e-9)
        for mine, theirs in ((two[1], one[1]), (two[2], one[2])):
            assert mine.keys() == theirs.keys()
            for name, value in theirs.items():
                # positions are resampled in float32 for the local views
                torch.testing.assert_close(mine[name], value, rtol=1e-5, atol=1e-7, msg=f"{name}: {{}}".format)
