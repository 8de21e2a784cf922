"""Small sets decoded once, kept in memory as uint8."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count

import numpy as np

from sightline.data.decode.record import Bad, Record, asked, attempt
from sightline.data.memory import available
from sightline.data.sample import Source

SHARE = 4
"""A set is kept while it takes less than one part in SHARE of the free memory."""

PROBES = 32
WINDOW = 256

Progress = Callable[[int, int], None]


class Memory:
    """Every sample of a source, decoded once by a few threads: `memory[i]` is the Record of `source[i]`.

    `size` is the shorter side to decode at, `fields` as for `read`, `progress(done, total)` is called as it goes.
    A sample that cannot be decoded keeps its place, so that indices mean what they mean in the source: `memory[i]` is
    then a Bad with its key and reason, and `bad` (key -> reason) names them all.
    Raises ValueError if no sample can be decoded.
    """

    def __init__(
        self, source: Source, size: int, *, fields: frozenset[str] = frozenset(), progress: Progress | None = None
    ) -> None:
        self._records: list[Record | Bad] = []
        # pillow lets go of the interpreter lock while it works, so threads are enough; costly drawings have processes
        with ThreadPoolExecutor(min(8, max(2, cpu_count() or 2))) as pool:
            for start in range(0, len(source), WINDOW):
                # records are asked for here, one after the other: a source may read from one open file
                places = range(start, min(start + WINDOW, len(source)))
                samples = [asked(source, index, size, fields) for index in places]
                self._records += pool.map(lambda sample: attempt(sample, size, fields), samples)
                if progress:
                    progress(len(self._records), len(source))
        self.bad = {record.key: record.reason for record in self._records if isinstance(record, Bad)}
        if not any(isinstance(record, Record) for record in self._records):
            raise ValueError(nothing_usable(source.name, self.bad))

    def __len__(self) -> int:
        return len(self._records)

    def __getitem__(self, index: int) -> Record | Bad:
        return self._records[index]

    @property
    def bytes(self) -> int:
        """What is kept, in bytes."""
        return sum(record.bytes for record in self._records if isinstance(record, Record))


def estimate(source: Source, size: int, *, fields: frozenset[str] = frozenset()) -> int:
    """Bytes that `Memory(source, size)` would take, from up to 32 samples spread evenly over the source."""
    probes = np.linspace(0, len(source) - 1, min(PROBES, len(source))).astype(int)
    records = [attempt(asked(source, int(index), size, fields), size, fields) for index in probes]
    sizes = [record.bytes for record in records if isinstance(record, Record)]
    return int(np.mean(sizes) * len(source)) if sizes else 0


def fits(source: Source, size: int, *, fields: frozenset[str] = frozenset(), processes: int = 1) -> bool:
    """Whether a source stays under a quarter of the free memory, when `processes` each keep their own."""
    return estimate(source, size, fields=fields) * processes * SHARE < available()


def nothing_usable(name: str, bad: dict[str, str]) -> str:
    """The error text for a source of which nothing can be used."""
    if not bad:
        return f"{name!r} is empty: there is nothing to train on"
    key, reason = next(iter(bad.items()))
    return f"none of the {len(bad)} samples tried in {name!r} can be used; the first, {key}: {reason}"
