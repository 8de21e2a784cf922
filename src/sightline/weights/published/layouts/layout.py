"""Pieces of key maps and configs that several families share: blocks, norms, sizes, activations."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, cast

from sightline.towers.spec import Act, Cls, LearnedSpec, Norm, ViTSpec
from sightline.weights.published.keymap import Join, Rename, Rule, Transpose

VALUES = ("weight", "bias")
ACTIVATIONS: dict[str, Act] = {
    "gelu": "gelu",
    "gelu_python": "gelu",
    "gelu_pytorch_tanh": "gelu_tanh",
    "gelu_new": "gelu_tanh",
    "quick_gelu": "quick_gelu",
    "relu": "relu",
    "silu": "silu",
    "swish": "silu",
}
"""transformers' names and ours"""


def renamed(theirs: str, ours: str) -> list[Rule]:
    """The weight and the bias of a layer under another name."""
    return [Rename(f"{theirs}.{value}", f"{ours}.{value}") for value in VALUES]


def transformers_blocks(theirs: str, ours: str, depth: int) -> list[Rule]:
    """CLIP's and SigLIP's encoder in transformers: `theirs` "text_model.encoder.layers", `ours` "text.stack.blocks"."""
    rules: list[Rule] = []
    for i in range(depth):
        they, we = f"{theirs}.{i}", f"{ours}.{i}"
        for value in VALUES:
            parts = tuple(f"{they}.self_attn.{part}_proj.{value}" for part in "qkv")
            rules.append(Join(parts, f"{we}.attn.qkv.{value}"))
        rules += renamed(f"{they}.self_attn.out_proj", f"{we}.attn.proj")
        rules += renamed(f"{they}.layer_norm1", f"{we}.norm1") + renamed(f"{they}.layer_norm2", f"{we}.norm2")
        rules += renamed(f"{they}.mlp.fc1", f"{we}.mlp.fc1") + renamed(f"{they}.mlp.fc2", f"{we}.mlp.fc2")
    return rules


def openai_blocks(theirs: str, ours: str, depth: int) -> list[Rule]:
    """OpenAI's and open_clip's blocks: `theirs` "visual.transformer.resblocks"."""
    rules: list[Rule] = []
    for i in range(depth):
        they, we = f"{theirs}.{i}", f"{ours}.{i}"
        rules += [Rename(f"{they}.attn.in_proj_{value}", f"{we}.attn.qkv.{value}") for value in VALUES]
        rules += renamed(f"{they}.attn.out_proj", f"{we}.attn.proj")
        rules += renamed(f"{they}.ln_1", f"{we}.norm1") + renamed(f"{they}.ln_2", f"{we}.norm2")
        rules += renamed(f"{they}.mlp.c_fc", f"{we}.mlp.fc1") + renamed(f"{they}.mlp.c_proj", f"{we}.mlp.fc2")
    return rules


def same_blocks(theirs: str, ours: str, depth: int) -> list[Rule]:
    """timm's blocks, whose names are ours."""
    layers = ("norm1", "attn.qkv", "attn.proj", "norm2", "mlp.fc1", "mlp.fc2")
    return [
        rule
        for i in range(depth)
        for layer in layers
        for rule in renamed(f"{theirs}.{i}.{layer}", f"{ours}.{i}.{layer}")
    ]


def projection(theirs: str, ours: str, *, transposed: bool) -> Rule:
    """A linear map without bias to the joint space: a matrix `x @ proj` there where `transposed`."""
    return Transpose(theirs, f"{ours}.weight") if transposed else Rename(theirs, f"{ours}.weight")


def merged(defaults: Mapping[str, Any], *given: Mapping[str, Any] | None) -> dict[str, Any]:
    """A config over the defaults of its class: published files leave out what equals them."""
    whole = dict(defaults)
    for values in given:
        whole |= {key: value for key, value in (values or {}).items() if value is not None}
    return whole


def side(value: Any, what: str) -> int:
    """A number of pixels from a number or a pair of equal ones. ValueError for sides that differ."""
    pair = list(value) if isinstance(value, Sequence) else [value]
    if len(set(pair)) != 1 or not isinstance(pair[0], int):
        raise ValueError(f"{what} is {value!r}; our towers for it are square: expected one number")
    return pair[0]


def activation(name: Any) -> Act:
    """Our name of transformers' activation. ValueError lists those that are known."""
    if name not in ACTIVATIONS:
        raise ValueError(f"hidden_act is {name!r}; known are {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[name]


def hidden(width: int, mlp: int) -> int:
    """The hidden width as specs write it: 0 for four times the width."""
    return 0 if mlp == 4 * width else mlp


def depth(shapes: Mapping[str, Any], theirs: str) -> int:
    """How many numbered layers stand under a name in the file."""
    numbers = {name.removeprefix(f"{theirs}.").split(".")[0] for name in shapes if name.startswith(f"{theirs}.")}
    return len(numbers)


def is_a(config: Mapping[str, Any], *types: str) -> bool:
    """Whether the config's model_type is one of these."""
    return cast("str | None", config.get("model_type")) in types


class Sizes(TypedDict):
    """Fields of the specs of transformers."""

    dim: int
    depth: int
    heads: int
    mlp: int


def sizes(c: Mapping[str, Any]) -> Sizes:
    """The sizes of a stack by the fields that transformers' configs name alike."""
    return Sizes(
        dim=c["hidden_size"],
        depth=c["num_hidden_layers"],
        heads=c["num_attention_heads"],
        mlp=hidden(c["hidden_size"], c["intermediate_size"]),
    )


def transformers_vit(c: Mapping[str, Any]) -> ViTSpec:
    """A whole vision config by the fields that transformers' ViTs name alike; a family replaces what is its own."""
    return ViTSpec(
        size=side(c["image_size"], "image_size"),
        patch=side(c["patch_size"], "patch_size"),
        **sizes(c),
        pool=Cls(),
        position=LearnedSpec(resample="bicubic"),
        norm=Norm(eps=c["layer_norm_eps"]),
        act=activation(c["hidden_act"]),
        channels=c["num_channels"],
    )
