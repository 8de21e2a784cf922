"""SigLIP as transformers writes it (Zhai et al. 2023): SiglipModel, and its vision or text half alone.

The checkpoints of SigLIP 2 for one resolution are of the same shape; their vocabulary tells them apart, and with it
the rules for texts.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sightline.data.prepare.preprocess import Preprocess
from sightline.text.published import PublishedTokenizer, read_vocabulary, siglip, siglip2
from sightline.towers.spec import Full, Map, Mean, Norm, TransformerTextSpec, ViTSpec
from sightline.weights.published.family.clip import text_rules
from sightline.weights.published.family.protocol import Config, Shapes, Towers
from sightline.weights.published.keymap import Divide, Ignore, Rename, Reshape, Rule, Zeros
from sightline.weights.published.layouts.layout import (
    VALUES,
    activation,
    is_a,
    merged,
    renamed,
    sizes,
    transformers_blocks,
    transformers_vit,
)
from sightline.weights.published.layouts.pictures import from_transformers, siglip_rule

NAME = "siglip"
TYPES = ("siglip", "siglip_vision_model", "siglip_text_model")

VISION = {
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "num_channels": 3,
    "image_size": 224,
    "patch_size": 16,
    "hidden_act": "gelu_pytorch_tanh",
    "layer_norm_eps": 1e-6,
    "vision_use_head": True,
}
TEXT = {
    "vocab_size": 32000,
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "max_position_embeddings": 64,
    "hidden_act": "gelu_pytorch_tanh",
    "layer_norm_eps": 1e-6,
}
"""The defaults of transformers' config classes: published files leave out what equals them"""
POOL_EPS = 1e-6


def matches(config: Config, shapes: Shapes) -> bool:
    return is_a(config, *TYPES)


def spec(config: Config, shapes: Shapes) -> Towers:
    if is_a(config, "siglip_vision_model"):
        image = image_spec(merged(VISION, config))
        return Towers(image=image, text=None, dim=image.dim)
    if is_a(config, "siglip_text_model"):
        text = merged(TEXT, config)
        return Towers(image=None, text=text_spec(text), dim=text_dim(text), project_text="linear_bias")
    image = image_spec(merged(VISION, config.get("vision_config")))
    text = merged(TEXT, config.get("text_config"))
    return pair(image, text_spec(text), text_dim(text))


def image_spec(c: Mapping[str, Any]) -> ViTSpec:
    """The vision tower of a whole vision config; without its head, the mean of the tokens stands for the picture."""
    check_pool(c)
    return replace(transformers_vit(c), pool=Map() if c["vision_use_head"] else Mean())


def text_spec(c: Mapping[str, Any]) -> TransformerTextSpec:
    """The text tower of a whole text config."""
    return TransformerTextSpec(
        vocab=c["vocab_size"],
        length=c["max_position_embeddings"],
        **sizes(c),
        reading=Full(),
        norm=Norm(eps=c["layer_norm_eps"]),
        act=activation(c["hidden_act"]),
    )


def text_dim(c: Mapping[str, Any]) -> int:
    """The width of a text's vector: of the picture's too."""
    return c.get("projection_size") or c["hidden_size"]


def pair(image: Any, text: TransformerTextSpec, dim: int) -> Towers:
    """Both towers. ValueError where their vectors could not be compared."""
    if dim != image.dim:
        raise ValueError(f"pictures get vectors of {image.dim} (hidden_size), texts of {dim} (projection_size)")
    return Towers(image=image, text=text, dim=dim, project_text="linear_bias", scalars=("log_scale", "bias"))


def check_pool(c: Mapping[str, Any]) -> None:
    """ValueError for an epsilon that our attention pooling does not have."""
    if c["vision_use_head"] and c["layer_norm_eps"] != POOL_EPS:
        raise ValueError(f"layer_norm_eps is {c['layer_norm_eps']}; attention pooling here has {POOL_EPS}")


def rules(towers: Towers, shapes: Shapes) -> list[Rule]:
    found: list[Rule] = [Ignore("*position_ids")]
    if isinstance(towers.image, ViTSpec):
        spec, theirs = towers.image, prefix("vision_model.", towers, shapes)
        d, c, p = spec.dim, spec.channels, spec.patch
        kernel = f"{theirs}embeddings.patch_embedding"
        found += [
            Reshape(f"{kernel}.weight", "image.stem.proj.weight", (d, c, p, p), (d, c * p * p)),
            Rename(f"{kernel}.bias", "image.stem.proj.bias"),
            *vision_rules(spec, theirs, "image."),
        ]
    return found + text_side(towers, shapes)


def vision_rules(spec: Any, theirs: str, ours: str) -> list[Rule]:
    """What follows the patches: positions, blocks, norm, attention pooling."""
    found: list[Rule] = [
        Rename(f"{theirs}embeddings.position_embedding.weight", f"{ours}position.weight"),
        Zeros(f"{ours}prefix", (1, 0, spec.dim)),
        *transformers_blocks(f"{theirs}encoder.layers", f"{ours}stack.blocks", spec.depth),
        *renamed(f"{theirs}post_layernorm", f"{ours}stack.norm"),
    ]
    if isinstance(spec.pool, Map):
        they, we, d = f"{theirs}head", f"{ours}pool", spec.dim
        found.append(Rename(f"{they}.probe", f"{we}.probe"))
        for value in VALUES:
            parts = (f"{we}.q.{value}", f"{we}.kv.{value}")
            found.append(Divide(f"{they}.attention.in_proj_{value}", parts, (d, 2 * d)))
        found += renamed(f"{they}.attention.out_proj", f"{we}.proj") + renamed(f"{they}.layernorm", f"{we}.norm")
        found += renamed(f"{they}.mlp.fc1", f"{we}.mlp.fc1") + renamed(f"{they}.mlp.fc2", f"{we}.mlp.fc2")
    return found


def text_side(towers: Towers, shapes: Shapes) -> list[Rule]:
    """The text tower, its head, the scale and the bias."""
    found: list[Rule] = []
    if isinstance(towers.text, TransformerTextSpec):
        theirs = prefix("text_model.", towers, shapes)
        found += text_rules(towers.text, theirs) + renamed(f"{theirs}head", "project_text")
    for their, our in (("logit_scale", "log_scale"), ("logit_bias", "bias")):
        if our in towers.scalars:
            found.append(Reshape(their, our, shapes.get(their, (1,)), ()))
    return found


def preprocess(towers: Towers, folder: Path, config: Config) -> Preprocess | None:
    return from_transformers(folder, siglip_rule(towers.image.size)) if isinstance(towers.image, ViTSpec) else None


def tokenizer(towers: Towers, folder: Path, config: Config) -> PublishedTokenizer | None:
    vocabulary = read_vocabulary(folder) if isinstance(towers.text, TransformerTextSpec) else None
    if vocabulary is None or not isinstance(towers.text, TransformerTextSpec):
        return None
    # Gemma's vocabulary is SigLIP 2's; the first SigLIP's has no <eos>
    family = siglip2 if vocabulary.token_to_id("<eos>") is not None else siglip
    return family(vocabulary, length=towers.text.length)


def prefix(name: str, towers: Towers, shapes: Shapes) -> str:
    """transformers 5 writes a lone tower bare, everything else under its name."""
    if shapes:
        return name if any(key.startswith(name) for key in shapes) else ""
    return "" if towers.image is None or towers.text is None else name
