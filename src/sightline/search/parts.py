"""The unfinished table of a long run, part by part beside its target, so that a killed run goes on where it was.

`OUT.parts/` holds `about.json`, which says of what the parts are, and Parquet files named by the samples of the source
that they cover, each whole or not there. A run of another encoder, precision or source begins anew.
"""

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sightline.data.atomic import atomic_write
from sightline.data.sample import Sample, Source, Stream

ROWS, SECONDS = 8192, 30.0
"""A part is written after so many rows or seconds: what a kill can cost."""
ABOUT = "about.json"


class Parts:
    """What an earlier run left, and what this one adds."""

    def __init__(self, out: Path, about: dict[str, Any], source: Source | Stream) -> None:
        """Parts that are not of `about` and of the samples that `source` has now are removed."""
        self.folder, self.about = out.with_name(out.name + ".parts"), about
        self.restarted = ""
        """why parts that were there could not be used; "" where there were none or they could"""
        self._written = time.monotonic()
        if self.folder.is_dir():
            self.restarted = self._unfit(source)
            if self.restarted:
                shutil.rmtree(self.folder)

    @property
    def done(self) -> int:
        """Samples of the source, from the first, that the parts cover."""
        files = self.files()
        return _range(files[-1])[1] if files else 0

    def files(self) -> list[Path]:
        """The parts in order."""
        return sorted(self.folder.glob("[0-9]*-*.parquet"))

    def due(self, rows: int) -> bool:
        """Whether `rows` that are not written yet should be."""
        return rows >= ROWS or (rows > 0 and time.monotonic() - self._written >= SECONDS)

    def add(self, table: Any, first: int, after: int, ends: list[Sample], bad: dict[str, str]) -> None:
        """Writes samples `first` to `after` - 1: their rows, and the first and last sample to know them again by."""
        import pyarrow.parquet as pq

        self.folder.mkdir(parents=True, exist_ok=True)
        if not (self.folder / ABOUT).is_file():
            with atomic_write(self.folder / ABOUT) as [temporary]:
                temporary.write_text(json.dumps(self.about))
        said = json.dumps({"ends": [_known(sample) for sample in ends], "bad": bad})
        marked = table.replace_schema_metadata({**(table.schema.metadata or {}), "part": said})
        with atomic_write(self.folder / f"{first:012}-{after:012}.parquet") as [temporary]:
            pq.write_table(marked, temporary)
        self._written = time.monotonic()

    def tables(self) -> Iterator[tuple[Any, dict[str, str]]]:
        """Each part's rows and the bad pictures among its samples."""
        import pyarrow.parquet as pq

        for file in self.files():
            table = pq.read_table(file)
            yield table, json.loads(table.schema.metadata[b"part"])["bad"]

    def remove(self) -> None:
        """Deletes the parts; called when the target is whole."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _unfit(self, source: Source | Stream) -> str:
        """Why the parts of an earlier run cannot be gone on from, "" where they can."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            said = json.loads((self.folder / ABOUT).read_text())
            files = self.files()
            ends = [json.loads(pq.read_schema(file).metadata[b"part"])["ends"] for file in files]
        except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
            return f"they are damaged ({error})"
        if said != self.about:
            changed = sorted(key for key in said.keys() | self.about.keys() if said.get(key) != self.about.get(key))
            return f"they were made with another {', '.join(changed)}"
        reached = 0
        for file, samples in zip(files, ends, strict=True):
            first, after = _range(file)
            if first != reached:
                return f"the part before {file.name} is missing"
            reached = after
            if isinstance(source, Source) and (after > len(source) or _changed(source, first, after, samples)):
                return "the source has changed since"
        return ""


def _range(file: Path) -> tuple[int, int]:
    first, after = file.stem.split("-")
    return int(first), int(after)


def _known(sample: Sample) -> list[Any]:
    """By what a sample is known again without reading it."""
    if not isinstance(sample.image, Path):
        return [sample.key]
    stat = sample.image.stat()
    return [sample.key, stat.st_size, stat.st_mtime_ns]


def _changed(source: Source, first: int, after: int, ends: list[list[Any]]) -> bool:
    try:
        return [_known(source[first]), _known(source[after - 1])] != ends
    except (OSError, ValueError):
        return True
