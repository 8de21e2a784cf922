"""`each`: what a tower's pooling makes of every patch alone. A picture of one patch is that patch."""

import pytest
import torch

from sightline.towers.naflex import patches_of
from sightline.towers.sizes_conv import alexnet_small
from sightline.towers.spec import (
    AlexNetOneTowerSpec,
    Cls,
    ConvNetSpec,
    FlatMapSpec,
    FlexiViTSpec,
    Gem,
    GemMapSpec,
    Map,
    Mean,
    ModifiedResNetSpec,
    NaFlexSpec,
    ResNetSpec,
    RMacMapSpec,
    ViTSpec,
)

SIZES = {"dim": 16, "depth": 1, "heads": 2}
ATTENTION_OF_A_MAP = ModifiedResNetSpec(depths=(1, 1), width=8, heads=2, out=5, size=32)
ONE = [
    (ViTSpec(size=32, patch=8, pool=Map(), **SIZES), 8),
    (ViTSpec(size=32, patch=8, pool=Mean(), **SIZES), 8),
    (ViTSpec(size=32, patch=8, pool=Mean(registers=2), **SIZES), 8),
    (ViTSpec(size=32, patch=8, pool=Gem(registers=2), **SIZES), 8),
    (FlexiViTSpec(size=32, patch=8, kernel=8, grid=4, pool=Map(), **SIZES), 8),
    (NaFlexSpec(patch=8, grid=4, **SIZES), 8),
    (ResNetSpec(depths=(1, 1), width=8), 2),
    (ResNetSpec(depths=(1, 1), width=8, pool=FlatMapSpec(grid=3)), 2),
    (ResNetSpec(depths=(1, 1), width=8, pool=GemMapSpec()), 2),
    (ResNetSpec(depths=(1, 1), width=8, pool=RMacMapSpec()), 2),
    (ATTENTION_OF_A_MAP, 8),
    (AlexNetOneTowerSpec(widths=(8, 16, 8, 8, 8), kernels=(5, 3, 3, 3, 3), stride=1, grid=3, dim=16), 15),
    (ConvNetSpec(size=16, width=8, depth=2), 4),
    (alexnet_small(), 0),
]
"""towers, and a side of which one place is left (0: the tower's own smallest)"""


def built(spec):
    torch.manual_seed(0)
    tower = spec.build().eval()
    with torch.no_grad():
        for parameter in tower.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return tower


def features(tower, spec, image):
    with torch.no_grad():
        seen = tower(patches_of(image, spec.patch) if isinstance(spec, NaFlexSpec) else image)
        return seen, tower.each(seen)


@pytest.mark.parametrize(("spec", "side"), ONE, ids=lambda x: f"{type(x).__name__}-{getattr(x, 'pool', x)}")
def test_a_picture_of_one_patch_is_that_patch(spec, side):
    tower = built(spec)
    side = side or tower.smallest
    seen, each = features(tower, spec, torch.randn(3, spec.channels, side, side))
    assert each.shape == (3, 1, tower.dim)
    torch.testing.assert_close(each[:, 0], seen.pooled, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("registers", [0, 2])
def test_under_a_class_token_patches_go_the_way_of_the_class_token(registers):
    spec = ViTSpec(size=32, patch=8, pool=Cls(registers=registers), **SIZES)
    seen, each = features(built(spec), spec, torch.randn(2, 3, 32, 32))
    assert each is seen.tokens and each.shape == (2, 16, 16)


@torch.no_grad()
@pytest.mark.parametrize("spec", [ONE[0][0], ATTENTION_OF_A_MAP], ids=["map", "attention of a map"])
def test_each_patch_is_read_alone(spec):
    """Another patch beside it changes nothing: the first rows are those of the first tokens by themselves."""
    tower = built(spec)
    seen, each = features(tower, spec, torch.randn(2, 3, 32, 32))
    assert each.shape == (2, 16, tower.dim)
    if isinstance(spec, ViTSpec):
        alone = torch.stack([tower.pool(seen.tokens[:, i : i + 1], seen.prefix) for i in range(16)], 1)
        torch.testing.assert_close(each, alone, rtol=1e-4, atol=1e-5)
    changed = seen.tokens.clone()
    changed[:, 1:] = 7.0
    again = tower.pool.each(changed) if isinstance(spec, ViTSpec) else tower.pool.each(changed, (4, 4))
    torch.testing.assert_close(again[:, 0], each[:, 0], rtol=1e-4, atol=1e-5)
    assert float((again[:, 1] - each[:, 1]).abs().max()) > 1e-3


@torch.no_grad()
def test_registers_are_no_part_of_a_patch_alone():
    spec = ViTSpec(size=32, patch=8, pool=Map(registers=2), **SIZES)
    tower = built(spec)
    seen, each = features(tower, spec, torch.randn(2, 3, 32, 32))
    alone = tower.pool(seen.tokens[:, :1], seen.prefix[:, :0])
    torch.testing.assert_close(each[:, 0], alone, rtol=1e-4, atol=1e-5)
