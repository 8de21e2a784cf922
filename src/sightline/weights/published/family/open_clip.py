"""CLIP and SigLIP as open_clip writes them: open_clip_config.json beside open_clip_model.safetensors.

Three kinds of image towers: ViT and CLIP's ModifiedResNet under `visual.`, timm's SigLIP ViTs under `visual.trunk.`.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sightline.data.prepare.preprocess import Preprocess
from sightline.text.clean import Clean
from sightline.text.published import (
    PublishedTokenizer,
    clip,
    has_clip_ends,
    open_clip_vocabulary,
    read_vocabulary,
    saved,
    siglip,
    siglip2,
)
from sightline.towers.spec import (
    Act,
    Causal,
    Cls,
    Full,
    LearnedSpec,
    Map,
    Mean,
    ModifiedResNetSpec,
    Norm,
    TransformerTextSpec,
    ViTSpec,
)
from sightline.weights.published.family.protocol import Config, Head, Shapes, Towers
from sightline.weights.published.keymap import ClassPosition, Ignore, Rename, Reshape, Rule, Zeros
from sightline.weights.published.layouts.layout import (
    depth,
    hidden,
    openai_blocks,
    projection,
    renamed,
    same_blocks,
    side,
)
from sightline.weights.published.layouts.pictures import clip_rule, from_open_clip, siglip_rule
from sightline.weights.published.layouts.resnet_rules import modified_resnet_rules

NAME = "open_clip"

TRUNK = re.compile(r"vit_(?P<size>[a-z0-9]+)_patch(?P<patch>\d+)_siglip_(?P<pixels>\d+)")
TRUNKS = {"base": (768, 12), "large": (1024, 16), "so400m": (1152, 16), "giantopt": (1536, 16)}
"""timm's SigLIP towers by the word in their name: width, heads; another word has heads of 64"""
TANH = re.compile(r"vit_(base_patch32|large_patch16_siglip_512|so400m_patch16|giantopt)")
"""those that timm builds with the approximate GELU: the exact one elsewhere, whatever the weights were trained with"""
CLIP_EPS, SIGLIP_EPS = 1e-5, 1e-6
IMAGE_READ = frozenset(
    "image_size layers width head_width mlp_ratio patch_size ls_init_value no_ln_pre pool_type norm_kwargs".split()
)
IMAGE_IDLE = frozenset("patch_dropout output_tokens attn_pooler_queries attn_pooler_heads".split())
TRUNK_READ = frozenset("timm_model_name timm_pool timm_proj timm_proj_bias image_size".split())
TRUNK_IDLE = frozenset("timm_model_pretrained timm_drop timm_drop_path patch_dropout output_tokens".split())
TEXT_READ = frozenset(
    "context_length vocab_size width heads layers mlp_ratio no_causal_mask pool_type proj_bias eos_id pad_id "
    "hf_tokenizer_name tokenizer_kwargs act_kwargs norm_kwargs".split()
)
TEXT_IDLE = frozenset("output_tokens hf_model_pretrained".split())
"""Settings that are read, and those that only matter in training; any other that is set is refused"""
CLEAN: dict[Any, Clean] = {"canonicalize": "repaired_canonical", "lower": "repaired"}
"""open_clip's ways of cleaning SigLIP's texts, by our names"""


def matches(config: Config, shapes: Shapes) -> bool:
    return isinstance(config.get("model_cfg"), Mapping)


def spec(config: Config, shapes: Shapes) -> Towers:
    model = config["model_cfg"]
    image, text, dim = model["vision_cfg"], model["text_cfg"], model["embed_dim"]
    quick = bool(model.get("quick_gelu"))
    tower = image_spec(image, dim, quick, shapes)
    proj = text.get("proj_type", "linear")
    if proj not in ("linear", "none"):
        raise ValueError(f"text_cfg.proj_type is {proj!r}; known are linear and none")
    bias = model.get("init_logit_bias") is not None
    return Towers(
        image=tower,
        text=text_spec({key: value for key, value in text.items() if key != "proj_type"}, quick),
        dim=dim,
        project_image=_image_head(image),
        project_text="none" if proj == "none" else "linear_bias" if text.get("proj_bias") else "linear",
        scalars=("log_scale", "bias") if bias else ("log_scale",),
    )


