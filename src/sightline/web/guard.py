"""Who may ask, and what every answer forbids the browser.

A page on this machine can be asked by any site that is open in the same browser. So the Host must be this machine's own
name (a foreign name that resolves to 127.0.0.1 is refused), requests made by other sites are refused, and no answer may
be run, framed or embedded elsewhere.
"""

import ipaddress
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

OWN_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"x-frame-options": b"DENY",
    b"cross-origin-resource-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
    b"cache-control": b"no-store",
    b"content-security-policy": NOTHING.encode(),
}
"""of every answer that does not say otherwise"""


def loopback(host: str) -> bool:
    """
    >>> loopback("localhost"), loopback("127.0.0.2"), loopback("::1"), loopback("0.0.0.0")
    (True, True, True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Guard:
    """Wraps an ASGI app. `host` is the address it listens at; only a loopback one restricts the Host header."""

    def __init__(self, app: App, host: str) -> None:
        self.app = app
        self.names = OWN_NAMES | {host} if loopback(host) else None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = {name.lower() for name, _ in message["headers"]}
                rest = [(name, value) for name, value in HEADERS.items() if name not in said]
                message = {**message, "headers": [*message["headers"], *rest]}
            await send(message)

        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if reason := self._refusal(scope["method"], headers):
            await _refuse(send_guarded, reason)
        else:
            await self.app(scope, receive, send_guarded)

    def _refusal(self, method: str, headers: dict[str, str]) -> str | None:
        host = headers.get("host", "")
        if self.names is not None and _name(f"//{host}") not in self.names:
            return f"this page is served to this machine only, and {host!r} is not its name; use 127.0.0.1 or localhost"
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != host:
            return "another site may not ask this library"
        # a link on another site may lead here; a script, picture or form there may not ask
        followed = method == "GET" and headers.get("sec-fetch-mode") == "navigate"
        if headers.get("sec-fetch-site") in ("cross-site", "same-site") and not followed:
            return "another site may not ask this library"
        return None


def _name(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


async def _refuse(send: Send, reason: str) -> None:
    body = json.dumps({"error": reason}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})
