"""A file without what its pixels do not need: texts, EXIF, thumbnails, comments. What they say of the pixels is kept.

Such blocks are often broken, or larger than a reader puts up with, in pictures that are good; and some are made to
take gigabytes. So Pillow never sees them: what is needed, the orientation and the colour profile, is read here.
"""

import re
import struct
import zlib
from dataclasses import dataclass

from sightline.data.decode import orientation, tiff
from sightline.data.decode.chunks import JPEG, PNG, REST, SCAN, is_webp, jpeg_segments, png_chunks, webp_chunks
from sightline.data.sample import BadSample

MADE_OF = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"acTL", b"fcTL", b"fdAT", b"tRNS"})
CHECKED = frozenset({b"acTL", b"fcTL", b"tRNS"})
"""chunks that a picture can do without, left out where they are damaged"""
PROFILE = 4 * 2**20
"""bytes of a colour profile, unpacked; the largest in use have half of that"""
SCANS = 200
"""of a JPEG: a progressive one has ten or so; thousands over a large picture keep a machine busy for hours"""
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
SEQUENTIAL = frozenset({0xC0, 0xC1, 0xC9})
"""markers that begin the head of a JPEG's picture, and those of pictures that are sent in one pass"""
EXIF_ITEM = re.compile(rb"(infe[\x02\x03].{3}.{4,6})Exif\0", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Stripped:
    """What is left of a file, and what its metadata said of its pixels."""

    data: bytes
    orientation: int = 1
    profile: bytes | None = None
    bits: int = 0
    """significant bits of a value, where a PNG says so"""


def strip_metadata(data: bytes) -> Stripped:
    """`data` without metadata, and what that said of the pixels; what is cut or of unknown make is left for the reader
    to judge.
    """
    if data[:8] == PNG:
        return _png(data)
    if data[:3] == JPEG:
        return _jpeg(data)
    if is_webp(data):
        return _webp(data)
    if data[:4] in tiff.MAGICS:
        tiff.check(data)
        return Stripped(tiff.without_exif(data))
    if data[4:8] == b"ftyp":
        # an AVIF is turned by properties of its own; its EXIF does not count
        return Stripped(EXIF_ITEM.sub(rb"\1skip\0", data))
    return Stripped(data)


def _png(data: bytes) -> Stripped:
    """The critical chunks and those of animation and transparency; orientation, profile and bits from the others."""
    view, kept, turn, profile, bits = memoryview(data), [memoryview(PNG)], 1, None, 0
    for kind, at, after in png_chunks(data):
        block = data[at + 8 : after - 4] if kind not in MADE_OF else b""
        # a chunk whose name begins with a capital may not be passed over
        if not kind or kind in MADE_OF or not kind[0] & 0x20:
            if kind not in CHECKED or _whole(kind, view[at:after]):
                kept.append(view[at:after])
        elif kind == b"eXIf" or block.startswith((b"Raw profile type exif\0", b"Raw profile type APP1\0")):
            turn = orientation.of_exif(block if kind == b"eXIf" else raw_profile(kind, block))
        elif kind == b"iTXt" and turn == 1 and block.startswith(b"XML:com.adobe.xmp\0"):
            turn = orientation.of_xmp(block)
        elif kind == b"iCCP" and profile is None:
            profile = inflated(block.partition(b"\0")[2][1:])
        elif kind == b"sBIT" and block:
            bits = block[0]
    return Stripped(b"".join(kept), turn, profile, bits)


def _whole(kind: bytes, chunk: memoryview) -> bool:
    """Whether a chunk says what it should, and its sum is right."""
    if kind == b"acTL" and not (len(chunk) == 20 and 0 < int.from_bytes(chunk[8:12]) < 2**31):
        return False
    return zlib.crc32(chunk[4:-4]) == int.from_bytes(chunk[-4:])


def raw_profile(kind: bytes, block: bytes) -> bytes:
    """EXIF as ImageMagick writes it into PNGs: hexadecimal, after two lines of head."""
    text = block.partition(b"\0")[2]
    text = (inflated(text[1:]) or b"") if kind == b"zTXt" else text
    try:
        return bytes.fromhex(b"".join(text.split(b"\n")[3:]).decode("ascii"))
    except ValueError:
        return b""


def inflated(block: bytes) -> bytes | None:
    try:
        unpacking = zlib.decompressobj()
        made = unpacking.decompress(block, PROFILE)
        return made if unpacking.eof else None
    except zlib.error:
        return None


def _jpeg(data: bytes) -> Stripped:
    """The segments that pixels depend on; orientation and profile from the others. BadSample for too many scans."""
    view, kept, turn, said, profile = memoryview(data), [memoryview(data)[:2]], 1, False, {}
    colours, whole = 0, False
    for marker, at, after in jpeg_segments(data):
        if marker == REST:
            # a scan of all colours of a sequential picture is all of it: no reader looks for another
            whole = data[at : at + 2] == SCAN and 0 < colours == int.from_bytes(data[at + 4 : at + 5])
            kept.append(view[at:])
            break
        block = bytes(view[at + 4 : after]) if marker in {0xE1, 0xE2} else b""
        if marker in FRAMES and after >= at + 10:
            colours = data[at + 9] if marker in SEQUENTIAL else 0
        if marker == 0xE1 and block.startswith(b"Exif\0\0") and not said:
            turn, said = orientation.of_exif(block), True
        elif marker == 0xE1 and turn == 1 and block.startswith(b"http://ns.adobe.com/xap/1.0/\0"):
            turn = orientation.of_xmp(block)
        elif marker == 0xE2 and block.startswith(b"ICC_PROFILE\0") and len(block) > 14:
            profile[block[12]] = block[14:]
        # a JFIF head that is cut is more than Pillow bears
        if marker == 0xEE or marker == 0xE0 and after - at >= 18 or not (0xE0 <= marker <= 0xEF or marker == 0xFE):
            kept.append(view[at:after])
    left = b"".join(kept)
    # counting reads every byte once more, a tenth of what decoding them takes; a phone may have put a film behind them
    if not whole and (scans := left.count(SCAN)) > SCANS:
        raise BadSample(f"bomb: a JPEG of {scans:,} scans, the limit is {SCANS}")
    icc = b"".join(profile[number] for number in sorted(profile))
    return Stripped(left, turn, icc if 0 < len(icc) <= PROFILE else None)


def _webp(data: bytes) -> Stripped:
    """All chunks but EXIF and XMP, and the flags that announce those taken out; orientation from them."""
    view, kept, turn = memoryview(data), [], 1
    for kind, at, after in webp_chunks(data):
        if kind == b"EXIF":
            turn = orientation.of_exif(data[at + 8 : after])
        elif kind == b"XMP ":
            turn = orientation.of_xmp(data[at + 8 : after]) if turn == 1 else turn
        elif kind == b"VP8X" and at + 8 < len(data):
            # the flags of EXIF and XMP are taken out with them
            kept += [view[at : at + 8], bytes([data[at + 8] & ~0x0C]), view[at + 9 : after]]
        else:
            kept.append(view[at:after])
    body = b"".join(kept)
    return Stripped(b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body, turn)
