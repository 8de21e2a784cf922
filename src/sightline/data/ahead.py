"""A map that runs ahead: reading and decoding in a few threads while the caller computes."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_ahead(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    threads: int = 2,
    room: int = 64,
    enter: Callable[[], None] | None = None,
) -> Iterator[Result]:
    """`map(work, items)` in order, with at most `room` results waiting. `enter` is called first in every thread.

    Pillow, zlib and resvg release the interpreter lock, so threads suffice; nothing is copied between processes.
    An exception of `work` is raised where its result would have come.
    """
    waiting: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="sightline-ahead", initializer=enter)
    try:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) >= room:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
