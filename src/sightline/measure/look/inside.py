"""Everything the page shows of one encoder, as arrays: one pass over a few pictures, one over the whole source."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from sightline.data.sample import Source, Stream
from sightline.measure.look import attention, position
from sightline.measure.look.filters import Filters, filters, first_kernels
from sightline.measure.look.pca import TokenMaps, token_maps
from sightline.measure.look.prepare import Bads, Ready, chosen, every
from sightline.measure.look.unit import Crop, Top, drawn, hidden, receptive_field
from sightline.nn.conv.pool2d import AttentionPool2d
from sightline.nn.pool import ClsPool, MapPool
from sightline.protocols import Features
from sightline.towers.flexi import FlexiViT
from sightline.towers.naflex import NaFlex
from sightline.towers.resnet import ResNet
from sightline.towers.vit import ViT
from sightline.weights.encoder import TorchEncoder
from sightline.weights.naflex import Cut

BATCH = 16
CROPS = 8
"""shown of each unit"""
UNITS = 8
Grid = tuple[int, int]
Missing = str
"""Why a figure is left out"""


@dataclass(frozen=True, slots=True)
class Heads:
    """What each head of a layer gives each patch, for each picture shown; `who` asks."""

    who: str
    rows: list[Float[np.ndarray, "h n"]]


@dataclass(frozen=True, slots=True)
class Positions:
    """Cosines between the position codes of all places of `grid`."""

    similar: Float[np.ndarray, "n n"]
    grid: Grid


@dataclass(frozen=True, slots=True)
class Units:
    """The crops of each unit, largest first."""

    what: str
    count: int
    numbers: list[int]
    crops: list[list[Crop]]
    pictures: int
    field: int | None


@dataclass(frozen=True, slots=True)
class Inside:
    """One encoder, looked into; a text stands where it has no such part and says why."""

    pictures: list[Ready]
    grids: list[Grid]
    filters: Filters | Missing
    heads: Heads | Missing
    distance: Float[np.ndarray, "blocks h"] | Missing
    even: float
    """the distance of a head that looks everywhere alike, in the same pictures"""
    positions: Positions | Missing
    units: Units | Missing
    maps: TokenMaps | Missing


def look(
    encoder: TorchEncoder,
    source: Source | Stream,
    *,
    shown: int = 8,
    units: Sequence[int] = (),
    seed: int = 0,
    mask_background: bool = False,
    bad: Bads | None = None,
    progress: Callable[[int, int | None], None] | None = None,
) -> Inside:
    """Looks into the image tower with `shown` pictures of `source`, and with all of them for the units.

    `units` are the numbers of those to show; none draws 8 by `seed`. Pictures that cannot be used go to `bad`. Raises
    ValueError for an encoder without an image tower, a unit that is not there, a source without a usable picture.
    """
    if not encoder.sees:
        raise ValueError(f"{encoder.name} embeds texts only: it has no image tower to look into")
    bad = {} if bad is None else bad
    tower: nn.Module = encoder.model.image
    pictures = chosen(encoder, source, shown, bad)
    if not pictures:
        reasons = "; ".join(f"{key}: {reason}" for key, reason in list(bad.items())[:3])
        raise ValueError(f"no picture of {source.name} could be used ({reasons or 'it is empty'})")
    first = _Pictures(encoder, tower, pictures)
    found = first_kernels(tower, encoder.rule.channels)
    return Inside(
        pictures=pictures,
        grids=first.grids,
        filters="no layer of its tower is known to see the picture itself" if found is None else filters(*found),
        heads=first.heads(),
        distance=first.distance(),
        even=_even(pictures, first.grids),
        positions=_positions(tower, first.grids[0]),
        units=_units(encoder, source, tower, units, seed, bad, progress),
        maps=_maps(first, mask_background),
    )


def vit_of(tower: nn.Module) -> ViT | None:
    """The ViT that an image tower is or stands around."""
    if isinstance(tower, FlexiViT | NaFlex):
        return tower.vit
    return tower if isinstance(tower, ViT) else None


class _Pictures:
    """The pass over the pictures that are shown: one at a time, so that maps of one are in memory."""

    def __init__(self, encoder: TorchEncoder, tower: nn.Module, pictures: Sequence[Ready]) -> None:
        self.tower, self.vit = tower, vit_of(tower)
        self.tokens: list[Float[np.ndarray, "n d"]] = []
        self.grids: list[Grid] = []
        self._rows: list[Float[np.ndarray, "h n"]] = []
        self._distances: list[list[Float[np.ndarray, " h"]]] = []
        for picture in pictures:
            self._one(encoder, picture)

    def _one(self, encoder: TorchEncoder, picture: Ready) -> None:
        with ExitStack() as stack:
            pooled: list[Tensor] = []
            maps: list[np.ndarray] = []
            last: list[Float[np.ndarray, "h s s"]] = []
            vit, size = self.vit, picture.pixels.shape[:2]
            grid = _grid_of(self.vit, picture)

            def take(number: int, weights: Tensor) -> None:
                assert vit is not None
                array = weights[0].float().cpu().numpy()
                cell = (size[0] / grid[0], size[1] / grid[1])
                maps.append(attention.mean_distance(array, grid, cell, vit.prefix.shape[1]))
                last[:] = [array]

            if vit is not None:
                stack.enter_context(attention.capture_attention(vit.stack, take))
            pool = getattr(self.tower, "pool", None) if vit is None else vit.pool
            if isinstance(pool, MapPool | AttentionPool2d):
                stack.callback(pool.register_forward_pre_hook(_asked(pooled)).remove)
            features = encoder.features(without_padding(picture.given))
        own = grids(features)[0]
        self.grids.append(own)
        self.tokens.append(features.tokens[0].float().cpu().numpy())
        if vit is not None:
            prefix = vit.prefix.shape[1]
            self._distances.append(maps)
            if not pooled:
                if isinstance(vit.pool, ClsPool):
                    self._rows.append(attention.class_rows(last[0], prefix, vit.pool.token))
                else:
                    self._rows.append(attention.mean_rows(last[0], prefix))
        if pooled:
            self._rows.append(pooled[0][0].cpu().numpy())

    def heads(self) -> Heads | Missing:
        """The class token's, the probe's or the mean patch's attention to each patch, by head, or why there is none."""
        if not self._rows:
            return _without(self.tower, "attention")
        if self.vit is None:
            return Heads("the mean place of the attention pooling", self._rows)
        if isinstance(self.vit.pool, MapPool):
            return Heads("the probe of the attention pooling", self._rows)
        who = "the class token" if isinstance(self.vit.pool, ClsPool) else "all patches, on average,"
        return Heads(f"{who} in the last block", self._rows)

    def distance(self) -> Float[np.ndarray, "blocks h"] | Missing:
        """Mean attention distance of each head of each block, over the pictures; or why there is none."""
        if not self._distances:
            return _without(self.tower, "blocks with attention")
        return np.mean([np.stack(picture) for picture in self._distances], axis=0)


