"""Words in the text chunks of a PNG (W3C PNG 3, section 11.3.3): tEXt and zTXt in Latin-1, iTXt in UTF-8.

ImageMagick writes whole EXIF, IPTC and XMP blocks into such chunks, in hexadecimal.
"""

from collections.abc import Iterator

from sightline.data.decode.chunks import png_chunks
from sightline.data.decode.embedded.exif import exif
from sightline.data.decode.embedded.found import Found, Use, letters
from sightline.data.decode.embedded.iptc import iptc
from sightline.data.decode.embedded.photoshop import photoshop
from sightline.data.decode.embedded.xmp import xmp
from sightline.data.decode.pixels_only import inflated, raw_profile

USES: dict[str, Use] = {
    **dict.fromkeys(("title", "caption"), "title"),
    "description": "description",
    **dict.fromkeys(("keywords", "tags"), "keyword"),
    "software": "machine",
}
PACKETS = {
    "xml:com.adobe.xmp": xmp,
    "raw profile type xmp": xmp,
    "raw profile type exif": exif,
    "raw profile type app1": exif,
    "raw profile type iptc": lambda data: photoshop(data) if data[:4] == b"8BIM" else iptc(data),
}
KNOWN = frozenset({*USES, *PACKETS})
TEXTS = frozenset({b"tEXt", b"zTXt", b"iTXt"})


def blocks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(kind, body) of the chunks of a PNG that may hold words."""
    for kind, at, after in png_chunks(data):
        if kind == b"eXIf" or (kind in TEXTS and _key(data[at + 8 : min(at + 88, after - 4)]) in KNOWN):
            yield kind, data[at + 8 : after - 4]


def chunk(kind: bytes, body: bytes) -> Iterator[Found]:
    """The words of one of `blocks`."""
    if kind == b"eXIf":
        yield from exif(body)
        return
    name, rest = _key(body), body.partition(b"\0")[2]
    if name in PACKETS:
        raw = raw_profile(kind, body) if name.startswith("raw") else _content(kind, rest)
        yield from PACKETS[name](raw)
    elif name in USES:
        # a tEXt is Latin-1 by the standard, UTF-8 by many programs; what can be read as that hardly ever is not
        yield Found(USES[name], letters(_content(kind, rest)))


def _key(body: bytes) -> str:
    """What a text is called: up to 79 bytes."""
    return body[:80].partition(b"\0")[0].decode("latin-1").strip().lower()


def _content(kind: bytes, rest: bytes) -> bytes:
    """The text behind the key of a chunk, unpacked; b"" where that is broken or too long."""
    if kind == b"tEXt":
        return rest
    if kind == b"zTXt":
        return inflated(rest[1:]) or b""
    packed, text = rest[:1] == b"\1", rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    return (inflated(text) or b"") if packed else text
