"""How a picture is to be turned to stand upright: the one tag of EXIF or XMP that pixels depend on.

Read by itself: the whole of an EXIF block may be broken, or made to take gigabytes, in a picture that is good.
"""

import re
import struct

from PIL import Image

TAG = 0x0112
SIZES = {1: "B", 3: "H", 4: "I"}
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
XMP = re.compile(rb"tiff:Orientation\s*(?:=\s*[\"']|>)\s*([1-8])")


def of_exif(block: bytes) -> int:
    """1 to 8 as EXIF numbers them; 1, upright, where the block does not say or cannot be read."""
    while block[:6] == b"Exif\0\0":
        block = block[6:]
    order = {b"II": "<", b"MM": ">"}.get(block[:2])
    if order is None:
        return 1
    try:
        (at,) = struct.unpack_from(order + "I", block, 4)
        (number,) = struct.unpack_from(order + "H", block, at)
        for entry in range(at + 2, at + 2 + 12 * number, 12):
            tag, kind = struct.unpack_from(order + "HH", block, entry)
            if tag == TAG and kind in SIZES:
                (value,) = struct.unpack_from(order + SIZES[kind], block, entry + 8)
                return value if value in TURNS else 1
    except struct.error:
        pass
    return 1


def of_xmp(block: bytes) -> int:
    """As `of_exif`, of an XMP packet."""
    found = XMP.search(block)
    return int(found[1]) if found else 1


def sideways(orientation: int) -> bool:
    """Whether width and height change places."""
    return orientation >= 5


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """The picture upright."""
    return image.transpose(TURNS[orientation]) if orientation in TURNS else image