def image_spec(c: Mapping[str, Any], dim: int, quick: bool, shapes: Shapes) -> ViTSpec | ModifiedResNetSpec:
    """The image tower of a `vision_cfg`."""
    if c.get("timm_model_name"):
        return _trunk_spec(c, dim, shapes)
    _refuse(c, IMAGE_READ, IMAGE_IDLE, "vision_cfg")
    size, width = side(c.get("image_size", 224), "image_size"), c["width"]
    layers = c["layers"]
    if isinstance(layers, list | tuple):
        heads = width * 32 // c.get("head_width", 64)
        return ModifiedResNetSpec(depths=tuple(layers), width=width, heads=heads, out=dim, size=size)
    pool = c.get("pool_type", "tok")
    if pool not in ("tok", "avg"):
        raise ValueError(f"vision_cfg.pool_type is {pool!r}; known are tok and avg")
    norm = Norm(eps=(c.get("norm_kwargs") or {}).get("eps", CLIP_EPS))
    return ViTSpec(
        size=size,
        patch=side(c["patch_size"], "patch_size"),
        dim=width,
        depth=layers,
        heads=width // c.get("head_width", 64),
        mlp=hidden(width, int(width * c.get("mlp_ratio", 4.0))),
        pool=Cls() if pool == "tok" else Mean(registers=1),
        position=LearnedSpec(resample="bicubic_antialias"),
        entry=None if c.get("no_ln_pre") else norm,
        norm=norm,
        act="quick_gelu" if quick else "gelu",
        layer_scale=c.get("ls_init_value") or 0.0,
    )


def text_spec(c: Mapping[str, Any], quick: bool) -> TransformerTextSpec:
    """The text tower of a `text_cfg`."""
    _refuse(c, TEXT_READ, TEXT_IDLE, "text_cfg")
    pool, full, vocab = c.get("pool_type", "argmax"), bool(c.get("no_causal_mask")), c.get("vocab_size", 49408)
    if full and pool == "last":
        reading = Full()
    elif not full and pool in ("argmax", "eos"):
        # the end token of CLIP's vocabulary is its largest id, which argmax relies on
        reading = Causal(eot=vocab - 1 if pool == "argmax" else c.get("eos_id", 2))
    else:
        raise ValueError(
            f"text_cfg has pool_type {pool!r} {'without' if full else 'with'} a causal mask; known are argmax and eos "
            "with it, last without"
        )
    return TransformerTextSpec(
        vocab=vocab,
        length=c.get("context_length", 77),
        dim=c.get("width", 512),
        depth=c.get("layers", 12),
        heads=c.get("heads", 8),
        mlp=hidden(c.get("width", 512), int(c.get("width", 512) * c.get("mlp_ratio", 4.0))),
        reading=reading,
        norm=Norm(eps=(c.get("norm_kwargs") or {}).get("eps", CLIP_EPS)),
        act=_text_act(c.get("act_kwargs") or {}, quick),
    )


def rules(towers: Towers, shapes: Shapes) -> list[Rule]:
    found: list[Rule] = [Ignore("attn_mask"), Ignore("text.attn_mask")]
    if isinstance(towers.image, ModifiedResNetSpec):
        found += modified_resnet_rules(towers.image, "visual.", "image.")
    elif isinstance(towers.image, ViTSpec):
        trunk = isinstance(towers.image.pool, Map)
        found += _trunk_rules(towers.image) if trunk else _visual_rules(towers.image)
        if towers.project_image == "linear":
            found.append(projection("visual.proj", "project_image", transposed=True))
    if isinstance(towers.text, TransformerTextSpec):
        found += _text_rules(towers, shapes)
    for their, our in (("logit_scale", "log_scale"), ("logit_bias", "bias")):
        if our in towers.scalars:
            found.append(Reshape(their, our, shapes.get(their, ()), ()))
    return found


def preprocess(towers: Towers, folder: Path, config: Config) -> Preprocess | None:
    if not isinstance(towers.image, ViTSpec | ModifiedResNetSpec):
        return None
    rule = siglip_rule if isinstance(towers.image, ViTSpec) and isinstance(towers.image.pool, Map) else clip_rule
    given = config.get("preprocess_cfg")
    return from_open_clip(given, rule(towers.image.size)) if given else rule(towers.image.size)


def tokenizer(towers: Towers, folder: Path, config: Config) -> PublishedTokenizer | None:
    text = towers.text
    if not isinstance(text, TransformerTextSpec):
        return None
    given = config.get("model_cfg", {}).get("text_cfg", {})
    clean = (given.get("tokenizer_kwargs") or {}).get("clean")
    if not given.get("hf_tokenizer_name"):
        vocabulary = open_clip_vocabulary()
        if vocabulary.get_vocab_size() != text.vocab:
            return None  # not CLIP's: the encoder takes token ids only
        return clip(vocabulary, length=text.length, pad=0, clean="repaired")
    vocabulary = read_vocabulary(folder)
    if vocabulary is None:
        return None
    if clean is None and isinstance(text.reading, Causal) and not has_clip_ends(vocabulary):
        if found := saved(vocabulary, eot=text.reading.eot, length=text.length):
            return found
    if clean not in CLEAN or not isinstance(text.reading, Full):
        raise ValueError(f"text_cfg.tokenizer_kwargs has clean {clean!r}; known are {', '.join(CLEAN)}, SigLIP's")
    family = siglip2 if vocabulary.token_to_id("<eos>") is not None else siglip
    return family(vocabulary, length=text.length, clean=CLEAN[clean])


