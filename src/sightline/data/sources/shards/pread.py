"""Bytes of many files at random, from any process: handles are opened where they are used and never travel."""

import os
import threading
from collections import OrderedDict
from pathlib import Path

OPEN = 64
"""files kept open a process; a set may have thousands of shards"""


class Reader:
    """`read(file, offset, length)` of `paths[file]`. Pickles as its paths; a forked worker opens its own handles."""

    def __init__(self, paths: tuple[Path, ...]) -> None:
        self.paths = paths
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._open: OrderedDict[int, int] = OrderedDict()

    def read(self, file: int, offset: int, length: int) -> bytes:
        """OSError where the file has become shorter than it was."""
        if self._process != os.getpid():
            # handles of the parent share their position with it; they are left to it
            self._begin()
        with self._lock:
            handle = self._handle(file)
            if hasattr(os, "pread"):
                data = os.pread(handle, length, offset)
            else:
                os.lseek(handle, offset, os.SEEK_SET)
                data = os.read(handle, length)
        if len(data) != length:
            raise OSError(f"{self.paths[file]} has changed: {len(data)} of {length} bytes at {offset}")
        return data

    def _handle(self, file: int) -> int:
        if file in self._open:
            self._open.move_to_end(file)
            return self._open[file]
        if len(self._open) >= OPEN:
            os.close(self._open.popitem(last=False)[1])
        self._open[file] = os.open(self.paths[file], os.O_RDONLY | getattr(os, "O_BINARY", 0))
        return self._open[file]

    def close(self) -> None:
        """Closes the handles of this process; the next read opens them again."""
        if self._process == os.getpid():
            while self._open:
                os.close(self._open.popitem()[1])

    def __del__(self) -> None:
        # interpreters that are shutting down may have let go of `os`
        if getattr(self, "_open", None) and os is not None:
            self.close()

    def __reduce__(self) -> tuple:
        return Reader, (self.paths,)
