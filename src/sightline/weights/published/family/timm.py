"""timm's plain ViTs as timm writes them (config.json with `architecture`, model.safetensors): ViT, DeiT, DeiT III,
DINOv2, TIPS v2, CLIP's and SigLIP's image towers.

What a name means and the tensors do not show (heads, activation, epsilon, pooling) is in the tables here; a name
outside of them comes through the adapter, timm:NAME. The class head is left out.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sightline.data.prepare.preprocess import Preprocess
from sightline.text.published import PublishedTokenizer
from sightline.towers.spec import Act, Cls, LearnedSpec, Map, Mean, Norm, SecondCls, ViTSpec
from sightline.weights.published.family.protocol import Config, Shapes, Towers
from sightline.weights.published.keymap import ClassPosition, Rename, Reshape, Rule, Zeros
from sightline.weights.published.layouts.layout import depth, hidden, renamed, same_blocks
from sightline.weights.published.layouts.vit_pictures import timm_rule
from sightline.weights.published.layouts.vit_rules import PrefixTokens, left_out, patches

NAME = "timm"

PLAIN = re.compile(
    r"(?:vit|deit3?)_(?P<size>tiny|xsmall|small|medium|base|betwixt|large|huge|giant|gigantic|so400m|giantopt)_patch\d+"
    r"(?:_plus)?(?:_reg\d+)?_(?P<kind>dinov2|tipsv2|clip_quickgelu_\d+|clip_\d+|siglip_gap_\d+|siglip_\d+|\d+)"
)
SIXTEEN = frozenset({"huge", "giant", "gigantic", "so400m", "giantopt"})
"""sizes with 16 heads, unless they are DINOv2's and TIPS's; the others have heads of 64"""
TANH = re.compile(r"vit_(base_patch32|large_patch16|so400m_patch16|giantopt_patch16)_siglip_(gap_)?(?P<pixels>\d+)")
IDLE = frozenset(
    "num_classes drop_rate pos_drop_rate patch_drop_rate proj_drop_rate attn_drop_rate drop_path_rate dynamic_img_size "
    "strict_img_size weight_init fix_init pretrained pretrained_cfg pretrained_cfg_overlay pretrained_strict cache_dir "
    "features_only exportable scriptable".split()
)
"""`model_args`, the settings of the model that timm writes down, that do not change what a picture becomes"""
SHOWN = frozenset(
    "img_size patch_size in_chans embed_dim depth mlp_ratio init_values class_token reg_tokens no_embed_class pre_norm "
    "fc_norm qkv_bias qk_norm proj_bias final_norm".split()
)
"""those that the tensors show; what they may show and our tower lacks, `matches` looks for"""
NEEDED = frozenset(
    "patch_embed.proj.weight pos_embed norm.weight blocks.0.attn.qkv.bias blocks.0.attn.proj.bias "
    "blocks.0.mlp.fc2.bias".split()
)
"""tensors that every one of them has"""
READ = frozenset({"global_pool", "num_heads"})
"""those that only the config says"""
UNUSED = ("head.", "head_dist.")
POOL_LAYERS = ("q", "kv", "proj", "norm", "mlp.fc1", "mlp.fc2")


def matches(config: Config, shapes: Shapes) -> bool:
    """Whether timm wrote it and every part of it is one of our ViT."""
    found = PLAIN.fullmatch(str(config.get("architecture", "")))
    return (
        found is not None
        and not set(_args(config)) - IDLE - SHOWN - READ
        and NEEDED <= shapes.keys()
        and not {"fc_norm.weight", "blocks.0.attn.q_norm.weight"} & shapes.keys()
        and _pool(config, found["kind"]) in ("token", "map", "avg")
        and ("cls_token" in shapes) == (_pool(config, found["kind"]) == "token")
        and ("attn_pool.latent" in shapes) == (_pool(config, found["kind"]) == "map")
        and not {"attn_pool.latent", "reg_token"} <= shapes.keys()  # ours sees registers, timm's does not
        and _square(config, shapes)
    )


def spec(config: Config, shapes: Shapes) -> Towers:
    name = config["architecture"]
    found = PLAIN.fullmatch(name)
    assert found is not None, "refused by matches"
    kind = found["kind"]
    width, channels, patch, _ = shapes["patch_embed.proj.weight"]
    registers = shapes.get("reg_token", (1, 0, width))[1]
    gated = kind in ("dinov2", "tipsv2") and found["size"] == "giant"
    inner = shapes["blocks.0.mlp.fc2.weight"][1]
    sixteen = found["size"] in SIXTEEN and not gated
    norm = Norm(eps=1e-5 if kind.startswith("clip") else 1e-6)
    pool = {"token": Cls(registers=registers), "map": Map(), "avg": Mean(registers=registers)}
    image = ViTSpec(
        size=_grid(shapes) * patch,
        patch=patch,
        dim=width,
        depth=depth(shapes, "blocks"),
        heads=_args(config).get("num_heads") or (16 if sixteen else width // 64),
        mlp=hidden(width, inner),
        pool=pool[_pool(config, kind)],
        position=LearnedSpec(resample="bicubic_antialias"),
        entry=norm if "norm_pre.weight" in shapes else None,
        norm=norm,
        act="swiglu" if gated else _act(name),
        channels=channels,
        layer_scale=1.0 if "blocks.0.ls1.gamma" in shapes else 0.0,
    )
    return Towers(image=image, text=None, dim=width)


def rules(towers: Towers, shapes: Shapes) -> list[Rule]:
    spec = towers.image
    assert isinstance(spec, ViTSpec)
    found = [*left_out(shapes, *UNUSED), *_prefix(spec, shapes)]
    if shapes and "patch_embed.proj.bias" not in shapes:
        found += [patches("patch_embed.proj", spec)[0], Zeros("image.stem.proj.bias", (spec.dim,))]
    else:
        found += patches("patch_embed.proj", spec)
    found += same_blocks("blocks", "image.stack.blocks", spec.depth)
    if spec.layer_scale:
        found += [
            Rename(f"blocks.{i}.ls{n}.gamma", f"image.stack.blocks.{i}.scale{n}.gamma")
            for i in range(spec.depth)
            for n in (1, 2)
        ]
    if spec.entry is not None:
        found += renamed("norm_pre", "image.entry")
    if isinstance(spec.pool, Map):
        found.append(Rename("attn_pool.latent", "image.pool.probe"))
        for layer in POOL_LAYERS:
            found += renamed(f"attn_pool.{layer}", f"image.pool.{layer}")
    return found + renamed("norm", "image.stack.norm")


def preprocess(towers: Towers, folder: Path, config: Config) -> Preprocess | None:
    assert isinstance(towers.image, ViTSpec)
    given = config.get("pretrained_cfg")
    return timm_rule(given if isinstance(given, Mapping) else {}, towers.image.size, towers.image.channels)


def tokenizer(towers: Towers, folder: Path, config: Config) -> PublishedTokenizer | None:
    """None: it reads no text."""
    return None


def _square(config: Config, shapes: Shapes) -> bool:
    """Whether patches and picture are squares, and the picture whole patches: timm's SigLIP of 384 px and patches of 14
    drops 6 px at two sides."""
    given, asked = config.get("pretrained_cfg"), _args(config).get("img_size")
    size = given.get("input_size") if isinstance(given, Mapping) else None
    patch = shapes["patch_embed.proj.weight"][-2:]
    # what the model was built for goes before what its pictures are prepared for, which a tower of any size resizes to
    sides = {asked} if isinstance(asked, int) else set(asked or (size or ())[1:])
    rows = shapes["pos_embed"][1]
    # registers with positions of their own have more
    square = any(round(places**0.5) ** 2 == places for places in (rows, rows - 1))
    return square and patch[0] == patch[1] and len(sides) <= 1 and all(side % patch[0] == 0 for side in sides)


def _args(config: Config) -> Mapping[str, Any]:
    return config.get("model_args") or {}


def _pool(config: Config, kind: str) -> str:
    """What the config says, else what the name means: without a head timm may say ""."""
    named = "avg" if kind.startswith("siglip_gap") else "map" if kind.startswith("siglip") else "token"
    return _args(config).get("global_pool") or config.get("global_pool") or named


def _act(name: str) -> Act:
    tanh = TANH.fullmatch(name)
    if tanh and (not name.startswith("vit_large") or tanh["pixels"] == "512"):
        return "gelu_tanh"
    return "quick_gelu" if "quickgelu" in name else "gelu"


def _grid(shapes: Shapes) -> int:
    """Places a side: with or without a row for the class token, the count is a square."""
    rows = shapes["pos_embed"][1]
    for places in (rows, rows - 1):
        if round(places**0.5) ** 2 == places:
            return round(places**0.5)
    raise ValueError(f"pos_embed has {rows} rows: expected a square, with one more for a class token at most")


def _prefix(spec: ViTSpec, shapes: Shapes) -> list[Rule]:
    places, d = (spec.size // spec.patch) ** 2, spec.dim
    rows: Any = shapes.get("pos_embed", (1, places + 1, d))[1]
    count = 1 if isinstance(spec.pool, SecondCls) else spec.pool.registers
    if rows == places + 1:
        # timm's own towers have no position for registers, or one for each: the latter are not plain
        registers = "reg_token" if count else None
        return [ClassPosition("cls_token", "pos_embed", "image.prefix", "image.position.weight", 2, 1, registers)]
    table = Reshape("pos_embed", "image.position.weight", (1, places, d), (places, d))
    if not isinstance(spec.pool, Cls):
        return [table, Rename("reg_token", "image.prefix") if count else Zeros("image.prefix", (1, 0, d))]
    if not count:
        return [table, Rename("cls_token", "image.prefix")]
    return [table, PrefixTokens(("cls_token", "reg_token"), "image.prefix", count)]
