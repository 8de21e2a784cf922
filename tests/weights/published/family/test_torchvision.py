"""torchvision's ResNets, AlexNet and VGGs, random weights, through the key map: our towers give the same."""

from pathlib import Path

import pytest
import timm
import torch
import torchvision
from torch import nn

from sightline.data.prepare.preprocess import Preprocess
from sightline.towers.sizes_conv import vgg11, vgg16, vgg19
from sightline.towers.spec import AlexNetSpec
from sightline.weights.published.checkpoint import published
from sightline.weights.published.family import torchvision as family
from sightline.weights.published.family.protocol import Towers
from sightline.weights.published.keymap import read, write
from sightline.weights.published.layouts.pictures import IMAGENET_MEAN, IMAGENET_STD


def randomised(model):
    """Weights and BatchNorm statistics at random, small enough that a hundred layers stay near one."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, std=0.1)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
            nn.init.uniform_(module.weight, 0.2, 0.6)
            nn.init.normal_(module.bias, std=0.1)
    return model.eval()


def shapes(model):
    return {name: tuple(value.shape) for name, value in model.state_dict().items()}


def loaded(peer):
    towers = family.spec({}, shapes(peer))
    assert family.matches({}, shapes(peer)) and towers.image is not None
    with torch.device("meta"):
        ours = towers.image.build()
    state = read(family.rules(towers, shapes(peer)), peer.state_dict())
    ours.load_state_dict({name.removeprefix("image."): value for name, value in state.items()}, assign=True)
    return towers, ours.eval()


def last_map(peer, x):
    for name, module in peer.named_children():
        if name == "avgpool":
            return x
        x = module(x)
    raise AssertionError("no avgpool")


@pytest.mark.parametrize("name", ["resnet18", "resnet34", "resnet50", "resnet101", "resnet152"])
def test_resnets_equal_torchvisions(name):
    peer = randomised(getattr(torchvision.models, name)())
    towers, ours = loaded(peer)
    for size in ((224, 224), (65, 65), (96, 72)):
        x = torch.randn(1, 3, *size)
        with torch.no_grad():
            features, maps = ours(x), last_map(peer, x)
        torch.testing.assert_close(features.pooled, peer.avgpool(maps).flatten(1), rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(features.tokens, maps.flatten(2).transpose(1, 2), rtol=1e-4, atol=1e-4)
        assert features.grid == tuple(maps.shape[2:]) and towers.dim == features.pooled.shape[1]


def test_alexnet_equals_torchvisions():
    peer = torchvision.models.alexnet().eval()
    for parameter in peer.parameters():
        nn.init.normal_(parameter, std=0.02)
    _, ours = loaded(peer)
    for size in ((224, 224), (96, 96), (130, 200)):
        x = torch.randn(1, 3, *size)
        with torch.no_grad():
            features, maps = ours(x), peer.features(x)
            expected = peer.classifier[:6](torch.flatten(peer.avgpool(maps), 1))
        torch.testing.assert_close(features.pooled, expected, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(features.tokens, maps.flatten(2).transpose(1, 2), rtol=1e-5, atol=1e-5)
        assert features.grid == tuple(maps.shape[2:])


def small_vgg(letter, norm):
    """torchvision's own class at a quarter of the widths, so that eight of them fit."""
    config = [c if c == "M" else c // 4 for c in torchvision.models.vgg.cfgs[letter]]
    features = torchvision.models.vgg.make_layers(config, batch_norm=norm)
    peer = torchvision.models.VGG(features)
    full = {0: nn.Linear(128 * 49, 64), 3: nn.Linear(64, 64), 6: nn.Linear(64, 10)}
    for at, layer in full.items():
        peer.classifier[at] = layer
    for parameter in peer.parameters():
        nn.init.normal_(parameter, std=0.05)
    return randomised(peer)


@pytest.mark.parametrize(("letter", "norm"), [("A", False), ("A", True), ("D", True), ("E", False)])
def test_vggs_equal_torchvisions(letter, norm):
    peer = small_vgg(letter, norm)
    towers, ours = loaded(peer)
    depths = {"A": (1, 1, 2, 2, 2), "D": (2, 2, 3, 3, 3), "E": (2, 2, 4, 4, 4)}
    assert towers.image.depths == depths[letter] and towers.dim == 64
    for size in ((224, 224), (64, 96)):
        x = torch.randn(1, 3, *size)
        with torch.no_grad():
            features, maps = ours(x), peer.features(x)
            expected = peer.classifier[:6](torch.flatten(peer.avgpool(maps), 1))
        torch.testing.assert_close(features.pooled, expected, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(features.tokens, maps.flatten(2).transpose(1, 2), rtol=1e-5, atol=1e-5)
    back = write(family.rules(towers, shapes(peer)), read(family.rules(towers, shapes(peer)), peer.state_dict()))
    assert all(torch.equal(x, peer.state_dict()[n]) for n, x in back.items() if not n.startswith("classifier.6"))


def test_vggs_of_the_published_sizes_are_read_from_their_tensors():
    with torch.device("meta"):
        for name, expected in (("vgg11", vgg11()), ("vgg16", vgg16()), ("vgg19", vgg19())):
            peer = getattr(torchvision.models, name)()
            assert family.spec({}, shapes(peer)).image == expected
            count = sum(p.numel() for p in expected.build().parameters())
            assert count == sum(p.numel() for n, p in peer.named_parameters() if not n.startswith("classifier.6"))


@pytest.mark.parametrize("name", ["resnet18", "alexnet"])
def test_what_is_read_is_written_again(name):
    peer = randomised(getattr(torchvision.models, name)())
    towers, _ = loaded(peer)
    state = peer.state_dict()
    back = write(family.rules(towers, {}), read(family.rules(towers, shapes(peer)), state))
    fresh = getattr(torchvision.models, name)()
    fresh.load_state_dict(back)
    for key, value in fresh.state_dict().items():
        if key.startswith(("fc.", "classifier.6.")):
            assert not value.any()
        else:
            torch.testing.assert_close(value, state[key], rtol=0, atol=0)


def test_timms_plain_resnet_has_the_same_layout():
    peer = randomised(timm.create_model("resnet18", num_classes=0))
    assert family.matches({"architecture": "resnet18"}, shapes(peer))
    assert not family.matches({"architecture": "resnet18d"}, shapes(peer))
    _, ours = loaded(peer)
    x = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(ours(x).pooled, peer(x), rtol=1e-4, atol=1e-4)


def test_a_missing_and_a_foreign_key_are_named():
    peer = torchvision.models.resnet18()
    state = peer.state_dict()
    towers = family.spec({}, shapes(peer))
    del state["layer2.0.bn1.weight"]
    with pytest.raises(ValueError, match=r"missing.*layer2\.0\.bn1\.weight|layer2\.0\.bn1\.weight.*missing"):
        read(family.rules(towers, shapes(peer)), state)
    with pytest.raises(ValueError, match="extra.*foreign|foreign.*extra"):
        read(family.rules(towers, shapes(peer)), peer.state_dict() | {"foreign": torch.zeros(1)})


@pytest.mark.parametrize("name", ["wide_resnet50_2", "resnext50_32x4d"])
def test_wide_resnets_and_resnexts_are_refused_by_their_shapes(name):
    with torch.device("meta"):
        peer = getattr(torchvision.models, name)()
    with pytest.raises(ValueError, match="a wide ResNet or a ResNeXt, which comes through the adapter"):
        family.spec({}, shapes(peer))


def test_only_its_own_towers_fit_the_layout():
    with pytest.raises(ValueError, match="not AlexNetSpec"):
        family.rules(Towers(image=AlexNetSpec(), text=None, dim=4096), {})


@pytest.mark.parametrize("name", ["resnet18", "alexnet"])
def test_a_file_of_a_state_dict_is_an_encoder(name, tmp_path):
    peer = randomised(getattr(torchvision.models, name)())
    torch.save(peer.state_dict(), tmp_path / f"{name}-0123abcd.pth")
    encoder = published(tmp_path, name=name)
    assert encoder.rule == Preprocess(
        size=224, mean=IMAGENET_MEAN, std=IMAGENET_STD, resize="crop", interpolation="bilinear", short=256
    )
    x = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        peer.fc = peer.classifier = nn.Identity()
        expected = peer(x) if name == "resnet18" else None
    vectors = encoder.encode_image(x)
    assert vectors.shape == (1, encoder.dim)
    if expected is not None:
        torch.testing.assert_close(vectors, expected, rtol=1e-4, atol=1e-4)
    with pytest.raises(ValueError, match="text"):
        encoder.encode_text(["a dog"])


def test_timms_config_says_how_pictures_are_prepared():
    with torch.device("meta"):
        peer = timm.create_model("resnet18", num_classes=0)
    said = {"input_size": [3, 160, 160], "crop_pct": 0.95, "interpolation": "bicubic", "mean": [0.5] * 3}
    rule = family.preprocess(family.spec({}, shapes(peer)), Path(), {"pretrained_cfg": said})
    assert (rule.size, rule.short, rule.interpolation, rule.mean) == (160, 168, "bicubic", (0.5, 0.5, 0.5))
    assert rule.std == IMAGENET_STD
