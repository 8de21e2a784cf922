"""What a request asks for, brought to the paths of the routes: below a prefix or not, HEAD as GET without its body.

A proxy may serve the page below a prefix and take the prefix off, or leave it on: both lead to the same routes.
"""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import quote

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

TAKEN = ("api", "static", "duplicates", "map", "report")


def prefix_of(root_path: str) -> str:
    """`--root-path` as a path without a slash at its end; "" for none. ValueError where it could not be told apart.

    >>> prefix_of("photos/"), prefix_of("/gallery/photos"), prefix_of("/")
    ('/photos', '/gallery/photos', '')
    """
    parts = root_path.strip("/").split("/")
    if parts == [""]:
        return ""
    if any(part in ("", ".", "..") or not part.isprintable() or set(part) & set('?#%\\:"<>') for part in parts):
        raise ValueError(f"--root-path takes the path of the page below the proxy, such as /photos; got {root_path!r}")
    if parts[0] in TAKEN:
        raise ValueError(f"--root-path cannot begin with /{parts[0]}, which is a path of the page itself")
    return "/" + "/".join(parts)


class Target:
    """Wraps an ASGI app whose routes know of no prefix."""

    def __init__(self, app: App, prefix: str) -> None:
        self.app, self.prefix = app, prefix

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = _own_path(scope["path"], dict(scope["headers"]).get(b"host", b"").decode("latin-1"))
        if scope["method"] == "OPTIONS" and path == "*":
            await answer(send, 204, {"allow": "GET, HEAD, OPTIONS, POST"})
        elif path is None or not path.startswith("/"):
            await refuse(send, 400, "the request names no path")
        elif self.prefix and path == self.prefix:
            query = scope["query_string"].decode("latin-1")
            folder = quote(self.prefix.rpartition("/")[2]) + "/" + ("?" * bool(query)) + query
            await answer(send, 307, {"location": folder})
        else:
            below = self.prefix and path.startswith(self.prefix + "/")
            path = path if below else self.prefix + path
            scope = {**scope, "root_path": self.prefix, "path": path, "raw_path": quote(path).encode()}
            if scope["method"] == "HEAD":
                # what is made while it is sent would be made for nothing
                scope, send = {**scope, "method": "GET", "bodiless": True}, _bodiless(send)
            await self.app(scope, receive, send)


def _own_path(path: str, host: str) -> str | None:
    """The path of a target in absolute form, as proxies may send it; None where it names another host."""
    if not path.lower().startswith(("http://", "https://")):
        return path
    _, _, rest = path.partition("://")
    authority, _, below = rest.partition("/")
    return "/" + below if authority.lower() == host.lower() else None


def _bodiless(send: Send) -> Send:
    async def send_head(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return send_head


async def answer(send: Send, status: int, headers: dict[str, str], body: bytes = b"") -> None:
    """Sends a whole answer."""
    if status != 204:
        headers = {**headers, "content-length": str(len(body))}
    encoded = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})


async def refuse(send: Send, status: int, reason: str, headers: dict[str, str] | None = None) -> None:
    """Sends an error, as a `Fault` is."""
    body = json.dumps({"error": reason}).encode()
    await answer(send, status, {"content-type": "application/json", **(headers or {})}, body)
