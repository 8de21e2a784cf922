"""Listening at a port and serving until Ctrl-C."""

import asyncio
import errno
import functools
import socket
import sys
import webbrowser
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import uvicorn
from fastapi import FastAPI

from sightline.search.index import Index
from sightline.search.query import Embedder
from sightline.web.app import make_app
from sightline.web.connection import Connection
from sightline.web.door import checked_token, new_token
from sightline.web.host import allowed_name, loopback
from sightline.web.limits import Limits
from sightline.web.target import prefix_of

LONGEST_QUERY = 256 * 1024
"""bytes of a request's head: 10,000 characters in the address, each up to twelve bytes there"""


def serve(
    index: Index,
    encoder: Embedder,
    *,
    port: int = 8765,
    host: str = "127.0.0.1",
    open_page: bool = False,
    allow: Sequence[str] = (),
    root_path: str = "",
    reopen: Callable[[], Embedder] | None = None,
    token: str | None = None,
    report: Path | None = None,
) -> None:
    """Serves an open index until Ctrl-C, which arrives as KeyboardInterrupt. Says where on stdout once it answers.

    `allow` are more names it goes by, `root_path` is where a proxy has the page. `token` is what a visitor must have:
    None makes a random one where other machines can come, "" asks for none. `reopen` gives the encoder of the index
    where that was changed meanwhile (`Library`).
    """
    if token:
        checked_token(token)
    prefix, allow = prefix_of(root_path), [allowed_name(name) for name in allow]  # refused before anything is opened
    index.check(encoder)
    pictures = index.about().pictures
    if getattr(encoder, "reads_text", True):
        encoder.encode_text(["a picture"])  # the first one loads the tower, which no query should wait for
    bound = listen(host, port)
    listening = bound.getsockname()[0]
    if token is None:
        token = "" if loopback(listening) else new_token()
    # behind a # it is sent to nobody, so that it stands in no log and no Referer
    page = url(bound) + (prefix + "/" if prefix or token else "") + (token and f"#token={quote(token, safe='')}")

    def ready() -> None:
        if not loopback(listening) and not token:
            print("warning: whoever reaches this machine can search and see these pictures", file=sys.stderr)
        print(f"Serving {pictures:,} pictures at {page} (Ctrl-C ends)", flush=True)
        if open_page:
            webbrowser.open(page)

    with bound:
        app = make_app(
            index,
            encoder,
            listening,
            given=host,
            allow=allow,
            root_path=root_path,
            reopen=reopen,
            token=token,
            report=report,
        )
        Server(app, ready).run(sockets=[bound])


def listen(host: str, port: int) -> socket.socket:
    """A bound socket; port 0 takes any free one. Raises OSError, with a port to try, where it cannot be had."""
    if not 0 <= port <= 65535:
        raise ValueError(f"there is no port {port}; they go from 1 to 65535, and 0 takes any free one")
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise OSError(f"there is no address {host!r} here ({error}); try --host 127.0.0.1") from error
    # asyncio sends small answers at once (TCP_NODELAY) only where it is told that this is TCP; else each answer on a
    # kept connection waits some 40 ms for the other side's acknowledgement
    bound = socket.socket(family, kind, socket.IPPROTO_TCP)
    try:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            # a port that was in use a moment ago can be had again; one that is in use cannot
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen()
    except OSError as error:
        bound.close()
        raise OSError(_listen_error(error, host, port)) from error
    return bound


def url(bound: socket.socket) -> str:
    """Where a browser finds the page."""
    listening, port = bound.getsockname()[:2]
    # an address that means "all of them" is none to go to
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(listening) or str(listening)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Server(uvicorn.Server):
    """Uvicorn's, set up for this page; `ready` is called once requests are answered."""

    def __init__(self, app: FastAPI, ready: Callable[[], None], limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        protocol: Any = functools.partial(Connection, limits=self.limits)
        super().__init__(
            uvicorn.Config(
                app,
                http=protocol,
                ws="none",
                loop="asyncio",
                lifespan="off",
                access_log=False,
                log_level="error",  # what strangers send is no news for the terminal
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=self.limits.keep,  # pyright: ignore[reportArgumentType]
                timeout_graceful_shutdown=round(self.limits.grace) + 2,
                h11_max_incomplete_event_size=LONGEST_QUERY,
            )
        )
        self.app, self.ready = app, ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.app.state.decoding.end()
        last = asyncio.get_running_loop().call_later(self.limits.grace, self._drop)
        await super().shutdown(sockets)
        last.cancel()

    def _drop(self) -> None:
        """Whoever does not take the answer by now is not waited for."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()


def _listen_error(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is in use; another one is free: --port {_free(host, port)}"
    if error.errno == errno.EACCES:
        return f"port {port} may not be used by this account; try --port {_free(host, 8765)}"
    return f"cannot listen at {host}:{port} ({error.strerror or error}); try --host 127.0.0.1"


def _free(host: str, port: int) -> int:
    """The number of the next port that can be had, else of any; 0 where there is none."""
    for wanted in (*range(port + 1, min(port + 20, 65536)), 0):
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as tried:
            try:
                tried.bind((host, wanted))
            except OSError:
                continue
            return tried.getsockname()[1]
    return 0