def without_padding(given: Any) -> Any:
    """A picture without its padding: only NaFlex pads, and only to make batches."""
    if not isinstance(given, Cut):
        return given
    n = int(given.grid.prod())
    return Cut(given.patches[:n], given.mask[:n], given.grid)


def grids(features: Features) -> list[Grid]:
    """The grid of each picture of a batch."""
    grid = features.grid
    if isinstance(grid, tuple):
        return [grid] * len(features.tokens)
    return [(int(y), int(x)) for y, x in grid.tolist()]


def _grid_of(vit: ViT | None, picture: Ready) -> Grid:
    if isinstance(picture.given, Cut):
        y, x = picture.given.grid.tolist()
        return int(y), int(x)
    side: Any = getattr(vit.stem, "patch", 1) if vit is not None else 1
    return picture.pixels.shape[0] // side, picture.pixels.shape[1] // side


def _asked(found: list[Tensor]) -> Callable[[nn.Module, tuple[Any, ...]], None]:
    def see(pool: nn.Module, args: tuple[Any, ...]) -> None:
        if isinstance(pool, MapPool):
            found[:] = [attention.probe_rows(pool, args[0], args[1])]
        elif isinstance(pool, AttentionPool2d) and tuple(args[0].shape[2:]) == pool.grid:
            found[:] = [attention.place_rows(pool, args[0])]

    return see


