"""Files of arrays beside an index: a header that says of what they were made, then the numbers, which are mapped.

Such a file is a cache and never a truth: one that is cut, stale or of something else is as if it were not there.
"""

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from sightline.data.atomic import atomic_write

HEADER = 1024
"""bytes before the numbers: what kind of file it is and JSON, filled up with zeros"""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a cache was made of."""

    library: str
    encoder: str
    """identity"""
    dim: int
    revision: str


def read_stamped(
    path: Path, magic: bytes, stamp: Stamp, field: str, made: Callable[[Any, np.ndarray], T | None]
) -> T | None:
    """`made(field, bytes)` of the file: what its header says beside the stamp, and the uint8 (n,) behind it, on disk.

    None where `made` says so, and where the file is not there, not whole, of another kind or another stamp.
    """
    try:
        with path.open("rb") as file:
            head = file.read(HEADER)
            if not head.startswith(magic) or len(head) != HEADER:
                return None
            said = json.loads(head[len(magic) :].rstrip(b"\0"))
            value = said.pop(field)
            if said != asdict(stamp):
                return None
            # mapped by the open file: by its name it might be the next one already
            return made(value, np.asarray(np.memmap(file, dtype=np.uint8, mode="r"))[HEADER:])
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return None


def write_stamped(path: Path, magic: bytes, stamp: Stamp, field: tuple[str, Any], parts: Iterable[np.ndarray]) -> None:
    """Leaves the file as it was where it cannot be written: a folder of others, a full disk, a file mapped on
    Windows."""
    header = magic + json.dumps({**asdict(stamp), field[0]: field[1]}).encode()
    if len(header) > HEADER:
        return
    with suppress(OSError), atomic_write(path) as [temporary], temporary.open("wb") as file:
        file.write(header.ljust(HEADER, b"\0"))
        for part in parts:
            file.write(np.ascontiguousarray(part).data)
