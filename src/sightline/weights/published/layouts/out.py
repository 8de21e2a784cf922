"""The config files that converting writes: our towers in the words of transformers and of open_clip.

Each raises ValueError naming what the published layout has no word for, before anything is written.
"""

import math
from typing import Any

from sightline.towers.spec import (
    Act,
    Causal,
    Cls,
    Full,
    LearnedSpec,
    Map,
    Mean,
    ModifiedResNetSpec,
    NaFlexSpec,
    PatchSpec,
    TransformerTextSpec,
    ViTSpec,
)
from sightline.weights.published.family.protocol import Towers

NAMES: dict[Act, str] = {
    "gelu": "gelu",
    "gelu_tanh": "gelu_pytorch_tanh",
    "quick_gelu": "quick_gelu",
    "relu": "relu",
    "silu": "silu",
}
CLIP_EPS, SIGLIP_EPS = 1e-5, 1e-6


def clip(towers: Towers) -> dict[str, Any]:
    """transformers' CLIPConfig, or that of a half."""
    image, text = towers.image, towers.text
    vision = words = None
    if image is not None:
        _must(isinstance(image, ViTSpec), f"a CLIP of transformers has a ViT, not {type(image).__name__}")
        assert isinstance(image, ViTSpec)
        _must(image.pool == Cls(), "a CLIP of transformers pools by its class token, without registers")
        _must(image.entry == image.norm, "a CLIP of transformers has a norm before its blocks, alike the last one")
        vision = _vit(image, "clip_vision_model") | {"projection_dim": towers.dim}
    if text is not None:
        spec = _text(text)
        _must(isinstance(spec.reading, Causal), "a CLIP of transformers reads texts causally")
        assert isinstance(spec.reading, Causal)
        end = spec.reading.eot
        _must(
            end != 2 or spec.vocab == 3, "transformers takes the end token 2 for an old config's, and reads elsewhere"
        )
        ends = {"eos_token_id": end, "bos_token_id": max(end - 1, 0), "projection_dim": towers.dim}
        words = _transformer(spec, "clip_text_model") | ends
    _must("linear_bias" not in (towers.project_image, towers.project_text), "a CLIP's projections have no bias")
    if vision and words:
        _must({towers.project_image, towers.project_text} == {"linear"}, "a CLIP of transformers has two projections")
        return _both("clip", "CLIPModel", vision, words) | {"projection_dim": towers.dim}
    projected = towers.project_image == "linear" if vision else towers.project_text == "linear"
    name = f"CLIP{'Vision' if vision else 'Text'}Model{'WithProjection' if projected else ''}"
    return (vision or words or {}) | {"architectures": [name]}


def siglip(towers: Towers) -> dict[str, Any]:
    """transformers' SiglipConfig, or that of a half."""
    image = towers.image
    vision = None
    if image is not None:
        _must(isinstance(image, ViTSpec), f"a SigLIP of transformers has a ViT, not {type(image).__name__}")
        assert isinstance(image, ViTSpec)
        _must(image.entry is None, "a SigLIP has no norm before its blocks")
        vision = _vit(image, "siglip_vision_model") | _head(image)
    return _sigmoid("siglip", "Siglip", towers, vision)


def siglip2(towers: Towers) -> dict[str, Any]:
    """transformers' Siglip2Config (NaFlex), or that of a half."""
    image = towers.image
    vision = None
    if image is not None:
        _must(isinstance(image, NaFlexSpec), f"a Siglip2Model has a NaFlex tower, not {type(image).__name__}")
        assert isinstance(image, NaFlexSpec)
        _must(image.entry is None, "a SigLIP has no norm before its blocks")
        sizes = {"patch_size": image.patch, "num_patches": image.grid**2, "num_channels": image.channels}
        vision = _blocks(image) | sizes | {"model_type": "siglip2_vision_model"} | _head(image)
    return _sigmoid("siglip2", "Siglip2", towers, vision)


def open_clip(towers: Towers) -> dict[str, Any]:
    """open_clip's `model_cfg`, under that name."""
    text = _text(towers.text)
    quick = text.act == "quick_gelu"
    words: dict[str, Any] = {
        "context_length": text.length,
        "vocab_size": text.vocab,
        "width": text.dim,
        "heads": text.heads,
        "layers": text.depth,
    } | _ratio(text.dim, text.mlp)
    if isinstance(text.reading, Full):
        words |= {"no_causal_mask": True, "pool_type": "last"}
    elif text.reading.eot != text.vocab - 1:
        words |= {"pool_type": "eos", "eos_id": text.reading.eot}
    words |= {"norm_kwargs": {"eps": text.norm.eps}} if text.norm.eps != CLIP_EPS else {}
    words |= {"act_kwargs": {"approximate": "tanh"}} if text.act == "gelu_tanh" else {}
    words |= {"proj_bias": True} if towers.project_text == "linear_bias" else {}
    words |= {"proj_type": "none"} if towers.project_text == "none" else {}
    model: dict[str, Any] = {"embed_dim": towers.dim, "vision_cfg": _open_clip_image(towers, quick), "text_cfg": words}
    model |= {"quick_gelu": True} if quick else {}
    model |= {"init_logit_bias": -10} if "bias" in towers.scalars else {}
    return {"model_cfg": model | ({"custom_text": True} if isinstance(text.reading, Full) else {})}


