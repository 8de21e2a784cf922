from dataclasses import replace

import pytest
import torch

from sightline.nn.conv.kernel import flat, unflat
from sightline.towers import Cls, LearnedSpec, Map, Mean, NaFlexSpec, Norm, Patches, RotarySpec, ViTSpec
from sightline.towers.naflex import patches_of

SPEC = NaFlexSpec(patch=4, dim=24, depth=2, heads=3, mlp=40, grid=4, length=20)
GRIDS = torch.tensor([[4, 5], [2, 7], [6, 3], [1, 1], [2, 7]])


def pictures(spec=SPEC, grids=GRIDS, length=20):
    patches = torch.randn(len(grids), length, spec.channels * spec.patch**2)
    return Patches(patches=patches, mask=torch.arange(length) < grids.prod(1, keepdim=True), grid=grids)


def from_siglip2(peer, depth):
    given = {key.removeprefix("vision_model."): value for key, value in peer.state_dict().items()}
    state = {"prefix": torch.zeros(1, 0, 24), "position.weight": given["embeddings.position_embedding.weight"]}
    names = {
        "embeddings.patch_embedding": "stem",
        "post_layernorm": "stack.norm",
        "head.layernorm": "pool.norm",
        "head.mlp.fc1": "pool.mlp.fc1",
        "head.mlp.fc2": "pool.mlp.fc2",
        "head.attention.out_proj": "pool.proj",
    }
    for i in range(depth):
        layer, block = f"encoder.layers.{i}.", f"stack.blocks.{i}."
        names |= {f"{layer}layer_norm{n}": f"{block}norm{n}" for n in "12"}
        names |= {f"{layer}mlp.fc{n}": f"{block}mlp.fc{n}" for n in "12"}
        names[f"{layer}self_attn.out_proj"] = f"{block}attn.proj"
        for part in ("weight", "bias"):
            joined = [given[f"{layer}self_attn.{n}_proj.{part}"] for n in "qkv"]
            state[f"{block}attn.qkv.{part}"] = torch.cat(joined)
    for theirs, ours in names.items():
        for part in ("weight", "bias"):
            state[f"{ours}.{part}"] = given[f"{theirs}.{part}"]
    state["pool.probe"] = given["head.probe"]
    for part in ("weight", "bias"):
        joined = given[f"head.attention.in_proj_{part}"]
        state[f"pool.q.{part}"], state[f"pool.kv.{part}"] = joined[:24], joined[24:]
    return {f"vit.{key}": value for key, value in state.items()}


@pytest.mark.parametrize("kernel", ["eager", "sdpa"])
def test_several_shapes_in_one_batch_equal_transformers_siglip2(kernel):
    from transformers import Siglip2VisionConfig, Siglip2VisionModel

    config = Siglip2VisionConfig(
        hidden_size=24, intermediate_size=40, num_hidden_layers=2, num_attention_heads=3, patch_size=4, num_patches=16,
        attn_implementation=kernel,
    )  # fmt: skip
    peer = Siglip2VisionModel(config).eval()
    for parameter in peer.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    ours = replace(SPEC, norm=Norm(eps=config.layer_norm_eps)).build()
    ours.load_state_dict(from_siglip2(peer, 2))
    batch = pictures()
    features = ours(batch)
    expected = peer(batch.patches, pixel_attention_mask=batch.mask.int(), spatial_shapes=batch.grid)
    torch.testing.assert_close(features.pooled, expected.pooler_output, rtol=1e-5, atol=1e-5)
    real = batch.mask
    torch.testing.assert_close(features.tokens[real], expected.last_hidden_state[real], rtol=1e-5, atol=1e-5)
    assert features.tokens.isfinite().all() and features.grid is batch.grid and features.mask is batch.mask


@pytest.mark.parametrize("pool", [Cls(registers=1), Mean(), Mean(registers=2), Map()])
@pytest.mark.parametrize("position", [LearnedSpec(), RotarySpec()])
def test_padding_and_neighbours_change_nothing(pool, position):
    tower, batch = replace(SPEC, pool=pool, position=position).build(), pictures()
    together = tower(batch)
    for i, (y, x) in enumerate(GRIDS.tolist()):
        n = y * x
        alone = tower(
            Patches(patches=batch.patches[i : i + 1, :n], mask=batch.mask[i : i + 1, :n], grid=GRIDS[i : i + 1])
        )
        torch.testing.assert_close(together.pooled[i], alone.pooled[0], rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(together.tokens[i, :n], alone.tokens[0], rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(together.prefix[i], alone.prefix[0], rtol=1e-5, atol=1e-5)


def test_nothing_of_the_padding_reaches_the_answer_or_the_gradient():
    tower, batch = SPEC.build(), pictures()
    expected = tower(batch).pooled
    batch.patches[~batch.mask] = 1e4
    torch.testing.assert_close(tower(batch).pooled, expected, rtol=1e-5, atol=1e-5)
    patches = batch.patches.requires_grad_()
    tower(batch).pooled.square().sum().backward()
    assert not patches.grad[~batch.mask].any() and patches.grad[batch.mask].any()
    assert all(p.grad.isfinite().all() for p in tower.parameters() if p.grad is not None)


def test_maps_have_no_column_for_padding():
    tower, batch = SPEC.build(), pictures()
    maps = tower.attention(batch, 1)
    assert maps.isfinite().all()
    assert not maps.transpose(1, 3)[~batch.mask].any()
    torch.testing.assert_close(tower.layers(batch, [-1])[0].pooled, tower(batch).pooled)


@pytest.mark.parametrize("size", [(16, 16), (8, 24)])
def test_a_plain_vit_is_a_naflex_whose_kernel_is_laid_out_channels_last(size):
    vit = ViTSpec(
        size=16, patch=4, dim=24, depth=2, heads=3, mlp=40, pool=Map(), act="gelu_tanh",
        position=LearnedSpec(resample="bilinear_antialias"),
    ).build()  # fmt: skip
    naflex, state = SPEC.build(), vit.state_dict()
    kernel = unflat(state.pop("stem.proj.weight"), 3)
    state |= {"stem.weight": flat(kernel, "yxc"), "stem.bias": state.pop("stem.proj.bias")}
    naflex.load_state_dict({f"vit.{key}": value for key, value in state.items()})
    image = torch.randn(2, 3, *size)
    ours, expected = naflex(patches_of(image, 4)), vit(image)
    torch.testing.assert_close(ours.pooled, expected.pooled, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(ours.tokens, expected.tokens, rtol=1e-5, atol=1e-5)


def test_a_picture_that_does_not_divide_is_refused():
    with pytest.raises(ValueError, match="16 x 18 pixels does not divide into patches of 4"):
        patches_of(torch.zeros(1, 3, 16, 18), 4)
