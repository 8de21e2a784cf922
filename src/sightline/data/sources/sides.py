"""On which side of a split each sample falls: a draw from its name or content, kept so that it is read only once.

The draw of a sample is kept by the file it lies in, that file's size and time of change, and the place in it. A later
start then looks at files and opens none; what was added or changed is read. The draws are what they would be without.
"""

import hashlib
import zipfile
from pathlib import Path

import numpy as np

from sightline.data.atomic import atomic_write
from sightline.data.cache import sightline_cache
from sightline.data.decode.guard import guarded
from sightline.data.decode.record import Bad, fetch, fetch_words
from sightline.data.sample import BadSample, Sample, Source

BY_CONTENT = 100_000
"""sets larger than this are split by key: reading every picture would take longer than it is worth"""
FEW = 64
"""samples that are not worth a file in the cache"""


def split_draws(source: Source, seed: int) -> np.ndarray:
    """Numbers in [0, 1), float64 (n,), that only each sample's identity and the seed decide."""
    known = _Known(source, seed)
    made = np.array([known(index) for index in range(len(source))])
    known.keep(made)
    return made


class _Known:
    """The draws of one source as an earlier call left them."""

    def __init__(self, source: Source, seed: int) -> None:
        self.source, self.seed, self.whole = source, seed, len(source) <= BY_CONTENT
        words = f"{Path.cwd()}\0{source.name}\0{seed}\0{self.whole}"
        name = hashlib.blake2b(words.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
        self.file = sightline_cache() / "sides" / f"{name}.npz"
        self.drawn = _read(self.file)
        self.stamps = np.zeros(len(source), np.uint64)
        """0 where nothing but the sample itself tells whether it changed"""
        self.stats: dict[Path, tuple[int, int] | None] = {}
        self.fresh = False

    def __call__(self, index: int) -> float:
        location = getattr(self.source, "location", None)
        at: tuple[Path, str] | None = None if location is None else location(index)
        sample = None
        if at is None:
            sample = self._sample(index, named=True)
            if sample is not None and not sample.name and isinstance(sample.image, Path):
                at = sample.image, ""
        stamp = 0 if at is None else self._stamp(*at)
        self.stamps[index] = stamp
        if stamp and (kept := self.drawn.get(stamp)) is not None:
            return kept
        self.fresh |= bool(stamp)
        identity = self._identity(sample or self._sample(index))
        if identity is None:
            # a picture that cannot be read belongs to neither side; the loader will name it
            self.stamps[index], identity = 0, str(index).encode()
        digest = hashlib.blake2b(identity, digest_size=8, salt=self.seed.to_bytes(8, "little")).digest()
        return int.from_bytes(digest, "little") / 2**64

    def keep(self, made: np.ndarray) -> None:
        """Writes what was found; a cache that cannot be written is done without."""
        told = self.stamps > 0
        if not self.fresh or told.sum() < FEW:
            return
        try:
            with atomic_write(self.file) as [temporary], temporary.open("wb") as file:
                np.savez(file, stamps=self.stamps[told], draws=made[told])
        except OSError:
            pass

    def _sample(self, index: int, *, named: bool = False) -> Sample | None:
        """The sample; one that its name tells apart may come without its picture where it is `named`."""
        found = fetch_words(self.source, index) if named else fetch(self.source, index)
        return None if isinstance(found, Bad) else found

    def _identity(self, sample: Sample | None) -> bytes | None:
        try:
            with guarded():
                return sample and (sample.name.encode() or (sample.content() if self.whole else sample.key.encode()))
        except BadSample:
            return None

    def _stamp(self, path: Path, where: str) -> int:
        if path not in self.stats:
            try:
                found = path.stat()
                self.stats[path] = found.st_size, found.st_mtime_ns
            except OSError:
                self.stats[path] = None
        if (stat := self.stats[path]) is None:
            return 0
        words = f"{path.absolute()}\0{stat[0]}\0{stat[1]}\0{where}".encode("utf-8", "surrogateescape")
        return int.from_bytes(hashlib.blake2b(words, digest_size=8).digest(), "little")


def _read(file: Path) -> dict[int, float]:
    try:
        # opened here: numpy leaves a file open that it cannot read
        with file.open("rb") as opened, np.load(opened) as kept:
            return dict(zip(kept["stamps"].tolist(), kept["draws"].tolist(), strict=True))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return {}
