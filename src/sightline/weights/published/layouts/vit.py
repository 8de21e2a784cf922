"""ViT as transformers writes it (Dosovitskiy et al. 2020): ViTModel, and its tower inside a classifier. DINO v1's
converted files are of this class too.

The pooled vector is the class token after the last norm. transformers' `pooler_output` is tanh(W pooled + b) of it,
with a W that many checkpoints lack or have at random: it is left out, by name.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sightline.data.prepare.preprocess import Preprocess
from sightline.text.published import PublishedTokenizer
from sightline.towers.spec import ViTSpec
from sightline.weights.published.family.protocol import Config, Shapes, Towers
from sightline.weights.published.keymap import ClassPosition, Rule
from sightline.weights.published.layouts.layout import is_a, merged, renamed, transformers_vit
from sightline.weights.published.layouts.vit_pictures import from_folder, squash_rule
from sightline.weights.published.layouts.vit_rules import base_prefix, left_out, patches, separate_attention

NAME = "vit"
HEADS = ("pooler.", "vit.pooler.", "classifier.", "decoder.")

DEFAULTS = {
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
    "hidden_act": "gelu",
    "layer_norm_eps": 1e-12,
    "image_size": 224,
    "patch_size": 16,
    "num_channels": 3,
    "qkv_bias": True,
}
"""The defaults of transformers' config class: published files leave out what equals them"""


def matches(config: Config, shapes: Shapes) -> bool:
    return is_a(config, "vit")


def spec(config: Config, shapes: Shapes) -> Towers:
    c = merged(DEFAULTS, config)
    return Towers(image=image_spec(c), text=None, dim=c["hidden_size"])


def image_spec(c: Mapping[str, Any]) -> ViTSpec:
    """The tower of a whole config; MAE's has the same fields."""
    return transformers_vit(c)


def rules(towers: Towers, shapes: Shapes) -> list[Rule]:
    they = base_prefix(shapes, "vit.")
    return [*left_out(shapes, *HEADS, f"{they}embeddings.mask_token"), *image_rules(towers, they, shapes)]


def image_rules(towers: Towers, they: str, shapes: Shapes) -> list[Rule]:
    """The tower under the prefix `they`."""
    spec = towers.image
    assert isinstance(spec, ViTSpec)
    found: list[Rule] = [
        ClassPosition(
            f"{they}embeddings.cls_token",
            f"{they}embeddings.position_embeddings",
            "image.prefix",
            "image.position.weight",
            token_lead=2,
            table_lead=1,
        ),
        *patches(f"{they}embeddings.patch_embeddings.projection", spec),
    ]
    bias = not shapes or any(name.endswith(("query.bias", "q_proj.bias")) for name in shapes)
    # a state dict of the class since 5.0: shorter names
    new = f"{they}layers.0.mlp.fc1.weight" in shapes
    layers, fc1, fc2 = (
        ("layers", "mlp.fc1", "mlp.fc2") if new else ("encoder.layer", "intermediate.dense", "output.dense")
    )
    for i in range(spec.depth):
        he, we = f"{they}{layers}.{i}", f"image.stack.blocks.{i}"
        found += separate_attention(he, we, spec.dim, shapes, bias=(bias, bias, bias))
        found += renamed(f"{he}.layernorm_before", f"{we}.norm1") + renamed(f"{he}.layernorm_after", f"{we}.norm2")
        found += renamed(f"{he}.{fc1}", f"{we}.mlp.fc1") + renamed(f"{he}.{fc2}", f"{we}.mlp.fc2")
    return found + renamed(f"{they}layernorm", "image.stack.norm")


def preprocess(towers: Towers, folder: Path, config: Config) -> Preprocess | None:
    assert isinstance(towers.image, ViTSpec)
    return from_folder(folder, squash_rule(towers.image.size, towers.image.channels), any_size=False)


def tokenizer(towers: Towers, folder: Path, config: Config) -> PublishedTokenizer | None:
    """None: it reads no text."""
    return None
