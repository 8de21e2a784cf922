"""Bringing an index up to date with a source: only what is new or changed is decoded and embedded.

A file whose size and time are as stored is not opened. Vectors belong to bytes, not to places, so a file that was
moved, copied or touched has its vector already. What the source no longer has is removed at the end. Work is committed
batch by batch: a process killed at any moment leaves a whole index, and the next call goes on from there.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sightline.data.ahead import ahead
from sightline.data.array import unit
from sightline.data.record import Bad
from sightline.data.sample import BadSample, Sample, Source, Stream
from sightline.search.picture import Content, Place, content_of, fingerprint, place_of, plain
from sightline.search.query import Embedder
from sightline.search.schema import transaction

Progress = Callable[[int, int | None], None]
"""called with (pictures looked at, pictures in all or None)"""
BATCH = 64
"""pictures embedded at a time, and committed"""
PENDING = 1024
"""most pictures between two commits, where few of them need embedding"""


@dataclass
class Report:
    """What a run of indexing did, in pictures."""

    added: int = 0
    changed: int = 0
    moved: int = 0
    removed: int = 0
    unchanged: int = 0
    embedded: int = 0
    """how many went through the tower; a copy of a known picture does not"""
    bad: dict[str, str] = field(default_factory=dict)
    """key -> reason of every picture that could not be used"""


class Filling:
    """One run of indexing for one encoder. `add` a source, or several; then `finish`, which removes what is gone."""

    def __init__(self, connection: sqlite3.Connection, encoder: Embedder, encoder_id: int) -> None:
        self.connection, self.encoder, self.encoder_id = connection, encoder, encoder_id
        self.report = Report()
        self.seen: dict[str, list[str]] = {}
        """place -> all its captions: a table may name one picture in several rows"""
        self.unread: set[str] = set()
        self.new: Counter[str] = Counter()
        """hash -> places that this run added"""
        rows = connection.execute("SELECT place, source, key, name, captions, hash, size, mtime FROM picture")
        self.known: dict[str, tuple] = {row[0]: row[1:] for row in rows}
        self.ready: set[str] = {
            row[0] for row in connection.execute("SELECT hash FROM vector WHERE encoder_id = ?", (encoder_id,))
        }
        """hashes whose vector is stored; a bad picture is tried again by every run, it may be readable by now"""

    def add(self, source: Source | Stream, progress: Progress | None = None) -> None:
        """Looks at every sample; decodes in two threads ahead of the encoder."""
        total = len(source) if isinstance(source, Source) else None
        places: list[Place] = []
        contents: dict[str, Content] = {}

        def look(sample: Sample | Bad) -> tuple[Place, Content | None] | Bad:
            return sample if isinstance(sample, Bad) else self._look(sample, source.name)

        for done, found in enumerate(ahead(look, samples(source), threads=2, room=2 * BATCH), start=1):
            if isinstance(found, Bad):
                self.report.bad[found.key] = found.reason
                self.unread.add(found.key)
            else:
                place, content = found
                places.append(place)
                if content and place.hash not in self.ready:
                    contents[place.hash] = content
            if len(contents) >= BATCH or len(places) >= PENDING:
                self._commit(places, contents)
                places, contents = [], {}
            if progress:
                progress(done, total)
        self._commit(places, contents)

    def finish(self, sources: set[str]) -> Report:
        """Removes rows of `sources` that were not seen, and what belongs to no row any more. One transaction."""
        gone = [
            place
            for place, row in self.known.items()
            if row[0] in sources and place not in self.seen and place not in self.unread
        ]
        captions = {place: _json(texts) for place, texts in self.seen.items()}
        renamed = [(text, place) for place, text in captions.items() if text != self.known[place][3]]
        with transaction(self.connection):
            self.connection.executemany("DELETE FROM picture WHERE place = ?", [(place,) for place in gone])
            self.connection.executemany("UPDATE picture SET captions = ? WHERE place = ?", renamed)
            self.connection.execute("DELETE FROM content WHERE hash NOT IN (SELECT hash FROM picture)")
            self.connection.execute("DELETE FROM vector WHERE hash NOT IN (SELECT hash FROM picture)")
        moved = Counter(self.known[place][4] for place in gone) & self.new
        self.report.moved = moved.total()
        self.report.added -= self.report.moved
        self.report.removed = len(gone) - self.report.moved
        return self.report

    def _look(self, sample: Sample, source: str) -> tuple[Place, Content | None] | Bad:
        """In a thread: where a sample is, and its content unless that is known."""
        name = str(plain(sample.image)) if isinstance(sample.image, Path) else f"{source}#{sample.key}"
        try:
            place = place_of(sample, source)
            before = self.known.get(place.place)
            if before and place.path and before[5:] == (place.size, place.mtime) and before[4] in self.ready:
                place.hash = before[4]
                return place, None
            image = sample.image if isinstance(sample.image, np.ndarray) else sample.content()
        except (BadSample, OSError) as error:
            # a file that vanishes meanwhile keeps its row; the next run, which does not find it listed, removes it
            return Bad(name, str(error))
        place.hash = fingerprint(image)
        place.size = len(image) if place.path is None else place.size
        return place, None if place.hash in self.ready else content_of(image, self.encoder.preprocess)

    def _commit(self, places: list[Place], contents: dict[str, Content]) -> None:
        """Embeds the new contents, then writes everything in one transaction."""
        good = {hash_: content.pixels for hash_, content in contents.items() if content.pixels is not None}
        vectors = np.zeros((0, self.encoder.dim), dtype=np.float32)
        if good:
            vectors = unit(self.encoder.encode_image(np.stack(list(good.values()))))
        with transaction(self.connection):
            self.connection.executemany(
                "INSERT OR REPLACE INTO content VALUES (?, ?, ?, ?, ?)",
                [(hash_, c.width, c.height, c.thumb, c.bad) for hash_, c in contents.items()],
            )
            self.connection.executemany(
                "INSERT OR REPLACE INTO vector VALUES (?, ?, ?)",
                [(h, self.encoder_id, v.astype("<f4").tobytes()) for h, v in zip(good, vectors, strict=True)],
            )
            rows = [row for place in places if (row := self._row(place, contents.get(place.hash))) is not None]
            self.connection.executemany(
                """INSERT INTO picture (place, source, key, name, captions, hash, size, mtime, path)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (place) DO UPDATE SET source = excluded.source,
                   key = excluded.key, name = excluded.name, captions = excluded.captions, hash = excluded.hash,
                   size = excluded.size, mtime = excluded.mtime""",
                rows,
            )
        self.ready.update(good)
        self.known.update((row[0], row[1:8]) for row in rows)
        self.report.embedded += len(good)

    def _row(self, place: Place, content: Content | None) -> tuple | None:
        """The row to write, None where it stands already; keeps the count of what happened."""
        if place.place in self.seen:
            self.seen[place.place] = list(dict.fromkeys(self.seen[place.place] + place.captions))
            return None
        self.seen[place.place] = place.captions
        before = self.known.get(place.place)
        row = (place.source, place.key, place.name, _json(place.captions), place.hash, place.size, place.mtime)
        if content is not None and content.bad is not None:
            self.report.bad[place.key] = content.bad
        elif before is None:
            self.report.added += 1
            self.new[place.hash] += 1
        elif before[4] != place.hash:
            self.report.changed += 1
        else:
            self.report.unchanged += 1
        if before is not None and before[4] == place.hash:
            # captions wait for `finish`, which knows all of them
            row = (*row[:3], before[3], *row[4:])
        return None if row == before else (place.place, *row, place.path)


def samples(source: Source | Stream) -> Iterator[Sample | Bad]:
    """Every sample in order, asked for by one thread: a source may read from one open file."""
    if not isinstance(source, Source):
        yield from source.epoch(seed=0, epoch=0)
        return
    for index in range(len(source)):
        try:
            yield source[index]
        except (BadSample, OSError) as error:
            yield Bad(f"{source.name}#{index}", str(error))


def _json(texts: list[str]) -> str:
    return json.dumps(texts, ensure_ascii=False)
