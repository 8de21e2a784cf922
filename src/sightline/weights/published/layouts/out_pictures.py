"""The config files of image-only models that converting writes: ViT, DINOv2 and DINOv3 in the words of transformers."""

from typing import Any

from sightline.towers.spec import Cls, LearnedSpec, PatchSpec, RotarySpec, ViTSpec
from sightline.weights.published.family.protocol import Towers
from sightline.weights.published.layouts.out import NAMES


def vit(towers: Towers) -> dict[str, Any]:
    """transformers' ViTConfig."""
    spec = _only(towers, "ViTModel")
    _must(spec.pool == Cls(), "a ViTModel has a class token and no registers")
    _must(not spec.layer_scale, "a ViTModel has no layer scale")
    _must(isinstance(spec.position, LearnedSpec), "a ViTModel has learned positions")
    return _common(spec) | {
        "architectures": ["ViTModel"],
        "model_type": "vit",
        "intermediate_size": spec.mlp or 4 * spec.dim,
        "hidden_act": _act(spec),
    }


def dinov2(towers: Towers) -> dict[str, Any]:
    """transformers' Dinov2Config, or Dinov2WithRegistersConfig where there are registers."""
    spec = _only(towers, "Dinov2Model")
    _must(isinstance(spec.pool, Cls), "a Dinov2Model has a class token")
    _must(bool(spec.layer_scale), "a Dinov2Model has layer scales")
    _must(isinstance(spec.position, LearnedSpec), "a Dinov2Model has learned positions")
    assert isinstance(spec.pool, Cls)
    registers = spec.pool.registers
    inner, gated = spec.mlp or 4 * spec.dim, spec.act == "swiglu"
    # transformers multiplies and cuts; a gated one takes two thirds of the product, up to a multiple of 8
    ratios = (inner / spec.dim, round(inner * 1.5 / spec.dim), inner * 1.5 / spec.dim)
    made = [r for r in ratios if _inner(spec.dim, r, gated) == inner]
    _must(bool(made), f"a Dinov2Model has no MLP of {inner} at a width of {spec.dim}")
    ratio = int(made[0]) if made[0] == int(made[0]) else made[0]
    with_registers = {"num_register_tokens": registers} if registers else {}
    return (
        _common(spec)
        | {
            "architectures": ["Dinov2WithRegistersModel" if registers else "Dinov2Model"],
            "model_type": "dinov2_with_registers" if registers else "dinov2",
            "mlp_ratio": ratio,
            "hidden_act": "gelu" if gated else _act(spec),
            "use_swiglu_ffn": gated,
            "layerscale_value": spec.layer_scale,
        }
        | with_registers
    )


def dinov3(towers: Towers) -> dict[str, Any]:
    """transformers' DINOv3ViTConfig."""
    spec = _only(towers, "DINOv3ViTModel")
    _must(isinstance(spec.position, RotarySpec), "a DINOv3ViTModel has rotary positions")
    _must(isinstance(spec.pool, Cls) and bool(spec.layer_scale), "a DINOv3ViTModel has a class token and layer scales")
    assert isinstance(spec.position, RotarySpec) and isinstance(spec.pool, Cls)
    gated = spec.act == "swiglu"
    return _common(spec) | {
        "architectures": ["DINOv3ViTModel"],
        "model_type": "dinov3_vit",
        "intermediate_size": spec.mlp or 4 * spec.dim,
        "hidden_act": "silu" if gated else _act(spec),
        "use_gated_mlp": gated,
        "layerscale_value": spec.layer_scale,
        "num_register_tokens": spec.pool.registers,
        "rope_theta": spec.position.base,
        "query_bias": True,
        "key_bias": False,
        "value_bias": True,
        "proj_bias": True,
        "mlp_bias": True,
    }


def _only(towers: Towers, name: str) -> ViTSpec:
    _must(towers.text is None, f"a {name} has no text tower")
    _must(towers.project_image == "none", f"a {name} projects nothing")
    _must(isinstance(towers.image, ViTSpec), f"a {name} is a ViT, not {type(towers.image).__name__}")
    assert isinstance(towers.image, ViTSpec)
    _must(isinstance(towers.image.stem, PatchSpec), f"a {name} has one linear map of each patch")
    _must(towers.image.entry is None, f"a {name} has no norm before its blocks")
    return towers.image


def _common(spec: ViTSpec) -> dict[str, Any]:
    return {
        "hidden_size": spec.dim,
        "num_hidden_layers": spec.depth,
        "num_attention_heads": spec.heads,
        "layer_norm_eps": spec.norm.eps,
        "image_size": spec.size,
        "patch_size": spec.patch,
        "num_channels": spec.channels,
        "qkv_bias": True,
    }


def _act(spec: ViTSpec) -> str:
    _must(spec.act in NAMES, f"this family has no {spec.act}")
    return NAMES[spec.act]


def _inner(width: int, ratio: float, gated: bool) -> int:
    inner = int(width * ratio)
    return (int(inner * 2 / 3) + 7) // 8 * 8 if gated else inner


def _must(fits: bool, reason: str) -> None:
    if not fits:
        raise ValueError(f"this encoder does not fit the layout: {reason}. --to sightline keeps everything")
