"""The parts that PNG, JPEG and WebP files are made of, one after another, as (kind, start, end) in bytes of the file.

Where a file breaks off, or a JPEG's picture begins, the rest is the last part.
"""

import struct
from collections.abc import Iterator

PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
REST = 0
"""the marker of what is no segment of a JPEG any more: no segment has it"""
SCAN = b"\xff\xda"
"""how the head of a JPEG's scan begins"""


def is_webp(data: bytes) -> bool:
    """Whether the file begins as a WebP does."""
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Chunks up to IEND: eight bytes of length and kind, the body, four of a sum. What is cut is one of kind b""."""
    at, kind = 8, b""
    while kind != b"IEND" and at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        after = at + 12 + length
        if after > len(data):
            break
        yield kind, at, after
        at = after
    if kind != b"IEND":
        yield b"", at, len(data)


def jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Segments up to the first scan: two bytes of marker, two of length, the body. The last one is REST."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # padding
            at += 1
            continue
        # no segment: a reader goes on behind it, and what comes there is its own to find
        if marker in {0x00, 0xD9, SCAN[1]}:
            break
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:
            at += 2
            continue
        after = at + 2 + (data[at + 2] << 8 | data[at + 3])
        if after < at + 4 or after > len(data):
            break
        yield marker, at, after
        at = after
    yield REST, at, len(data)


def webp_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Chunks: eight bytes of kind and length, the body, one more where that is odd. The last may be cut."""
    at, end = 12, min(len(data), 8 + int.from_bytes(data[4:8], "little"))
    while at + 8 <= end:
        kind, size = struct.unpack_from("<4sI", data, at)
        after = at + 8 + size + size % 2
        yield kind, at, after
        at = after
