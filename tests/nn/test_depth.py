"""Layers of towers, counted as timm counts them, and the first parts held."""

import pytest
import timm
import torch
from timm.optim import param_groups_layer_decay
from torch import nn

from sightline.nn.depth import head_layer, hold_first, layer_rates, layers_of
from sightline.nn.state.lock import keep_locked, locked
from sightline.towers.sizes import siglip2_naflex, vit, vit_small
from sightline.towers.sizes_conv import alexnet_small, conv4, resnet18, resnet50, vgg11, vgg_small
from sightline.weights.published.family import torchvision as torchvision_family
from sightline.weights.published.family.protocol import Towers
from sightline.weights.published.keymap import Rename


def theirs(name, rules, gamma, **options):
    """timm's multiple of the rate of every parameter, by our names."""
    with torch.device("meta"):
        peer = timm.create_model(name, **options)
    names = {p: n for n, p in peer.named_parameters()}
    scales = {
        names[p]: group["lr_scale"]
        for group in param_groups_layer_decay(peer, layer_decay=gamma)
        for p in group["params"]
    }
    found = {
        r.our.removeprefix("image."): scales[r.their] for r in rules if isinstance(r, Rename) and r.their in scales
    }
    return found, scales


TORCHVISION = {"resnet18": resnet18, "resnet50": resnet50, "vgg11": vgg11}


@pytest.mark.parametrize("name", TORCHVISION)
def test_rates_of_convolutional_towers_are_timms(name):
    with torch.device("meta"):
        tower = TORCHVISION[name]().build()
    rates = layer_rates(tower, 0.7)
    spec = TORCHVISION[name]()
    rules = torchvision_family.rules(Towers(image=spec, text=None, dim=tower.dim), {})
    found, scales = theirs(name, rules, 0.7)
    if name == "vgg11":  # timm turns fc6 and fc7 into convolutions, in its last group with the head
        assert {scales[n] for n in scales if not n.startswith("features")} == {1.0}
        found |= {n: 1.0 for n in rates if n.startswith("head.")}
    assert found.keys() == rates.keys()
    assert rates == pytest.approx(found)


@pytest.mark.parametrize("depth", [1, 3])
def test_rates_of_a_vit_are_timms(depth):
    with torch.device("meta"):
        peer = timm.models.VisionTransformer(embed_dim=48, depth=depth, num_heads=3, patch_size=16)
        tower = vit("ti").__class__(size=224, patch=16, dim=48, depth=depth, heads=3).build()
    names = {p: n for n, p in peer.named_parameters()}
    expected = {
        ours(names[p]): group["lr_scale"]
        for group in param_groups_layer_decay(peer, layer_decay=0.65)
        for p in group["params"]
    }
    assert expected.pop("head.weight") == expected.pop("head.bias") == 1.0
    rates = layer_rates(tower, 0.65)
    assert rates == pytest.approx({name: expected[name] for name in rates}) and len(rates) == len(expected)


def ours(name):
    """timm's name of a ViT's parameter as ours."""
    changes = {"cls_token": "prefix", "pos_embed": "position.weight", "patch_embed.proj": "stem.proj"}
    for before, after in (changes | {"blocks.": "stack.blocks."}).items():
        name = name.replace(before, after)
    return f"stack.{name}" if name.startswith("norm.") else name


def test_every_tower_of_ours_is_counted_and_the_head_comes_last():
    for spec, last in ((alexnet_small(), 5), (vgg_small(), 4), (conv4(), 4), (vit_small(32, 8, 2), 3)):
        layers = layers_of(spec.build())
        assert min(layers.values()) == 0 and head_layer(layers) == last, spec
    naflex = siglip2_naflex("b").__class__(patch=4, dim=48, depth=2, heads=3, grid=4).build()
    layers = layers_of(naflex)
    assert layers["vit.stem.weight"] == layers["vit.position.weight"] == 0
    assert layers["vit.stack.norm.weight"] == 2 and layers["vit.pool.probe"] == 3
    with pytest.raises(ValueError, match="Linear has no blocks, stages or convolutions"):
        layers_of(nn.Linear(2, 2))


@pytest.mark.parametrize(
    ("spec", "count", "held"),
    [
        (resnet18(), 2, ("stem.", "stages.0.", "stages.1.")),
        (alexnet_small(), 3, ("maps.conv1.", "maps.conv2.", "maps.conv3.")),
        (vgg_small(), 1, ("maps.conv1.", "maps.norm1.")),
        (vit_small(32, 8, 3), 2, ("stem.", "prefix", "position.", "stack.blocks.0.", "stack.blocks.1.")),
    ],
)
def test_what_is_held_keeps_its_weights_and_statistics_bit_for_bit(spec, count, held):
    torch.manual_seed(0)
    tower = hold_first(spec.build(), count)
    assert {n for n, p in tower.named_parameters() if not p.requires_grad} == {
        n for n, _ in tower.named_parameters() if n.startswith(held)
    }
    before = {n: x.clone() for n, x in tower.state_dict().items()}
    optimizer = torch.optim.SGD([p for p in tower.parameters() if p.requires_grad], lr=0.1)
    tower.train()
    keep_locked(locked(tower))
    tower(torch.randn(4, 3, 32, 32)).pooled.square().mean().backward()
    optimizer.step()
    after = tower.state_dict()
    assert all(torch.equal(before[n], after[n]) for n in after if n.startswith(held))
    assert any(not torch.equal(before[n], after[n]) for n in after if not n.startswith(held))


def test_more_than_there_is_cannot_be_held():
    with pytest.raises(ValueError, match="ViT has 2 blocks, stages or convolutions, and 3 are to be held"):
        hold_first(vit_small(32, 8, 2).build(), 3)
    with pytest.raises(ValueError, match="-1 first parts"):
        hold_first(vit_small(32, 8, 2).build(), -1)
    tower = hold_first(vit_small(32, 8, 2).build(), 0)
    assert all(p.requires_grad for p in tower.parameters()) and not locked(tower)
