"""The four blocks of few-shot learning."""

import pytest
import torch
from torch import nn

from sightline.towers import ConvNetSpec
from sightline.towers.sizes_conv import conv4


def reference(width, channels=3):
    layers = []
    for i in range(4):
        layers += [
            nn.Conv2d(width if i else channels, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.MaxPool2d(2),
        ]
    return nn.Sequential(*layers, nn.Flatten())


def test_conv4_is_the_published_sequence_of_layers():
    torch.manual_seed(0)
    tower, plain = conv4().build().eval(), reference(64).eval()
    tensors = [x for x in tower.state_dict().values()]
    plain.load_state_dict(dict(zip(plain.state_dict(), tensors, strict=True)))
    image = torch.randn(3, 3, 28, 28)
    seen = tower(image)
    assert seen.pooled.shape == (3, 64) and seen.grid == (1, 1)
    torch.testing.assert_close(seen.pooled, plain(image))


def test_the_whole_map_is_read_place_by_place_and_its_width_is_told():
    spec = ConvNetSpec(size=84, width=8)
    tower = spec.build().eval()
    seen = tower(torch.randn(2, 3, 84, 84))
    assert seen.pooled.shape == (2, spec.dim) == (2, 8 * 25) and tower.dim == spec.dim
    torch.testing.assert_close(seen.pooled, seen.tokens.flatten(1))


def test_layers_are_the_maps_after_blocks_and_the_last_is_read_as_the_tower_reads_it():
    tower, image = ConvNetSpec(size=84, width=8).build().eval(), torch.randn(2, 3, 84, 84)
    whole, (last, first) = tower(image), tower.layers(image, [-1, 0])
    assert torch.equal(last.pooled, whole.pooled) and torch.equal(last.tokens, whole.tokens)
    assert last.grid == (5, 5) and first.grid == (42, 42)
    torch.testing.assert_close(first.pooled, first.tokens.mean(1))


def test_it_follows_the_size_of_the_data_and_refuses_what_would_leave_nothing():
    assert conv4().fitted(64, None).dim == 64 * 16
    with pytest.raises(ValueError, match="4 blocks halve pictures of 12 px to nothing; set data.size=16 or more, or"):
        ConvNetSpec(size=12).build()
