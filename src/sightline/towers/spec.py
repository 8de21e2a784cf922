"""Sizes of towers as data: frozen specs that build a tower and go to JSON and back.

Every object in the JSON carries its `family`; `encoder.json` of a run holds one spec per tower. Unions of small specs
say what kind a part is; activations and blocks, which have no numbers of their own, are named.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import partial
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from torch import nn

from sightline.nn.attention import Attention
from sightline.nn.patch import ConvStem, PatchStem
from sightline.nn.pool import ClsPool, MapPool, MeanPool
from sightline.nn.position import Learned, SinCos, sincos_mae, sincos_moco
from sightline.nn.resnet import Basic, Bottleneck, small_stem, standard_stem
from sightline.nn.transformer import ACTIVATIONS, MLP, Block, Residual, Stack, truncated_normal
from sightline.towers.bag import BagOfTokens
from sightline.towers.resnet import FlatMap, MeanMap, ResNet, quiet_branches
from sightline.towers.text import Causal, Full, TransformerText, clip_init
from sightline.towers.vit import ViT

Act = Literal["gelu", "gelu_tanh", "quick_gelu"]


@dataclass(frozen=True, kw_only=True)
class SmallStem:
    """One 3x3 convolution, no pooling; stride 2 quarters the cost of everything after it."""

    stride: int = 1


@dataclass(frozen=True, kw_only=True)
class StandardStem:
    """7x7 at stride 2 and max-pooling."""


@dataclass(frozen=True, kw_only=True)
class MeanMapSpec:
    """The mean over places."""


@dataclass(frozen=True, kw_only=True)
class FlatMapSpec:
    """Every place of a `grid` x `grid` map keeps its own numbers: for scenes, where sides matter."""

    grid: int


@dataclass(frozen=True, kw_only=True)
class ResNetSpec:
    """A ResNet whose last gammas start at zero; tokens are width * 2^(stages - 1) wide, times four with bottlenecks.

    The pooled vector is as wide under the mean, and grid^2 times as wide under a flat map.
    """

    depths: tuple[int, ...]
    width: int
    block: Literal["basic", "bottleneck"] = "basic"
    stem: SmallStem | StandardStem = SmallStem()
    pool: MeanMapSpec | FlatMapSpec = MeanMapSpec()
    channels: int = 3

    def build(self) -> ResNet:
        match self.stem:
            case SmallStem(stride=stride):
                stem = small_stem(self.channels, self.width, stride)
            case StandardStem():
                stem = standard_stem(self.channels, self.width)
        block = {"basic": Basic, "bottleneck": Bottleneck}[self.block]
        pool = FlatMap(self.pool.grid) if isinstance(self.pool, FlatMapSpec) else MeanMap()
        return quiet_branches(ResNet(stem, block, self.depths, self.width, pool))


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
    """Learned positions for the grid of `size / patch`."""


@dataclass(frozen=True, kw_only=True)
class SinCosSpec:
    """Fixed positions."""

    layout: Literal["moco", "mae"] = "moco"


@dataclass(frozen=True, kw_only=True)
class Cls:
    """A class token stands for the image; `registers` more tokens stand for nothing (Darcet et al. 2023)."""

    registers: int = 0


@dataclass(frozen=True, kw_only=True)
class Mean:
    """The mean of the patch tokens."""


@dataclass(frozen=True, kw_only=True)
class Map:
    """Attention pooling by a learned probe."""


@dataclass(frozen=True, kw_only=True)
class Norm:
    """A LayerNorm and its epsilon."""

    eps: float = 1e-6


@dataclass(frozen=True, kw_only=True)
class ViTSpec:
    """A pre-norm ViT for images of `size` px; `mlp` is the hidden width, 0 for four times `dim`."""

    size: int
    patch: int
    dim: int
    depth: int
    heads: int
    mlp: int = 0
    pool: Cls | Mean | Map = Cls()
    stem: PatchSpec | ConvStemSpec = PatchSpec()
    position: LearnedSpec | SinCosSpec = LearnedSpec()
    entry: Norm | None = None
    norm: Norm = Norm()
    act: Act = "gelu"
    channels: int = 3

    def build(self) -> ViT:
        """ValueError where the sizes do not fit one another."""
        if self.size % self.patch:
            raise ValueError(f"a ViT of size {self.size} does not divide into patches of {self.patch}")
        grid = (self.size // self.patch, self.size // self.patch)
        match self.stem:
            case PatchSpec():
                stem = PatchStem(self.patch, self.dim, self.channels)
            case ConvStemSpec(kernels=kernels, strides=strides, widths=widths):
                stem = ConvStem(kernels, strides, widths, self.channels)
                if stem.patch != self.patch or widths[-1] != self.dim:
                    raise ValueError(
                        f"the stem makes patches of {stem.patch} x {widths[-1]}, the ViT {self.patch} x {self.dim}"
                    )
        match self.position:
            case LearnedSpec():
                position = Learned(grid, self.dim)
            case SinCosSpec(layout=layout):
                position = SinCos(self.dim, {"moco": sincos_moco, "mae": sincos_mae}[layout])
        prefix = 0
        match self.pool:
            case Cls(registers=registers):
                pool, prefix = ClsPool(), 1 + registers
            case Mean():
                pool = MeanPool()
            case Map():
                pool = MapPool(self.dim, self.heads, MLP(self.dim, self.mlp or 4 * self.dim, ACTIVATIONS[self.act]))
        norm = partial(nn.LayerNorm, eps=self.norm.eps)
        stack = _stack(self.dim, self.depth, self.heads, self.mlp, self.act, norm)
        entry = nn.Identity() if self.entry is None else nn.LayerNorm(self.dim, eps=self.entry.eps)
        tower = ViT(self.dim, stem, position, stack, pool, prefix=prefix, entry=entry)
        tower.apply(truncated_normal)
        return tower


@dataclass(frozen=True, kw_only=True)
class TransformerTextSpec:
    """A pre-norm text transformer of `length` tokens over `vocab` ids, CLIP's init; `mlp` as in `ViTSpec`."""

    vocab: int
    length: int
    dim: int
    depth: int
    heads: int
    mlp: int = 0
    reading: Causal | Full = Causal()
    norm: Norm = Norm(eps=1e-5)
    act: Act = "gelu"

    def build(self) -> TransformerText:
        norm = partial(nn.LayerNorm, eps=self.norm.eps)
        stack = _stack(self.dim, self.depth, self.heads, self.mlp, self.act, norm)
        return clip_init(TransformerText(self.vocab, self.length, self.dim, stack, self.reading))


