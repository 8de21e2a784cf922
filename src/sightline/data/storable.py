"""Text that can be stored: Unicode without NULs and without halves of surrogate pairs. Whatever is not is refused."""

import codecs
import re
from typing import Any

BYTES = "sightline.bytes"
"""error handler: a byte that is no text stands as half of a surrogate pair, U+DC00 and its value"""
FLAW = re.compile("[\0\ud800-\udfff]")
MARKS = (
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


def _kept(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(0xDC00 + byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error(BYTES, _kept)


def encoding_of(data: bytes) -> str:
    """UTF-8 unless a mark in front says UTF-16 or UTF-32, as what Windows calls "Unicode text" does."""
    return next((name for mark, name in MARKS if data.startswith(mark)), "utf-8-sig")


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
