"""The index: one SQLite file that holds pictures, words, thumbnails and vectors, and answers searches.

The file is the only truth. Beside it lie caches that can be removed at any time (caches.py): `DB-vectors`, all vectors
as one matrix (matrix.py), `DB-lines`, `DB-background`, and above `APPROXIMATE_FROM` pictures `DB-near` (near.py).
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sightline.data.array import unit
from sightline.data.prepare.tile import Box
from sightline.data.sample import Source, Stream
from sightline.search import read
from sightline.search.ask.best import best, counted
from sightline.search.ask.mix import mixed, picture_vector
from sightline.search.asked import asked, wanted
from sightline.search.caches import Caches
from sightline.search.encoder import words_encoder
from sightline.search.fill import place
from sightline.search.fill.compare import compare_lines
from sightline.search.fill.lines import prune_lines
from sightline.search.look.store import measure_older
from sightline.search.owner import (
    About,
    about,
    admit,
    check,
    is_blind,
    owner_of,
    register,
    set_owner,
    set_words_owner,
    sources_of,
    words_owner,
)
from sightline.search.query import Embedder, Readers, image_vector, reads_text
from sightline.search.rank import near, rank
from sightline.search.rank.matrix import Vectors
from sightline.search.rank.rank import Mode, Ranking, Wanted
from sightline.search.rank.spelling import suggestion
from sightline.search.rank.there import unmeasured
from sightline.search.read import Answer, Hit, Picture
from sightline.search.schema import connect, new_revision, plain_errors, transaction
from sightline.search.typed.compose import Part, composed
from sightline.search.typed.where import Filter, filter_of

if TYPE_CHECKING:
    # imported where something is filled: a search, which starts anew for every query, needs none of it
    from sightline.search.fill.fill import Progress, Report


class Index:
    """An index file, made by the first `add`. Also a context manager that closes the file.

    May be used from several threads: searches take turns, and adding does not hold them up.

    >>> with Index("icons.db") as index:                                          # doctest: +SKIP
    ...     index.add(open_source("icons"), encoder)
    ...     for hit in index.search_text("credit card", encoder, k=3):
    ...         print(hit.rank, hit.name)
    """

    def __init__(
        self,
        path: str | Path,
        approximate_from: int = near.APPROXIMATE_FROM,
        words: Callable[[Embedder], Embedder | None] = words_encoder,
    ) -> None:
        """Libraries of `approximate_from` pictures and more are searched by a graph, if indexing has made one.

        `words` gives the encoder that compares words with words beside the encoder of the pictures, which mostly is
        that one; None for none.
        """
        self._words = words
        self.path, self.approximate_from = Path(path), approximate_from
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._caches = Caches(self.path, approximate_from)

    def __enter__(self) -> "Index":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file; the next use opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None
            self._caches = Caches(self.path, self.approximate_from)

    def add(
        self,
        source: Source | Stream,
        encoder: Embedder,
        progress: "Progress | None" = None,
        tiles: Sequence[float] = (),
    ) -> "Report":
        """Brings the index up to date with `source`: new, changed, moved and vanished pictures.

        `tiles` are scales at which large pictures are also embedded part by part (`data.tile`), so that a search finds
        what is small in them; an index remembers them, and () is as before.

        An index of names alone (`blind.Blind`) that is given an encoder gets vectors for all its sources; words find
        as before until the last one is made.

        What could not be read is kept, and told in `Report.kept`. Raises ValueError where the index was made with
        another encoder, or where the folder vanished or is suddenly empty; OSError where it cannot be written, or where
        a stream broke off. What was committed before stays either way.
        """
        from sightline.search.fill.fill import begun

        with self._writing() as connection:
            if encoder.dim and is_blind(connection):
                added = {str(part.name) for part in place.parts_of(source)}
                others = [place.reopened(name, self.path) for name in sources_of(connection) if name not in added]
                return self._anew(connection, [source, *others], encoder, progress, tiles)
            encoder_id = admit(connection, encoder, self.path, str(source.name))
            report = begun(connection, encoder, encoder_id, self.path, tiles).all_of([source], progress)
            measure_older(connection, progress)
            compared, changed = compare_lines(connection, self._words(encoder), progress)
            with transaction(connection):
                if compared != getattr(words_owner(connection), "id", None):
                    set_words_owner(connection, compared)
                if changed:
                    new_revision(connection)
            self._caches.renew(connection, progress, self._readers(encoder))
        return report

    def rebuild(
        self,
        source: Source | Stream,
        encoder: Embedder,
        progress: "Progress | None" = None,
        tiles: Sequence[float] = (),
    ) -> "Report":
        """Embeds everything of `source` with `encoder`; afterwards the index holds this source and no other.

        The old vectors answer searches until the last picture is done. Killed halfway, the next call goes on. Raises
        ValueError where pictures of the source cannot be read now.
        """
        with self._writing() as connection:
            return self._anew(connection, [source], encoder, progress, tiles)

    def drop(self, source: str) -> int:
        """Removes a source, as `about().sources` lists it or as a path; returns how many pictures that were.

        A folder that is no source stands for all that lies below it. Raises ValueError, with the sources there are,
        where the index has nothing of it.
        """
        with self._changing() as connection:
            return place.drop(connection, source, self.path)

    def move(self, old: str, new: str) -> place.Moved:
        """Says that the source (or folder) `old` is at `new` now; nothing is embedded again.

        Raises ValueError where the index has nothing of `old`, with the sources there are, or where none of it is at
        `new`.
        """
        with self._changing() as connection:
            return place.move(connection, old, new, self.path)

    def search_text(self, query: str, encoder: Embedder, k: int = 10) -> list[Hit]:
        """The hits of `answer_text`."""
        return self.answer_text(query, encoder, k).hits

    def answer_text(
        self, query: str, encoder: Embedder, k: int = 10, *, where: str = "", fold: float | None = None
    ) -> Answer:
        """The `k` best pictures for what a person typed: those called so, those that hold every word of it, then words
        and likeness fused (fuse.py), what is relevant first. `in:lucide` in it looks in that folder or set alone.

        Signs are words here; `where` and `fold` are as in `answer`. Raises ValueError for an empty query. An encoder
        that reads no text finds by words alone, perhaps fewer.
        """
        fit = filter_of(where)
        self.check(encoder)
        said = asked(query)
        if not said.words:
            return self._browsed(k, 0, said.folders, fit)
        readers = self._readers(encoder)
        found = self._best(k, replace(wanted(said, readers), where=fit), encoder, readers, fold=fold)
        with self._reading() as connection:
            meant = suggestion(connection, said.words)
        return replace(found, suggestion=meant and said.wholly(meant))

    def answer(
        self,
        query: str,
        encoder: Embedder,
        k: int = 10,
        *,
        image: Any = None,
        weight: float = 1.0,
        region: Box | None = None,
        where: str = "",
        fold: float | None = None,
        paths: bool = True,
    ) -> Answer:
        """The `k` best pictures for a query that may have several parts, `"2: arrow + ./rounded.svg - circle"`
        (typed/compose.py), for a picture, or for both; of those that fit `where` (typed/where.py).

        `image` is a path, bytes, PIL image or uint8 array and counts `weight` times, `region` the part of it that is
        meant. With `fold`, a cosine such as `rank.fold.ALIKE`, near-identical pictures stand behind the best of them.
        Plain words are as by `answer_text`. Without `paths` the query opens no file. Raises ValueError, `Unparsed`
        with the column.
        """
        beside = () if image is None else (Part(weight, image=image, region=region),)
        parts, fit = composed(query, *beside), filter_of(where)
        self.check(encoder)
        if parts is None and fit is not None and not query.strip():
            return self._browsed(k, 0, (), fit)
        if parts is None:
            return self.answer_text(query, encoder, k, where=where, fold=fold)
        readers = self._readers(encoder)
        sought = mixed(parts, encoder, readers, partial(self._stored, encoder), paths=paths)
        return self._best(k, replace(sought, where=fit), encoder, readers if sought.words else None, fold=fold)

    def _readers(self, encoder: Embedder) -> Readers:
        return Readers(encoder if reads_text(encoder) else None, self._words(encoder))

    def search_image(self, picture: Any, encoder: Embedder, k: int = 10) -> list[Hit]:
        """The `k` pictures most alike to a path, bytes, PIL image or uint8 array."""
        self.check(encoder)
        return self._best(k, Wanted(vector=image_vector(encoder, picture)), encoder=encoder).hits

    def search(self, vector: Any, k: int = 10) -> list[Hit]:
        """The `k` pictures nearest to `vector` (e,), best first; equal scores go by the order of indexing."""
        return self._best(k, Wanted(vector=unit(vector).reshape(-1))).hits

    def similar(self, id: int, k: int = 10, *, where: str = "", fold: float | None = None) -> list[Hit]:
        """The `k` pictures most alike to one of the index, which is left out. ValueError for an unknown `id`."""
        fit = filter_of(where)
        return self._best(k, Wanted(vector=self.vector(id), where=fit), without=id, fold=fold).hits

    def _stored(self, encoder: Embedder, id: int, region: Box | None) -> np.ndarray:
        """The unit vector (e,) of a picture of the index; of a part of it by the `encoder`."""
        return self.vector(id) if region is None else picture_vector(encoder, self.original(id)[0], region)

    def vector(self, id: int) -> np.ndarray:
        """The unit vector (e,) of a picture of the index. ValueError for an unknown `id`, and where it has none yet."""
        with self._reading() as connection:
            return read.vector(connection, id, self.path, owner_of(connection, self.path).id)

    def ranking(self, query: str, vector: Any | None, mode: Mode, encoder: Embedder | None = None) -> Ranking:
        """The rank of every picture by words alone (BM25), vectors alone or as a search answers; for evaluation.

        `encoder` is that of the index where the query is to be compared with words too, as a search does.
        """
        said, readers = asked(query), None if encoder is None else self._readers(encoder)
        sought = Wanted(said.words) if readers is None else wanted(said, readers)
        given = None if vector is None else unit(vector).reshape(-1)
        sought = replace(sought, vector=given, folders=said.folders)
        with self._reading() as connection:
            library = self._caches.library(connection, tiled=False, readers=readers)
            library.must_fit(sought.vector, self.path)
            return rank.ranking(connection, library, sought, mode)

    def whole(self) -> Vectors:
        """All pictures and their vectors as they are now, for what looks at the whole library; nothing of it changes
        later. Of an index of names alone the vectors have no numbers."""
        with self._reading() as connection:
            return self._caches.library(connection, tiled=False).vectors

    @contextmanager
    def rows(self) -> Iterator[sqlite3.Connection]:
        """One unchanging view of the file, by one thread at a time: searches wait meanwhile."""
        with self._reading() as connection:
            yield connection

    def browse(self, k: int, after: int = 0, *, where: str = "") -> list[Hit]:
        """`k` pictures in the order of indexing, from the one that follows the id `after`; score 0, match ""."""
        return self._browsed(k, after, (), filter_of(where)).hits

    def _browsed(self, k: int, after: int, folders: Sequence[str], where: Filter | None) -> Answer:
        counted(k)
        with self._reading() as connection:
            untold = unmeasured(connection, where, self.path)
            return Answer(read.browse(connection, k, after, folders, where), unmeasured=untold)

    def picture(self, id: int) -> Picture:
        """All that is known of the picture `id`. Raises ValueError for an unknown one."""
        with self._reading() as connection:
            return read.picture(connection, id, self.path)

    def original(self, id: int) -> tuple[bytes, str]:
        """The picture's own bytes and media type; an .svgz comes unpacked.

        Only bytes that were indexed: a file that is gone, changed or now a link to something else is refused with a
        ValueError that says to index again; so is a picture that has no file, unless it is a small SVG.
        """
        with self._reading() as connection:
            found = read.picture(connection, id, self.path)
            kept = read.source_of(connection, found)
        return read.original(found, kept, self.path)

    def thumb(self, id: int) -> tuple[bytes, str]:
        """The picture at most 256 pixels a side, transparency kept, and its media type."""
        with self._reading() as connection:
            return read.thumb(connection, id, self.path)

    def thumbs(self, hits: Sequence[Hit]) -> list[bytes]:
        """A thumbnail for each hit."""
        with self._reading() as connection:
            return [read.thumb(connection, hit.id, self.path)[0] for hit in hits]

    def check(self, encoder: Embedder) -> None:
        """Raises ValueError where the index was made with another encoder, with the command that re-indexes."""
        with self._reading() as connection:
            check(connection, encoder, self.path)

    def about(self) -> About:
        """What is in the file. Raises ValueError where nothing was ever indexed."""
        with self._reading() as connection:
            return about(connection, self.path, self.approximate_from)

    def _best(
        self,
        k: int,
        sought: Wanted,
        encoder: Embedder | None = None,
        readers: Readers | None = None,
        without: int | None = None,
        fold: float | None = None,
    ) -> Answer:
        """The `k` best hits, but for the id `without`; words have `readers`, and are judged."""
        counted(k)
        with self._reading() as connection:
            if encoder is not None:
                # again: while the query was embedded, the index may have been given another encoder
                check(connection, encoder, self.path)
            library = self._caches.library(connection, tiled=sought.vector is not None, readers=readers)
            encoder_id = owner_of(connection, self.path).id
            return best(connection, library, k, sought, self.path, encoder_id, without, fold)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """One unchanging view of the file, by one thread at a time."""
        with self._lock:
            if self._connection is None:
                if not self.path.is_file():
                    raise ValueError(f"there is no index at {self.path}. Make one: sightline index {self.path} SRC")
                self._connection = connect(self.path)
            with plain_errors(self.path), transaction(self._connection, "DEFERRED"):
                yield self._connection

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """A connection of its own, so that this index answers meanwhile."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with closing(connect(self.path)) as connection, plain_errors(self.path):
            yield connection

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        """As `_writing`, of an index that is there; its caches follow."""
        with self._reading() as connection:
            owner_of(connection, self.path)
        with self._writing() as connection:
            yield connection
            prune_lines(connection)
            self._caches.renew(connection, None)

    def _anew(
        self,
        connection: sqlite3.Connection,
        sources: Sequence[Source | Stream],
        encoder: Embedder,
        progress: "Progress | None",
        tiles: Sequence[float],
    ) -> "Report":
        """Everything embedded by `encoder`, which answers when all of it is; what no source of these has is dropped."""
        from sightline.search.fill.fill import begun

        with transaction(connection):
            encoder_id = register(connection, encoder)
        filling = begun(connection, encoder, encoder_id, self.path, tiles)
        report = filling.all_of(sources, progress, others=sources_of(connection))
        measure_older(connection, progress)
        compared, _ = compare_lines(connection, self._words(encoder), progress)
        with transaction(connection):
            set_owner(connection, encoder_id)
            set_words_owner(connection, compared)
            new_revision(connection)
            connection.execute("DELETE FROM encoder WHERE id NOT IN (?, ?)", (encoder_id, compared or encoder_id))
        self._caches.renew(connection, progress, self._readers(encoder))
        return report