def _even(pictures: Sequence[Ready], grids: Sequence[Grid]) -> float:
    found = {}
    for picture, grid in zip(pictures, grids, strict=True):
        n, (y, x) = grid[0] * grid[1], picture.pixels.shape[:2]
        if (grid, y, x) not in found and n:
            alike = np.full((1, n, n), 1 / n)
            found[grid, y, x] = float(attention.mean_distance(alike, grid, (y / grid[0], x / grid[1]))[0])
    return float(np.mean(list(found.values()))) if found else 0.0


def _positions(tower: nn.Module, grid: Grid) -> Positions | Missing:
    vit = vit_of(tower)
    if vit is None:
        if isinstance(tower, ResNet) and isinstance(tower.pool, AttentionPool2d):
            own = tower.pool.grid
            return Positions(position.similarity(tower.pool.position[1:].detach().float().cpu().numpy()), own)
        return _without(tower, "position embeddings")
    codes = position.table(vit.position, grid)
    if codes is None:
        return "nothing is added to its patches: its attention knows the places by rotation (rotary positions)"
    return Positions(position.similarity(codes), grid)


def _maps(first: _Pictures, mask_background: bool) -> TokenMaps | Missing:
    if not sum(len(tokens) for tokens in first.tokens):
        return "its tower gives no tokens, only one vector a picture"
    return token_maps(first.tokens, first.grids, mask_background=mask_background)


def _units(
    encoder: TorchEncoder,
    source: Source | Stream,
    tower: nn.Module,
    wanted: Sequence[int],
    seed: int,
    bad: Bads,
    progress: Callable[[int, int | None], None] | None,
) -> Units | Missing:
    vit = vit_of(tower)
    block: Any = None if vit is None or not len(vit.stack.blocks) else vit.stack.blocks[-1]
    if block is not None and not hasattr(getattr(block, "mlp", None), "fc2"):
        block = None
    what = "channel of the last map" if vit is None else "channel of the tokens"
    if block is not None:
        what = "hidden unit of the last block's MLP"
    if vit is None and not isinstance(tower, ResNet) and receptive_field(tower) is None:
        what = "channel of the tokens"
    total = len(source) if isinstance(source, Source) else None
    top, count, done = None, 0, 0
    for batch in _batches(every(encoder, source, bad)):
        with ExitStack() as stack:
            latest = stack.enter_context(hidden(block)) if block is not None else []
            features = encoder.features(_together([one.given for one in batch]))
        values = latest[0][:, features.prefix.shape[1] :] if latest else features.tokens
        if not values.shape[1]:
            return "its tower gives no tokens, only one vector a picture"
        if top is None:
            count = values.shape[2]
            top = Top(_known(wanted, count) or drawn(count, UNITS, seed), CROPS)
        array = values[..., top.units].float().cpu().numpy()
        for one, grid, some in zip(batch, grids(features), array, strict=True):
            top.add(one.key, some[: grid[0] * grid[1]], grid, one.pixels)
        done += len(batch)
        if progress:
            progress(done, total)
    assert top is not None, "a source without a usable picture is refused before"
    return Units(what, count, top.units, top.crops(), top.count, receptive_field(tower))


def _known(units: Sequence[int], count: int) -> list[int]:
    for unit in units:
        if not 0 <= unit < count:
            raise ValueError(f"no unit {unit}: there are {count:,}, numbered 0 to {count - 1}")
    return list(dict.fromkeys(units))


def _batches(found: Iterator[Ready]) -> Iterator[list[Ready]]:
    while batch := list(islice(found, BATCH)):
        yield batch


def _together(given: list[Any]) -> Any:
    return given if isinstance(given[0], Cut) else torch.stack(given)


def _without(tower: nn.Module, what: str) -> Missing:
    kind = (
        "a convolutional tower" if receptive_field(tower) else f"{type(tower).__name__}, whose layers are not our own,"
    )
    return f"{kind} has no {what}" if receptive_field(tower) else f"{kind} shows no {what}"