@dataclass(frozen=True, kw_only=True)
class BagSpec:
    """A bag of tokens; `hidden` is the width inside its MLP, 0 for the plain mean. `length` is the tokenizer's
    business.
    """

    vocab: int
    length: int
    dim: int
    hidden: int = 0
    pad: int = 0

    def build(self) -> BagOfTokens:
        head = (
            nn.Sequential(nn.LayerNorm(self.dim, eps=1e-6), Residual(MLP(self.dim, self.hidden)))
            if self.hidden
            else nn.Identity()
        )
        return BagOfTokens(self.vocab, self.dim, head, pad=self.pad)


ImageSpec = ResNetSpec | ViTSpec
TextSpec = TransformerTextSpec | BagSpec
Spec = ImageSpec | TextSpec

FAMILIES: dict[str, type] = {
    "resnet": ResNetSpec,
    "vit": ViTSpec,
    "transformer_text": TransformerTextSpec,
    "bag": BagSpec,
    "small_stem": SmallStem,
    "standard_stem": StandardStem,
    "mean_map": MeanMapSpec,
    "flat_map": FlatMapSpec,
    "patch": PatchSpec,
    "conv": ConvStemSpec,
    "learned": LearnedSpec,
    "sincos": SinCosSpec,
    "cls": Cls,
    "mean": Mean,
    "map": Map,
    "norm": Norm,
    "causal": Causal,
    "full": Full,
}
"""The names written in files: a class may be renamed, its family not."""


def to_json(spec: Spec) -> dict[str, Any]:
    """The spec as plain JSON values, each object with its `family`."""
    return _plain(spec)


def from_json(data: Mapping[str, Any]) -> Spec:
    """The spec written by `to_json`. ValueError names the unknown family or field, lists the known ones, or names the
    field whose value has the wrong type."""
    spec = _parse(data)
    if not isinstance(spec, ResNetSpec | ViTSpec | TransformerTextSpec | BagSpec):
        raise ValueError(
            f"family {data['family']!r} is a part, not a tower; towers are resnet, vit, transformer_text, bag"
        )
    return spec


def _stack(dim: int, depth: int, heads: int, mlp: int, act: Act, norm: partial[nn.LayerNorm]) -> Stack:
    blocks = (
        Block(dim, Attention(dim, heads), MLP(dim, mlp or 4 * dim, ACTIVATIONS[act]), norm=norm) for _ in range(depth)
    )
    return Stack(blocks, norm(dim))


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        family = next(name for name, kind in FAMILIES.items() if type(value) is kind)
        return {"family": family} | {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    return list(value) if isinstance(value, tuple) else value


def _parse(data: Any) -> Any:
    if not isinstance(data, Mapping):
        return tuple(data) if isinstance(data, list) else data
    family = data.get("family")
    if family not in FAMILIES:
        raise ValueError(f"unknown tower family {family!r}; known are {', '.join(FAMILIES)}")
    kind = FAMILIES[family]
    hints = get_type_hints(kind)
    known = {f.name: hints[f.name] for f in fields(kind)}
    values = {name: _parse(value) for name, value in data.items() if name != "family"}
    for name, value in values.items():
        if name not in known:
            raise ValueError(f"{family} has no field {name!r}; it has {', '.join(known) or 'none'}")
        if not _fits(value, known[name]):
            raise ValueError(f"{family}.{name} cannot be {data[name]!r}; it is {_name(known[name])}")
    try:
        return kind(**values)
    except TypeError as error:
        raise ValueError(f"{family} lacks a field: {error}") from None


def _fits(value: Any, hint: Any) -> bool:
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return any(_fits(value, option) for option in inner)
    if origin is Literal:
        return value in inner
    if origin is tuple:
        return isinstance(value, tuple) and all(_fits(item, inner[0]) for item in value)
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, hint) and not isinstance(value, bool)


def _name(hint: Any) -> str:
    return (
        hint.__name__
        if isinstance(hint, type)
        else str(hint).replace("sightline.towers.spec.", "").replace("typing.", "")
    )
