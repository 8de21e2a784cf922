"""What is in a source: counts, sizes, bad pictures, duplicates, words and classes, and pictures for a sheet."""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from sightline.data.ahead import map_ahead
from sightline.data.decode.picture import decode, is_svg, measure, unpacked
from sightline.data.decode.record import Bad, fetch
from sightline.data.sample import BadSample, Sample, Source, Stream

VERSION = 1
"""of the JSON form, described in docs/data.md"""
STREAMED = 1000
"""samples of a stream that are looked at"""
SIDES = (32, 64, 128, 256, 512, 1024, 2048)
COMMON = 12
COMMON_WORDS = frozenset("a an and at by for from in is it of on or the to with".split())

Progress = Callable[[int, int | None], None]


@dataclass
class Report:
    """Everything `sightline data` says of a source."""

    source: str
    has: frozenset[str]
    notes: tuple[str, ...] = ()
    samples: int = 0
    bad: dict[str, str] = field(default_factory=dict)
    """key -> reason"""
    vectors: int = 0
    alpha: int = 0
    sizes: list[tuple[int, int]] = field(default_factory=list)
    """(width, height) of the rasters"""
    copies: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """hash of the content -> keys"""
    captions: list[tuple[str, ...]] = field(default_factory=list)
    terms: int = 0
    classes: Counter[str] = field(default_factory=Counter)
    pictures: list[tuple[np.ndarray, str]] = field(default_factory=list)
    """some pictures, small, with their first caption or key"""

    @property
    def duplicates(self) -> list[list[str]]:
        """Keys of pictures that are the same to the byte."""
        return [keys for keys in self.copies.values() if len(keys) > 1]

    def sides(self) -> dict[str, int]:
        """How many rasters have a shorter side up to each of SIDES pixels."""
        shorter = np.array([min(size) for size in self.sizes], int)
        places = np.searchsorted(SIDES, shorter)
        names = [f"<= {side}" for side in SIDES] + [f"> {SIDES[-1]}"]
        return {name: int((places == i).sum()) for i, name in enumerate(names) if (places == i).any()}

    def words(self) -> dict[str, Any]:
        """Statistics of the captions."""
        said = [caption for captions in self.captions for caption in captions]
        lengths = [len(caption.split()) for caption in said]
        firsts = Counter(captions[0].lower() for captions in self.captions if captions)
        words = Counter(word for caption in said for word in re.findall(r"\w+", caption.lower()))
        return {
            "count": len(said),
            "empty": sum(not captions for captions in self.captions),
            "distinct": len(firsts),
            "shared": sum(count for count in firsts.values() if count > 1),
            "words": {"min": min(lengths), "median": median(lengths), "max": max(lengths)} if lengths else None,
            "common": [pair for pair in words.most_common(COMMON + len(COMMON_WORDS)) if pair[0] not in COMMON_WORDS][
                :COMMON
            ],
            "terms": self.terms,
        }

    def to_json(self) -> dict[str, Any]:
        """The JSON form, version VERSION."""
        wide, high = ([size[axis] for size in self.sizes] for axis in (0, 1))
        return {
            "version": VERSION,
            "source": self.source,
            "has": sorted(self.has),
            "notes": list(self.notes),
            "samples": self.samples,
            "good": self.samples - len(self.bad),
            "bad": self.bad,
            "vectors": self.vectors,
            "rasters": len(self.sizes),
            "alpha": self.alpha,
            "width": _spread(wide),
            "height": _spread(high),
            "shorter_side": self.sides(),
            "duplicates": self.duplicates,
            "captions": self.words(),
            "classes": dict(self.classes.most_common()),
        }


def report(source: Source | Stream, *, pictures: int = 128, cell: int = 96, progress: Progress | None = None) -> Report:
    """Look at every sample (of a stream, at the first 1,000): read, hash, decode. Bad ones are named, not raised."""
    found = Report(source.name, source.has, tuple(getattr(source, "notes", ())))
    total = len(source) if isinstance(source, Source) else STREAMED
    shown = set(np.linspace(0, total - 1, min(pictures, total)).astype(int).tolist())

    def look(item: tuple[int, Sample | str]) -> tuple[int, "Sample | str", "_Look | str"]:
        index, sample = item
        return index, sample, sample if isinstance(sample, str) else _look(sample, cell, index in shown)

    for index, sample, seen in map_ahead(look, enumerate(_samples(source))):
        found.samples += 1
        if isinstance(sample, str) or isinstance(seen, str):
            found.bad[f"sample {index}" if isinstance(sample, str) else sample.key] = str(seen)
        else:
            _add(found, sample, seen, source.classes)
        if progress:
            progress(index + 1, total)
    return found


@dataclass(frozen=True, slots=True)
class _Look:
    """What one sample turned out to be."""

    digest: str
    size: tuple[int, int] | None
    """None for a vector"""
    alpha: bool
    small: np.ndarray | None


def _samples(source: Source | Stream) -> Iterator[Sample | str]:
    """Samples, or why there is none at a place."""
    if not isinstance(source, Source):
        yield from islice(source.epoch(0, 0), STREAMED)
        return
    for index in range(len(source)):
        found = fetch(source, index)
        yield found.reason if isinstance(found, Bad) else found


def _look(sample: Sample, cell: int, show: bool) -> _Look | str:
    try:
        # read once: the hash, the size and the pixels are all made from these bytes
        image = unpacked(sample.image) if isinstance(sample.image, Path | bytes) else sample.image
        content = image if isinstance(image, bytes) else image.tobytes()
        vector = isinstance(image, bytes) and is_svg(image)
        pixels = decode(image, cell)
        size = None if vector else measure(image)
    except BadSample as error:
        return str(error)
    digest = hashlib.blake2b(content, digest_size=16).hexdigest()
    return _Look(digest, size, pixels.shape[2] == 4, pixels if show else None)


def _add(found: Report, sample: Sample, seen: _Look, classes: tuple[str, ...]) -> None:
    found.copies[seen.digest].append(sample.key)
    found.captions.append(sample.captions)
    found.terms += len(sample.terms)
    found.alpha += seen.alpha
    if seen.size is None:
        found.vectors += 1
    else:
        found.sizes.append(seen.size)
    if sample.label is not None:
        found.classes[classes[sample.label] if sample.label < len(classes) else str(sample.label)] += 1
    if seen.small is not None:
        found.pictures.append((seen.small, sample.captions[0] if sample.captions else sample.key))


def _spread(values: list[int]) -> dict[str, float] | None:
    return {"min": min(values), "median": median(values), "max": max(values)} if values else None
