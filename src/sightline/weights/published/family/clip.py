"""CLIP as transformers writes it (Radford et al. 2021): CLIPModel, and its vision or text half alone."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sightline.data.prepare.preprocess import Preprocess
from sightline.text.published import PublishedTokenizer, clip, has_clip_ends, read_vocabulary, saved
from sightline.towers.spec import Causal, Norm, TransformerTextSpec, ViTSpec
from sightline.weights.published.family.protocol import Config, Head, Shapes, Towers
from sightline.weights.published.files import read_object
from sightline.weights.published.keymap import ClassPosition, Ignore, Rename, Reshape, Rule, Zeros
from sightline.weights.published.layouts.layout import (
    activation,
    is_a,
    merged,
    renamed,
    sizes,
    transformers_blocks,
    transformers_vit,
)
from sightline.weights.published.layouts.pictures import clip_rule, from_transformers

NAME = "clip"
TYPES = ("clip", "clip_vision_model", "clip_text_model")

VISION = {
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "num_channels": 3,
    "image_size": 224,
    "patch_size": 32,
    "hidden_act": "quick_gelu",
    "layer_norm_eps": 1e-5,
    "projection_dim": 512,
}
TEXT = {
    "vocab_size": 49408,
    "hidden_size": 512,
    "intermediate_size": 2048,
    "num_hidden_layers": 12,
    "num_attention_heads": 8,
    "max_position_embeddings": 77,
    "hidden_act": "quick_gelu",
    "layer_norm_eps": 1e-5,
    "projection_dim": 512,
    "eos_token_id": 49407,
}
"""The defaults of transformers' config classes: published files leave out what equals them"""
LEGACY_EOS = 2
"""What configs from before the end token was set say: transformers then reads at the largest id"""


def matches(config: Config, shapes: Shapes) -> bool:
    return is_a(config, *TYPES)


def spec(config: Config, shapes: Shapes) -> Towers:
    kind = _kind(config)
    if kind == "vision":
        vision = merged(VISION, config)
        head = _head("visual_projection.weight", config, shapes)
        dim = vision["hidden_size"] if head == "none" else vision["projection_dim"]
        return Towers(image=image_spec(vision), text=None, dim=dim, project_image=head)
    if kind == "text":
        text = merged(TEXT, config)
        head = _head("text_projection.weight", config, shapes)
        dim = text["hidden_size"] if head == "none" else text["projection_dim"]
        return Towers(image=None, text=text_spec(text), dim=dim, project_text=head)
    return Towers(
        image=image_spec(merged(VISION, config.get("vision_config"), config.get("vision_config_dict"))),
        text=text_spec(merged(TEXT, config.get("text_config"), config.get("text_config_dict"))),
        dim=merged({"projection_dim": 512}, config)["projection_dim"],
        project_image="linear",
        project_text="linear",
        scalars=("log_scale",),
    )


def image_spec(c: Mapping[str, Any]) -> ViTSpec:
    """The vision tower of a whole vision config."""
    return replace(transformers_vit(c), entry=Norm(eps=c["layer_norm_eps"]))


def text_spec(c: Mapping[str, Any]) -> TransformerTextSpec:
    """The text tower of a whole text config."""
    # CLIP's own vocabulary ends in its end token, so the largest id that occurs is it
    eot = c["vocab_size"] - 1 if c["eos_token_id"] == LEGACY_EOS else c["eos_token_id"]
    return TransformerTextSpec(
        vocab=c["vocab_size"],
        length=c["max_position_embeddings"],
        **sizes(c),
        reading=Causal(eot=eot),
        norm=Norm(eps=c["layer_norm_eps"]),
        act=activation(c["hidden_act"]),
    )


