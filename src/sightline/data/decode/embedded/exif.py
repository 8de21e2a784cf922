"""Words in EXIF (CIPA DC-008-2019) and in the tags of a TIFF, which have the same form.

Besides texts of its own such a directory may hold an XMP packet, IPTC data and Photoshop's resources.
"""

from collections.abc import Iterator

from sightline.data.decode import tiff
from sightline.data.decode.embedded.found import LARGEST, Found, Use, letters
from sightline.data.decode.embedded.iptc import iptc
from sightline.data.decode.embedded.photoshop import photoshop
from sightline.data.decode.embedded.xmp import xmp

TEXTS: dict[int, Use] = {270: "description", 271: "machine", 272: "machine", 305: "machine"}
"""of the picture, the camera's maker, its model, the program"""
WINDOWS: dict[int, Use] = {40091: "title", 40092: "description", 40094: "keyword", 40095: "title"}
"""XPTitle, XPComment, XPKeywords, XPSubject: UTF-16 in the order of the least byte first, whatever the file's order"""
COMMENT = 37510
CHARSETS = {b"ASCII": "", b"JIS": "iso2022_jp", b"": ""}
"""by the first eight bytes of a UserComment (section 4.6.5), NULs left out"""
BLOCKS = {700: xmp, 33723: iptc, 34377: photoshop}
WANTED = frozenset({*TEXTS, *WINDOWS, *BLOCKS, COMMENT})


def exif(data: bytes) -> Iterator[Found]:
    """The words of an EXIF block, or of a whole TIFF file."""
    while data[:6] == b"Exif\0\0":
        data = data[6:]
    if data[:4] not in tiff.MAGICS:
        return
    tags = tiff.raw_tags(data, WANTED, LARGEST)
    for tag, value in tags.items():
        if tag in TEXTS:
            yield Found(TEXTS[tag], letters(value))
        elif tag in WINDOWS:
            yield Found(WINDOWS[tag], value.decode("utf-16-le", "ignore").partition("\0")[0])
        elif tag == COMMENT:
            yield Found("description", _comment(value, little=data[:1] == b"I"))
        else:
            yield from BLOCKS[tag](value)


def _comment(value: bytes, *, little: bool) -> str:
    """A UserComment by the character set that its first eight bytes name; "" where they name none that is known."""
    charset, text = value[:8].rstrip(b"\0 "), value[8:]
    if charset == b"UNICODE":
        # the file's byte order by the standard; many programs write their own, and Latin letters tell which
        even, odd = text[::2].count(0), text[1::2].count(0)
        little = little if even == odd else odd > even
        marked = text[:2] in {b"\xff\xfe", b"\xfe\xff"}
        codec = "utf-16" if marked else "utf-16-le" if little else "utf-16-be"
        return text.decode(codec, "ignore").partition("\0")[0]
    return letters(text, CHARSETS[charset]) if charset in CHARSETS else ""
