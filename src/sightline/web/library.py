"""The library as the page may use it: an open index and its encoder, with every refusal named by a status.

Nothing here knows of HTTP but the numbers of `Refused`. Pictures are asked for by id and never by path, and their bytes
come from the index, which gives only those it was made from.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from sightline.data.decode.picture import NotAPicture, measure
from sightline.data.sample import BadSample
from sightline.search.ask.region import part_of
from sightline.search.index import About, Index
from sightline.search.query import Embedder
from sightline.search.rank.fold import ALIKE
from sightline.search.read import Answer, Hit, Picture
from sightline.search.take.drawing import drawing_of
from sightline.search.take.ink import inks
from sightline.search.take.name import file_name
from sightline.search.typed.compose import region_of
from sightline.search.typed.unparsed import Unparsed
from sightline.web.guarded import Guarded, Prepared
from sightline.web.refused import Refused

FORMAT = 2
"""of every answer; docs/page.md lists the fields"""


@dataclass(frozen=True)
class Found:
    """An answer with pictures: the fields of `search --json`, and what the page shows beside them."""

    format: int
    db: str
    encoder: str
    query: str | None
    image: str | None
    """what the picture that was searched by is called, where that was said"""
    count: int
    results: list[Hit]
    total: int
    """pictures in the library"""
    ms: float
    """milliseconds from the question to the answer, inside the server"""
    suggestion: str | None = None
    """the query with a word that is a letter off put right; null without such"""
    relevant: int | None = None
    """relevant pictures of the whole library, which come before the others; null where that was not judged"""
    where: str | None = None
    """the filter, where there was one"""
    unmeasured: int = 0
    """pictures left out because nobody measured them for the filter yet"""


@dataclass(frozen=True)
class AboutLibrary:
    """What is served."""

    format: int
    db: str
    name: str
    """what the page calls the library: the file's name without its ending"""
    encoder: str
    pictures: int
    sources: list[str]
    words: bool
    """whether the encoder reads words; else only names, captions and pictures are searched"""
    upload_bytes: int
    """most bytes of a picture to search by"""
    report: bool = False
    """whether there is a report of the encoder at /report"""


@dataclass(frozen=True)
class Shown:
    """One picture, as the panel shows it."""

    format: int
    id: int
    key: str
    path: str | None
    name: str
    captions: list[str]
    width: int | None
    height: int | None
    svg: bool
    own: tuple[float, float] | None
    """width and height that an SVG states of itself"""
    media: str | None
    """media type of `file`; null where it cannot be given"""
    bytes: int | None
    """size of `file`"""
    unavailable: str | None
    """why `file` cannot be given (it changed, it is gone), else null"""
    own_size: list[float] | None = None
    """width and height that an SVG states for itself, in pixels; else null"""
    inks: list[str] = field(default_factory=list)
    """colours an SVG is drawn in, as `#rrggbb` or `currentColor`, and `picture` for an embedded raster"""


@dataclass(frozen=True)
class Original:
    """A picture's own bytes."""

    data: bytes
    media: str
    file_name: str


