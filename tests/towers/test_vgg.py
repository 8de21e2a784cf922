"""VGG's own promises; that it equals torchvision's stands in tests/weights/published/family/test_torchvision.py."""

import pytest
import torch

from sightline.towers.sizes_conv import vgg16, vgg_small
from sightline.towers.spec import VGGSpec, from_json, to_json


def test_layers_are_the_maps_after_each_convolution():
    torch.manual_seed(0)
    tower, x = vgg_small().build().eval(), torch.randn(2, 3, 32, 32)
    found = tower.layers(x, [0, 3, -1])
    assert [one.grid for one in found] == [(32, 32), (8, 8), (8, 8)]
    last = tower.maps.pool3(found[-1].tokens.transpose(1, 2).unflatten(2, (8, 8)))
    torch.testing.assert_close(last.flatten(2).transpose(1, 2), tower(x).tokens)
    with pytest.raises(ValueError, match="no convolution 4: the tower has 4"):
        tower.layers(x, [4])


def test_a_picture_of_which_nothing_is_left_is_refused():
    with pytest.raises(ValueError, match="this VGG leaves no place of a picture of 4 x 9 pixels.*at least 8"):
        vgg_small().build()(torch.zeros(1, 3, 4, 9))
    with pytest.raises(ValueError, match="5 widths and 2 depths"):
        VGGSpec(depths=(1, 2)).build()


def test_its_spec_goes_to_json_and_back():
    assert from_json(to_json(vgg16())) == vgg16()
