from functools import partial

import pytest
import torch
from timm.models.vision_transformer import VisionTransformer

from sightline.towers import Cls, ConvStemSpec, LearnedSpec, Map, Mean, Norm, RotarySpec, SinCosSpec, ViTSpec


def randomized(module):
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    return module


def from_timm(peer):
    """timm's keys in ours: the class token's own position row folds into the token, registers stand behind it."""
    state = {}
    count = peer.pos_embed.shape[1] - peer.patch_embed.num_patches
    for key, value in peer.state_dict().items():
        match key.split(".")[0]:
            case "patch_embed":
                state[key.replace("patch_embed", "stem")] = value.reshape(len(value), -1) if value.ndim == 4 else value
            case "pos_embed":
                state["position.weight"] = value[0, count:]
            case "cls_token":
                state["prefix"] = value + (peer.pos_embed[:, :1] if count else 0)
            case "reg_token":
                continue
            case "blocks" if ".ls" in key:
                state[f"stack.{key.replace('.ls', '.scale')}"] = value
            case "attn_pool":
                state[key.replace("attn_pool", "pool").replace("latent", "probe")] = value
            case _:
                state[f"stack.{key}"] = value
    state.setdefault("prefix", torch.zeros(1, 0, peer.embed_dim))
    if peer.reg_token is not None:
        state["prefix"] = torch.cat([state["prefix"], peer.reg_token], 1)
    return state


