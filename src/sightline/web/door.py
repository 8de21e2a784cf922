"""Who may come in where a token is asked for: whoever has it, as a header or as a cookie.

The page's address has the token behind a `#`, which a browser sends to nobody: it stands in no log of a proxy and in no
Referer. The page hands it in once and gets a cookie for it, which scripts cannot read and other sites cannot use.
"""

import asyncio
import hashlib
import hmac
import secrets
from http.cookies import CookieError, SimpleCookie

from sightline.web.limits import Limits
from sightline.web.page import POLICY, STATIC, below
from sightline.web.target import App, Message, Receive, Send, answer, refuse

ENTER = "/api/enter"
DAYS = 30
"""of the cookie; a new token ends it sooner"""
SHORTEST, LONGEST = 8, 200
REFUSED = (
    "this library asks for its token; open the address that `sightline serve` printed, or send it as a header: "
    "Authorization: Bearer TOKEN"
)


def new_token() -> str:
    """A random one."""
    return secrets.token_urlsafe(24)


def checked_token(token: str) -> str:
    """A token as it may stand in an address and a header. ValueError where it could not, or is soon guessed."""
    if (
        not SHORTEST <= len(token) <= LONGEST
        or not all("!" <= one <= "~" for one in token)
        or set(token) & set('#";,\\')
    ):
        raise ValueError(
            f'--token takes {SHORTEST} to {LONGEST} letters, digits and signs (not # ; , " or \\, no spaces); '
            "left out, a random one is made"
        )
    return token


class Door:
    """Wraps an ASGI app: the page's own scripts are given to everybody, all else to those who have the token."""

    def __init__(self, app: App, token: str, prefix: str, idle: float = Limits.idle) -> None:
        self.app, self.prefix, self.idle = app, prefix, idle
        self._token = _digest(token)
        # servers on other ports of this machine share its cookies: each has a name of its own
        self._cookie = f"sightline-{hashlib.sha256(b'name' + self._token).hexdigest()[:12]}"
        self._pass = hashlib.sha256(b"pass" + self._token).hexdigest()
        self._page = below((STATIC / "enter" / "enter.html").read_bytes(), prefix)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        path = scope.get("path", "").removeprefix(self.prefix)
        if scope["type"] != "http" or path.startswith("/static/") or self._may(scope["headers"]):
            await self.app(scope, receive, send)
        elif path == ENTER and scope["method"] == "POST":
            await self._enter(receive, send)
        elif path == "/":
            headers = {"content-type": "text/html; charset=utf-8", "content-security-policy": POLICY}
            await answer(send, 401, headers, self._page)
        else:
            await refuse(send, 401, REFUSED, {"www-authenticate": "Bearer"})

    def _may(self, headers: list[tuple[bytes, bytes]]) -> bool:
        for name, value in headers:
            if name == b"authorization" and value[:7].lower() == b"bearer ":
                if hmac.compare_digest(hashlib.sha256(value[7:].strip()).digest(), self._token):
                    return True
            elif name == b"cookie":
                try:
                    given = SimpleCookie(value.decode("latin-1")).get(self._cookie)
                except CookieError:
                    continue
                if given is not None and hmac.compare_digest(given.value.encode(), self._pass.encode()):
                    return True
        return False

    async def _enter(self, receive: Receive, send: Send) -> None:
        """Answers a token in a body with a cookie."""
        try:
            async with asyncio.timeout(self.idle):
                body = await _body(receive)
        except TimeoutError:
            return await refuse(send, 408, "the token was not sent in time; try again", {"connection": "close"})
        if not hmac.compare_digest(hashlib.sha256(body.strip()).digest(), self._token):
            return await refuse(send, 401, "that is not the token of this library", {"connection": "close"})
        cookie = f"{self._cookie}={self._pass}; Max-Age={DAYS * 86400}; HttpOnly; SameSite=Lax; Path=/"
        await answer(send, 204, {"set-cookie": cookie})


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


async def _body(receive: Receive) -> bytes:
    """The body of a request, of one that is longer than any token its beginning."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        cut = message["type"] == "http.disconnect" or len(body) > 2 * LONGEST
        if cut or not message.get("more_body", False):
            return body
