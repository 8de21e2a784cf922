"""The process that draws costly SVGs: one drawing after another from its standard input, until that closes.

The renderer cannot be interrupted and holds the interpreter, so what may take long is drawn where it can be killed and
where memory is limited. Nothing but the pixels comes back. Started by `pool`.
"""

import os
import signal
import struct
import sys
import threading
from typing import BinaryIO

from sightline.data.decode.svg.draw import draw
from sightline.data.decode.svg.safe import sanitize
from sightline.data.sample import BadSample

STACK = 64 * 2**20
"""bytes of stack for the deepest drawings that are allowed"""
HEAD = struct.Struct("<cIII")
"""kind of message, two numbers (width and height, or size), length of what follows"""
READY, PIXELS, BAD, DRAW = b"r", b"p", b"b", b"d"


def main(seconds: float, memory: int) -> None:
    """Serve until the parent is gone. `memory` bytes more than now may be taken; none of the limits can be passed."""
    # Ctrl-C in a terminal reaches every process of the group; this one ends with its parent's pipe
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(5)  # whoever searches meanwhile comes first
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # whatever prints does not spoil the answers
    threading.stack_size(STACK)
    thread = threading.Thread(target=_serve, args=(sys.stdin.buffer, out, seconds, memory))
    thread.start()
    thread.join()


def _serve(source: BinaryIO, out: BinaryIO, seconds: float, memory: int) -> None:
    _limit(memory)
    _answer(out, READY, 0, 0, b"")
    while len(head := source.read(HEAD.size)) == HEAD.size:
        _, size, _, length = HEAD.unpack(head)
        data = source.read(length)
        # should the parent be killed meanwhile, nobody else would end this
        _alarm(seconds + 2)
        try:
            picture = draw(sanitize(data), size)
            _answer(out, PIXELS, *picture.size, picture.tobytes())
        except BadSample as error:
            _answer(out, BAD, 0, 0, str(error).encode("utf-8", "replace"))
        except (MemoryError, RecursionError) as error:
            _answer(out, BAD, 0, 0, f"SVG too costly to draw ({type(error).__name__})".encode())
        _alarm(0)


def _answer(out: BinaryIO, kind: bytes, width: int, height: int, body: bytes) -> None:
    view = memoryview(HEAD.pack(kind, width, height, len(body)) + body)
    while view:
        view = view[out.write(view) :]


def _alarm(seconds: float) -> None:
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)  # unhandled, so the system itself ends the process


def _limit(memory: int) -> None:
    """Where the system can (Linux): data that this process may hold, over what the interpreter holds already."""
    try:
        import resource

        with open("/proc/self/status", encoding="ascii") as file:
            held = next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmData"))
        resource.setrlimit(resource.RLIMIT_DATA, (held + memory, held + memory))
    except (ImportError, OSError, ValueError, StopIteration):
        return
