"""CLIP's ResNet equals open_clip's at its own size; at another, open_clip's with the positions resized by hand."""

import pytest
import torch
import torch.nn.functional as F
from open_clip.modified_resnet import ModifiedResNet
from torch import nn

from sightline.nn.conv.resnet import SmoothBottleneck
from sightline.towers import sizes_conv
from sightline.towers.spec import ModifiedResNetSpec, from_json, to_json

SPEC = ModifiedResNetSpec(depths=(1, 2, 1, 1), width=8, heads=4, out=12, size=96)
STEM = {f"{kind}{i}": f"stem.{kind}{i}" for kind in ("conv", "bn") for i in (1, 2, 3)}
POOL = {"positional_embedding": "position", "q_proj": "q", "k_proj": "k", "v_proj": "v", "c_proj": "proj"}


def ours_of(key):
    """The name in our tower of a tensor of CLIP's `visual`."""
    first, rest = key.split(".", 1)
    if first in STEM:
        return f"{STEM[first]}.{rest}"
    if first == "attnpool":
        part, *tail = rest.split(".")
        return ".".join(["pool", POOL[part], *tail])
    return f"stages.{int(first[5]) - 1}.{rest}"


def pair(spec, size):
    """open_clip's tower for pictures of `size`, randomised, and ours of `spec.size` with the same values."""
    torch.manual_seed(0)
    peer = ModifiedResNet(list(spec.depths), spec.out, spec.heads, spec.size, spec.width)
    for module in peer.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, std=0.1)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
            nn.init.uniform_(module.weight, 0.5, 1.0)
            nn.init.normal_(module.bias, std=0.1)
    ours = spec.build()
    ours.load_state_dict({ours_of(key): value for key, value in peer.state_dict().items()})
    if size != (spec.size, spec.size):
        position, side = peer.attnpool.positional_embedding.detach(), spec.size // 32
        places = position[1:].T.reshape(1, -1, side, side)
        places = F.interpolate(places, size=(size[0] // 32, size[1] // 32), mode="bicubic", antialias=True)
        peer.attnpool.positional_embedding = nn.Parameter(torch.cat([position[:1], places[0].flatten(1).T]))
    return peer.eval(), ours.eval()


@pytest.mark.parametrize("size", [(96, 96), (160, 160), (64, 128)], ids=str)
def test_it_equals_open_clips(size):
    peer, ours = pair(SPEC, size)
    x = torch.randn(2, 3, *size)
    seen = {}
    peer.layer4.register_forward_hook(lambda module, inputs, output: seen.update(map=output))
    with torch.no_grad():
        features, expected = ours(x), peer(x)
    torch.testing.assert_close(features.pooled, expected, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(features.tokens, seen["map"].flatten(2).transpose(1, 2), rtol=1e-4, atol=1e-4)
    assert features.grid == (size[0] // 32, size[1] // 32) and features.prefix.shape == (2, 0, 256)
    assert ours.dim == 12 and ours.width == 256


def test_rn50_equals_open_clips():
    spec = sizes_conv.clip_rn50()
    peer, ours = pair(spec, (224, 224))
    x = torch.randn(1, 3, 224, 224)
    with torch.no_grad():
        torch.testing.assert_close(ours(x).pooled, peer(x), rtol=1e-4, atol=1e-4)


def test_gradients_equal_open_clips():
    peer, ours = (tower.double() for tower in pair(SPEC, (96, 96)))
    x = torch.randn(2, 3, 96, 96, dtype=torch.float64)
    ours(x).pooled.pow(2).sum().backward()
    peer(x).pow(2).sum().backward()
    theirs = {ours_of(name): parameter.grad for name, parameter in peer.named_parameters()}
    for name, parameter in ours.named_parameters():
        torch.testing.assert_close(parameter.grad, theirs[name], rtol=1e-6, atol=1e-10)


@pytest.mark.parametrize(
    ("name", "depths", "width", "out", "size"),
    [
        ("clip_rn50", (3, 4, 6, 3), 64, 1024, 224),
        ("clip_rn101", (3, 4, 23, 3), 64, 512, 224),
        ("clip_rn50x4", (4, 6, 10, 6), 80, 640, 288),
        ("clip_rn50x16", (6, 8, 18, 8), 96, 768, 384),
        ("clip_rn50x64", (3, 15, 36, 10), 128, 1024, 448),
    ],
)
def test_published_sizes_have_the_parameters_of_open_clips(name, depths, width, out, size):
    with torch.device("meta"):
        ours = getattr(sizes_conv, name)().build()
        peer = ModifiedResNet(list(depths), out, width * 32 // 64, size, width)
    assert {ours_of(key): value.shape for key, value in peer.state_dict().items()} == {
        key: value.shape for key, value in ours.state_dict().items()
    }
    if name == "clip_rn50":
        assert sum(p.numel() for p in ours.parameters()) / 1e6 == pytest.approx(38.32, abs=5e-3)


def test_the_init_is_clips():
    tower = ModifiedResNetSpec(depths=(1, 1), width=64, heads=8, out=256, size=64).build()
    blocks = [module for module in tower.modules() if isinstance(module, SmoothBottleneck)]
    assert blocks and all(not block.bn3.weight.any() for block in blocks)
    for part in (tower.pool.q.weight, tower.pool.k.weight, tower.pool.v.weight, tower.pool.proj.weight):
        assert float(part.detach().std()) == pytest.approx(512**-0.5, rel=0.02)
    assert float(tower.pool.position.detach().std()) == pytest.approx(512**-0.5, rel=0.05)


def test_sizes_fit_one_another():
    with pytest.raises(ValueError, match="size 100 does not divide into places of 32 pixels"):
        ModifiedResNetSpec(depths=(1, 1, 1, 1), width=8, heads=4, out=12, size=100).build()


def test_json_and_channels():
    assert from_json(to_json(SPEC)) == SPEC
    tower = ModifiedResNetSpec(depths=(1, 1), width=8, heads=2, out=5, size=16, channels=7).build()
    assert tower(torch.randn(1, 7, 16, 16)).pooled.shape == (1, 5)


def test_layers_of_the_last_stage_are_pooled_by_attention():
    tower, x = SPEC.build().eval(), torch.randn(1, 3, 96, 96)
    with torch.no_grad():
        last, first = tower.layers(x, [4, 0])
        torch.testing.assert_close(last.pooled, tower(x).pooled)
    assert first.pooled.shape == (1, 32)
