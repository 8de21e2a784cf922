"""What several routes take and give, for their description, and how a route knows that nobody waits any more."""

from typing import Annotated, Any

from fastapi import Path as At
from fastapi import Request

LARGEST = 2**63 - 1
"""of a number in SQLite"""
KEEP = "private, no-cache"
"""kept by the browser, and asked about each time: ids mean other pictures in another library on the same port"""

BYTES = {"schema": {"type": "string", "format": "binary"}}
PICTURE: dict[int | str, dict[str, Any]] = {
    200: {"description": "the picture", "content": {"image/*": BYTES}},
    304: {"description": "the browser has it: If-None-Match named its ETag"},
}
DROPPED = {
    "requestBody": {
        "required": True,
        "description": "the bytes of a picture; what they are is decided by themselves",
        "content": {"application/octet-stream": BYTES, "image/*": BYTES},
    }
}

Id = Annotated[int, At(ge=1, le=LARGEST)]


async def gone(request: Request) -> None:
    """Returns when the other side has left."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
