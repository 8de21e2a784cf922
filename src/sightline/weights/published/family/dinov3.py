"""DINOv3's ViTs as transformers writes them (Simeoni et al. 2025): DINOv3ViTModel.

Rotary positions, registers, and no bias of the keys: zeros here. The pooled vector is the class token after the last
norm. Pictures of any size whose sides are multiples of the patch.
"""

from dataclasses import replace
from pathlib import Path

from sightline.data.prepare.preprocess import Preprocess
from sightline.text.published import PublishedTokenizer
from sightline.towers.spec import Act, Cls, RotarySpec, ViTSpec
from sightline.weights.published.family.protocol import Config, Shapes, Towers
from sightline.weights.published.keymap import Rename, Rule
from sightline.weights.published.layouts.layout import activation, is_a, merged, renamed, transformers_vit
from sightline.weights.published.layouts.vit_pictures import from_folder, squash_rule
from sightline.weights.published.layouts.vit_rules import (
    Attention,
    PrefixTokens,
    gated,
    left_out,
    patches,
    separate_attention,
)

NAME = "dinov3"
NAMES = (Attention(("attention.q_proj", "attention.k_proj", "attention.v_proj"), "attention.o_proj"),)
PICTURE = 224
UNBIASED = ("proj_bias", "mlp_bias")

DEFAULTS = {
    "hidden_size": 384,
    "intermediate_size": 1536,
    "num_hidden_layers": 12,
    "num_attention_heads": 6,
    "hidden_act": "gelu",
    "layer_norm_eps": 1e-5,
    "rope_theta": 100.0,
    "image_size": 224,
    "patch_size": 16,
    "num_channels": 3,
    "query_bias": True,
    "key_bias": False,
    "value_bias": True,
    "proj_bias": True,
    "mlp_bias": True,
    "layerscale_value": 1.0,
    "use_gated_mlp": False,
    "num_register_tokens": 0,
}
"""The defaults of transformers' config class: published files leave out what equals them"""


def matches(config: Config, shapes: Shapes) -> bool:
    return is_a(config, "dinov3_vit")


def spec(config: Config, shapes: Shapes) -> Towers:
    c = merged(DEFAULTS, config)
    off = [name for name in UNBIASED if not c[name]]
    if off:
        raise ValueError(f"{' and '.join(off)} is false; every published DINOv3 has these biases, and our rules too")
    act: Act = activation(c["hidden_act"])
    if c["use_gated_mlp"]:
        if act != "silu":
            raise ValueError(f"use_gated_mlp is true with hidden_act {c['hidden_act']!r}; known is silu")
        act = "swiglu"
    image = replace(
        transformers_vit(c),
        pool=Cls(registers=c["num_register_tokens"]),
        position=RotarySpec(base=float(c["rope_theta"])),
        act=act,
        layer_scale=c["layerscale_value"] or 1.0,
    )
    return Towers(image=image, text=None, dim=c["hidden_size"])


def rules(towers: Towers, shapes: Shapes) -> list[Rule]:
    spec = towers.image
    assert isinstance(spec, ViTSpec) and isinstance(spec.pool, Cls)
    parts = ("embeddings.cls_token", "embeddings.register_tokens")
    found = left_out(shapes, "embeddings.mask_token", missing=(("embeddings.mask_token", (1, 1, spec.dim)),))
    found.append(PrefixTokens(parts, "image.prefix", spec.pool.registers))
    found += patches("embeddings.patch_embeddings", spec)
    # the class of today has one more level than its files
    layers = "model.layer" if any(name.startswith("model.layer.") for name in shapes) else "layer"
    for i in range(spec.depth):
        they, we = f"{layers}.{i}", f"image.stack.blocks.{i}"
        there = [f"{they}.attention.{part}_proj.bias" in shapes for part in "qkv"] if shapes else [True, False, True]
        found += separate_attention(they, we, spec.dim, shapes, names=NAMES, bias=(there[0], there[1], there[2]))
        found += renamed(f"{they}.norm1", f"{we}.norm1") + renamed(f"{they}.norm2", f"{we}.norm2")
        found += [Rename(f"{they}.layer_scale{n}.lambda1", f"{we}.scale{n}.gamma") for n in (1, 2)]
        if spec.act == "swiglu":
            found += gated(f"{they}.mlp", f"{we}.mlp")
        else:
            found += renamed(f"{they}.mlp.up_proj", f"{we}.mlp.fc1") + renamed(f"{they}.mlp.down_proj", f"{we}.mlp.fc2")
    return found + renamed("norm", "image.stack.norm")


def preprocess(towers: Towers, folder: Path, config: Config) -> Preprocess | None:
    assert towers.image is not None
    return from_folder(folder, squash_rule(PICTURE, towers.image.channels, imagenet=True), any_size=True)


def tokenizer(towers: Towers, folder: Path, config: Config) -> PublishedTokenizer | None:
    """None: it reads no text."""
    return None
