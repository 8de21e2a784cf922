"""One connection of the server, with limits of time: uvicorn's own waits for ever for the end of a request's head, for
the rest of a body that nobody reads, and for whoever does not take an answer.
"""

import asyncio
import json
import sys
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES, H11Protocol

from sightline.web.decoding import ENDING
from sightline.web.guard import HEADERS
from sightline.web.limits import Limits


class Connection(H11Protocol):
    """Closed where the other side lets it wait for too long, with the reason where that can still be said."""

    def __init__(self, *args: Any, limits: Limits, **rest: Any) -> None:
        super().__init__(*args, **rest)
        self.limits = limits
        self._late: asyncio.TimerHandle | None = None
        """runs while the other side owes a head, or the rest of a body that was answered before its end"""
        self._untaken: asyncio.TimerHandle | None = None
        """runs while it does not take an answer"""
        self.waiting_since = self.loop.time()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.limits.connections:
            # the one that waits longest for its next request, perhaps this one, makes room
            waiting = [other for other in self.connections if isinstance(other, Connection) and other.waits]
            oldest = min(waiting, key=lambda other: other.waiting_since)
            if oldest is self:
                return self.end(503, "too many ask at once; try again in a moment")
            oldest.transport.abort()
        self._watch()

    @property
    def waits(self) -> bool:
        """Whether no request is under way."""
        return self.conn.their_state is h11.IDLE and not self.transport.is_closing()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        self.waiting_since = self.loop.time()
        super().on_response_complete()
        if self.transport.is_closing():
            self._taken_by(self.limits.idle)
        elif self.conn.their_state is h11.SEND_BODY:
            self._watch()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._taken_by(self.limits.idle)

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._late, self._untaken):
            if timer is not None:
                timer.cancel()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._taken_by(self.limits.idle)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._untaken is not None and not self.transport.is_closing():
            self._untaken.cancel()
            self._untaken = None

    def shutdown(self) -> None:
        if self.transport.is_closing():
            return
        if self.conn.their_state is h11.SEND_BODY:
            self.end(503, ENDING)  # what is still being sent is not waited for
        else:
            super().shutdown()

    def send_400_response(self, msg: str) -> None:
        """Uvicorn's answer to what is no HTTP: in the words and with the headers of all errors here."""
        hint = getattr(sys.exception(), "error_status_hint", 400)
        self.end(hint, "the head of the request is too long" if hint == 431 else "this is not a request in HTTP/1.1")

    def end(self, status: int, reason: str) -> None:
        """Closes the connection; says why where no answer has begun."""
        if self.cycle is not None and not self.cycle.response_complete:
            # whatever the app still has to say has nowhere to go
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE) and not self.transport.is_closing():
            body = json.dumps({"error": reason}).encode()
            own = {b"content-type": b"application/json", b"content-length": str(len(body)).encode()}
            headers = list({**own, **HEADERS, b"connection": b"close"}.items())
            start = h11.Response(status_code=status, headers=headers, reason=STATUS_PHRASES[status])
            for event in (start, h11.Data(data=body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
        self._taken_by(self.limits.idle)

    def _watch(self) -> None:
        """Starts or stops the clock for what the other side owes."""
        answered = self.cycle is not None and self.cycle.response_complete
        owes = self.waits or (self.conn.their_state is h11.SEND_BODY and answered)
        if owes and self._late is None:
            self._late = self.loop.call_later(self.limits.head, self._too_late)
        elif not owes and self._late is not None:
            self._late.cancel()
            self._late = None

    def _too_late(self) -> None:
        self._late = None
        if not self.transport.is_closing():
            self.end(408, "the request was not sent in time")

    def _taken_by(self, seconds: float) -> None:
        """Drops the connection unless a good part of what is to be sent is taken within `seconds`."""
        if self._untaken is None:
            before = self.transport.get_write_buffer_size()
            self._untaken = self.loop.call_later(seconds, self._not_taken, before)

    def _not_taken(self, before: int) -> None:
        self._untaken = None
        left = self.transport.get_write_buffer_size()
        if before - left < min(before, self.limits.rate * self.limits.idle):
            self.transport.abort()
        elif left:
            self._taken_by(self.limits.idle)