class Library:
    """What the routes call; usable from several threads.

    `reopen` gives the encoder that the index belongs to by now: it is called where `sightline index --rebuild` has
    changed it, and the answers that follow are by that one. Without it they are refused (409).
    """

    def __init__(
        self,
        index: Index,
        encoder: Embedder,
        upload_bytes: int,
        reopen: Callable[[], Embedder] | None = None,
        report: bool = False,
    ) -> None:
        self.report = report
        self.index, self.encoder, self.upload_bytes = index, Guarded(encoder), upload_bytes
        self._reopen = reopen
        self._lock, self._switching = threading.Lock(), threading.Lock()
        self._counted: tuple[float, About] | None = None

    def about(self) -> AboutLibrary:
        """What is served: the library's name, size, sources and encoder."""
        about = self._about()
        return AboutLibrary(
            format=FORMAT,
            db=str(self.index.path),
            name=self.index.path.stem,
            encoder=about.encoder,
            pictures=about.pictures,
            sources=list(about.sources),
            words=self.encoder.reads_text,
            upload_bytes=self.upload_bytes,
            report=self.report,
        )

    def by_words(self, query: str, k: int, *, where: str = "", fold: bool = False) -> Found:
        """The `k` best pictures for a typed query, which opens no file of this machine."""

        def ask() -> Answer:
            return self.index.answer(query, self.encoder, k, where=where, fold=_alike(fold), paths=False)

        return self._found(ask, query=query, where=where)

    def prepared(self, picture: bytes, region: str = "") -> Prepared:
        """A picture that somebody sent, or a region of it, decoded as the encoder wants it; may take seconds, and holds
        no lock.

        What is no picture, broken or too large to open is refused, and so is what decoding fails at in any other way.
        """
        if not picture:
            raise Refused(400, "no picture was sent: the body of the request is empty")
        try:
            measure(picture)  # the header alone: a bomb is refused before its pixels are made
            encoder, wanted = self.encoder, _cut(picture, region) if region.strip() else picture
            return Prepared(wanted, encoder, encoder.preprocess(wanted))
        except Refused:
            raise
        except BadSample as error:
            raise _bad_picture(error) from error
        except MemoryError as error:
            raise Refused(413, "this picture needs more memory than there is") from error
        except RecursionError as error:
            raise Refused(422, "this picture cannot be used: it is nested too deeply") from error
        except Exception as error:
            # these bytes are a stranger's: whatever goes wrong while they are read is said of them
            raise Refused(422, f"this picture cannot be used: {str(error) or type(error).__name__}") from error

    def by_picture(
        self,
        prepared: Prepared,
        k: int,
        name: str | None = None,
        query: str = "",
        weight: float = 1.0,
        *,
        where: str = "",
        fold: bool = False,
    ) -> Found:
        """Pictures like one that `prepared` gave, which counts `weight` times beside a typed query."""

        def ask() -> Answer:
            encoder = self.encoder  # another one, where it was switched since
            known = encoder is prepared.encoder
            pixels = prepared.pixels if known else encoder.preprocess(prepared.picture)
            alike = _alike(fold)
            return self.index.answer(
                query, encoder, k, image=pixels, weight=weight, where=where, fold=alike, paths=False
            )

        return self._found(ask, query=query or None, image=name, where=where)

    def like(self, id: int, k: int, *, where: str = "", fold: bool = False) -> Found:
        """The `k` pictures most alike to one of the index. Refused (404) where it has none of this id."""
        self.picture(id)
        if not self.encoder.dim:  # names alone: nothing is alike, and the panel still shows the picture
            return self._found(list)
        return self._found(lambda: self.index.similar(id, k, where=where, fold=_alike(fold)), where=where)

    def browse(self, after: int, k: int, where: str = "") -> Found:
        """`k` pictures in the order of indexing, from the one after the id `after`."""
        return self._found(lambda: self.index.browse(k, after=after, where=where), where=where)

    def picture(self, id: int) -> Picture:
        """The picture's row. Refused (404) where the index has none of this id."""
        with spoken(404):
            return self.index.picture(id)

    def shown(self, id: int) -> Shown:
        """What the panel shows of a picture; where its file cannot be read, why."""
        picture = self.picture(id)
        media = size = why = own_size = None
        colours: list[str] = []
        try:
            original = self.original(picture)
            media, size = original.media, len(original.data)
            if picture.svg:
                drawing = drawing_of(original.data)
                own_size, colours = drawing.size, inks(drawing)
        except Refused as error:
            why = str(error)
        except BadSample:
            pass  # too large to be rewritten: it is shown all the same
        return Shown(
            format=FORMAT,
            id=picture.id,
            key=picture.key,
            path=picture.path,
            name=picture.name,
            captions=list(picture.captions),
            width=picture.width,
            height=picture.height,
            svg=picture.svg,
            own=picture.own,
            media=media,
            bytes=size,
            unavailable=why,
            own_size=None if own_size is None else [round(side, 3) for side in own_size],
            inks=colours,
        )

    def original(self, picture: Picture) -> Original:
        """The picture's own bytes with a name to save them by. Refused (409) where they are not what was indexed."""
        with spoken(409):
            data, media = self.index.original(picture.id)
        return Original(data, media, file_name(picture, media))

    def thumb(self, id: int) -> tuple[bytes, str]:
        """The thumbnail and its media type. Refused (404) where the index has none of this id."""
        with spoken(404):
            return self.index.thumb(id)

    def _found(
        self,
        ask: Callable[[], Answer | Sequence[Hit]],
        query: str | None = None,
        image: str | None = None,
        where: str = "",
    ) -> Found:
        start = time.perf_counter()
        found, about = self._answered(ask)
        answer = found if isinstance(found, Answer) else Answer(list(found))
        ms = round(1000 * (time.perf_counter() - start), 1)
        return Found(
            format=FORMAT,
            db=str(self.index.path),
            encoder=about.encoder,
            query=query,
            image=image,
            count=len(answer.hits),
            results=answer.hits,
            total=about.pictures,
            ms=ms,
            suggestion=answer.suggestion,
            relevant=answer.relevant,
            where=where.strip() or None,
            unmeasured=answer.unmeasured,
        )

    def _answered(self, ask: Callable[[], Answer | Sequence[Hit]]) -> tuple[Answer | Sequence[Hit], About]:
        """An answer by one encoder from its first to its last line, and what the index was then."""
        while True:
            encoder, about = self.encoder, self._about()
            try:
                with spoken(422):
                    found = ask()
            except Refused:
                if self._switched(encoder):
                    continue
                raise
            if self.encoder is encoder:
                return found, about

    def _switched(self, encoder: Guarded) -> bool:
        """Whether another encoder than this answers by now. Refused (409) where that of the index cannot be had."""
        with self._switching:  # one thread opens it; the others wait, and ask again
            if self.encoder is not encoder:
                return True
            try:
                with spoken(409):
                    self.index.check(encoder)
            except Refused:
                if self._reopen is None:
                    raise
            else:
                return False
            with spoken(409):
                opened = self._reopen()
                self.index.check(opened)
            with self._lock:
                self.encoder, self._counted = Guarded(opened), None
            return True

    def _about(self) -> About:
        """Counting a large library takes longer than searching it, so it is done once a second at most."""
        with self._lock:
            if self._counted is None or time.monotonic() - self._counted[0] > 1.0:
                with spoken(503):
                    self._counted = (time.monotonic(), self.index.about())
            return self._counted[1]


