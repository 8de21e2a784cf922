"""The routes: the page, its files, and the JSON API that the page and others use. docs/page.md describes them."""

from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from fastapi import FastAPI, HTTPException, Query, Request, Response
from fastapi import Path as At
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from sightline import __version__
from sightline.search.index import Index
from sightline.search.picture import fingerprint
from sightline.search.query import Embedder
from sightline.web.guard import HEADERS, Guard
from sightline.web.library import AboutLibrary, Found, Library, Refused, Shown

UPLOAD_BYTES = 32 * 2**20
"""most bytes of a picture to search by"""
MOST = 500
"""results of one answer"""
STATIC = Path(__file__).parent / "static"
MEDIA = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
MEDIA[".js"] = "text/javascript; charset=utf-8"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
# A file of the library may be an SVG with a script in it. Opened by itself it is a page of this origin; so it is put in
# a box where nothing runs and nothing is fetched.
FILE_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
KEEP = "private, no-cache"
"""kept by the browser, and asked about each time: ids mean other pictures in another library on the same port"""

LARGEST = 2**63 - 1
"""of a number in SQLite"""

Id = Annotated[int, At(ge=1, le=LARGEST)]
Count = Annotated[int, Query(ge=1, le=MOST, description="how many results")]


def make_app(index: Index, encoder: Embedder, host: str = "127.0.0.1") -> FastAPI:
    """The application over an open index and its encoder. `host` is the address it will listen at."""
    library = Library(index, encoder, UPLOAD_BYTES)
    app = FastAPI(
        title="Sightline", version=__version__, docs_url=None, redoc_url=None, openapi_url="/api/openapi.json"
    )
    app.add_middleware(Guard, host=host)
    _say_errors(app)
    _serve_page(app)

    @app.get("/api/about")
    def about() -> AboutLibrary:
        """What is served."""
        return library.about()

    @app.get("/api/search")
    def by_words(q: str, k: Count = 24) -> Found:
        """Pictures for words, the best first."""
        return library.by_words(q, k)

    @app.post("/api/search")
    async def by_picture(request: Request, k: Count = 24) -> Found:
        """Pictures like the one whose bytes are the body of the request."""
        return await run_in_threadpool(library.by_picture, await _body(request), k)

    @app.get("/api/pictures")
    def browse(after: Annotated[int, Query(ge=0, le=LARGEST)] = 0, k: Count = 60) -> Found:
        """The library in the order of indexing; `after` is the last id of the page before."""
        return library.browse(after, k)

    @app.get("/api/pictures/{id}")
    def picture(id: Id) -> Shown:
        """One picture."""
        return library.shown(id)

    @app.get("/api/pictures/{id}/similar")
    def similar(id: Id, k: Count = 24) -> Found:
        """Its nearest neighbours, itself left out."""
        return library.like(id, k)

    @app.get("/api/pictures/{id}/file")
    def file(id: Id, request: Request) -> Response:
        """Its own bytes, if they are still those that were indexed."""
        found = library.picture(id)
        headers = {"etag": f'"{found.hash}"', "cache-control": KEEP, "content-security-policy": FILE_POLICY}
        if _has(request, headers["etag"]):
            return Response(status_code=304, headers=headers)
        original = library.original(found)
        headers["content-disposition"] = f"inline; filename*=UTF-8''{quote(original.file_name, safe='')}"
        return Response(original.data, media_type=original.media, headers=headers)

    @app.get("/api/pictures/{id}/thumb")
    def thumb(id: Id, request: Request) -> Response:
        """A small picture of it, at most 256 pixels a side, transparency kept."""
        headers = {"etag": f'"thumb-{library.picture(id).hash}"', "cache-control": KEEP}
        if _has(request, headers["etag"]):
            return Response(status_code=304, headers=headers)
        data, media = library.thumb(id)
        return Response(data, media_type=media, headers=headers)

    return app


def _has(request: Request, etag: str) -> bool:
    return etag in (known.strip().removeprefix("W/") for known in request.headers.get("if-none-match", "").split(","))


async def _body(request: Request) -> bytes:
    """The body, refused as soon as it is known to be too large: by what it announces, else by what has arrived."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > UPLOAD_BYTES:
        raise _too_large()
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > UPLOAD_BYTES:
            raise _too_large()
    return bytes(body)


def _too_large() -> Refused:
    return Refused(413, f"the picture is larger than {UPLOAD_BYTES // 2**20} MB; make it smaller and try again")


def _say_errors(app: FastAPI) -> None:
    """Every error is `{"error": "..."}`."""

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)
        # what is left of a refused upload is not read
        headers = {"connection": "close"} if error.status == 413 else None
        return JSONResponse({"error": str(error)}, error.status, headers=headers)

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        said = "; ".join(f"{fault['loc'][-1]}: {fault['msg']}" for fault in error.errors())
        return JSONResponse({"error": said}, 422)

    async def nothing(request: Request, error: Exception) -> Response:
        return JSONResponse({"error": f"there is nothing at {request.url.path}"}, 404)

    async def not_so(request: Request, error: Exception) -> Response:
        return JSONResponse({"error": f"{request.url.path} does not take {request.method}"}, 405)

    async def defect(request: Request, error: Exception) -> Response:
        # the only answer that is made outside the guard
        headers = {name.decode(): value.decode() for name, value in HEADERS.items()}
        return JSONResponse({"error": "the server failed; its terminal says why"}, 500, headers=headers)

    app.add_exception_handler(Refused, refused)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(404, nothing)
    app.add_exception_handler(405, not_so)
    app.add_exception_handler(Exception, defect)


def _serve_page(app: FastAPI) -> None:
    """The files of the page, read once: what is not among them does not exist, whatever the path says."""
    files = {file.name: (file.read_bytes(), MEDIA[file.suffix]) for file in STATIC.iterdir() if file.suffix in MEDIA}

    def answer(name: str, request: Request) -> Response:
        if name not in files:
            raise HTTPException(404)
        data, media = files[name]
        headers = {
            "etag": f'"{fingerprint(data)}"',
            "cache-control": "no-cache",
            "content-security-policy": PAGE_POLICY,
        }
        if _has(request, headers["etag"]):
            return Response(status_code=304, headers=headers)
        return Response(data, media_type=media, headers=headers)

    @app.get("/", include_in_schema=False)
    def page(request: Request) -> Response:
        return answer("index.html", request)

    @app.get("/static/{name}", include_in_schema=False)
    def static(name: str, request: Request) -> Response:
        return answer(name, request)
