"""Specs of image transformers: ViT, and the two that stand around one: FlexiViT and NaFlex."""

from dataclasses import dataclass, replace

from torch import nn

from sightline.nn.patch import ConvStem, Grid, PatchStem
from sightline.nn.pool import ClsPool, GemPool, MapPool, MeanPool
from sightline.nn.position import Learned, SinCos, Unplaced, sincos_mae, sincos_moco
from sightline.nn.rotary import Rotary
from sightline.nn.transformer import truncated_normal
from sightline.towers.flexi import FlexiViT
from sightline.towers.naflex import NaFlex
from sightline.towers.spec.parts import (
    Act,
    Cls,
    ConvStemSpec,
    Gem,
    LearnedSpec,
    Map,
    Mean,
    Norm,
    PatchSpec,
    Resample,
    RotarySpec,
    SecondCls,
    SinCosSpec,
    Vocabulary,
    mlp,
    stack,
)
from sightline.towers.vit import ViT

Position = LearnedSpec | SinCosSpec | RotarySpec
Pool = Cls | SecondCls | Mean | Gem | Map


@dataclass(frozen=True, kw_only=True)
class ViTSpec:
    """A pre-norm ViT for images of `size` px; `mlp` is the hidden width, 0 for four times `dim`.

    `layer_scale` is the first value of the gammas that scale the branches (0: there are none); `drop_path` the rate at
    which the last block's branches are dropped in training, growing to it from 0, or the rates block by block.
    """

    size: int
    patch: int
    dim: int
    depth: int
    heads: int
    mlp: int = 0
    pool: Pool = Cls()
    stem: PatchSpec | ConvStemSpec = PatchSpec()
    position: Position = LearnedSpec()
    entry: Norm | None = None
    norm: Norm = Norm()
    act: Act = "gelu"
    channels: int = 3
    layer_scale: float = 0.0
    drop_path: float | tuple[float, ...] = 0.0

    def fitted(self, size: int, words: Vocabulary | None) -> "ViTSpec":
        """For pictures of `size` px."""
        return replace(self, size=size)

    def build(self) -> ViT:
        """The tower. ValueError where the sizes do not fit one another."""
        if self.size % self.patch:
            lower = self.size - self.size % self.patch
            near = f"{lower} or {lower + self.patch}" if lower else f"{self.patch}"
            raise ValueError(
                f"a ViT of size {self.size} does not divide into patches of {self.patch}: set data.size={near}, or "
                "another image.patch"
            )
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
        return _vit(self, stem, grid)


@dataclass(frozen=True, kw_only=True)
class FlexiViTSpec:
    """A FlexiViT: the patch kernel is kept at `kernel` px and the positions for `grid` x `grid`; `patch` is the size of
    patches where a call names none. The rest as in `ViTSpec`.
    """

    size: int
    patch: int
    dim: int
    depth: int
    heads: int
    mlp: int = 0
    kernel: int = 32
    grid: int = 7
    pool: Pool = Cls()
    position: Position = LearnedSpec(resample="bilinear_antialias")
    resample: Resample = "bilinear_antialias"
    entry: Norm | None = None
    norm: Norm = Norm()
    act: Act = "gelu"
    channels: int = 3
    layer_scale: float = 0.0
    drop_path: float | tuple[float, ...] = 0.0

    def build(self) -> FlexiViT:
        """The tower. ValueError where `size` is no multiple of `patch`."""
        if self.size % self.patch:
            raise ValueError(f"a FlexiViT of size {self.size} does not divide into patches of {self.patch}")
        stem = PatchStem(self.kernel, self.dim, self.channels, self.resample)
        return FlexiViT(_vit(self, stem, (self.grid, self.grid)), self.patch)


@dataclass(frozen=True, kw_only=True)
class NaFlexSpec:
    """SigLIP 2's NaFlex: at most `length` patches of any aspect ratio, positions kept for `grid` x `grid`.

    The rest as in `ViTSpec`. `length` is what pictures are prepared for; the tower takes any.
    """

    patch: int
    dim: int
    depth: int
    heads: int
    mlp: int = 0
    length: int = 256
    grid: int = 16
    pool: Pool = Map()
    position: Position = LearnedSpec(resample="bilinear_antialias")
    entry: Norm | None = None
    norm: Norm = Norm()
    act: Act = "gelu_tanh"
    channels: int = 3
    layer_scale: float = 0.0
    drop_path: float | tuple[float, ...] = 0.0

    def build(self) -> NaFlex:
        """The tower."""
        stem = nn.Linear(self.channels * self.patch * self.patch, self.dim)
        return NaFlex(_vit(self, stem, (self.grid, self.grid)))


def _vit(spec: ViTSpec | FlexiViTSpec | NaFlexSpec, stem: nn.Module, grid: Grid) -> ViT:
    rotary = None
    match spec.position:
        case LearnedSpec(resample=resample):
            position = Learned(grid, spec.dim, resample)
        case SinCosSpec(layout=layout):
            position = SinCos(spec.dim, {"moco": sincos_moco, "mae": sincos_mae}[layout])
        case RotarySpec(base=base):
            position, rotary = Unplaced(), Rotary(spec.dim // spec.heads, base)
    pool, prefix = _pooling(spec.pool, spec.dim, spec.heads, spec.mlp, spec.act)
    blocks = stack(
        spec.dim,
        spec.depth,
        spec.heads,
        spec.mlp,
        spec.act,
        spec.norm,
        layer_scale=spec.layer_scale,
        drop_path=spec.drop_path,
    )
    entry = nn.Identity() if spec.entry is None else nn.LayerNorm(spec.dim, eps=spec.entry.eps)
    tower = ViT(spec.dim, stem, position, blocks, pool, prefix=prefix, entry=entry, rotary=rotary)
    tower.apply(truncated_normal)
    return tower


def _pooling(pool: Pool, dim: int, heads: int, hidden: int, act: Act) -> tuple[nn.Module, int]:
    """What a reading spec builds, and how many tokens stand before the patches under it."""
    match pool:
        case Cls(registers=registers):
            return ClsPool(), 1 + registers
        case SecondCls():
            return ClsPool(token=1), 2
        case Mean(registers=registers):
            return MeanPool(), registers
        case Gem(p=p, registers=registers):
            return GemPool(p), registers
        case Map(registers=registers):
            return MapPool(dim, heads, mlp(dim, hidden, act)), registers


TransformerImageSpec = ViTSpec | FlexiViTSpec | NaFlexSpec

TOWERS: dict[str, type] = {"vit": ViTSpec, "flexivit": FlexiViTSpec, "naflex": NaFlexSpec}
