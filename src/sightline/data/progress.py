"""How far long work has come, a line now and then: for what knows no terminal, and where there is none."""

import sys
import time
from collections.abc import Callable

QUIET = 5.0
"""seconds between two lines; what takes less says nothing"""


def lines(title: str) -> Callable[[int, int | None], None]:
    """The function to call with (done, total); prints a line on stderr now and then."""
    last, told = time.monotonic(), rate()

    def say(done: int, total: int | None) -> None:
        nonlocal last
        fast = told(done)
        if time.monotonic() - last >= QUIET:
            last = time.monotonic()
            print(f"{title}: {done:,}" + (f" of {total:,}" if total else "") + fast, file=sys.stderr, flush=True)

    return say


def rate() -> Callable[[int], str]:
    """How many a second since the first call, which may begin anywhere: a run may go on from an earlier one."""
    began: tuple[float, int] | None = None

    def told(done: int) -> str:
        nonlocal began
        now = time.monotonic()
        if began is None:
            began = now, done
        took = now - began[0]
        return f" ({(done - began[1]) / took:,.0f} a second)" if took > 0.5 else ""

    return told