def _trunk_spec(c: Mapping[str, Any], dim: int, shapes: Shapes) -> ViTSpec:
    name = c["timm_model_name"]
    found = TRUNK.fullmatch(name)
    if found is None or c.get("timm_pool") != "map" or c.get("timm_proj") != "none":
        raise ValueError(
            f"vision_cfg.timm_model_name is {name!r}; our towers build timm's vit_*_siglip_* with pool map"
        )
    _refuse(c, TRUNK_READ, TRUNK_IDLE, "vision_cfg")
    width, heads = TRUNKS.get(found["size"], (dim, dim // 64))
    mlp = shapes.get("visual.trunk.blocks.0.mlp.fc1.bias", (4 * width,))[0]
    return ViTSpec(
        size=side(c.get("image_size", int(found["pixels"])), "image_size"),
        patch=int(found["patch"]),
        dim=width,
        depth=depth(shapes, "visual.trunk.blocks"),
        heads=heads,
        mlp=hidden(width, mlp),
        pool=Map(),
        position=LearnedSpec(resample="bicubic_antialias"),
        norm=Norm(eps=SIGLIP_EPS),
        act="gelu_tanh" if TANH.match(name) else "gelu",
    )


def _visual_rules(spec: ViTSpec) -> list[Rule]:
    d, c, p = spec.dim, spec.channels, spec.patch
    found: list[Rule] = [
        Reshape("visual.conv1.weight", "image.stem.proj.weight", (d, c, p, p), (d, c * p * p)),
        Zeros("image.stem.proj.bias", (d,)),
        ClassPosition("visual.class_embedding", "visual.positional_embedding", "image.prefix", "image.position.weight"),
        *openai_blocks("visual.transformer.resblocks", "image.stack.blocks", spec.depth),
        *renamed("visual.ln_post", "image.stack.norm"),
    ]
    if spec.entry is not None:
        found += renamed("visual.ln_pre", "image.entry")
    if spec.layer_scale:
        for i in range(spec.depth):
            they, we = f"visual.transformer.resblocks.{i}", f"image.stack.blocks.{i}"
            found += [Rename(f"{they}.ls_{n}.gamma", f"{we}.scale{n}.gamma") for n in (1, 2)]
    return found


def _trunk_rules(spec: ViTSpec) -> list[Rule]:
    d, c, p = spec.dim, spec.channels, spec.patch
    places = (spec.size // p) ** 2
    they, we = "visual.trunk", "image"
    found: list[Rule] = [
        Reshape(f"{they}.patch_embed.proj.weight", f"{we}.stem.proj.weight", (d, c, p, p), (d, c * p * p)),
        Rename(f"{they}.patch_embed.proj.bias", f"{we}.stem.proj.bias"),
        Reshape(f"{they}.pos_embed", f"{we}.position.weight", (1, places, d), (places, d)),
        Zeros(f"{we}.prefix", (1, 0, d)),
        *same_blocks(f"{they}.blocks", f"{we}.stack.blocks", spec.depth),
        *renamed(f"{they}.norm", f"{we}.stack.norm"),
        Rename(f"{they}.attn_pool.latent", f"{we}.pool.probe"),
    ]
    for layer in ("q", "kv", "proj", "norm", "mlp.fc1", "mlp.fc2"):
        found += renamed(f"{they}.attn_pool.{layer}", f"{we}.pool.{layer}")
    return found


def _text_rules(towers: Towers, shapes: Shapes) -> list[Rule]:
    text: Any = towers.text
    # open_clip's "custom_text" models keep the tower under a name; its first layout spreads it over the top
    custom = any(name.startswith("text.") for name in shapes) if shapes else isinstance(text.reading, Full)
    they = "text." if custom else ""
    found: list[Rule] = [
        Rename(f"{they}token_embedding.weight", "text.embed.weight"),
        Rename(f"{they}positional_embedding", "text.position"),
        *openai_blocks(f"{they}transformer.resblocks", "text.stack.blocks", text.depth),
        *renamed(f"{they}ln_final", "text.stack.norm"),
    ]
    if towers.project_text == "linear":
        found.append(projection(f"{they}text_projection", "project_text", transposed=True))
    elif towers.project_text == "linear_bias":
        found += renamed(f"{they}text_projection", "project_text")
    return found


def _image_head(c: Mapping[str, Any]) -> Head:
    return "none" if c.get("timm_model_name") or isinstance(c.get("layers"), list | tuple) else "linear"


def _text_act(given: Mapping[str, Any], quick: bool) -> Act:
    if given not in ({}, {"approximate": "tanh"}) or (given and quick):
        raise ValueError(f"text_cfg.act_kwargs is {dict(given)}; known is approximate tanh, without quick_gelu")
    return "gelu_tanh" if given else "quick_gelu" if quick else "gelu"


def _refuse(c: Mapping[str, Any], read: frozenset[str], idle: frozenset[str], where: str) -> None:
    asked = sorted(key for key, value in c.items() if key not in read | idle and value)
    if asked:
        raise ValueError(
            f"{where} asks for {', '.join(f'{key}={c[key]!r}' for key in asked)}, which our towers do not have"
        )
