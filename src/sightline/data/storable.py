"""Text that can be stored: Unicode without NULs and without halves of surrogate pairs. Whatever is not is refused."""

import codecs
import re
from typing import Any

BYTES = "sightline.bytes"
"""error handler: a byte that is no text stands as half of a surrogate pair, U+DC00 and its value"""
FLAW = re.compile("[\0\ud800-\udfff]")
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def _kept(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(0xDC00 + byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error(BYTES, _kept)


def marked_encoding(data: bytes) -> str:
    """The codec that the byte-order mark in front means, which leaves the mark out when decoding; "" without a mark.

    >>> marked_encoding("red".encode("utf-16")), marked_encoding(b"red")
    ('utf-16', '')
    """
    return next((name for mark, name in BYTE_ORDER_MARKS if data.startswith(mark)), "")


def encoding_of(data: bytes) -> str:
    """The codec that decodes the bytes of a text: by its byte-order mark, as what Windows calls "Unicode text" has one,
    else UTF-8.
    """
    return marked_encoding(data) or "utf-8"


def flaw(text: str) -> str:
    """Why a text cannot be stored, "" where it can.

    >>> flaw("red\\0\\0"), flaw("\\ud83d"), flaw("\\udce9t\\udce9"), flaw("red")
    ('2 NULs', 'half of a surrogate pair, d83d', 'the byte e9, which is no text', '')
    """
    found = FLAW.search(text)
    if found is None:
        return ""
    if found[0] == "\0":
        count = text.count("\0")
        return f"{count} NUL{'s' if count > 1 else ''}"
    code = ord(found[0])
    if 0xDC80 <= code <= 0xDCFF:
        return f"the byte {code - 0xDC00:02x}, which is no text"
    return f"half of a surrogate pair, {code:04x}"


def flaw_in(value: Any) -> str:
    """The first flaw of the texts in a value of lists and dictionaries, names of fields among them."""
    if isinstance(value, str):
        return flaw(value)
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    if isinstance(value, list | tuple):
        return next(filter(None, map(flaw_in, value)), "")
    return ""


def escaped(text: str) -> str:
    """The text with what cannot be stored written out, to name a thing by.

    >>> escaped("caf\\udce9.png")
    'caf\\\\udce9.png'
    """
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")
