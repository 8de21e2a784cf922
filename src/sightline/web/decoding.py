"""Where dropped pictures are decoded: threads of their own, few at once, so that searches always find a free one.

The threads end with the process: somebody else's picture never holds up its end.
"""

import asyncio
import contextlib
import queue
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect

from sightline.web.limits import Limits
from sightline.web.refused import Refused

T = TypeVar("T")
ENDING = "the server is ending"


@dataclass(eq=False, slots=True)
class _Job:
    """Work that somebody waits for; None once nobody does, so that the bytes of a picture go with its sender."""

    done: asyncio.Future[Any]
    work: Callable[[], Any] | None


class Decoding:
    """Runs work in turn, `limits.decoders` at once; called from one event loop."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self.open: set[asyncio.Future[Any]] = set()
        """what somebody waits for"""
        self._threads = 0
        self._ended = False

    async def run(self, work: Callable[[], T], gone: Callable[[], Awaitable[Any]]) -> T:
        """What `work` gives or raises. `gone` returns when nobody waits for it any more: then it is not begun.

        Raises Refused where too many wait already, ClientDisconnect where the asker is gone.
        """
        if self._ended:
            raise Refused(503, ENDING)
        if len(self.open) >= self.limits.decoders + self.limits.waiting:
            raise Refused(503, "too many pictures are waiting to be looked at; try again in a moment", retry_after=5)
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        job = _Job(done, work)
        del work
        self.open.add(done)
        self._jobs.put(job)
        if self._threads < self.limits.decoders:  # one that is there may be busy for somebody who has left
            self._threads += 1
            threading.Thread(target=self._serve, name="sightline-decoding", daemon=True).start()
        watch = asyncio.ensure_future(gone())
        try:
            await asyncio.wait((done, watch), return_when=asyncio.FIRST_COMPLETED)
            if not done.done():
                raise ClientDisconnect
            return done.result()
        finally:
            done.cancel()
            watch.cancel()
            job.work = None
            self.open.discard(done)

    def end(self) -> None:
        """Whoever waits is refused; what is being decoded is left to itself."""
        self._ended = True
        for done in self.open:
            _settle(done, error=Refused(503, ENDING))

    def _serve(self) -> None:
        while True:
            job = self._jobs.get()
            done, work = job.done, job.work
            if work is None:
                continue
            result, error = None, None
            try:
                result = work()
            except BaseException as raised:  # it is raised again where the work was asked for
                error = raised
            # the loop may have ended meanwhile
            with contextlib.suppress(RuntimeError):
                done.get_loop().call_soon_threadsafe(_settle, done, result, error)
            del job, done, work, result, error


def _settle(done: asyncio.Future[Any], result: Any = None, error: BaseException | None = None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(result)
    else:
        done.set_exception(error)
