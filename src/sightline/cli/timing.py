"""Where the time of one command went, for `--timing`."""

import sys
import time
from pathlib import Path
from typing import Any

LOADED = time.perf_counter()


class Timing:
    """Seconds by lap, in order; `summary()` is one line of them, in milliseconds."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {"import": seconds_before_import() + time.perf_counter() - LOADED}
        self.last = time.perf_counter()

    def lap(self, name: str, less: float = 0.0) -> None:
        """The time since the last lap is called `name`; `less` of it was told under another name."""
        now = time.perf_counter()
        self.laps[name] = self.laps.get(name, 0.0) + now - self.last - less
        self.last = now

    def summary(self) -> str:
        """
        >>> Timing().summary().startswith("timing: import ")
        True
        """
        parts = [f"{name} {1000 * seconds:.0f} ms" for name, seconds in self.laps.items()]
        return f"timing: {', '.join(parts)}; {1000 * sum(self.laps.values()):.0f} ms since the process began"


class TimedEncoder:
    """An encoder whose embedding is counted as its own: opening waits for the first use, so it happens there too."""

    def __init__(self, encoder: Any) -> None:
        self.encoder, self.seconds = encoder, 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.encoder, name)

    def encode_text(self, *given: Any, **named: Any) -> Any:
        """As the encoder's own, timed."""
        return self._counted(self.encoder.encode_text, *given, **named)

    def encode_image(self, *given: Any, **named: Any) -> Any:
        """As the encoder's own, timed."""
        return self._counted(self.encoder.encode_image, *given, **named)

    def _counted(self, function: Any, *given: Any, **named: Any) -> Any:
        start = time.perf_counter()
        try:
            return function(*given, **named)
        finally:
            self.seconds += time.perf_counter() - start


def seconds_before_import() -> float:
    """Seconds from the start of this process to the import of this file; 0 where the system does not say."""
    if sys.platform != "linux":
        return 0.0
    import os

    # after the name, which may hold anything, comes ")"; the 20th word from there is the start in ticks since boot
    words = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    ticks = int(words[19]) / os.sysconf("SC_CLK_TCK")
    return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - ticks - (time.perf_counter() - LOADED))
