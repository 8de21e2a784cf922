"""The routes that say why a picture was found: for words, for another picture of the library, for one that is sent."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Query, Request
from fastapi.concurrency import run_in_threadpool

from sightline.search.explain.hit import Sought, explain_hit, said, sought_words
from sightline.search.query import image_vector
from sightline.web.decoding import Decoding
from sightline.web.fault import faults
from sightline.web.library import FORMAT, Library, spoken
from sightline.web.refused import Refused
from sightline.web.routes import DROPPED, LARGEST, Id, gone
from sightline.web.upload import Uploads

AT_ONCE = 2
"""explanations that are made at once: each is dozens of passes of the encoder"""
WAIT = 10.0
"""seconds for one's turn"""

By = Annotated[
    Literal["occlusion", "patches"] | None, Query(description="the way; without it the better one that there is")
]


@dataclass(frozen=True)
class Explained:
    """Where in a picture a query is seen."""

    format: int
    id: int
    query: str | None
    by: str
    """occlusion: what the cosine loses with each part; patches: the cosine of each"""
    score: float
    """cosine of the query and the whole picture"""
    passes: int
    """pictures that the encoder embedded for it"""
    ms: float
    grid: list[int]
    """rows and columns of `values`"""
    values: list[list[float]]
    """from 0, a part that says nothing for the query, to 1, the one that says most; all 0 where none stands out"""
    most: float
    """what 1 stands for, in cosine"""
    part: list[float]
    """x, y, width, height of the grid on the picture, in shares of its sides; what is padding lies outside"""
    shares: list[float] | None
    """x, y, width, height of the best part, in shares of the picture's sides"""
    box: list[int] | None
    """the same in pixels; null of a drawing"""


class Explaining:
    """Makes explanations, a few at once."""

    def __init__(self, library: Library) -> None:
        self.library, self._places = library, threading.BoundedSemaphore(AT_ONCE)

    def of(self, id: int, sought: Sought, by: Any, query: str | None = None) -> Explained:
        """Why the picture `id` answers a query. Refused where it cannot be said, or too much is asked at once."""
        index, encoder = self.library.index, self.library.encoder  # one to the end, where it is switched meanwhile
        picture = self.library.picture(id)
        with self._turn(), spoken(422):
            index.check(encoder)
            told, shape = explain_hit(index, encoder.own, id, sought, by=by, turn=encoder.turn)
        fields = said(told, shape, pixels=picture.width is not None)
        return Explained(format=FORMAT, id=id, query=query, ms=round(1000 * told.seconds, 1), **fields)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._places.acquire(timeout=WAIT):
            raise Refused(503, "too many pictures are being explained at once; try again in a moment", retry_after=2)
        try:
            yield
        finally:
            self._places.release()


def explain_routes(app: FastAPI, library: Library, uploads: Uploads, decoding: Decoding) -> None:
    """Adds GET and POST `/api/pictures/ID/explain`."""
    explaining = Explaining(library)

    @app.get("/api/pictures/{id}/explain", responses=faults(404, 409, 422))
    def explain_words(
        id: Id, q: str = "", like: Annotated[int, Query(ge=0, le=LARGEST)] = 0, by: By = None
    ) -> Explained:
        """Where in a picture the words are seen, or another picture of the library (its id in `like`)."""
        if bool(q.strip()) == bool(like):
            raise Refused(422, "say what to look for: words in q, or the id of a picture in like")
        library.picture(id)
        with spoken(422):
            sought = Sought(library.index.vector(like)) if like else sought_words(library.encoder, q)
        return explaining.of(id, sought, by, q or None)

    @app.post("/api/pictures/{id}/explain", responses=faults(400, 404, 408, 409, 413, 415, 422), openapi_extra=DROPPED)
    async def explain_picture(id: Id, request: Request, by: By = None) -> Explained:
        """Where in a picture the one is seen whose bytes are the body of the request."""
        async with uploads.body(request) as picture:
            prepared = await decoding.run(lambda: library.prepared(picture), lambda: gone(request))

            def work() -> Explained:
                with spoken(422):
                    sought = Sought(image_vector(prepared.encoder, prepared.pixels))
                return explaining.of(id, sought, by)

            return await run_in_threadpool(work)
