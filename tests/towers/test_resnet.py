import pytest
import torch

from sightline.nn.conv.resnet import Basic
from sightline.towers import ResNetSpec, SmallStem, StandardStem, sizes_conv


@pytest.mark.parametrize(
    ("spec", "parameters"),
    [
        (sizes_conv.resnet18(), 11_689_512),
        (sizes_conv.resnet34(), 21_797_672),
        (sizes_conv.resnet50(), 25_557_032),
        (sizes_conv.resnet101(), 44_549_160),
        (sizes_conv.resnet152(), 60_192_808),
    ],
)
def test_with_a_thousand_classes_it_has_the_published_number_of_parameters(spec, parameters):
    """Their equality with torchvision's is in tests/weights/published/family/test_torchvision.py."""
    with torch.device("meta"):
        tower = spec.build()
    assert sum(p.numel() for p in tower.parameters()) + 1000 * (tower.dim + 1) == parameters


def test_every_block_starts_as_its_shortcut():
    block = ResNetSpec(depths=(1,), width=4).build().stages[0][0]
    x = torch.rand(2, 4, 5, 5)
    assert isinstance(block, Basic)
    torch.testing.assert_close(block(x), x)


@pytest.mark.parametrize(
    ("stem", "grid"), [(SmallStem(), (8, 8)), (SmallStem(stride=2), (4, 4)), (StandardStem(), (2, 2))], ids=str
)
def test_stems_set_the_grid(stem, grid):
    features = ResNetSpec(depths=(1, 1, 1, 1), width=4, stem=stem).build()(torch.randn(2, 3, 64, 64))
    assert features.grid == grid
    assert features.pooled.shape == (2, 32) and features.tokens.shape == (2, grid[0] * grid[1], 32)
    assert features.prefix.shape == (2, 0, 32)


def test_a_bottleneck_is_four_times_as_wide():
    tower = ResNetSpec(depths=(1, 1), width=4, block="bottleneck").build()
    assert tower.dim == 32 and tower(torch.randn(2, 3, 16, 16)).pooled.shape == (2, 32)


def test_layers_are_the_maps_after_blocks():
    tower = ResNetSpec(depths=(1, 2, 1), width=4, block="bottleneck").build().eval()
    for module in tower.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.0)
    x = torch.randn(2, 3, 16, 16)
    with torch.no_grad():
        whole = tower(x)
        last, first, second = tower.layers(x, [-1, 0, 2])
    torch.testing.assert_close(last.pooled, whole.pooled)
    torch.testing.assert_close(last.tokens, whole.tokens)
    assert first.grid == (16, 16) and first.tokens.shape == (2, 256, 16)
    assert second.grid == (8, 8) and second.tokens.shape == (2, 64, 32)
    torch.testing.assert_close(second.pooled, second.tokens.mean(1))
    with pytest.raises(ValueError, match="no block 4: the tower has 4, numbered 0 to 3"):
        tower.layers(x, [4])
