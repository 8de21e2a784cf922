"""Costly SVGs drawn by processes of their own, each drawing within limits of time and memory.

At most WORKERS processes, started when first needed, kept for the next drawing, ended with this one. Whoever wants a
drawing waits in line; the clock runs from when its turn comes. A process that passes a limit is killed, and another one
started for the next drawing.
"""

import atexit
import os
import struct
import subprocess
import sys
import threading
import time
from queue import Empty, SimpleQueue

import numpy as np

from sightline.data.decode.svg.worker import BAD, DRAW, HEAD, READY
from sightline.data.sample import BadSample

SECONDS = 4.0
"""that a drawing may take, from reading to pixels"""
MEMORY = 400 * 2**20
"""bytes that drawing may take, over the 50 MB of an interpreter"""
START = 60.0
"""seconds in which a process must have started on the busiest of machines"""
WORKERS = 2
SLICE = 0.1
"""seconds after which a waiting thread looks whether the program is ending"""

Answer = tuple[bytes, int, int, bytes]


class ShuttingDown(BadSample):
    """The program ends while a drawing is waited for."""


class Worker:
    """One process, and a thread that waits for its answers so that nobody else is held up."""

    def __init__(self, seconds: float, memory: int) -> None:
        paths = [path for path in sys.path if path]
        main = f"from sightline.data.decode.svg.worker import main; main({seconds}, {memory})"
        code = f"import sys; sys.path[:] = {paths!r}; {main}"
        threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env={**os.environ, **threads},
        )
        self.seconds = seconds
        self.answers: SimpleQueue[Answer | None] = SimpleQueue()
        self.listener = threading.Thread(target=self._listen, name="sightline-svg", daemon=True)
        self.listener.start()

    def ready(self) -> None:
        """Waits until the process has begun to serve. OSError where it does not."""
        answer = self.wait(START)
        if answer is None or answer[0] != READY:
            raise OSError(f"no process to draw SVGs could be started with {sys.executable}")

    def draw(self, data: bytes, size: int) -> Answer:
        """Pixels, or the drawing's own fault. BadSample where the process can no longer be used."""
        assert self.process.stdin is not None, "made with a pipe"
        try:
            view = memoryview(HEAD.pack(DRAW, size, 0, len(data)) + data)
            while view:
                view = view[self.process.stdin.write(view) or 0 :]
        except OSError as error:
            raise BadSample(f"SVG cannot be drawn: the process that draws has ended ({error})") from error
        answer = self.wait(self.seconds)
        if answer is None:
            raise BadSample("SVG takes more memory to draw than is allowed, or the renderer fails on it")
        return answer

    def wait(self, seconds: float) -> Answer | None:
        """The next answer, None where the process ended; BadSample after `seconds`."""
        end = time.monotonic() + seconds
        while True:
            try:
                return self.answers.get(timeout=min(SLICE, max(end - time.monotonic(), 0)))
            except Empty:
                if not threading.main_thread().is_alive():
                    raise ShuttingDown("the program ends") from None
                if time.monotonic() >= end:
                    raise BadSample(f"SVG takes longer than {seconds:g} s to draw") from None

    def close(self) -> None:
        """Kills the process and waits for its thread."""
        self.process.kill()
        self.process.wait()
        self.listener.join(START)
        self.let_go()

    def let_go(self) -> None:
        """Close this side's ends of the pipes; the process ends when it finds out."""
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()

    def _listen(self) -> None:
        while True:
            head = self._read(HEAD.size)
            try:
                kind, width, height, length = HEAD.unpack(head)
            except struct.error:
                self.answers.put(None)
                return
            body = self._read(length)
            self.answers.put((kind, width, height, body) if len(body) == length else None)

    def _read(self, length: int) -> bytes:
        """Less only where the process ended."""
        assert self.process.stdout is not None, "made with a pipe"
        parts: list[bytes] = []
        while length:
            try:
                part = self.process.stdout.read(min(length, 2**20))
            except (OSError, ValueError):
                break
            if not part:
                break
            parts.append(part)
            length -= len(part)
        return b"".join(parts)


class Pool:
    """Workers that are free, and a place for each that may exist."""

    def __init__(self, workers: int = WORKERS, seconds: float = SECONDS, memory: int = MEMORY) -> None:
        self.seconds, self.memory = seconds, memory
        self.places = threading.Semaphore(workers)
        self.free: list[Worker] = []
        self.all: set[Worker] = set()
        self.lock = threading.Lock()

    def draw(self, data: bytes, size: int) -> np.ndarray:
        """The drawing as uint8 RGBA (y, x, 4). BadSample with the reason, also where it takes too long or too much."""
        while not self.places.acquire(timeout=SLICE):
            if not threading.main_thread().is_alive():
                raise ShuttingDown("the program ends")
        try:
            worker = self._taken()
            try:
                kind, width, height, body = worker.draw(data, size)
            except BaseException:  # a limit was passed, or Ctrl-C came while it draws
                self._back(worker, fit=False)
                raise
            self._back(worker, fit=True)
        finally:
            self.places.release()
        if kind == BAD:
            raise BadSample(body.decode("utf-8", "replace"))
        return np.frombuffer(body, np.uint8).reshape(height, width, 4)

    def close(self) -> None:
        """End every process; a drawing under way is a bad sample."""
        with self.lock:
            gone, self.free = list(self.all), []
            self.all.clear()
        for worker in gone:
            worker.close()

    def _taken(self) -> Worker:
        """A worker for one drawing: a free one that is alive, else a new one."""
        while True:
            with self.lock:
                if not self.free:
                    break
                worker = self.free.pop()
            if worker.process.poll() is None:
                return worker
            # somebody ended it while it was idle, which is no drawing's fault
            self._back(worker, fit=False)
        worker = Worker(self.seconds, self.memory)
        with self.lock:
            self.all.add(worker)
        try:
            worker.ready()
        except BaseException:
            self._back(worker, fit=False)
            raise
        return worker

    def _back(self, worker: Worker, *, fit: bool) -> None:
        with self.lock:
            known = worker in self.all
            if fit and known:
                self.free.append(worker)
                return
            self.all.discard(worker)
        if known:
            worker.close()


_pool = Pool()


def draw_apart(data: bytes, size: int) -> np.ndarray:
    """The SVG in `data` as uint8 RGBA (y, x, 4), drawn by another process. BadSample with the reason."""
    return _pool.draw(data, size)


def _forked() -> None:
    """A forked process has copies of the pipes, but none of the threads that read them: it starts anew."""
    global _pool
    old, _pool = _pool, Pool()
    for worker in old.all:
        worker.let_go()
        worker.process.returncode = 0  # not this process's to wait for


atexit.register(lambda: _pool.close())
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
