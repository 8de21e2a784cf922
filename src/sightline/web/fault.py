"""Errors as answers: every one is `{"error": "..."}` with a plain reason, and the API's description says so."""

from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect
from starlette.routing import Match, Route

from sightline.web.guard import HEADERS
from sightline.web.refused import Refused

SAID = {
    400: "no picture was sent",
    401: "a token is needed, and none was sent, or another one",
    403: "another site asks, or by a name that is not this server's",
    404: "there is no such picture",
    408: "the body did not come in time",
    409: "the file changed since it was indexed, or the index belongs by now to an encoder that cannot be opened",
    413: "the picture is too large",
    415: "not a picture",
    422: "a question, or a picture, that cannot be used",
    503: "the index cannot be read now, or too much is asked at once",
}
"""why a status is answered; `faults` gives some of them to a route"""


@dataclass(frozen=True)
class Fault:
    """Any answer that is no success."""

    error: str
    at: int | None = None
    """column, from 1, at which a typed query or filter cannot be read; left out of other answers"""


def faults(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Responses of a route for its description: those that every route has, and these."""
    return {status: {"model": Fault, "description": SAID[status]} for status in sorted({401, 403, 503, *statuses})}


def say_errors(app: FastAPI) -> None:
    """Has every error of `app` answered as a Fault."""

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)
        headers = {} if error.retry_after is None else {"retry-after": str(error.retry_after)}
        if error.status in (408, 413):
            headers["connection"] = "close"  # what is left of such an upload is not read
        where = {} if error.at is None else {"at": error.at}
        return JSONResponse({"error": str(error), **where}, error.status, headers=headers)

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        said = "; ".join(f"{fault['loc'][-1]}: {fault['msg']}" for fault in error.errors())
        return JSONResponse({"error": said}, 422)

    async def nothing(request: Request, error: Exception) -> Response:
        return JSONResponse({"error": f"there is nothing at {request.scope['path']}"}, 404)

    async def not_so(request: Request, error: Exception) -> Response:
        allow = {"allow": ", ".join(sorted(methods_at(app, request)))}
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=allow)
        said = f"{request.scope['path']} does not take {request.method}"
        return JSONResponse({"error": said}, 405, headers=allow)

    async def left(request: Request, error: Exception) -> Response:
        return Response(status_code=400)  # nobody is there to read it

    async def no_memory(request: Request, error: Exception) -> Response:
        return JSONResponse({"error": "this machine has not enough memory for that"}, 503)

    async def defect(request: Request, error: Exception) -> Response:
        # the only answer that is made outside the guard
        headers = {name.decode(): value.decode() for name, value in HEADERS.items()}
        return JSONResponse({"error": "the server failed; its terminal says why"}, 500, headers=headers)

    app.add_exception_handler(Refused, refused)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(404, nothing)
    app.add_exception_handler(405, not_so)
    app.add_exception_handler(ClientDisconnect, left)
    app.add_exception_handler(MemoryError, no_memory)
    app.add_exception_handler(Exception, defect)


def methods_at(app: FastAPI, request: Request) -> set[str]:
    """What may be done at the path of a request: of all routes there, not of the first alone."""
    here = [route for route in app.routes if isinstance(route, Route)]
    here = [route for route in here if route.matches(request.scope)[0] is not Match.NONE]
    allowed = {method for route in here for method in route.methods or ()} | {"OPTIONS"}
    return allowed | {"HEAD"} if "GET" in allowed else allowed
