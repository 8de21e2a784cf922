"""The page's own files. They name each other by relative addresses, so that the page works below any path."""

import re
from pathlib import Path
from urllib.parse import quote

from fastapi import FastAPI, HTTPException, Request, Response

from sightline.search.fill.picture import fingerprint

STATIC = Path(__file__).parent / "static"
MEDIA = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".js": "text/javascript; charset=utf-8",
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
PAGES = {"/": "index.html", "/duplicates": "duplicates/duplicates.html", "/map": "map/map.html"}
"""addresses and the HTML that stands there"""
RELATIVE = re.compile(rb'\b(href|src)="(?:\./)?(static/[^"]*|duplicates|map|)"')
"""addresses in the page's HTML"""


def serve_page(app: FastAPI, prefix: str) -> None:
    """The files of the page, read once: what is not among them does not exist, whatever the path says."""
    files = {
        file.relative_to(STATIC).as_posix(): (file.read_bytes(), MEDIA[file.suffix])
        for file in STATIC.rglob("*")
        if file.suffix in MEDIA
    }
    for name in PAGES.values():
        html, media = files[name]
        files[name] = below(html, prefix), media

    def answer(name: str, request: Request) -> Response:
        if name not in files:
            raise HTTPException(404)
        data, media = files[name]
        headers = {"etag": f'"{fingerprint(data)}"', "cache-control": "no-cache", "content-security-policy": POLICY}
        if not_modified(request, headers["etag"]):
            return Response(status_code=304, headers=headers)
        return Response(data, media_type=media, headers=headers)

    def page(request: Request) -> Response:
        return answer(PAGES[request.scope["path"].removeprefix(prefix)], request)

    for path in PAGES:
        app.add_api_route(path, page, methods=["GET"], include_in_schema=False)

    @app.get("/static/{name:path}", include_in_schema=False)
    def static(name: str, request: Request) -> Response:
        return answer(name, request)


def below(html: bytes, prefix: str) -> bytes:
    """The page's HTML with whole addresses where its place is known: right without a slash at the end, too.

    >>> below(b'<a href="./"><img src="static/icon.svg">', "/my photos")
    b'<a href="/my%20photos/"><img src="/my%20photos/static/icon.svg">'
    """
    if not prefix:
        return html
    start = quote(prefix).encode() + b"/"
    return RELATIVE.sub(lambda found: found[1] + b'="' + start + found[2] + b'"', html)


def not_modified(request: Request, etag: str) -> bool:
    """Whether the browser has the content of this `etag` already (If-None-Match), so that 304 is the answer."""
    known = (known.strip().removeprefix("W/") for known in request.headers.get("if-none-match", "").split(","))
    return any(one in (etag, "*") for one in known)
