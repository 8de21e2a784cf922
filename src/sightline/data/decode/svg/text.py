"""The text of an SVG, in whatever encoding its bytes are: by a byte-order mark, the shape of the first bytes, or what
its XML declaration says.

The parser knows four encodings; drawing programs of the 2000s declare GB2312, Shift_JIS, windows-1251 and dozens more.
So the bytes are decoded here, by Python's codecs, and the parser is given text.
"""

import codecs
import re

import webencodings

from sightline.data.sample import BadSample
from sightline.data.storable import marked_encoding

SHAPES = (
    (re.compile(rb"[<\s]\0\0\0"), "utf-32-le"), (re.compile(rb"\0\0\0[<\s]"), "utf-32-be"),
    (re.compile(rb"[<\s]\0"), "utf-16-le"), (re.compile(rb"\0[<\s]"), "utf-16-be"),
)  # fmt: skip
"""how the first character of XML, a `<` or a space, begins a text without a mark"""
EBCDIC = b"\x4c\x6f\xa7\x94"
"""`<?xm` on mainframes"""
DECLARED = re.compile(r"""\s*<\?xml[^>]*?\sencoding\s*=\s*["']([^"'>]{1,100})["']""")
NOT_WRITING = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"})
"""codecs of text that are no way to write a document"""
WIDER = {
    "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "euc_kr": "cp949", "big5": "big5hkscs",
    "iso8859-1": "cp1252", "ascii": "cp1252",
}  # fmt: skip
"""what programs that declare the left one write in fact; tried where the left one fails"""


def is_svg(data: bytes) -> bool:
    """By content: XML of any encoding that holds an `<svg`."""
    if data[:4] == EBCDIC:
        return b"\x4c\xa2\xa5\x87" in data  # "<svg"
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"} or b"\0" in data[:4]:
        if data[:8].replace(b"\0", b"").lstrip(b"\xff\xfe \t\r\n")[:1] not in {b"", b"<"}:
            return False
        data = data.replace(b"\0", b"").lstrip(b"\xff\xfe")
    return data.removeprefix(b"\xef\xbb\xbf")[:4096].lstrip()[:1] == b"<" and (b"<svg" in data or b":svg" in data)


def text_of(data: bytes) -> str:
    """The SVG decoded, without its byte-order mark. BadSample names an encoding that is unknown or not kept."""
    if encoding := marked_encoding(data):
        return _decoded(data, encoding)
    for shape, encoding in SHAPES:
        if shape.match(data):
            return _decoded(data, encoding)
    start = data[:1024].decode("cp037" if data[:4] == EBCDIC else "latin-1")
    match = DECLARED.match(start)
    return _decoded(data, _codec(match[1]) if match else "utf-8")


def _codec(declared: str) -> str:
    """The codec's name. A text whose declaration could be read byte by byte is not UTF-16, whatever it says."""
    name = declared.strip()
    if not _writes(name):
        known = webencodings.lookup(name)  # the Web's own labels, such as x-sjis
        if known is None:
            raise BadSample(f"SVG in an unknown encoding: {declared!r}")
        name = known.codec_info.name
    plain = name.lower().replace("-", "_").replace(" ", "_")
    return "utf-8" if plain.startswith(("utf_16", "utf16", "utf_32", "utf32", "ucs", "u16", "u32")) else name


def _writes(name: str) -> bool:
    """A codec of Python's that turns bytes into a document; `hex`, `zip` and `idna` are codecs too."""
    try:
        if codecs.lookup(name).name.replace("-", "_") in NOT_WRITING:
            return False
        b" ".decode(name)
    except UnicodeError:
        return True  # UTF-16 wants two bytes
    except (LookupError, ValueError):
        return False
    return True


def _decoded(data: bytes, encoding: str) -> str:
    """The text, by `encoding` or by the wider one that programs mean by it. BadSample where neither fits."""
    try:
        return data.decode(encoding)
    except UnicodeError as error:
        wider = WIDER.get(codecs.lookup(encoding).name)
        if wider is not None:
            try:
                return data.decode(wider)
            except UnicodeError:
                pass
        place = f", byte {error.start:,}" if isinstance(error, UnicodeDecodeError) else ""
        raise BadSample(
            f"SVG is not in {encoding.removesuffix('-sig')}, as it says{place}: write it in UTF-8"
        ) from error
