"""timm's plain ViTs in our towers: the same numbers, and every name of the table means what timm builds for it."""

import peers
import peers_vision
import pytest
import torch

import sightline
from sightline.weights.convert.conversion import convert
from sightline.weights.published.family import timm as family

ACTIVATIONS = {"GELU(approximate='none')": "gelu", "GELUTanh()": "gelu_tanh", "QuickGELU()": "quick_gelu"}
NAMES = (
    "vit_small_patch32_224",
    "vit_base_patch16_clip_quickgelu_224",
    "vit_base_patch32_siglip_gap_256",
    "vit_so400m_patch14_siglip_224",
    "vit_giant_patch14_clip_224",
    "vit_giant_patch14_reg4_dinov2",
    "vit_base_patch14_reg1_tipsv2",
    "vit_base_patch16_plus_240",
    "deit3_small_patch16_224",
)
"""one of each kind; all 106 of timm 1.0 were compared once"""


def test_timm_equals_timm(tmp_path):
    peers.check("timm", tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_means_what_timm_builds(name):
    import timm

    with torch.device("meta"):
        peer = timm.create_model(name, num_classes=0)
    shapes = {key: tuple(value.shape) for key, value in peer.state_dict().items()}
    config = {"architecture": name, "global_pool": peer.global_pool}
    assert family.matches(config, shapes)
    spec, block = family.spec(config, shapes).image, peer.blocks[0]
    act = ACTIVATIONS.get(str(block.mlp.act), "swiglu")
    assert (spec.heads, spec.act, spec.norm.eps) == (block.attn.num_heads, act, peer.norm.eps)
    assert (spec.dim, spec.depth, spec.size) == (peer.embed_dim, len(peer.blocks), peer.patch_embed.img_size[0])


KEPT = {
    "grey": dict(in_chans=1),
    "four bands and classes": dict(in_chans=4, num_classes=5),
    "other heads": dict(num_heads=4),
    "attention pooling": dict(global_pool="map", class_token=False),
    "registers": dict(reg_tokens=2, no_embed_class=True),
    "layer scale": dict(init_values=0.1, drop_path_rate=0.1),
}
OTHER = {
    "a norm after the mean": dict(global_pool="avg"),
    "a norm of queries": dict(qk_norm=True),
    "no class token": dict(class_token=False, global_pool="max"),
    "no bias": dict(qkv_bias=False),
    "another activation": dict(act_layer="relu"),
    "positions of registers": dict(reg_tokens=2),
    "no square": dict(img_size=(32, 48)),
}


@pytest.mark.parametrize("settings", KEPT.values(), ids=KEPT.keys())
def test_what_timm_writes_down_of_a_plain_vit_is_read(tmp_path, settings):
    peer = peers_vision.timm_named("vit_small_patch16_224", **settings)
    peers_vision.save_timm(tmp_path, peer)
    encoder = sightline.load(tmp_path, device="cpu")
    images = torch.randn(2, settings.get("in_chans", 3), 32, 32)
    with torch.no_grad():
        expected = peer.forward_head(peer.forward_features(images), pre_logits=True)
        assert peers.apart(expected, encoder.encode_image(images)) < 1e-5
    assert type(encoder.model.image).__name__ == "ViT" and encoder.rule.channels == images.shape[1]


@pytest.mark.parametrize("settings", OTHER.values(), ids=OTHER.keys())
def test_what_is_another_equation_runs_by_timms_code_and_is_not_converted(tmp_path, settings):
    peer = peers_vision.timm_named("vit_small_patch16_224", **settings)
    peers_vision.save_timm(tmp_path / "theirs", peer)
    with pytest.raises(ValueError, match="runs by the code of timm or transformers") as refusal:
        convert(tmp_path / "theirs", tmp_path / "ours", "sightline")
    assert len(str(refusal.value)) < 300
    if "img_size" in settings:
        return  # a rectangle: timm itself prepares squares
    images = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        expected = peer.forward_head(peer.forward_features(images), pre_logits=True)
        assert peers.apart(expected, sightline.load(tmp_path / "theirs", device="cpu").encode_image(images)) < 1e-5


@pytest.mark.parametrize("name", ["vit_base_patch16_rpn_224", "vit_base_patch16_gap_224", "vit_base_r50_s16_224"])
def test_a_name_of_another_equation_is_left_to_the_adapter(name):
    shapes = {"blocks.0.attn.qkv.weight": (3, 1)}
    assert not family.matches({"architecture": name}, shapes)


def test_pictures_are_prepared_as_the_config_says(tmp_path):
    peer = peers_vision.timm_named("vit_small_patch16_224")
    said = {"input_size": [3, 32, 32], "crop_pct": 0.9, "interpolation": "bicubic", "mean": [0.1] * 3, "std": [0.2] * 3}
    peers_vision.save_timm(tmp_path, peer, pretrained_cfg=said)
    rule = sightline.load(tmp_path, device="cpu").rule
    assert (rule.size, rule.short, rule.mean, rule.std) == (32, 35, (0.1,) * 3, (0.2,) * 3)
