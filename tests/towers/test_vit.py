import pytest
import torch
from timm.models.vision_transformer import VisionTransformer

from sightline.towers import Cls, ConvStemSpec, Map, Mean, Norm, SinCosSpec, ViTSpec


def randomized(module):
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    return module


def from_timm(peer):
    """timm's keys in ours: the class token's own position row folds into the token."""
    state = {}
    count = peer.pos_embed.shape[1] - peer.patch_embed.num_patches
    for key, value in peer.state_dict().items():
        match key.split(".")[0]:
            case "patch_embed":
                state[key.replace("patch_embed", "stem")] = value.reshape(len(value), -1) if value.ndim == 4 else value
            case "pos_embed":
                state["position.weight"] = value[0, count:]
            case "cls_token":
                state["prefix"] = value + peer.pos_embed[:, :1]
            case "attn_pool":
                state[key.replace("attn_pool", "pool").replace("latent", "probe")] = value
            case _:
                state[f"stack.{key}"] = value
    state.setdefault("prefix", torch.zeros(1, 0, peer.embed_dim))
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
