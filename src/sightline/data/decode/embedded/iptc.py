"""Words in IPTC-IIM 4.2 (IPTC and NAA 1999).

A data set is the byte 0x1C, the record, its number, two bytes of length and the value (section 1.5); record 1 number 90
announces the character set by its ISO 2022 escape. Titles are 2:05 and 2:105, the caption 2:120, keywords 2:25.
"""

from collections.abc import Iterator

from sightline.data.decode.embedded.found import Found, Use, letters

MARK = 0x1C
USES: dict[tuple[int, int], Use] = {
    (2, 5): "title",
    (2, 25): "keyword",
    (2, 105): "title",
    (2, 120): "description",
}
CHARSET = (1, 90)
ESCAPES = {b"\x1b%G": "utf-8", b"\x1b.A": "latin-1", b"\x1b-A": "latin-1", b"\x1b%/I": "utf-8"}


def iptc(data: bytes) -> Iterator[Found]:
    """The words of the data sets, up to where they break off.

    Files without the announcement are in UTF-8 or Latin letters, and so are many with it.
    """
    encoding = ""
    for number, value in _sets(data):
        if number == CHARSET:
            encoding = ESCAPES.get(value.strip(b" \0"), "")
        elif number in USES:
            yield Found(USES[number], letters(value, encoding))


def _sets(data: bytes) -> Iterator[tuple[tuple[int, int], bytes]]:
    at = 0
    while at + 5 <= len(data) and data[at] == MARK:
        number, size = (data[at + 1], data[at + 2]), int.from_bytes(data[at + 3 : at + 5])
        at += 5
        if size & 0x8000:  # an extended one: so many bytes of length follow
            width = size & 0x7FFF
            size = int.from_bytes(data[at : at + width]) if width <= 4 else len(data)
            at += width
        if at + size > len(data):
            return
        yield number, data[at : at + size]
        at += size
