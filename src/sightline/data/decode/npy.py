"""`.npy` files as arrays, safely: the header is read and judged before anything is made, and nothing is unpickled.

numpy's own reader evaluates the header as Python and makes the array that it announces; here three expressions read it,
and it must announce what the file holds.
"""

import math
import re
import struct
from dataclasses import dataclass

import numpy as np

from sightline.data.sample import BadSample

MAGIC = b"\x93NUMPY"
TYPE = re.compile(r"""['"]descr['"]\s*:\s*['"]([<>=|]?[biufcO]\d{0,2})['"]""")
ORDER = re.compile(r"""['"]fortran_order['"]\s*:\s*(True|False)""")
SHAPE = re.compile(r"""['"]shape['"]\s*:\s*\(([\d,\sL]*)\)""")
HEADER = 10_000
"""characters; a longer header describes no picture"""


@dataclass(frozen=True)
class Header:
    """What an .npy file says of itself."""

    shape: tuple[int, ...]
    dtype: np.dtype
    fortran: bool
    start: int
    """where the values begin"""


def header(data: bytes) -> Header:
    """The header of a file, checked against the file's length. Raises BadSample with the reason."""
    said, start = _text(data)
    kind, order, shape = TYPE.search(said), ORDER.search(said), SHAPE.search(said)
    if not (kind and order and shape):
        raise BadSample(f"broken .npy header, or one of no plain array: {said[:80]!r}")
    if "O" in kind[1]:
        raise BadSample(
            "an .npy file of pickled Python objects, which are never read; save a uint8, uint16 or float array"
        )
    try:
        dtype = np.dtype(kind[1])
        sides = tuple(int(side.strip().removesuffix("L")) for side in shape[1].split(",") if side.strip())
    except (TypeError, ValueError) as error:
        raise BadSample(f"broken .npy header: {error}") from error
    wanted = math.prod(sides) * dtype.itemsize
    if dtype.itemsize < 1 or len(data) - start != wanted:
        raise BadSample(
            f"cut or padded .npy: {dtype} {sides} takes {wanted:,} bytes and the file holds {len(data) - start:,}"
        )
    return Header(sides, dtype, order[1] == "True", start)


def read(data: bytes) -> np.ndarray:
    """The array of an .npy file, a read-only view of `data`. Raises BadSample with the reason."""
    said = header(data)
    flat = np.frombuffer(data, said.dtype, offset=said.start) if math.prod(said.shape) else np.zeros(0, said.dtype)
    return flat.reshape(said.shape, order="F" if said.fortran else "C")


def _text(data: bytes) -> tuple[str, int]:
    """The header as written, and where the values begin."""
    if data[:6] != MAGIC or len(data) < 12:
        raise BadSample(f"not an .npy file, or cut ({len(data):,} bytes): it starts with {data[:12]!r}")
    if data[6] not in {1, 2}:
        raise BadSample(f"an .npy file of version {data[6]}; plain arrays have version 1 or 2")
    first = 10 if data[6] == 1 else 12
    (length,) = struct.unpack_from("<H" if data[6] == 1 else "<I", data, 8)
    if length > HEADER or first + length > len(data):
        raise BadSample(f"broken or cut .npy: a header of {length:,} bytes in a file of {len(data):,}")
    return data[first : first + length].decode("latin-1"), first + length
