"""Routes that hand pictures out: a selection as a ZIP or a sprite, sent while it is made, and a drawing as text."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import quote

from fastapi import FastAPI, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from sightline.search.take.archive import zipped
from sightline.search.take.ink import colour_of
from sightline.search.take.name import safe, slug
from sightline.search.take.pasted import pasted
from sightline.search.take.sprite import sprite, symbols
from sightline.search.take.taken import taken
from sightline.web.fault import faults
from sightline.web.library import Library, spoken
from sightline.web.limits import Limits
from sightline.web.refused import Refused
from sightline.web.routes import Id
from sightline.web.upload import Uploads

T = TypeVar("T", bytes, str)
RANGE = re.compile(r"(\d{1,19})(?:-(\d{1,19}))?", re.ASCII)
FILE_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""A file of the library may be an SVG with a script in it. Opened by itself it is a page of this origin; so it is put
in a box where nothing runs and nothing is fetched."""

Ids = Annotated[str, Query(description="numbers of pictures and ranges of them: 3,7,20-40", max_length=100_000)]
Colour = Annotated[str, Query(description="a colour of CSS, for drawings of one colour or with currentColor")]
SELECTION: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "the numbers of the pictures",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["ids"],
                    "properties": {"ids": {"type": "array", "items": {"type": "integer"}}},
                }
            }
        },
    }
}


class Hands:
    """The selections that are being sent: few at once, since each reads files for as long as it lasts."""

    def __init__(self, limits: Limits) -> None:
        self.limits, self.open = limits, 0

    def sent(self, request: Request, pieces: Iterator[T], media: str, name: str) -> Response:
        """An answer that is made while it is sent. Refused where too many are under way."""
        headers = {"content-disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}
        if request.scope.get("bodiless"):
            return Response(media_type=media, headers=headers)  # a HEAD: nothing is read for it
        if self.open >= self.limits.selections:
            raise Refused(503, "too many selections are being sent; try again in a moment", retry_after=5)
        return StreamingResponse(self._counted(pieces), media_type=media, headers=headers)

    async def _counted(self, pieces: Iterator[T]) -> AsyncIterator[T]:
        self.open += 1
        try:
            while (piece := await run_in_threadpool(next, pieces, None)) is not None:
                yield piece
        finally:
            self.open -= 1


def serve_taking(app: FastAPI, library: Library, uploads: Uploads, limits: Limits) -> None:
    """Adds the routes to `app`."""
    hands = Hands(limits)

    def as_zip(request: Request, ids: list[int]) -> Response:
        name = f"{safe(library.index.path.stem)}.zip"
        return hands.sent(request, zipped(taken(library.index, ids)), "application/zip", name)

    def as_sprite(request: Request, ids: list[int], colour: str) -> Response:
        with spoken(422):
            colour = colour and colour_of(colour)
        return hands.sent(request, sprite(symbols(taken(library.index, ids), colour)), "image/svg+xml", "sprite.svg")

    async def asked(request: Request) -> list[int]:
        async with uploads.body(request) as body:
            return ids_of_body(body, limits.selected)

    described: dict[int | str, dict[str, Any]] = {200: {"content": {"application/zip": {}}, "description": "the ZIP"}}
    drawn: dict[int | str, dict[str, Any]] = {200: {"content": {"image/svg+xml": {}}, "description": "the sprite"}}

    text: dict[int | str, dict[str, Any]] = {
        200: {"content": {"image/svg+xml": {}, "text/plain": {}}, "description": "the drawing"}
    }

    @app.get("/api/zip", response_class=Response, responses=described | faults(422))
    async def zip_of(request: Request, ids: Ids) -> Response:
        """Pictures as a ZIP, in the order of their numbers; those that cannot be given are listed in it."""
        return as_zip(request, ids_of(ids, limits.selected))

    @app.post(
        "/api/zip",
        response_class=Response,
        responses=described | faults(400, 408, 413, 422),
        openapi_extra=SELECTION,
    )
    async def zip_of_body(request: Request) -> Response:
        """As GET, for more numbers than an address holds."""
        return as_zip(request, await asked(request))

    @app.get("/api/sprite", response_class=Response, responses=drawn | faults(422))
    async def sprite_of(request: Request, ids: Ids, color: Colour = "") -> Response:
        """Drawings as the symbols of one SVG; what is no drawing is named in a comment at its end."""
        return as_sprite(request, ids_of(ids, limits.selected), color)

    @app.post(
        "/api/sprite",
        response_class=Response,
        responses=drawn | faults(400, 408, 413, 422),
        openapi_extra=SELECTION,
    )
    async def sprite_of_body(request: Request, color: Colour = "") -> Response:
        """As GET, for more numbers than an address holds."""
        return as_sprite(request, await asked(request), color)

    @app.get(
        "/api/pictures/{id}/svg",
        response_class=Response,
        responses=text | faults(404, 409, 415, 422),
    )
    def svg(
        id: Id,
        form: Annotated[Literal["svg", "symbol", "jsx"], Query(alias="as")] = "svg",
        color: Colour = "",
    ) -> Response:
        """A drawing without scripts and links: as an SVG, as a `<symbol>`, or as JSX; in another colour if asked."""
        picture = library.picture(id)
        original = library.original(picture)
        if not picture.svg:
            raise Refused(415, f"{picture.name} is no SVG but {original.media}")
        with spoken(422):
            written = pasted(original.data, form, picture.name, color)
        if form != "svg":
            return Response(written, media_type="text/plain; charset=utf-8")
        said = f"inline; filename*=UTF-8''{quote(slug(picture.name) + '.svg', safe='')}"
        headers = {"content-disposition": said, "content-security-policy": FILE_POLICY, "cache-control": "no-cache"}
        return Response(written, media_type="image/svg+xml", headers=headers)


def ids_of(text: str, most: int) -> list[int]:
    """The numbers that a text such as 3,7,20-40 names. Refused (422) where it names none, or more than `most`."""
    found: list[int] = []
    for part in text.split(","):
        match = RANGE.fullmatch(part.strip())
        if match is None:
            raise Refused(422, f"ids are numbers and ranges such as 3,7,20-40; got {part.strip()[:40]!r}")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first or last - first >= most - len(found):
            raise Refused(422, f"{part.strip()!r} is no range, or goes beyond the {most:,} pictures of one selection")
        found += range(first, last + 1)
    return found


def ids_of_body(body: bytes, most: int) -> list[int]:
    """The numbers in a request's body. Refused (422)."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refused(422, 'the body is no JSON; send {"ids": [3, 7]}') from error
    ids = said.get("ids") if isinstance(said, dict) else None
    if not isinstance(ids, list) or not ids or not all(type(one) is int for one in ids):
        raise Refused(422, 'the body must be {"ids": [3, 7]}, with the numbers of at least one picture')
    if len(ids) > most:
        raise Refused(422, f"{len(ids):,} pictures are asked for; one selection holds at most {most:,}")
    return ids
