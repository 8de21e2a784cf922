import pytest
import torch
import torchvision

from sightline.nn.resnet import Basic
from sightline.towers import ResNetSpec, SmallStem, StandardStem, sizes


def from_torchvision(peer):
    stem = {"conv1.weight": "stem.0.weight"} | {
        f"bn1.{name}": f"stem.1.{name}"
        for name in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    }
    state = {}
    for key, value in peer.state_dict().items():
        if key.startswith("layer"):
            key = f"stages.{int(key[5]) - 1}{key[6:]}"
        if not key.startswith("fc"):
            state[stem.get(key, key)] = value
    return state


@pytest.mark.parametrize(
    ("spec", "peer"),
    [(sizes.resnet18(), torchvision.models.resnet18), (sizes.resnet50(), torchvision.models.resnet50)],
    ids=["resnet18", "resnet50"],
)
def test_resnet_equals_torchvisions(spec, peer):
    peer, ours = peer().eval(), spec.build().eval()
    for module in peer.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
            torch.nn.init.uniform_(module.weight, 0.2, 0.6)
    ours.load_state_dict(from_torchvision(peer))
    x = torch.randn(2, 3, 64, 64)
    peer.fc = torch.nn.Identity()
    with torch.no_grad():
        features, expected = ours(x), peer(x)
    torch.testing.assert_close(features.pooled, expected, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(features.tokens.mean(1), expected, rtol=1e-4, atol=1e-4)


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
