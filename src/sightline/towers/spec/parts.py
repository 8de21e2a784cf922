"""Parts that several towers name in their spec: stems, positions, readings, norms, and the stack they stand around."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import Any, Literal, Protocol, runtime_checkable

from torch import nn

from sightline.nn.attention import Attention
from sightline.nn.resample import Resample
from sightline.nn.transformer import ACTIVATIONS, MLP, Block, DropPath, LayerScale, Stack, SwiGLU

Act = Literal["gelu", "gelu_tanh", "quick_gelu", "relu", "silu", "swiglu"]


@runtime_checkable
class Vocabulary(Protocol):
    """What a spec has to know of a tokenizer (`sightline.text`)."""

    vocab: int
    """ids"""
    length: int
    """tokens of a row, the end token included"""
    eot: int
    pad: int


def fitted(spec: Any, size: int, words: Vocabulary | None) -> Any:
    """The spec as it will be built in a run: pictures of `size` px, the ids of `words`. A spec whose numbers follow the
    data says how in a method of this name; of the others nothing changes."""
    fit = getattr(spec, "fitted", None)
    return spec if fit is None else fit(size, words)


def reads_words(spec: Any) -> bool:
    """Whether the part reads or writes token ids."""
    return hasattr(spec, "vocab")


def sees_pictures(spec: Any) -> bool:
    """Whether the part takes pictures, so that a rule has to say how they are prepared."""
    return hasattr(spec, "channels")


@dataclass(frozen=True, kw_only=True)
class PatchSpec:
    """One linear map of each patch."""


@dataclass(frozen=True, kw_only=True)
class ConvStemSpec:
    """Convolutions; the strides multiply to the patch, the last width is the tower's."""

    kernels: tuple[int, ...]
    strides: tuple[int, ...]
    widths: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class LearnedSpec:
    """Learned positions for the grid of `size / patch`; `resample` fits them to another grid.

    timm resizes by bicubic_antialias, transformers' DINO and DINOv2 by bicubic, SigLIP 2 by bilinear_antialias.
    """

    resample: Resample = "bicubic_antialias"


@dataclass(frozen=True, kw_only=True)
class SinCosSpec:
    """Fixed positions."""

    layout: Literal["moco", "mae"] = "moco"


@dataclass(frozen=True, kw_only=True)
class RotarySpec:
    """DINOv3's axial rotary positions: queries and keys are turned, nothing is added."""

    base: float = 100.0


@dataclass(frozen=True, kw_only=True)
class Cls:
    """A class token stands for the image; `registers` more tokens stand for nothing (Darcet et al. 2023)."""

    registers: int = 0


@dataclass(frozen=True, kw_only=True)
class SecondCls:
    """Two class tokens, of which the second stands for the image: TIPS's for full captions (`Cls(registers=1)` reads
    the first of the same two)."""


@dataclass(frozen=True, kw_only=True)
class Mean:
    """The mean of the patch tokens; `registers` more tokens, a class token nobody reads among them, are left out."""

    registers: int = 0


@dataclass(frozen=True, kw_only=True)
class Gem:
    """The generalised mean of the patch tokens; `p` is where its learned power starts. `registers` are left out."""

    p: float = 3.0
    registers: int = 0

    def __post_init__(self) -> None:
        check_power(self.p)


@dataclass(frozen=True, kw_only=True)
class Map:
    """Attention pooling by a learned probe, which sees the `registers` too."""

    registers: int = 0


@dataclass(frozen=True, kw_only=True)
class Norm:
    """A LayerNorm and its epsilon."""

    eps: float = 1e-6


PARTS: dict[str, type] = {
    "patch": PatchSpec,
    "conv": ConvStemSpec,
    "learned": LearnedSpec,
    "sincos": SinCosSpec,
    "rotary": RotarySpec,
    "cls": Cls,
    "second_cls": SecondCls,
    "mean": Mean,
    "gem": Gem,
    "map": Map,
    "norm": Norm,
}


def check_power(p: float) -> None:
    """ValueError unless a generalised mean can start at `p`."""
    if not 0 < p < inf:
        raise ValueError(f"a generalised mean starts at p above 0 and finite (3; 1 is the mean), got {p}")


def mlp(dim: int, hidden: int, act: Act) -> nn.Module:
    """The feed-forward part; a hidden width of 0 is four times `dim`."""
    hidden = hidden or 4 * dim
    return SwiGLU(dim, hidden) if act == "swiglu" else MLP(dim, hidden, ACTIVATIONS[act])


def stack(
    dim: int,
    depth: int,
    heads: int,
    hidden: int,
    act: Act,
    norm: Norm,
    *,
    layer_scale: float = 0.0,
    drop_path: float | Sequence[float] = 0.0,
) -> Stack:
    """Pre-norm blocks and a last norm. `drop_path` is the last block's rate, or one a block (ValueError otherwise)."""
    rates = _rates(drop_path, depth)
    make = partial(nn.LayerNorm, eps=norm.eps)
    scale = partial(LayerScale, start=layer_scale) if layer_scale else nn.Identity
    blocks = (
        Block(
            dim,
            Attention(dim, heads),
            mlp(dim, hidden, act),
            norm=make,
            scale=scale,
            drop=partial(DropPath, rate) if rate else nn.Identity,
        )
        for rate in rates
    )
    return Stack(blocks, make(dim))


def _rates(drop_path: float | Sequence[float], depth: int) -> list[float]:
    if isinstance(drop_path, float | int):
        # Huang et al. 2016: from 0 at the first block, linearly
        return [drop_path * i / max(depth - 1, 1) for i in range(depth)]
    if len(drop_path) != depth:
        raise ValueError(f"drop_path has {len(drop_path)} rates for {depth} blocks: give one number, or one a block")
    return list(drop_path)