def _cut(picture: bytes, region: str) -> np.ndarray:
    """The region of a picture; Refused (422) where it is none, or lies outside."""
    try:
        return part_of(picture, region_of(region))
    except BadSample:
        raise
    except ValueError as error:
        raise Refused(422, str(error)) from error


def _alike(fold: bool) -> float | None:
    return ALIKE if fold else None


@contextmanager
def spoken(status: int) -> Iterator[None]:
    """The index's errors with a status; a file that cannot be read now (another writes it) is 503."""
    try:
        yield
    except Refused:
        raise
    except BadSample as error:
        raise _bad_picture(error) from error
    except OSError as error:
        raise Refused(503, str(error)) from error
    except Unparsed as error:
        raise Refused(status, str(error), at=error.at) from error
    except ValueError as error:
        raise Refused(status, str(error)) from error


def _bad_picture(error: BadSample) -> Refused:
    reason = str(error)
    if reason.startswith("bomb"):
        return Refused(413, f"this picture is too large to open ({reason.removeprefix('bomb: ')})")
    if reason.startswith(("not a picture: it starts with", "empty")):
        return Refused(415, "this is not a picture; search by a JPEG, PNG, WebP, GIF, BMP, TIFF, ICO, AVIF or SVG")
    said = f"this is {reason}" if reason.startswith("not a") else f"this picture cannot be used: {reason}"
    # of a kind that is known but not read, decoding says the way out
    return Refused(415 if isinstance(error, NotAPicture) else 422, said)
