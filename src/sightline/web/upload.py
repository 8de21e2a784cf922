"""Bodies of requests: read whole into memory, within limits of size, of time and of memory for all of them together."""

import asyncio
import io
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import ClientDisconnect, Request

from sightline.web.limits import Limits
from sightline.web.refused import Refused


class Uploads:
    """The bodies that are being received or answered."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.held = 0
        """bytes of all of them"""

    @asynccontextmanager
    async def body(self, request: Request) -> AsyncIterator[bytes]:
        """The body, which counts as held until the block ends. Raises Refused, and ClientDisconnect where it is cut.

        It is refused as soon as it is known to be too large: by what it announces, else by what has arrived.
        """
        announced = request.headers.get("content-length", "")
        if announced.isdecimal() and int(announced[:20]) > self.limits.upload:
            raise self._too_large()
        mine = 0
        whole = io.BytesIO()  # grows in place and gives its bytes without a copy
        try:
            async for part in self._arriving(request):
                mine += len(part)
                self.held += len(part)
                whole.write(part)
                if mine > self.limits.upload:
                    raise self._too_large()
                if self.held > self.limits.held:
                    raise Refused(503, "too many pictures are being sent at once; try again in a moment", retry_after=2)
            yield whole.getvalue()
        finally:
            whole.close()
            self.held -= mine

    async def _arriving(self, request: Request) -> AsyncIterator[bytes]:
        """The body chunk by chunk, within the limits. Raises Refused."""
        start, got = time.monotonic(), 0
        while True:
            late = start + self.limits.idle + got / self.limits.rate
            try:
                async with asyncio.timeout(min(self.limits.idle, max(0.0, late - time.monotonic()))):
                    message = await request.receive()
            except TimeoutError:
                raise Refused(408, "the picture was not sent in time; try again") from None
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            if body := message.get("body", b""):
                got += len(body)
                yield body
            if not message.get("more_body", False):
                return

    def _too_large(self) -> Refused:
        return Refused(
            413, f"the picture is larger than {self.limits.upload // 2**20} MB; make it smaller and try again"
        )
