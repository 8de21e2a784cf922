"""Patches replaced by a mask token, and patches left out."""

import pytest
import torch

from sightline.towers import Cls, ConvStemSpec, Mean, RotarySpec, SinCosSpec, ViTSpec
from sightline.towers.sizes import common_vit

SIZES = {"size": 16, "patch": 4, "dim": 24, "depth": 2, "heads": 3}
STEM = ConvStemSpec(kernels=(2, 2), strides=(2, 2), widths=(12, 24))
SPECS = {
    "learned": ViTSpec(**SIZES),
    "sincos, registers, mean": ViTSpec(**SIZES, position=SinCosSpec(), pool=Mean(registers=2)),
    "rotary": ViTSpec(**SIZES, position=RotarySpec(), pool=Cls(registers=1)),
    "convolutional stem": ViTSpec(**SIZES, stem=STEM),
}


@pytest.fixture(params=SPECS)
def tower(request):
    return SPECS[request.param].build()


def equal(a, b):
    for name in ("pooled", "tokens", "prefix"):
        torch.testing.assert_close(getattr(a, name), getattr(b, name), rtol=1e-4, atol=1e-5)
    assert a.grid == b.grid


def test_nothing_masked_is_the_plain_forward(tower):
    x = torch.randn(3, 3, 16, 16)
    equal(tower.masked(x, torch.zeros(3, 4, 4, dtype=torch.bool), torch.randn(24)), tower(x))


def test_nothing_leaks_from_under_a_mask(tower):
    x, token = torch.randn(3, 3, 16, 16), torch.randn(24)
    mask = torch.rand(3, 4, 4) < 0.5
    pixels = mask.repeat_interleave(4, 1).repeat_interleave(4, 2)[:, None]
    changed = torch.where(pixels, torch.randn_like(x), x)
    equal(tower.masked(changed, mask, token), tower.masked(x, mask, token))
    assert not torch.allclose(tower(changed).tokens, tower(x).tokens)


def test_the_mask_token_learns_and_stands_before_positions(tower):
    x, token = torch.randn(2, 3, 16, 16), torch.randn(24, requires_grad=True)
    features = tower.masked(x, torch.ones(2, 4, 4, dtype=torch.bool), token)
    features.tokens.square().mean().backward()
    assert token.grad.abs().sum() > 0
    torch.testing.assert_close(features.tokens[0], features.tokens[1])
    apart = not torch.allclose(features.tokens[0, 0], features.tokens[0, 5], atol=1e-4)
    assert apart == (tower.rotary is None)  # rotary positions are in no value, and here all values are equal


def test_a_mask_of_another_grid_is_refused(tower):
    with pytest.raises(ValueError, match=r"mask of \(2, 2, 2\) does not fit 2 pictures of 4 x 4 patches"):
        tower.masked(torch.randn(2, 3, 16, 16), torch.zeros(2, 2, 2, dtype=torch.bool), torch.zeros(24))


def test_all_patches_kept_is_the_plain_forward_in_any_order(tower):
    x = torch.randn(3, 3, 16, 16)
    keep = torch.stack([torch.randperm(16) for _ in range(3)])
    features, plain = tower.visible(x, keep), tower(x)
    torch.testing.assert_close(features.pooled, plain.pooled, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(features.prefix, plain.prefix, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(
        features.tokens, plain.tokens.gather(1, keep[..., None].expand(-1, -1, 24)), rtol=1e-4, atol=1e-5
    )


def test_patches_that_are_not_kept_have_no_say(tower):
    x, keep = torch.randn(2, 3, 16, 16), torch.tensor([[0, 5, 10], [15, 2, 7]])
    seen = torch.zeros(2, 16, dtype=torch.bool).scatter_(1, keep, value=True).view(2, 4, 4)
    pixels = seen.repeat_interleave(4, 1).repeat_interleave(4, 2)[:, None]
    features = tower.visible(x, keep)
    equal(tower.visible(torch.where(pixels, x, torch.randn_like(x)), keep), features)
    assert features.tokens.shape == (2, 3, 24) and features.grid == (4, 4)


def test_kept_patches_equal_padding_the_others_away(tower):
    """The same sum the other way: all patches enter and a mask hides those not kept from every query."""
    x, keep = torch.randn(2, 3, 16, 16), torch.tensor([[0, 5, 10], [15, 2, 7]])
    real = torch.zeros(2, 16, dtype=torch.bool).scatter_(1, keep, value=True)
    hidden = tower.read(*tower.stem(x), mask=real)
    features = tower.visible(x, keep)
    torch.testing.assert_close(
        features.tokens, hidden.tokens.gather(1, keep[..., None].expand(-1, -1, 24)), rtol=1e-4, atol=1e-5
    )
    torch.testing.assert_close(features.pooled, hidden.pooled, rtol=1e-4, atol=1e-5)


def test_masked_equals_transformers_dinov2():
    from transformers import Dinov2Config, Dinov2Model

    config = Dinov2Config(
        hidden_size=24, num_hidden_layers=1, num_attention_heads=3, image_size=16, patch_size=4, layer_norm_eps=1e-6
    )
    peer = Dinov2Model(config).eval()
    for p in peer.parameters():
        torch.nn.init.normal_(p, std=0.3)
    ours = ViTSpec(**SIZES).build()
    x, mask = torch.randn(2, 3, 16, 16), torch.rand(2, 4, 4) < 0.5
    with torch.no_grad():
        embed = peer.embeddings
        ours.stem.proj.weight.copy_(embed.patch_embeddings.projection.weight.flatten(1))
        ours.stem.proj.bias.copy_(embed.patch_embeddings.projection.bias)
        ours.position.weight.copy_(embed.position_embeddings[0, 1:])
        ours.prefix.copy_(embed.cls_token + embed.position_embeddings[:, :1])
        tokens, grid = ours.stem(x)
        entering = ours.embed(torch.where(mask.flatten(1)[..., None], embed.mask_token[0], tokens), grid)
        torch.testing.assert_close(entering, embed(x, bool_masked_pos=mask.flatten(1)), rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(ours.masked(x, mask, embed.mask_token[0]).tokens, ours.stack(entering)[:, 1:])


def test_under_autocast_masking_keeps_the_towers_dtype():
    tower = common_vit(32).build()
    x, mask = torch.randn(2, 3, 32, 32), torch.rand(2, 8, 8) < 0.5
    with torch.autocast("cpu", torch.bfloat16):
        assert tower.masked(x, mask, torch.zeros(192)).tokens.dtype == tower(x).tokens.dtype
