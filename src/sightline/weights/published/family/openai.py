"""OpenAI's own CLIP files (openai/CLIP): a bare state dict, whose sizes are in its tensors. Always with QuickGELU.

The keys are those of open_clip's first layout, so its key map serves; fp16 weights become float32.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sightline.data.prepare.preprocess import Preprocess
from sightline.text.published import PublishedTokenizer
from sightline.weights.published.family import open_clip
from sightline.weights.published.family.protocol import Config, Shapes, Towers
from sightline.weights.published.keymap import Ignore, Rule
from sightline.weights.published.layouts.layout import depth

NAME = "openai"
SCALARS = ("input_resolution", "context_length", "vocab_size")
"""Numbers that OpenAI's archives keep among the weights"""
KEYS = (
    "visual.conv1.weight",
    "transformer.resblocks.0.attn.in_proj_weight",
    "text_projection",
    "token_embedding.weight",
)


def matches(config: Config, shapes: Shapes) -> bool:
    return not config and all(key in shapes for key in KEYS)


def spec(config: Config, shapes: Shapes) -> Towers:
    return open_clip.spec({"model_cfg": model_config(shapes)}, shapes)


def model_config(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Any]:
    """open_clip's `model_cfg` as the tensors show it; heads of 64, as in every CLIP of OpenAI's."""
    width, dim = shapes["text_projection"]
    vocab, length = shapes["token_embedding.weight"][0], shapes["positional_embedding"][0]
    layers = depth(shapes, "transformer.resblocks")
    text = {"context_length": length, "vocab_size": vocab, "width": width, "heads": width // 64, "layers": layers}
    return {"embed_dim": dim, "quick_gelu": True, "vision_cfg": _vision(shapes), "text_cfg": text}


def rules(towers: Towers, shapes: Shapes) -> list[Rule]:
    return [*(Ignore(name) for name in SCALARS), *open_clip.rules(towers, shapes)]


def preprocess(towers: Towers, folder: Path, config: Config) -> Preprocess | None:
    return open_clip.preprocess(towers, folder, {})


def tokenizer(towers: Towers, folder: Path, config: Config) -> PublishedTokenizer | None:
    return open_clip.tokenizer(towers, folder, {})


def _vision(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Any]:
    if "visual.proj" in shapes:
        width, patch = shapes["visual.conv1.weight"][0], shapes["visual.conv1.weight"][-1]
        grid = round((shapes["visual.positional_embedding"][0] - 1) ** 0.5)
        layers: int | list[int] = depth(shapes, "visual.transformer.resblocks")
        return {"image_size": grid * patch, "layers": layers, "width": width, "patch_size": patch}
    width = shapes["visual.layer1.0.conv1.weight"][0]
    grid = round((shapes["visual.attnpool.positional_embedding"][0] - 1) ** 0.5)
    layers = [depth(shapes, f"visual.layer{stage}") for stage in (1, 2, 3, 4)]
    return {"image_size": grid * 32, "layers": layers, "width": width}
