import pytest
import torch
from timm.layers import resample_abs_pos_embed, resample_patch_embed

from sightline.nn.conv.kernel import flat, unflat
from sightline.towers import Cls, FlexiViTSpec, LearnedSpec, ViTSpec

SPEC = FlexiViTSpec(size=24, patch=6, kernel=8, grid=3, dim=16, depth=2, heads=2, pool=Cls(registers=1))


@pytest.mark.parametrize("patch", [4, 6, 8, 12])
def test_a_patch_size_a_call_is_a_vit_with_resized_weights(patch):
    flexi, image = SPEC.build(), torch.randn(2, 3, 24, 48)
    grid = [24 // patch, 48 // patch]
    plain = ViTSpec(size=24, patch=patch, dim=16, depth=2, heads=2, pool=Cls(registers=1)).build()
    plain.position.grid = tuple(grid)
    state = {key.removeprefix("vit."): value for key, value in flexi.state_dict().items()}
    if patch != 8:
        kernel = unflat(state["stem.proj.weight"], 3)
        state["stem.proj.weight"] = flat(resample_patch_embed(kernel, [patch, patch], "bilinear", antialias=True))
    places = state["position.weight"][None]
    state["position.weight"] = resample_abs_pos_embed(places, grid, [3, 3], 0, interpolation="bilinear")[0]
    plain.position.weight = torch.nn.Parameter(torch.empty(grid[0] * grid[1], 16))
    plain.load_state_dict(state)
    ours, expected = flexi(image, patch), plain(image)
    assert ours.grid == tuple(grid)
    torch.testing.assert_close(ours.pooled, expected.pooled, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(ours.tokens, expected.tokens, rtol=1e-4, atol=1e-4)
    assert flexi.attention(image, 1, patch).shape[-1] == 2 + grid[0] * grid[1]
    torch.testing.assert_close(flexi.layers(image, [-1], patch)[0].tokens, ours.tokens)


def test_without_a_patch_its_own_is_used():
    flexi, image = SPEC.build(), torch.randn(1, 3, 24, 24)
    assert flexi(image).grid == (4, 4)
    torch.testing.assert_close(flexi(image).pooled, flexi(image, 6).pooled, rtol=0, atol=0)


def test_the_same_weights_learn_at_every_patch():
    flexi = SPEC.build()
    for patch in (4, 8, 12):
        flexi.zero_grad()
        flexi(torch.randn(1, 3, 24, 24), patch).pooled.square().sum().backward()
        assert not [name for name, p in flexi.named_parameters() if p.grad is None or not p.grad.any()]


def test_pictures_that_do_not_divide_are_refused():
    with pytest.raises(ValueError, match="does not divide into patches of 5"):
        SPEC.build()(torch.zeros(1, 3, 24, 24), 5)
    with pytest.raises(ValueError, match="size 24 does not divide into patches of 5"):
        FlexiViTSpec(size=24, patch=5, dim=16, depth=1, heads=2, position=LearnedSpec()).build()
