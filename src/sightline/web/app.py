"""The routes of the JSON API that the page and others use. docs/page.md describes them."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from fastapi import FastAPI, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from sightline import __version__
from sightline.search.index import Index
from sightline.search.query import Embedder
from sightline.web.decoding import Decoding
from sightline.web.door import Door
from sightline.web.fault import faults, say_errors
from sightline.web.guard import Guard
from sightline.web.host import names_of
from sightline.web.library import AboutLibrary, Found, Library, Shown
from sightline.web.limits import Limits
from sightline.web.page import not_modified, serve_page
from sightline.web.routes import DROPPED, KEEP, LARGEST, PICTURE, Id, gone
from sightline.web.taking import FILE_POLICY, serve_taking
from sightline.web.target import Target, prefix_of
from sightline.web.upload import Uploads
from sightline.web.views.duplicates import duplicate_routes
from sightline.web.views.explain import explain_routes
from sightline.web.views.map import map_routes
from sightline.web.views.report import report_of, report_routes

MOST = 500
"""results of one answer"""
LONGEST_NAME = 255

Count = Annotated[int, Query(ge=1, le=MOST, description="how many results")]
Where = Annotated[str, Query(max_length=4096, description="only pictures that fit, such as width>512 and folder=brand")]
Fold = Annotated[bool, Query(description="near-identical pictures stand behind the best of them, in its `folded`")]
Name = Annotated[str, Query(description="what the picture is called; the answer repeats it")]


def make_app(
    index: Index,
    encoder: Embedder,
    host: str = "127.0.0.1",
    *,
    given: str = "localhost",
    allow: Sequence[str] = (),
    root_path: str = "",
    limits: Limits | None = None,
    reopen: Callable[[], Embedder] | None = None,
    token: str = "",
    report: Path | None = None,
) -> FastAPI:
    """The application over an open index and its encoder.

    `host` is the address it will listen at, `given` how that was named; `allow` are more names it goes by, `root_path`
    is where a proxy has the page, `report` a page of `sightline measure`; with a `token` only those are answered who
    have it. ValueError where one of them cannot be. `reopen` is as of `Library`.
    """
    limits = limits or Limits()
    prefix = prefix_of(root_path)
    report = report_of(index.path, report)
    library = Library(index, encoder, limits.upload, reopen, report=report is not None)
    uploads, decoding = Uploads(limits), Decoding(limits)
    app = FastAPI(
        title="Sightline",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        redirect_slashes=False,  # such an address is made from the Host, which a proxy may have changed
    )
    app.state.uploads, app.state.decoding = uploads, decoding
    if token:
        app.add_middleware(Door, token=token, prefix=prefix, idle=limits.idle)
    app.add_middleware(Target, prefix=prefix)
    app.add_middleware(Guard, names=names_of(host, given, allow))
    say_errors(app)
    serve_page(app, prefix)

    @app.get("/api/about", responses=faults())
    def about() -> AboutLibrary:
        """What is served."""
        return library.about()

    @app.get("/api/search", responses=faults(409, 422))
    def by_words(q: str = "", k: Count = 24, where: Where = "", fold: Fold = False) -> Found:
        """Pictures for words, the best first; or for several parts: `2: arrow + id:407 - circle`."""
        return library.by_words(q, k, where=where, fold=fold)

    @app.post("/api/search", responses=faults(400, 408, 409, 413, 415, 422), openapi_extra=DROPPED)
    async def by_picture(
        request: Request,
        k: Count = 24,
        name: Name = "",
        q: Annotated[str, Query(description="words, or several parts, that count beside the picture")] = "",
        weight: Annotated[float, Query(gt=0, le=1000, description="of the picture")] = 1.0,
        region: Annotated[str, Query(max_length=64, description="x,y,w,h: the part of the picture that is meant")] = "",
        where: Where = "",
        fold: Fold = False,
    ) -> Found:
        """Pictures like the one whose bytes are the body of the request, with what is said beside it."""
        async with uploads.body(request) as picture:
            prepared = await decoding.run(lambda: library.prepared(picture, region), lambda: gone(request))
            ask = partial(library.by_picture, prepared, k, shown_name(name), q, weight, where=where, fold=fold)
            return await run_in_threadpool(ask)

    @app.get("/api/pictures", responses=faults(422))
    def browse(after: Annotated[int, Query(ge=0, le=LARGEST)] = 0, k: Count = 60, where: Where = "") -> Found:
        """The library in the order of indexing; `after` is the last id of the page before."""
        return library.browse(after, k, where)

    @app.get("/api/pictures/{id}", responses=faults(404, 422))
    def picture(id: Id) -> Shown:
        """One picture."""
        return library.shown(id)

    @app.get("/api/pictures/{id}/similar", responses=faults(404, 409, 422))
    def similar(id: Id, k: Count = 24, where: Where = "", fold: Fold = False) -> Found:
        """Its nearest neighbours, itself left out."""
        return library.like(id, k, where=where, fold=fold)

    @app.get("/api/pictures/{id}/file", response_class=Response, responses=PICTURE | faults(404, 409, 422))
    def file(id: Id, request: Request) -> Response:
        """Its own bytes, if they are still those that were indexed."""
        found = library.picture(id)
        headers = {"etag": f'"{found.hash}"', "cache-control": KEEP, "content-security-policy": FILE_POLICY}
        if not_modified(request, headers["etag"]):
            return Response(status_code=304, headers=headers)
        original = library.original(found)
        headers["content-disposition"] = (
            f"inline; filename*=UTF-8''{quote(original.file_name, safe='', errors='replace')}"
        )
        return Response(original.data, media_type=original.media, headers=headers)

    @app.get("/api/pictures/{id}/thumb", response_class=Response, responses=PICTURE | faults(404, 422))
    def thumb(id: Id, request: Request) -> Response:
        """A small picture of it, at most 256 pixels a side, transparency kept."""
        headers = {"etag": f'"thumb-{library.picture(id).hash}"', "cache-control": KEEP}
        if not_modified(request, headers["etag"]):
            return Response(status_code=304, headers=headers)
        data, media = library.thumb(id)
        return Response(data, media_type=media, headers=headers)

    serve_taking(app, library, uploads, limits)
    explain_routes(app, library, uploads, decoding)
    duplicate_routes(app, library)
    map_routes(app, library)
    report_routes(app, report)
    return app


def shown_name(name: str) -> str | None:
    """A file's name as it may be shown: what cannot be seen left out, at most 255 characters; None for none.

    >>> shown_name("C:/fakepath/pho\\u202eto.jpg\\n"), shown_name("")
    ('C:/fakepath/photo.jpg', None)
    """
    return "".join(character for character in name[:4096] if character.isprintable())[:LONGEST_NAME].strip() or None
