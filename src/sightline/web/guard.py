"""Who may ask, and what every answer forbids the browser.

A page on this machine can be asked by any site that is open in the same browser. So the Host must be a name of this
server (a foreign name that resolves to its address is refused), requests made by other sites are refused, and no answer
may be run, framed or embedded elsewhere.
"""

from sightline.web.host import Names
from sightline.web.target import App, Message, Receive, Send, refuse

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


class Guard:
    """Wraps an ASGI app that goes by `names`."""

    def __init__(self, app: App, names: Names) -> None:
        self.app, self.names = app, names

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

        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        if reason := self._refusal(scope["method"], headers):
            await refuse(send_guarded, 403, reason)
        else:
            await self.app(scope, receive, send_guarded)

    def _refusal(self, method: str, headers: list[tuple[str, str]]) -> str | None:
        """Why a request is refused, by its host and the page it comes from; None where it is not."""
        said = dict(headers)
        hosts = [value for name, value in headers if name == "host"]
        host = hosts[0] if hosts else ""
        if len(hosts) > 1 or not self.names.has(host):
            return self._stranger(host)
        origin = said.get("origin")
        if origin is not None and not self.names.may_ask(origin, host):
            return "another site may not ask this library"
        # a link on another site may lead here; a script, picture or form there may not ask
        followed = method in ("GET", "HEAD") and said.get("sec-fetch-mode") == "navigate"
        if said.get("sec-fetch-site") in ("cross-site", "same-site") and not followed:
            return "another site may not ask this library"
        return None

    def _stranger(self, host: str) -> str:
        allow = "if it should go by that name, start it with --allow-host NAME"
        if self.names.open:
            return f"{host[:200]!r} is not a name of this server; use its address in digits, or {allow}"
        return (
            f"this page is served to this machine only, and {host[:200]!r} is not its name; use 127.0.0.1 or "
            f"localhost, or {allow}"
        )