@pytest.mark.parametrize(("pool", "name"), [(Cls(), "token"), (Mean(), "avg"), (Map(), "map")])
def test_vit_equals_timms_in_value_and_gradient(pool, name):
    peer = randomized(
        VisionTransformer(
            img_size=16,
            patch_size=4,
            embed_dim=24,
            depth=2,
            num_heads=3,
            num_classes=0,
            global_pool=name,
            class_token=name == "token",
            fc_norm=False,
        )
    )
    ours = ViTSpec(size=16, patch=4, dim=24, depth=2, heads=3, pool=pool).build()
    ours.load_state_dict(from_timm(peer))
    x = torch.randn(3, 3, 16, 16)
    features, expected = ours(x), peer.forward_features(x)
    torch.testing.assert_close(features.pooled, peer(x), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(torch.cat([features.prefix, features.tokens], 1), expected, rtol=1e-5, atol=1e-5)
    features.pooled.square().sum().backward()
    peer(x).square().sum().backward()
    theirs = peer.blocks[0].attn.qkv.weight.grad
    torch.testing.assert_close(ours.stack.blocks[0].attn.qkv.weight.grad, theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("size", [(16, 16), (24, 12), (12, 32), (32, 32)])
@pytest.mark.parametrize(("pool", "name"), [(Cls(registers=3), "token"), (Map(registers=3), "map")])
def test_other_resolutions_registers_and_layer_scale_equal_timms(size, pool, name):
    peer = randomized(
        VisionTransformer(
            img_size=16, patch_size=4, embed_dim=24, depth=2, num_heads=3, num_classes=0, global_pool=name,
            class_token=name == "token", reg_tokens=3, init_values=0.5, dynamic_img_size=True,
            no_embed_class=True, pool_include_prefix=name == "map", fc_norm=False,
        )
    )  # fmt: skip
    ours = ViTSpec(size=16, patch=4, dim=24, depth=2, heads=3, pool=pool, layer_scale=0.5).build()
    ours.load_state_dict(from_timm(peer))
    x = torch.randn(2, 3, *size)
    features = ours(x)
    torch.testing.assert_close(features.pooled, peer(x), rtol=1e-5, atol=1e-5)
    expected = peer.forward_features(x)
    torch.testing.assert_close(torch.cat([features.prefix, features.tokens], 1), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("size", [(16, 16), (12, 20), (24, 8)])
def test_a_rotary_vit_equals_transformers_dinov3_in_tokens_and_maps(size):
    from transformers import DINOv3ViTConfig, DINOv3ViTModel

    config = DINOv3ViTConfig(
        hidden_size=48, intermediate_size=40, num_hidden_layers=2, num_attention_heads=3, image_size=16, patch_size=4,
        num_register_tokens=4, use_gated_mlp=True, hidden_act="silu", attn_implementation="eager",
    )  # fmt: skip
    peer = randomized(DINOv3ViTModel(config)).eval()
    ours = ViTSpec(
        size=16, patch=4, dim=48, depth=2, heads=3, mlp=40, act="swiglu", layer_scale=1.0, pool=Cls(registers=4),
        position=RotarySpec(), norm=Norm(eps=config.layer_norm_eps),
    ).build()  # fmt: skip
    given, state = peer.state_dict(), {}
    embeddings = {key.removeprefix("embeddings."): value for key, value in given.items()}
    state["prefix"] = torch.cat([embeddings["cls_token"], embeddings["register_tokens"]], 1)
    state["stem.proj.weight"] = embeddings["patch_embeddings.weight"].flatten(1)
    state["stem.proj.bias"] = embeddings["patch_embeddings.bias"]
    for part in ("weight", "bias"):
        state[f"stack.norm.{part}"] = given[f"norm.{part}"]
        for i in range(2):
            layer = next(key for key in given if f"layer.{i}.norm1" in key or f"layers.{i}.norm1" in key)
            layer = layer[: layer.index("norm1")]
            read = partial(lambda given, layer, part, name: given[f"{layer}{name}.{part}"], given, layer, part)
            value = torch.zeros(48) if part == "bias" else None
            keys = value if value is not None else read("attention.k_proj")
            block = f"stack.blocks.{i}."
            state[f"{block}attn.qkv.{part}"] = torch.cat([read("attention.q_proj"), keys, read("attention.v_proj")])
            state[f"{block}attn.proj.{part}"] = read("attention.o_proj")
            state[f"{block}mlp.fc1.{part}"] = torch.cat([read("mlp.gate_proj"), read("mlp.up_proj")])
            state[f"{block}mlp.fc2.{part}"] = read("mlp.down_proj")
            for n in "12":
                state[f"{block}norm{n}.{part}"] = read(f"norm{n}")
                state[f"{block}scale{n}.gamma"] = given[f"{layer}layer_scale{n}.lambda1"]
    ours.load_state_dict(state)
    x = torch.randn(2, 3, *size)
    expected, features = peer(x, output_attentions=True), ours(x)
    tokens = torch.cat([features.prefix, features.tokens], 1)
    torch.testing.assert_close(tokens, expected.last_hidden_state, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(features.pooled, expected.pooler_output, rtol=1e-5, atol=1e-5)
    for block in range(2):
        torch.testing.assert_close(ours.attention(x, block), expected.attentions[block], rtol=0, atol=1e-5)


def test_clips_vit_equals_open_clips():
    from open_clip.transformer import VisionTransformer as OpenCLIP

    peer = randomized(OpenCLIP(image_size=16, patch_size=4, width=24, layers=2, heads=3, mlp_ratio=4.0, output_dim=10))
    ours = ViTSpec(size=16, patch=4, dim=24, depth=2, heads=3, entry=Norm(eps=1e-5), norm=Norm(eps=1e-5)).build()
    names = {"ln_1": "norm1", "ln_2": "norm2", "c_fc": "fc1", "c_proj": "fc2", "attn.in_proj_": "attn.qkv."}
    state = {
        "stem.proj.weight": peer.conv1.weight.reshape(24, -1),
        "stem.proj.bias": torch.zeros(24),
        "prefix": (peer.class_embedding + peer.positional_embedding[0])[None, None],
        "position.weight": peer.positional_embedding[1:],
    }
    for key, value in peer.state_dict().items():
        if key.startswith("transformer.resblocks"):
            for old, new in names.items():
                key = key.replace(old, new)
            state[key.replace("transformer.resblocks", "stack.blocks").replace("out_proj", "proj")] = value
        elif key.startswith("ln_"):
            state[key.replace("ln_pre", "entry").replace("ln_post", "stack.norm")] = value
    ours.load_state_dict(state)
    x = torch.randn(2, 3, 16, 16)
    torch.testing.assert_close(ours(x).pooled @ peer.proj, peer(x), rtol=1e-5, atol=1e-5)


def test_features_say_where_the_tokens_are():
    spec = ViTSpec(
        size=16, patch=4, dim=8, depth=1, heads=2, pool=Cls(registers=2), position=SinCosSpec(),
        stem=ConvStemSpec(kernels=(2, 2), strides=(2, 2), widths=(6, 8)),
    )  # fmt: skip
    features = spec.build()(torch.randn(2, 3, 16, 8))
    assert features.grid == (4, 2)
    assert (features.pooled.shape, features.tokens.shape, features.prefix.shape) == ((2, 8), (2, 8, 8), (2, 3, 8))


def test_under_autocast_the_stream_is_bfloat16_and_close():
    vit, x = ViTSpec(size=16, patch=4, dim=32, depth=2, heads=2).build(), torch.randn(4, 3, 16, 16)
    with torch.autocast("cpu", torch.bfloat16):
        features = vit(x)
    assert features.tokens.dtype == torch.bfloat16
    torch.testing.assert_close(features.pooled.float(), vit(x).pooled, rtol=0.1, atol=0.05)


def test_sizes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="does not divide into patches"):
        ViTSpec(size=30, patch=8, dim=8, depth=1, heads=1).build()
    stem = ConvStemSpec(kernels=(4,), strides=(4,), widths=(8,))
    with pytest.raises(ValueError, match="the stem makes patches of 4"):
        ViTSpec(size=32, patch=8, dim=8, depth=1, heads=1, stem=stem).build()


def test_layers_end_the_tower_early():
    spec = ViTSpec(size=16, patch=4, dim=8, depth=3, heads=2, pool=Cls(registers=1), position=RotarySpec())
    tower, x = spec.build(), torch.randn(2, 3, 16, 8)
    first, last = tower.layers(x, [0, 2])
    torch.testing.assert_close(last.tokens, tower(x).tokens, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(last.pooled, tower(x).pooled, rtol=1e-5, atol=1e-6)
    assert first.grid == (4, 2) and first.prefix.shape == (2, 2, 8)
    tower.stack.blocks = tower.stack.blocks[:1]
    torch.testing.assert_close(tower(x).tokens, first.tokens, rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match="no block 1"):
        tower.attention(x, 1)


def test_maps_have_a_row_and_a_column_a_token():
    tower = ViTSpec(size=16, patch=4, dim=8, depth=2, heads=2, pool=Mean(registers=3)).build()
    maps = tower.attention(torch.randn(2, 3, 16, 8), -1)
    assert maps.shape == (2, 2, 11, 11)
    torch.testing.assert_close(maps.sum(-1), torch.ones(2, 2, 11))


def test_registers_are_not_in_the_mean():
    tower, x = (
        ViTSpec(size=16, patch=4, dim=8, depth=1, heads=2, pool=Mean(registers=3)).build(),
        torch.randn(2, 3, 16, 16),
    )
    features = tower(x)
    assert features.prefix.shape == (2, 3, 8)
    torch.testing.assert_close(features.pooled, features.tokens.mean(1))


def test_drop_path_grows_with_depth_and_is_off_in_evaluation():
    spec = ViTSpec(size=16, patch=4, dim=8, depth=3, heads=2, drop_path=0.4)
    assert [getattr(block.drop, "rate", 0) for block in spec.build().stack.blocks] == [0, 0.2, 0.4]
    uneven = ViTSpec(size=16, patch=4, dim=8, depth=3, heads=2, drop_path=(0.3, 0.3, 0.3)).build()
    assert [block.drop.rate for block in uneven.stack.blocks] == [0.3] * 3
    tower, x = spec.build(), torch.randn(4, 3, 16, 16)
    assert not torch.equal(tower(x).pooled, tower(x).pooled)
    plain = ViTSpec(size=16, patch=4, dim=8, depth=3, heads=2).build()
    plain.load_state_dict(tower.state_dict())
    torch.testing.assert_close(tower.eval()(x).pooled, plain(x).pooled, rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match="2 rates for 3 blocks"):
        ViTSpec(size=16, patch=4, dim=8, depth=3, heads=2, drop_path=(0.1, 0.2)).build()


def test_a_spec_says_how_positions_are_resized():
    towers = [
        ViTSpec(size=16, patch=4, dim=8, depth=1, heads=2, position=LearnedSpec(resample=how)).build()
        for how in ("bicubic_antialias", "bicubic")
    ]
    towers[1].load_state_dict(towers[0].state_dict())
    small, native = torch.randn(1, 3, 8, 8), torch.randn(1, 3, 16, 16)
    assert not torch.equal(towers[0](small).tokens, towers[1](small).tokens)
    torch.testing.assert_close(towers[0](native).tokens, towers[1](native).tokens)


@pytest.mark.parametrize("channels", [1, 5])
def test_channels_are_a_number(channels):
    tower = ViTSpec(size=16, patch=4, dim=8, depth=1, heads=2, channels=channels).build()
    assert tower(torch.randn(1, channels, 16, 16)).tokens.shape == (1, 16, 8)


def test_tracing_a_graph_leaves_nothing_behind_and_the_graph_agrees():
    """Tables are cached; one made while a graph is traced holds no numbers, and must not be found afterwards."""
    kinds = (SinCosSpec(), RotarySpec(), LearnedSpec(), LearnedSpec(resample="bicubic"))
    sizes = dict(size=16, patch=4, dim=8, depth=1, heads=2)
    towers = torch.nn.ModuleList([ViTSpec(**sizes, position=position).build().eval() for position in kinds])

    class Pooled(torch.nn.Module):
        """A tower with each kind of position: tracing costs more than they do."""

        def __init__(self):
            super().__init__()
            self.towers = towers

        def forward(self, image):
            return torch.stack([tower(image).pooled for tower in self.towers])

    image = torch.randn(2, 3, 8, 28)
    graph = torch.export.export(Pooled(), (image,), dynamic_shapes=({0: torch.export.Dim("b", min=1, max=8)},))
    more = torch.randn(5, 3, 8, 28)
    torch.testing.assert_close(graph.module()(more), Pooled()(more), rtol=1e-5, atol=1e-6)
