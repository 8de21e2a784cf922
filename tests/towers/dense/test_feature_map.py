"""A tower's maps as torchvision's models take them, and the pyramid of a plain tower."""

from collections import OrderedDict
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torchvision.models.detection import FasterRCNN
from torchvision.models.detection.rpn import AnchorGenerator
from torchvision.ops import MultiScaleRoIAlign

from sightline.towers.dense import FeatureMap, SimplePyramid
from sightline.towers.dense.feature_map import levels_of, unread
from sightline.towers.sizes_conv import alexnet_small, vgg16
from sightline.towers.spec import ConvNetSpec, Map, Mean, ResNetSpec, SmallStem, StandardStem, ViTSpec

RESNET = ResNetSpec(depths=(1, 2, 1), width=8, stem=StandardStem())
VIT = ViTSpec(size=32, patch=8, dim=16, depth=2, heads=2, pool=Mean(registers=1))


def made(spec):
    torch.manual_seed(0)
    return spec.build().eval()


def test_the_maps_of_a_resnet_are_what_its_stages_give():
    tower, image = made(RESNET), torch.rand(2, 3, 64, 64)
    found = FeatureMap(tower)
    assert (found.stages, found.widths, found.strides) == ((0, 2, 3), (8, 16, 32), (4, 8, 16))
    x = tower.stem(image)
    for (name, level), (number, stage) in zip(found(image).items(), enumerate(tower.stages), strict=True):
        x = stage(x)
        assert name == str(number)
        torch.testing.assert_close(level, x)


def test_the_map_of_a_vit_has_every_patch_in_its_place_and_no_prefix():
    tower, image = made(VIT), torch.rand(2, 3, 32, 48)
    found = FeatureMap(tower)
    (level,) = found(image).values()
    tokens = tower(image).tokens
    assert level.shape == (2, 16, 4, 6) and found.out_channels == 16 and found.strides == (8,)
    for row in range(4):
        for column in range(6):
            assert torch.equal(level[:, :, row, column], tokens[:, 6 * row + column])


@pytest.mark.parametrize("spec", [RESNET, VIT, ConvNetSpec(size=32, width=4), alexnet_small()])
def test_looking_at_a_tower_leaves_it_as_it_was(spec):
    tower = made(spec).train()
    before = {name: value.clone() for name, value in tower.state_dict().items()}
    assert [level.block for level in levels_of(tower)] == list(range(len(levels_of(tower))))
    assert tower.training and all(torch.equal(before[name], x) for name, x in tower.state_dict().items())


def test_every_convolution_of_a_vgg_is_a_block():
    tower = made(replace(vgg16(), widths=(4, 4, 8, 8, 16), grid=1, dim=4))
    found = FeatureMap(tower)
    assert (found.stages, found.strides) == ((1, 3, 6, 9, 12), (1, 2, 4, 8, 16))
    assert found(torch.rand(1, 3, 64, 64))["4"].shape == (1, 16, 4, 4)


def test_torchvisions_detector_takes_one_stage_as_its_backbone():
    backbone = FeatureMap(made(RESNET), [2])
    model = FasterRCNN(
        backbone,
        3,
        min_size=64,
        max_size=64,
        rpn_anchor_generator=AnchorGenerator(((16,),), ((1.0,),)),
        box_roi_pool=MultiScaleRoIAlign(["0"], 7, 2),
    )
    losses = model.train()(
        [torch.rand(3, 64, 64)], [{"boxes": torch.tensor([[4.0, 4, 20, 20]]), "labels": torch.ones(1).long()}]
    )
    assert all(value.isfinite() for value in losses.values()) and len(losses) == 4


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: FeatureMap(made(RESNET)).out_channels, "8, 16, 32 wide"),
        (lambda: FeatureMap(made(RESNET), [4]), "no block 4: the tower has 4"),
        (lambda: FeatureMap(made(RESNET), []), "stages is empty"),
        (lambda: FeatureMap(nn.Linear(2, 2)), "a Linear gives no maps"),
        (lambda: SimplePyramid(8, 4, (3,)), "scales are 4, 2, 1 and 0.5"),
    ],
)
def test_what_cannot_be_is_refused(make, says):
    with pytest.raises(ValueError, match=says):
        make()


def test_what_no_map_depends_on_is_found():
    tower = made(ViTSpec(size=32, patch=8, dim=16, depth=2, heads=2, pool=Map()))
    names = {id(p): name for name, p in tower.named_parameters()}
    assert {names[id(p)].partition(".")[0] for p in unread(tower, [1])} == {"pool"}
    blocks = {names[id(p)].partition("blocks.")[2][:1] for p in unread(tower, [0]) if "blocks" in names[id(p)]}
    assert blocks == {"1"}
    assert not unread(made(ResNetSpec(depths=(1, 1), width=8, stem=SmallStem())), [0, 1])


def norm(x, layer):
    """A LayerNorm over the channels, place by place."""
    mean, apart = x.mean(1, keepdim=True), x.var(1, keepdim=True, unbiased=False)
    scaled = (x - mean) / (apart + layer.eps).sqrt()
    return scaled * layer.weight[:, None, None] + layer.bias[:, None, None]


def test_the_simple_pyramid_is_the_papers_at_every_scale():
    torch.manual_seed(0)
    pyramid, last = SimplePyramid(16, 8), torch.randn(2, 16, 4, 6)
    for layer in pyramid.modules():
        if isinstance(layer, nn.LayerNorm):
            nn.init.normal_(layer.weight)
    found = pyramid(OrderedDict({"0": last}))
    assert [tuple(level.shape[1:]) for level in found.values()] == [(8, 16, 24), (8, 8, 12), (8, 4, 6), (8, 2, 3)]
    four, two, one, half = pyramid.maps

    def ends(x, stack):
        point, first, near, second = stack[-4:]
        return norm(F.conv2d(norm(F.conv2d(x, point.weight), first), near.weight, padding=1), second)

    up = F.conv_transpose2d(last, four[0].weight, four[0].bias, stride=2)
    up = F.conv_transpose2d(F.gelu(norm(up, four[1])), four[3].weight, four[3].bias, stride=2)
    wanted = [
        ends(up, four),
        ends(F.conv_transpose2d(last, two[0].weight, two[0].bias, stride=2), two),
        ends(last, one),
        ends(F.max_pool2d(last, 2), half),
    ]
    for level, right in zip(found.values(), wanted, strict=True):
        torch.testing.assert_close(level, right, rtol=1e-4, atol=1e-5)
