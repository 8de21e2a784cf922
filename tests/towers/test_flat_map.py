import torch

from sightline.towers.spec import FlatMapSpec, ResNetSpec, SmallStem, from_json, to_json

SPEC = ResNetSpec(depths=(1, 1), width=8, stem=SmallStem(stride=2), pool=FlatMapSpec(grid=4))


def test_a_flat_map_keeps_every_place_in_row_major_order():
    tower = SPEC.build().eval()
    features = tower(torch.randn(2, 3, 16, 16))
    assert tower.dim == features.pooled.shape[1] == 16 * 16 and tower.width == features.tokens.shape[2] == 16
    torch.testing.assert_close(features.pooled.view(2, 16, 16), features.tokens)


def test_other_sizes_are_brought_to_the_grid_and_the_spec_goes_to_json_and_back():
    assert SPEC.build().eval()(torch.randn(1, 3, 32, 24)).pooled.shape == (1, 256)
    assert from_json(to_json(SPEC)) == SPEC