def rules(towers: Towers, shapes: Shapes) -> list[Rule]:
    found: list[Rule] = [Ignore("*position_ids")]
    if isinstance(towers.image, ViTSpec):
        found += image_rules(towers.image, _prefix("vision_model.", towers, shapes))
    if isinstance(towers.text, TransformerTextSpec):
        found += text_rules(towers.text, _prefix("text_model.", towers, shapes))
    if towers.image is not None and towers.project_image == "linear":
        found.append(Rename("visual_projection.weight", "project_image.weight"))
    if towers.text is not None and towers.project_text == "linear":
        found.append(Rename("text_projection.weight", "project_text.weight"))
    if "log_scale" in towers.scalars:
        found.append(Reshape("logit_scale", "log_scale", shapes.get("logit_scale", ()), ()))
    return found


def image_rules(spec: ViTSpec, theirs: str) -> list[Rule]:
    """The vision tower under the prefix `theirs`."""
    d, c, p = spec.dim, spec.channels, spec.patch
    kernel = f"{theirs}embeddings.patch_embedding.weight"
    return [
        Reshape(kernel, "image.stem.proj.weight", (d, c, p, p), (d, c * p * p)),
        Zeros("image.stem.proj.bias", (d,)),
        ClassPosition(
            f"{theirs}embeddings.class_embedding",
            f"{theirs}embeddings.position_embedding.weight",
            "image.prefix",
            "image.position.weight",
        ),
        *renamed(f"{theirs}pre_layrnorm", "image.entry"),
        *transformers_blocks(f"{theirs}encoder.layers", "image.stack.blocks", spec.depth),
        *renamed(f"{theirs}post_layernorm", "image.stack.norm"),
    ]


def text_rules(spec: TransformerTextSpec, theirs: str) -> list[Rule]:
    """The text tower under the prefix `theirs`; SigLIP's has the same names."""
    return [
        Rename(f"{theirs}embeddings.token_embedding.weight", "text.embed.weight"),
        Rename(f"{theirs}embeddings.position_embedding.weight", "text.position"),
        *transformers_blocks(f"{theirs}encoder.layers", "text.stack.blocks", spec.depth),
        *renamed(f"{theirs}final_layer_norm", "text.stack.norm"),
    ]


def preprocess(towers: Towers, folder: Path, config: Config) -> Preprocess | None:
    return from_transformers(folder, clip_rule(towers.image.size)) if isinstance(towers.image, ViTSpec) else None


def tokenizer(towers: Towers, folder: Path, config: Config) -> PublishedTokenizer | None:
    vocabulary = read_vocabulary(folder) if isinstance(towers.text, TransformerTextSpec) else None
    if vocabulary is None or not isinstance(towers.text, TransformerTextSpec):
        return None
    reading = towers.text.reading
    if not has_clip_ends(vocabulary) and isinstance(reading, Causal):
        # a run of ours, converted: another vocabulary, whose file says everything
        if found := saved(vocabulary, eot=reading.eot, length=towers.text.length):
            return found
    return clip(vocabulary, length=towers.text.length, pad=_pad(vocabulary, folder))


def _kind(config: Config) -> str:
    names = " ".join(config.get("architectures") or ())
    if is_a(config, "clip_vision_model") or "Vision" in names:
        return "vision"
    return "text" if is_a(config, "clip_text_model") or "Text" in names else "both"


def _head(key: str, config: Config, shapes: Shapes) -> Head:
    names = " ".join(config.get("architectures") or ())
    return "linear" if key in shapes or (not shapes and "WithProjection" in names) else "none"


def _prefix(name: str, towers: Towers, shapes: Shapes) -> str:
    """transformers 5 writes a lone tower without projection bare, everything else under its name."""
    if shapes:
        return name if any(key.startswith(name) for key in shapes) else ""
    return "" if {towers.project_image, towers.project_text} == {"none"} else name


def _pad(vocabulary: Any, folder: Path) -> int:
    """The id of the folder's pad token: transformers' CLIP pads with the end token, OpenAI's with 0."""
    path = folder / "tokenizer_config.json"
    token = read_object(path).get("pad_token") if path.is_file() else None
    token = token.get("content") if isinstance(token, dict) else token
    return (vocabulary.token_to_id(token) if isinstance(token, str) else None) or 0
