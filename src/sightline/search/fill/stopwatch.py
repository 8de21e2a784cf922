"""Where the time of a long command goes: seconds by part, added up over threads."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """Seconds a named part took, all threads together. Safe in several threads."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._lock = threading.Lock()

    @contextmanager
    def on(self, part: str) -> Iterator[None]:
        """What runs in here is counted as `part`, also where it raises."""
        start = time.perf_counter()
        try:
            yield
        finally:
            took = time.perf_counter() - start
            with self._lock:
                self.seconds[part] = self.seconds.get(part, 0.0) + took

    def summary(self) -> str:
        """The parts as shares of the whole in one line, the largest first.

        >>> spent = Stopwatch()
        >>> spent.seconds = {"decode": 1.0, "model": 3.0}
        >>> spent.summary()
        'model 75 %, decode 25 %'
        """
        whole = sum(self.seconds.values()) or 1.0
        parts = sorted(self.seconds.items(), key=lambda part: -part[1])
        return ", ".join(f"{name} {100 * took / whole:.0f} %" for name, took in parts)
