"""AlexNet of 2012: the paper's normalisation, groups, biases and number of parameters, what other sizes give; VGG.

That VGG equals torchvision's stands in tests/weights/published/family/test_torchvision.py.
"""

import pytest
import torch
from torch import nn

from sightline.towers import sizes_conv
from sightline.towers.alexnet import response_norm
from sightline.towers.spec import AlexNetOneTowerSpec, AlexNetSpec, VGGSpec, from_json, to_json

SMALL = {"widths": (8, 16, 8, 8, 8), "kernels": (5, 3, 3, 3, 3), "stride": 1, "grid": 3, "dim": 16}


def test_response_norm_is_the_papers():
    """b_i = a_i / (k + alpha sum_{j = max(0, i - n/2)}^{min(N - 1, i + n/2)} a_j^2)^beta, channel by channel."""
    a = torch.randn(2, 7, 3, 4, dtype=torch.float64) * 30  # large, so that the sum counts beside k
    k, n, alpha, beta, count = 2.0, 5, 1e-4, 0.75, 7
    expected = torch.empty_like(a)
    for i in range(count):
        total = torch.zeros_like(a[:, 0])
        for j in range(max(0, i - n // 2), min(count - 1, i + n // 2) + 1):
            total += a[:, j] ** 2
        expected[:, i] = a[:, i] / (k + alpha * total) ** beta
    torch.testing.assert_close(response_norm()(a), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("spec", "parameters"), [(sizes_conv.alexnet(), 60_965_224), (sizes_conv.alexnet_one_tower(), 61_100_840)]
)
def test_with_its_thousand_classes_it_has_the_published_number_of_parameters(spec, parameters):
    with torch.device("meta"):
        tower = spec.build()
    assert sum(p.numel() for p in tower.parameters()) + 1000 * (tower.dim + 1) == parameters


def test_the_layers_are_the_papers():
    with torch.device("meta"):
        maps = dict(sizes_conv.alexnet().build().maps.named_children())
    names = "conv1 relu1 norm1 pool1 conv2 relu2 norm2 pool2 conv3 relu3 conv4 relu4 conv5 relu5 pool5"
    assert list(maps) == names.split()
    assert [maps[f"conv{i}"].groups for i in range(1, 6)] == [1, 2, 1, 2, 2]
    assert [tuple(maps[f"conv{i}"].weight.shape) for i in range(1, 6)] == [
        (96, 3, 11, 11),
        (256, 48, 5, 5),
        (384, 256, 3, 3),
        (384, 192, 3, 3),
        (256, 192, 3, 3),
    ]


def test_biases_start_at_one_where_the_paper_says():
    tower = AlexNetSpec(**SMALL).build()
    ones = {name for name, p in tower.named_parameters() if name.endswith("bias") and bool((p == 1).all())}
    zeros = {name for name, p in tower.named_parameters() if name.endswith("bias") and bool((p == 0).all())}
    assert ones == {"maps.conv2.bias", "maps.conv4.bias", "maps.conv5.bias", "head.fc6.bias", "head.fc7.bias"}
    assert zeros == {"maps.conv1.bias", "maps.conv3.bias"}
    assert abs(float(tower.maps.conv2.weight.detach().std()) - 0.01) < 1e-3


def test_224_pixels_leave_six_by_six_places():
    with torch.device("meta"):
        tower, image = sizes_conv.alexnet().build(), torch.zeros(1, 3, 224, 224)
    features = tower(image)
    assert features.grid == (6, 6)
    assert features.tokens.shape == (1, 36, 256) and features.pooled.shape == (1, 4096)
    assert features.prefix.shape == (1, 0, 256)


@pytest.mark.parametrize("spec", [AlexNetSpec(**SMALL), AlexNetOneTowerSpec(**SMALL)], ids=["2012", "2014"])
def test_other_sizes_give_other_tokens_and_the_same_pooled_width(spec):
    tower = spec.build().eval()
    for size, grid in (((32, 32), (3, 3)), ((48, 64), (5, 7)), ((15, 15), (1, 1))):
        features = tower(torch.randn(2, 3, *size))
        assert features.grid == grid and features.pooled.shape == (2, 16)
        assert features.tokens.shape == (2, grid[0] * grid[1], 8)
    with pytest.raises(ValueError, match="14 x 32 pixels; its sides must be at least 15"):
        tower(torch.randn(1, 3, 14, 32))


@pytest.mark.parametrize("spec", [AlexNetSpec(**SMALL), AlexNetOneTowerSpec(**SMALL)], ids=["2012", "2014"])
def test_dropout_is_for_training_only(spec):
    torch.manual_seed(0)
    tower, x = spec.build(), torch.randn(8, 3, 32, 32)
    nn.init.constant_(tower.head.fc7.bias, 5.0)
    assert not torch.equal(tower(x).pooled, tower(x).pooled)
    tower.eval()
    torch.testing.assert_close(tower(x).pooled, tower(x).pooled, rtol=0, atol=0)


def test_in_training_half_of_2012s_pooled_is_zero():
    tower = AlexNetSpec(**SMALL | {"dim": 512}).build()
    nn.init.constant_(tower.head.fc7.bias, 5.0)
    pooled = tower(torch.randn(4, 3, 32, 32)).pooled
    assert 0.4 < float((pooled == 0).float().mean()) < 0.6


def test_every_parameter_gets_a_gradient():
    tower = sizes_conv.alexnet_small().build().eval()
    tower(torch.randn(4, 3, 32, 32)).pooled.pow(2).sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in tower.parameters())


@pytest.mark.parametrize("channels", [1, 3, 7])
def test_any_number_of_channels(channels):
    assert sizes_conv.alexnet_small(channels).build()(torch.randn(1, channels, 32, 32)).grid == (3, 3)


@pytest.mark.parametrize("spec", [AlexNetSpec(**SMALL), sizes_conv.alexnet_one_tower()])
def test_specs_go_to_json_and_back(spec):
    assert from_json(to_json(spec)) == spec


def test_five_convolutions_or_none():
    with pytest.raises(ValueError, match="five convolutions; got 2 widths and 5 kernels"):
        AlexNetSpec(widths=(4, 4)).build()


def test_layers_are_the_maps_after_convolutions():
    tower, x = AlexNetSpec(**SMALL).build().eval(), torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        last, first = tower.layers(x, [-1, 0])
        expected = torch.relu(tower.maps.conv1(x))
        pooled = tower.maps.pool5(last.tokens.transpose(1, 2).reshape(2, 8, *last.grid))
    torch.testing.assert_close(first.tokens, expected.flatten(2).transpose(1, 2))
    torch.testing.assert_close(first.pooled, expected.mean((2, 3)))
    torch.testing.assert_close(pooled.flatten(2).transpose(1, 2), tower(x).tokens)
    with pytest.raises(ValueError, match="no convolution 5: the tower has 5, numbered 0 to 4"):
        tower.layers(x, [5])


def test_vggs_layers_are_the_maps_after_each_convolution():
    torch.manual_seed(0)
    tower, x = sizes_conv.vgg_small().build().eval(), torch.randn(2, 3, 32, 32)
    found = tower.layers(x, [0, 3, -1])
    assert [one.grid for one in found] == [(32, 32), (8, 8), (8, 8)]
    last = tower.maps.pool3(found[-1].tokens.transpose(1, 2).unflatten(2, (8, 8)))
    torch.testing.assert_close(last.flatten(2).transpose(1, 2), tower(x).tokens)
    with pytest.raises(ValueError, match="no convolution 4: the tower has 4"):
        tower.layers(x, [4])


def test_a_picture_of_which_a_vgg_leaves_nothing_is_refused():
    with pytest.raises(ValueError, match="this VGG leaves no place of a picture of 4 x 9 pixels.*at least 8"):
        sizes_conv.vgg_small().build()(torch.zeros(1, 3, 4, 9))
    with pytest.raises(ValueError, match="5 widths and 2 depths"):
        VGGSpec(depths=(1, 2)).build()


def test_vggs_spec_goes_to_json_and_back():
    assert from_json(to_json(sizes_conv.vgg16())) == sizes_conv.vgg16()
