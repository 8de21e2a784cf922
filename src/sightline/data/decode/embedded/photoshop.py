"""Words among the image resources that Photoshop writes into JPEG, TIFF and PSD (Adobe Photoshop File Formats)."""

from collections.abc import Iterator

from sightline.data.decode.embedded.found import LARGEST, Found
from sightline.data.decode.embedded.iptc import iptc
from sightline.data.decode.embedded.xmp import xmp

SIGNATURES = frozenset({b"8BIM", b"MeSa", b"AgHg", b"PHUT", b"DCSR"})
"""what a resource begins with: Photoshop's own, and those of programs beside it"""
READERS = {0x0404: iptc, 0x0424: xmp}


def photoshop(data: bytes) -> Iterator[Found]:
    """The words of the resources: each a signature, a number, a name and a value, both of even lengths."""
    at = 0
    while at + 12 <= len(data) and data[at : at + 4] in SIGNATURES:
        number = int.from_bytes(data[at + 4 : at + 6])
        at += 6 + (data[at + 6] // 2 + 1) * 2  # a byte of length and the name, together even
        size = int.from_bytes(data[at : at + 4])
        if number in READERS and size <= LARGEST:
            yield from READERS[number](data[at + 4 : at + 4 + size])
        at += 4 + size + size % 2
