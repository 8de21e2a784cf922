"""Bringing an index up to date with a source: only what is new or changed is decoded and embedded.

A file whose size and time are as stored is not opened. Vectors belong to bytes, not to places, so a file that was
moved, copied or touched has its vector already. What the source no longer has is removed at the end. Work is committed
batch by batch: a process killed at any moment leaves a whole index, and the next call goes on from there. What may be
removed is decided in gone.py: an unmounted disk must not empty an index.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from sightline.data.ahead import map_ahead
from sightline.data.array import unit
from sightline.data.decode.guard import reason
from sightline.data.decode.record import Bad
from sightline.data.prepare.tile import tiles
from sightline.data.sample import Sample, Source, Stream
from sightline.data.sources.beside import Words
from sightline.data.sources.embedded_words import embedded_words
from sightline.data.storable import escaped
from sightline.search.batcher import batcher_of, side_of
from sightline.search.fill.gone import Kept, Walk, split_unseen, vanished
from sightline.search.fill.picture import Content, Place, content_of, fingerprint, place_name, place_of
from sightline.search.fill.place import moved_notes, parts_of, remove_orphans
from sightline.search.fill.samples import samples
from sightline.search.fill.stream import stream
from sightline.search.look.store import write as write_looks
from sightline.search.query import Embedder
from sightline.search.row import CHANGES, COLUMNS, Row, storable, why_unstorable
from sightline.search.schema import new_revision, transaction
from sightline.search.tile import scales_of, scales_text, set_scales
from sightline.search.words import stored_lines

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
    kept: list[Kept] = field(default_factory=list)
    """pictures that were not seen, perhaps because nobody could look, and stay"""
    notes: list[str] = field(default_factory=list)
    """what else a person should know: a source that went elsewhere"""


class Filling:
    """One run of indexing for one encoder. `add` a source, or several; then `finish`, which removes what is gone."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        encoder: Embedder,
        encoder_id: int,
        db: Path,
        scales: tuple[float, ...] = (),
    ) -> None:
        """`scales` are those of the tiles of large pictures; () for none."""
        self.connection, self.encoder, self.encoder_id, self.db = connection, encoder, encoder_id, db
        self.scales, self.batcher = scales, batcher_of(encoder, "float32") if scales else None
        self.report = Report()
        self.seen: dict[str, Place] = {}
        """by place, with all its captions: a table may name one picture in several rows"""
        self.walk = Walk()
        self.new: Counter[str] = Counter()
        """hash -> places that this run added"""
        rows = map(Row._make, connection.execute(f"SELECT {COLUMNS} FROM picture"))
        self.known: dict[str, Row] = {row.place: row for row in rows}
        self.ready: set[str] = {
            row[0]
            for row in connection.execute("SELECT hash, tiled FROM vector WHERE encoder_id = ?", (encoder_id,))
            if not scales or row[1] == scales_text(scales)
        }
        """hashes whose vector is stored; a bad picture is tried again by every run, it may be readable by now"""
        read = connection.execute("SELECT hash, words FROM content WHERE words IS NOT NULL")
        self.inside: dict[str, Words] = {row[0]: Words(*map(tuple, json.loads(row[1]))) for row in read}
        """hash -> what the file says of itself, where it was looked at: by earlier versions it was not"""

    def add(self, source: Source | Stream, progress: Progress | None = None) -> None:
        """Looks at every sample; decodes in two threads ahead of the encoder.

        Raises ValueError where the folder of the pictures is gone at the end; what was embedded stays.
        """
        done = 0
        total = len(source) if isinstance(source, Source) else None
        places: list[Place] = []
        contents: dict[str, Content] = {}

        def look(sample: Sample | Bad) -> tuple[Place, Content | None] | Bad:
            if isinstance(sample, Bad):
                self.walk.blind.add(source.name)
                return sample
            return self._look(sample, source.name)

        for done, found in enumerate(map_ahead(look, samples(source), threads=2, room=2 * BATCH), start=1):
            if isinstance(found, Bad):
                self.report.bad[escaped(found.key)] = found.reason
                if not why_unstorable(found.key):  # else no row can be of that name
                    self.walk.bad.add(found.key)
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
        if not done:
            self.walk.empty.add(source.name)
        # at the end: a stream knows only then what broke off
        self.walk.unread[source.name] = tuple(getattr(source, "unread", ()))
        mine = [place.path for place in self.seen.values() if place.path and place.source == source.name]
        if gone := vanished(source.name, self.walk, mine):
            raise ValueError(
                f"{gone} vanished while it was indexed. What was indexed stays, nothing was removed; when it is back, "
                f"go on: sightline index {self.db} '{source.name}'"
            )

    def all_of(
        self, sources: Sequence[Source | Stream], progress: Progress | None, others: Iterable[str] | None = None
    ) -> Report:
        """`add` and `finish` for whole sources; `others` as there."""
        parts = [part for source in sources for part in parts_of(source)]
        for part in parts:
            self.add(part, progress)
        return self.finish({str(part.name) for part in parts}, others)

    def finish(self, sources: set[str], others: Iterable[str] | None = None) -> Report:
        """Removes rows of `sources` that are gone, and what belongs to no row any more. One transaction.

        A rebuild names the `others`, which are dropped. Raises ValueError where all of a source would go because it
        held nothing, and where a rebuild could not embed pictures again that it would have to keep.
        """
        self.walk.seen = set(self.seen)
        dropped = set(others or ()) - sources
        found = split_unseen((row for row in self.known.values() if row.source in sources), self.walk, self.new)
        away = [row for row in self.known.values() if row.source in dropped and row.place not in self.seen]
        self._refuse_emptied([*found.gone, *found.hollow, *away])
        if found.kept and others is not None:
            raise ValueError(self._unbuilt(found.kept))
        gone = found.gone + away
        told = [place for place in self.seen.values() if self._stored_texts(place) != self.known[place.place].texts]
        with transaction(self.connection):
            self.connection.executemany("DELETE FROM picture WHERE place = ?", [(row.place,) for row in gone])
            self.connection.executemany(
                "UPDATE picture SET captions = ?, called = ?, said = ?, within = ? WHERE place = ?",
                [(*self._stored_texts(place), place.place) for place in told],
            )
            remove_orphans(self.connection)
            if gone or told:
                new_revision(self.connection)
        moved = Counter(row.hash for row in gone) & self.new
        self.report.moved = moved.total()
        self.report.added -= self.report.moved
        self.report.removed = len(gone) - self.report.moved
        self.report.kept = found.kept
        rest = [row for row in self.known.values() if row.source not in sources | dropped]
        self.report.notes += moved_notes(rest, {place.hash: key for key, place in self.seen.items()}, self.db)
        return self.report

    def _refuse_emptied(self, lost: list[Row]) -> None:
        emptied = {row.source for row in lost if not self.seen or row.source in self.walk.empty}
        if emptied:
            raise ValueError(
                f"{', '.join(sorted(emptied))} holds no pictures now, and {self.db} has "
                f"{sum(row.source in emptied for row in lost):,} of it. Nothing was removed: is a disk or a folder "
                f"missing? To drop them: sightline index {self.db} --drop '{min(emptied)}'"
            )

    def _unbuilt(self, kept: list[Kept]) -> str:
        first, count = kept[0], sum(some.count for some in kept)
        return (
            f"{count:,} pictures of {self.db} could not be embedded again, {first.count:,} of them of {first.place}: "
            f"{first.why}. The index answers as it did; make them readable and go on with the same command, or let go "
            f"of them first: sightline index {self.db} --drop '{first.place}'"
        )

    def _stored_texts(self, place: Place) -> tuple[str, str, str, str]:
        """The texts of a picture as they are stored."""
        inside = self.inside.get(place.hash, Words())
        captions, terms = [*place.captions, *inside.captions], [*place.terms, *inside.terms]
        texts = list(dict.fromkeys([*captions, *terms]))
        called, said = stored_lines([place.name, *captions]), stored_lines(terms)
        return json.dumps(texts, ensure_ascii=False), called, said, place.within

    def _look(self, sample: Sample, source: str) -> tuple[Place, Content | None] | Bad:
        """In a thread: where a sample is, and its content unless that is known."""
        name = place_name(sample, source)
        if wrong := why_unstorable(name):
            return Bad(name, wrong)
        try:
            place = place_of(sample, source)
            before = self.known.get(place.place)
            known = before and place.path and before[-2:] == (place.size, place.mtime) and before.hash in self.ready
            if before and known and before.hash in self.inside:
                place.hash = before.hash
                return place, None
            image = sample.image if isinstance(sample.image, np.ndarray) else sample.content()
            place.hash = fingerprint(image)
            place.size = len(image) if place.path is None else place.size
            if place.hash not in self.inside:
                place.inside = embedded_words(image) if isinstance(image, bytes) else Words()
        except Exception as error:  # one odd sample ends no run, whatever it makes a library raise
            # a file that vanishes meanwhile keeps its row; the next run, which does not find it listed, removes it
            return Bad(name, reason(error))
        if place.hash in self.ready:
            return place, None
        try:
            content = content_of(image, self.encoder.preprocess)
        except Exception as error:
            content = Content(bad=reason(error))
        content.bad = storable(content.bad) if content.bad else None
        if place.path:
            content.source = None  # the file has it
        content.image = image if self.scales else None
        return place, content

    def _commit(self, places: list[Place], contents: dict[str, Content]) -> None:
        """Embeds the new contents, then writes everything in one transaction."""
        good = {hash_: content.pixels for hash_, content in contents.items() if content.pixels is not None}
        vectors = np.zeros((0, self.encoder.dim), dtype=np.float32)
        if good:
            seen = list(good.values())
            vectors = unit(self.encoder.encode_image(seen if isinstance(seen[0], tuple) else np.stack(seen)))
        parts = list(self._tiled(contents))
        with transaction(self.connection):
            self.connection.executemany(
                "INSERT OR REPLACE INTO content (hash, width, height, thumb, bad, source) VALUES (?, ?, ?, ?, ?, ?)",
                [(hash_, c.width, c.height, c.thumb, c.bad, c.source) for hash_, c in contents.items()],
            )
            write_looks(self.connection, ((h, c.look) for h, c in contents.items() if c.look))
            self.connection.executemany(
                "INSERT OR REPLACE INTO vector (hash, encoder_id, data, tiled) VALUES (?, ?, ?, ?)",
                [
                    (h, self.encoder_id, v.astype("<f4").tobytes(), scales_text(self.scales))
                    for h, v in zip(good, vectors, strict=True)
                ],
            )
            if self.scales:
                self.connection.executemany(
                    "DELETE FROM tile WHERE hash = ? AND encoder_id = ?", [(h, self.encoder_id) for h in good]
                )
                self.connection.executemany("INSERT INTO tile VALUES (?, ?, ?, ?, ?, ?, ?, ?)", parts)
            read = {place.hash: place.inside for place in places if place.inside is not None}
            self.inside |= read
            self.connection.executemany(
                "UPDATE content SET words = ? WHERE hash = ?",
                [(json.dumps(self.inside[h], ensure_ascii=False), h) for h in {*read, *contents} if h in self.inside],
            )
            rows = [row for place in places if (row := self._row(place, contents.get(place.hash))) is not None]
            self.connection.executemany(
                f"""INSERT INTO picture ({COLUMNS}) VALUES ({", ".join("?" * len(Row._fields))})
                    ON CONFLICT (place) DO UPDATE SET {CHANGES}""",
                rows,
            )
            if rows or contents:
                new_revision(self.connection)
        self.ready.update(good)
        self.known.update((row.place, row) for row in rows)
        self.report.embedded += len(good)

    def _tiled(self, contents: dict[str, Content]) -> Iterator[tuple[Any, ...]]:
        """Rows of `tile` for those of the new pictures that are large enough, decoded a second time for it."""
        if self.batcher is None or (side := side_of(self.batcher.rule)) is None:
            return
        large = [
            Sample(key=hash_, image=content.image)
            for hash_, content in contents.items()
            if content.image is not None
            and content.width
            and content.height
            and tiles(content.width, content.height, side, self.scales)
        ]
        for done in stream(self.batcher, large, scales=self.scales):
            for found in done.samples:
                if isinstance(found, Bad):
                    continue  # it was decoded a moment ago, or is named as bad already
                sample, views = found
                for view in views:
                    if view.tile and view.box:
                        data = view.vector.astype("<f4").tobytes()
                        yield (sample.key, self.encoder_id, view.tile, *view.box, data)

    def _row(self, place: Place, content: Content | None) -> Row | None:
        """The row to write, None where it stands already; keeps the count of what happened."""
        if (first := self.seen.get(place.place)) is not None:
            first.captions = list(dict.fromkeys(first.captions + place.captions))
            first.terms = list(dict.fromkeys(first.terms + place.terms))
            return None
        self.seen[place.place] = place
        before = self.known.get(place.place)
        if content is not None and content.bad is not None:
            self.report.bad[place.key] = content.bad
        elif before is None:
            self.report.added += 1
            self.new[place.hash] += 1
        elif before.hash != place.hash:
            self.report.changed += 1
        else:
            self.report.unchanged += 1
        # captions of a known picture wait for `finish`, which knows all of them
        texts = before.texts if before is not None and before.hash == place.hash else self._stored_texts(place)
        row = Row(
            *(place.place, place.source, place.key, place.path, place.name),
            *texts,
            *(place.hash, place.size, place.mtime),
        )
        return None if row == before else row


def begun(
    connection: sqlite3.Connection, encoder: Embedder, encoder_id: int, db: Path, tiles: Sequence[float]
) -> Filling:
    """A run of indexing with tiles at the scales asked for from now on; () is as before."""
    if tiles:
        with transaction(connection):
            set_scales(connection, tiles)
    return Filling(connection, encoder, encoder_id, db, scales_of(connection))