def _sigmoid(kind: str, name: str, towers: Towers, vision: dict[str, Any] | None) -> dict[str, Any]:
    words = None
    if towers.text is not None:
        spec = _text(towers.text)
        _must(isinstance(spec.reading, Full), "a SigLIP reads texts whole")
        _must(towers.project_text == "linear_bias", "a SigLIP's texts end in a linear layer with a bias")
        words = _transformer(spec, f"{kind}_text_model") | {"projection_size": towers.dim}
    if vision:
        _must(towers.project_image == "none", "a SigLIP projects no pictures")
    if vision and words:
        return _both(kind, f"{name}Model", vision, words)
    return (vision or words or {}) | {"architectures": [f"{name}{'Vision' if vision else 'Text'}Model"]}


def _both(kind: str, name: str, vision: dict[str, Any], words: dict[str, Any]) -> dict[str, Any]:
    return {"architectures": [name], "model_type": kind, "text_config": words, "vision_config": vision}


def _vit(spec: ViTSpec, kind: str) -> dict[str, Any]:
    _must(isinstance(spec.stem, PatchSpec), "transformers' layout has one linear map of each patch")
    _must(isinstance(spec.position, LearnedSpec), "transformers' layout has learned positions")
    sizes = {"image_size": spec.size, "patch_size": spec.patch, "num_channels": spec.channels}
    return _blocks(spec) | sizes | {"model_type": kind}


def _transformer(spec: TransformerTextSpec, kind: str) -> dict[str, Any]:
    return _blocks(spec) | {"vocab_size": spec.vocab, "max_position_embeddings": spec.length, "model_type": kind}


def _blocks(spec: Any) -> dict[str, Any]:
    _must(spec.act in NAMES, f"transformers' layout has no {spec.act}")
    _must(not getattr(spec, "layer_scale", 0), "transformers' layout of this family has no layer scale")
    return {
        "hidden_size": spec.dim,
        "intermediate_size": spec.mlp or 4 * spec.dim,
        "num_hidden_layers": spec.depth,
        "num_attention_heads": spec.heads,
        "hidden_act": NAMES[spec.act],
        "layer_norm_eps": spec.norm.eps,
    }


def _head(spec: Any) -> dict[str, Any]:
    _must(spec.pool in (Map(), Mean()), "a SigLIP pools by attention or by the mean, without registers")
    _must(spec.norm.eps == SIGLIP_EPS, f"a SigLIP has norms of {SIGLIP_EPS}, these have {spec.norm.eps}")
    return {"vision_use_head": spec.pool == Map()}


def _open_clip_image(towers: Towers, quick: bool) -> dict[str, Any]:
    image = towers.image
    if isinstance(image, ModifiedResNetSpec):
        _must(towers.project_image == "none", "open_clip's ModifiedResNet ends in the joint space")
        sizes = {"image_size": image.size, "layers": list(image.depths), "width": image.width, "patch_size": None}
        return sizes | {"head_width": image.width * 32 // image.heads}
    _must(isinstance(image, ViTSpec), f"open_clip's layout holds a ViT or CLIP's ResNet, not {type(image).__name__}")
    assert isinstance(image, ViTSpec)
    _must(isinstance(image.stem, PatchSpec) and isinstance(image.position, LearnedSpec), "open_clip's ViT is plain")
    _must(image.channels == 3, f"open_clip's pictures have 3 channels, these have {image.channels}")
    if image.pool == Map():
        return _trunk(image)
    _must(towers.project_image == "linear", "open_clip's ViT ends in a projection without a bias")
    _must(image.pool in (Cls(), Mean(registers=1)), "open_clip's ViT has a class token and no registers")
    _must(image.act == ("quick_gelu" if quick else "gelu"), f"open_clip has one activation; pictures have {image.act}")
    _must(image.norm.eps == CLIP_EPS and image.entry in (None, image.norm), "open_clip's ViT has norms of 1e-5")
    sizes = {"image_size": image.size, "layers": image.depth, "width": image.dim, "patch_size": image.patch}
    sizes |= {"head_width": image.dim // image.heads} | _ratio(image.dim, image.mlp)
    sizes |= {} if image.entry else {"no_ln_pre": True}
    sizes |= {"ls_init_value": image.layer_scale} if image.layer_scale else {}
    return sizes | ({} if image.pool == Cls() else {"pool_type": "avg"})


def _trunk(spec: ViTSpec) -> dict[str, Any]:
    """A SigLIP tower: timm's, by name."""
    from sightline.weights.published.family.open_clip import TANH, TRUNKS

    words = {sizes: word for word, sizes in TRUNKS.items()}
    word = words.get((spec.dim, spec.heads))
    name = f"vit_{word}_patch{spec.patch}_siglip_{spec.size}"
    act: Act = "gelu_tanh" if TANH.match(name) else "gelu"
    _must(word is not None, f"open_clip builds SigLIP towers by timm's names; none is {spec.dim} wide")
    _must(spec.act == act and spec.norm.eps == SIGLIP_EPS, f"timm's {name} has {act} and norms of {SIGLIP_EPS}")
    return {"image_size": spec.size, "timm_model_name": name, "timm_pool": "map", "timm_proj": "none"}


def _text(spec: Any) -> TransformerTextSpec:
    _must(isinstance(spec, TransformerTextSpec), "published layouts hold a text transformer")
    return spec


def _ratio(width: int, hidden: int) -> dict[str, float]:
    """open_clip's `mlp_ratio`, which it multiplies and cuts: just large enough to give the hidden width back."""
    if not hidden:
        return {}
    ratio = hidden / width
    return {"mlp_ratio": ratio if int(width * ratio) == hidden else math.nextafter(ratio, math.inf)}


def _must(fits: bool, reason: str) -> None:
    if not fits:
        raise ValueError(f"this encoder does not fit the layout: {reason}. --to sightline keeps everything")
