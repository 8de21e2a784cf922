"""Pieces of key maps that image-only ViTs share: class token and registers, patches, blocks under many names.

Libraries renamed their layers from version to version; a file keeps the names of the version that wrote it, so each
place takes the first of its names that the file has.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sightline.towers.spec import ViTSpec
from sightline.weights.published.family.protocol import Shapes
from sightline.weights.published.keymap import Blank, Join, Rename, Reshape, Rule, Zeros
from sightline.weights.published.layouts.layout import VALUES, renamed


@dataclass(frozen=True)
class PrefixTokens:
    """A class token and registers, (1, 1, d) and (1, r, d) there, as one prefix here: no positions of their own."""

    parts: tuple[str, str]
    our: str
    registers: int

    @property
    def theirs(self) -> tuple[str, ...]:
        return self.parts

    @property
    def ours(self) -> tuple[str, ...]:
        return (self.our,)

    def read(self, *theirs: Tensor) -> tuple[Tensor, ...]:
        return (torch.cat(theirs, dim=1),)

    def write(self, *ours: Tensor) -> tuple[Tensor, ...]:
        return tuple(part.contiguous() for part in ours[0].split([1, self.registers], dim=1))


@dataclass(frozen=True)
class Attention:
    """The names of one block's attention: three matrices under `parts`, or `proj` alone beside a joined one."""

    parts: tuple[str, str, str]
    proj: str


SEPARATE = (
    Attention(
        ("attention.attention.query", "attention.attention.key", "attention.attention.value"), "attention.output.dense"
    ),
    Attention(("attention.q_proj", "attention.k_proj", "attention.v_proj"), "attention.o_proj"),
)
"""transformers' names: those that it writes to files, and those of its classes since 5.0"""


def first(shapes: Shapes, *names: str) -> str:
    """The first of `names` that the file has; the first of all where none is there, for writing."""
    return next((name for name in names if name in shapes), names[0])


def separate_attention(
    theirs: str,
    ours: str,
    width: int,
    shapes: Shapes,
    *,
    names: Sequence[Attention] = SEPARATE,
    bias: tuple[bool, bool, bool] = (True, True, True),
) -> list[Rule]:
    """Three matrices q, k, v and the projection after them; `bias` says which of the three have one."""
    found = next((n for n in names if f"{theirs}.{n.parts[0]}.weight" in shapes), names[0])
    qkv = tuple(f"{theirs}.{part}" for part in found.parts)
    rules: list[Rule] = [Join(tuple(f"{part}.weight" for part in qkv), f"{ours}.attn.qkv.weight")]
    if any(bias):
        parts = tuple(f"{part}.bias" if there else None for part, there in zip(qkv, bias, strict=True))
        rules.append(Join(parts, f"{ours}.attn.qkv.bias"))
    else:
        rules.append(Zeros(f"{ours}.attn.qkv.bias", (3 * width,)))
    return rules + renamed(f"{theirs}.{found.proj}", f"{ours}.attn.proj")


def patches(theirs: str, spec: ViTSpec) -> list[Rule]:
    """A patch convolution with a bias."""
    d, c, p = spec.dim, spec.channels, spec.patch
    return [
        Reshape(f"{theirs}.weight", "image.stem.proj.weight", (d, c, p, p), (d, c * p * p)),
        Rename(f"{theirs}.bias", "image.stem.proj.bias"),
    ]


def gated(theirs: str, ours: str) -> list[Rule]:
    """transformers' gated MLP in three matrices."""
    rules: list[Rule] = [
        Join((f"{theirs}.gate_proj.{value}", f"{theirs}.up_proj.{value}"), f"{ours}.fc1.{value}") for value in VALUES
    ]
    return rules + renamed(f"{theirs}.down_proj", f"{ours}.fc2")


def left_out(shapes: Shapes, *names: str, missing: tuple[tuple[str, tuple[int, ...]], ...] = ()) -> list[Rule]:
    """Keys that the file has and a tower does not use, by name (a prefix where it ends in a dot); `missing` are those
    that the layout has and a converted file gets as zeros.
    """
    kept = [key for key in shapes if key in names or key.startswith(tuple(n for n in names if n.endswith(".")))]
    rules: list[Rule] = [Blank(key, tuple(shapes[key])) for key in kept]
    return rules + [Blank(key, shape) for key, shape in missing if not shapes]


def base_prefix(shapes: Shapes, *names: str) -> str:
    """What a model with a head puts before every key of its tower ("vit."); "" for the tower alone."""
    return next((name for name in names if any(key.startswith(f"{name}embeddings.") for key in shapes)), "")
