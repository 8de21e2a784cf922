"""A source to vectors, batch by batch and in its order, decoding and computing side by side.

Every thread takes some pictures, decodes them, prepares them and embeds them, alone: on two cores that is faster than
decoders beside a model that uses both, because nothing waits for anything.

"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from sightline.data.ahead import map_ahead
from sightline.data.array import unit
from sightline.data.decode.guard import guarded
from sightline.data.decode.record import Bad
from sightline.data.prepare.naflex import CutPicture
from sightline.data.prepare.naflex_rule import NaFlexRule
from sightline.data.prepare.preprocess import COLOURS, Preprocess, opened
from sightline.data.prepare.tile import Box, tiles
from sightline.data.sample import BadSample, Sample
from sightline.runtime.graph import cores
from sightline.search.batcher import Batcher, gate, side_of
from sightline.search.fill.stopwatch import Stopwatch

BESIDE, APART, SMALL = 16, 64, 96
"""Pictures a batch where batches run side by side on a CPU, and elsewhere. ViT-B/32, one core, bfloat16, ms a picture
with 8, 16, 32, 64 a batch: 15.8, 12.8, 13.8, 16.1; ViT-S/16: 15.7, 16.6, 17.8, 25.5: larger ones leave the caches.
Of at most SMALL pixels a side twice as many: their layers are so short that starting them counts (10 M parameters at
64 px, 16 and 32 a batch: 2.7, 2.3)."""
WINDOW = 4
"""batches that pictures of many lengths are sorted within, so that those of one length meet"""


@dataclass(frozen=True, slots=True)
class View:
    """A picture (`tile` 0) or a part of it, and its unit vector (e,)."""

    tile: int
    box: Box | None
    """None of a picture without pixels of its own: an SVG, an array of bands"""
    vector: np.ndarray


@dataclass(frozen=True, slots=True)
class Done:
    """Some samples of the source, one after another: each with its views, or the reason why it has none."""

    samples: list[tuple[Sample, list[View]] | Bad]


def stream(
    batcher: Batcher,
    samples: Iterable[Sample | Bad],
    *,
    batch: int = 0,
    workers: int = 0,
    scales: Sequence[float] = (),
    reduce: bool = False,
    spent: Stopwatch | None = None,
) -> Iterator[Done]:
    """Every sample in order, at most `batch` (0: what suits) at a time, in `workers` threads (0: one a core).

    `scales` also embeds tiles of large pictures (`data.tile`). `reduce` lets a JPEG of more than twice the size that is
    needed be decoded at a half, quarter or eighth of it.
    """
    work = _Work(batcher, batch or _suits(batcher), tuple(scales), reduce, spent or Stopwatch())
    workers = workers or cores()
    with batcher.alone():
        yield from map_ahead(work, _chunks(samples, work.batch), threads=workers, room=workers + 1, enter=batcher.enter)


class _Work:
    """What a thread does with some samples."""

    def __init__(self, batcher: Batcher, batch: int, scales: tuple[float, ...], reduce: bool, spent: Stopwatch) -> None:
        self.batcher, self.batch, self.scales, self.spent = batcher, batch, scales, spent
        self.gate = gate(batcher)
        rule, self.side = batcher.rule, side_of(batcher.rule)
        if scales and self.side is None:
            raise ValueError("tiles are for encoders of pictures in colours or grey; this one reads bands")
        # with tiles every pixel is looked at
        plain = isinstance(rule, Preprocess) and rule.channels in COLOURS and reduce and not scales
        self.reduce = (rule.short or rule.size) if plain else None
        self.window = batch * (WINDOW if isinstance(rule, NaFlexRule) else 1)

    def __call__(self, chunk: list[Sample | Bad]) -> Done:
        views: list[tuple[int, int, Box | None, np.ndarray]] = []
        waiting: list[tuple[int, int, Box | None, Any]] = []
        bad: dict[int, Bad] = {}

        def embed() -> None:
            made = self._vectors([prepared for *_, prepared in waiting])
            views.extend((at, tile, box, vector) for (at, tile, box, _), vector in zip(waiting, made, strict=True))
            waiting.clear()

        for number, sample in enumerate(chunk):
            if isinstance(sample, Bad):
                continue
            views_of = self._views(sample)
            try:
                while True:
                    with guarded():
                        view = next(views_of, None)
                    if view is None:
                        break
                    waiting.append((number, *view))
                    if len(waiting) == self.window:
                        embed()
            except BadSample as error:
                bad[number] = Bad(sample.key, str(error))
        if waiting:
            embed()
        found: list[list[View]] = [[] for _ in chunk]
        for number, tile, box, vector in views:
            found[number].append(View(tile, box, vector))
        made = zip(chunk, found, strict=True)
        return Done(
            [
                sample if isinstance(sample, Bad) else bad.get(number) or (sample, seen)
                for number, (sample, seen) in enumerate(made)
            ]
        )

    def _views(self, sample: Sample) -> Iterator[tuple[int, Box | None, Any]]:
        """(tile, box, prepared) of the picture and then of its tiles, which are decoded once."""
        rule = self.batcher.rule
        if self.side is None:
            with self.spent.on("decode"):  # bands and foreign encoders decode and prepare in one go
                prepared = rule(sample.image)
            yield 0, None, prepared
            return
        with self.spent.on("decode"):
            image = opened(sample.image, self.side, self.reduce)
        boxes = tiles(*image.size, self.side, self.scales) if self.scales else []
        for number, box in enumerate([Box(0, 0, *image.size), *boxes]):
            with self.spent.on("preprocess"):
                part = image.crop((box.x, box.y, box.x + box.w, box.y + box.h)) if number else image
                prepared = rule(part) if isinstance(rule, NaFlexRule) else rule.pixels(part)
            yield number, box, prepared

    def _vectors(self, prepared: list[Any]) -> list[np.ndarray]:
        """In the order given, though pictures of many lengths meet those of their own length."""
        order = list(range(len(prepared)))
        if isinstance(prepared[0], CutPicture):
            order.sort(key=lambda at: int(prepared[at].mask.sum()))
        found: list[Any] = [None] * len(prepared)
        for start in range(0, len(order), self.batch):
            some = order[start : start + self.batch]
            with self.gate, self.spent.on("model"):
                vectors = unit(self.batcher.vectors([prepared[at] for at in some]))
            for at, vector in zip(some, vectors, strict=True):
                found[at] = vector
        return found


def _suits(batcher: Batcher) -> int:
    """Pictures a batch where none is asked for."""
    if not batcher.parallel:
        return APART
    side = side_of(batcher.rule)
    return 2 * BESIDE if side is not None and side <= SMALL else BESIDE


def _chunks(samples: Iterable[Sample | Bad], size: int) -> Iterator[list[Sample | Bad]]:
    rest = iter(samples)
    while some := list(islice(rest, size)):
        yield some


def path_of(sample: Sample) -> str:
    """Where its file is; "" inside archives."""
    return str(sample.image) if isinstance(sample.image, Path) else ""
