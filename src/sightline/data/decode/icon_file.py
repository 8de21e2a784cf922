"""The largest picture of an icon file: Windows' ICO and CUR, Apple's ICNS. They hold one in many sizes and depths."""

import struct
from collections.abc import Iterator

from sightline.data.sample import BadSample

ICO, CUR, ICNS = b"\0\0\1\0", b"\0\0\2\0", b"icns"
PNG, JPEG2000 = b"\x89PNG\r\n\x1a\n", (b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51")


def largest(data: bytes) -> bytes:
    """A file of that picture alone, PNG or JPEG 2000 where it is stored so; of old ICNS, the file as it is."""
    if data[:4] in {ICO, CUR} and data[4:6] != b"\0\0":  # none at all: a Targa file begins so
        return _windows(data)
    if data[:4] == ICNS:
        found = [block for block in _blocks(data) if block[:8] == PNG and len(block) >= 24]
        if found:
            return max(found, key=lambda block: int.from_bytes(block[16:20]) * int.from_bytes(block[20:24]))
        # the sizes that JPEG 2000 is used for come with more bytes the larger they are
        return max((block for block in _blocks(data) if block.startswith(JPEG2000)), key=len, default=data)
    return data


def _windows(data: bytes) -> bytes:
    number = int.from_bytes(data[4:6], "little")
    best, picture, sides = (-1, -1), b"", (0, 0)
    for entry in range(6, min(6 + 16 * number, len(data) - 15), 16):
        length, at = struct.unpack_from("<II", data, entry + 8)
        block = data[at : at + length]
        if block[:8] == PNG and len(block) >= 26:
            width, height, depth = *struct.unpack_from(">II", block, 16), 32
        elif len(block) >= 40 and struct.unpack_from("<I", block)[0] >= 40:
            # height is that of the picture and of its mask
            width, height, _, depth = struct.unpack_from("<iiHH", block, 4)
            width, height = abs(width), abs(height) // 2
        else:
            continue
        if (width * height, depth) > best:
            best, picture, sides = (width * height, depth), block, (width, height)
    if not picture:
        raise BadSample(f"an icon file of {number} entries, none of them a picture")
    if picture[:8] == PNG:
        return picture
    # a byte each, 256 written as 0
    head = struct.pack("<BBBBHHII", sides[0] & 255, sides[1] & 255, 0, 0, 1, best[1], len(picture), 22)
    return ICO + struct.pack("<H", 1) + head + picture


def _blocks(data: bytes) -> Iterator[bytes]:
    at = 8
    while at + 8 <= len(data):
        length = int.from_bytes(data[at + 4 : at + 8])
        if length < 8:
            return
        yield data[at + 8 : at + length]
        at += length
