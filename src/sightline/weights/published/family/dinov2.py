"""DINOv2 as transformers writes it (Oquab et al. 2023; registers: Darcet et al. 2023): Dinov2Model and
Dinov2WithRegistersModel, and their towers inside a classifier or a backbone.

The pooled vector is the class token after the last norm. On another grid positions are resized as transformers does it:
to the size exactly, with antialiasing under registers. The authors' own code shifts the plain models' by 0.1 of a
patch, which moves tokens in the third decimal.
"""

from pathlib import Path

from sightline.data.prepare.preprocess import Preprocess
from sightline.text.published import PublishedTokenizer
from sightline.towers.spec import Cls, LearnedSpec, Norm, ViTSpec
from sightline.weights.published.family.protocol import Config, Shapes, Towers
from sightline.weights.published.keymap import ClassPosition, Rename, Rule
from sightline.weights.published.layouts.layout import activation, hidden, is_a, merged, renamed, side
from sightline.weights.published.layouts.vit_pictures import centre_rule, from_folder
from sightline.weights.published.layouts.vit_rules import (
    base_prefix,
    first,
    gated,
    left_out,
    patches,
    separate_attention,
)

NAME = "dinov2"
TYPES = ("dinov2", "dinov2_with_registers")
PICTURE = 224
"""px that the authors embed at; the position table is for 518"""
BASES = ("dinov2.", "dinov2_with_registers.")

DEFAULTS = {
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "mlp_ratio": 4,
    "hidden_act": "gelu",
    "layer_norm_eps": 1e-6,
    "image_size": 224,
    "patch_size": 16,
    "num_channels": 3,
    "qkv_bias": True,
    "layerscale_value": 1.0,
    "use_swiglu_ffn": False,
    "num_register_tokens": 4,
}
"""The defaults of transformers' config classes: published files leave out what equals them"""


def matches(config: Config, shapes: Shapes) -> bool:
    return is_a(config, *TYPES)


def spec(config: Config, shapes: Shapes) -> Towers:
    c = merged(DEFAULTS, config)
    registers = c["num_register_tokens"] if is_a(config, "dinov2_with_registers") else 0
    width = c["hidden_size"]
    inner = int(width * c["mlp_ratio"])
    if c["use_swiglu_ffn"]:
        # two thirds of the MLP's, a multiple of 8: transformers' and the authors' rule
        inner = (int(inner * 2 / 3) + 7) // 8 * 8
    image = ViTSpec(
        size=side(c["image_size"], "image_size"),
        patch=side(c["patch_size"], "patch_size"),
        dim=width,
        depth=c["num_hidden_layers"],
        heads=c["num_attention_heads"],
        mlp=hidden(width, inner),
        pool=Cls(registers=registers),
        position=LearnedSpec(resample="bicubic_antialias" if is_a(config, "dinov2_with_registers") else "bicubic"),
        norm=Norm(eps=c["layer_norm_eps"]),
        act="swiglu" if c["use_swiglu_ffn"] else activation(c["hidden_act"]),
        channels=c["num_channels"],
        layer_scale=c["layerscale_value"] or 1.0,
    )
    return Towers(image=image, text=None, dim=width)


def rules(towers: Towers, shapes: Shapes) -> list[Rule]:
    spec = towers.image
    assert isinstance(spec, ViTSpec)
    they = base_prefix(shapes, *BASES)
    registers = isinstance(spec.pool, Cls) and spec.pool.registers
    found = left_out(
        shapes, f"{they}embeddings.mask_token", "classifier.", missing=(("embeddings.mask_token", (1, spec.dim)),)
    )
    found.append(
        ClassPosition(
            f"{they}embeddings.cls_token",
            f"{they}embeddings.position_embeddings",
            "image.prefix",
            "image.position.weight",
            token_lead=2,
            table_lead=1,
            registers=f"{they}embeddings.register_tokens" if registers else None,
        )
    )
    found += patches(f"{they}embeddings.patch_embeddings.projection", spec)
    bias = not shapes or any(name.endswith(("query.bias", "q_proj.bias")) for name in shapes)
    for i in range(spec.depth):
        he, we = f"{they}encoder.layer.{i}", f"image.stack.blocks.{i}"
        found += separate_attention(he, we, spec.dim, shapes, bias=(bias, bias, bias))
        found += renamed(f"{he}.norm1", f"{we}.norm1") + renamed(f"{he}.norm2", f"{we}.norm2")
        found += [Rename(f"{he}.layer_scale{n}.lambda1", f"{we}.scale{n}.gamma") for n in (1, 2)]
        found += _mlp(f"{he}.mlp", f"{we}.mlp", spec, shapes)
    return found + renamed(f"{they}layernorm", "image.stack.norm")


def preprocess(towers: Towers, folder: Path, config: Config) -> Preprocess | None:
    assert towers.image is not None
    return from_folder(folder, centre_rule(PICTURE, towers.image.channels), any_size=True)


def tokenizer(towers: Towers, folder: Path, config: Config) -> PublishedTokenizer | None:
    """None: it reads no text."""
    return None


def _mlp(theirs: str, ours: str, spec: ViTSpec, shapes: Shapes) -> list[Rule]:
    if spec.act != "swiglu":
        return renamed(f"{theirs}.fc1", f"{ours}.fc1") + renamed(f"{theirs}.fc2", f"{ours}.fc2")
    joined = first(shapes, f"{theirs}.weights_in.weight", f"{theirs}.gate_proj.weight")
    if joined.endswith("gate_proj.weight"):
        return gated(theirs, ours)
    return renamed(f"{theirs}.weights_in", f"{ours}.fc1") + renamed(f"{theirs}.weights_out", f"{ours}.fc2")
