"""A ZIP of pictures as a stream: one file is in memory at a time, whatever their number.

Each entry is whole before it is sent, so sizes and checksums stand before the data and not behind it, which many
programs do not read where nothing is compressed. The same pictures give the same bytes.
"""

import io
import zipfile
from collections.abc import Iterable, Iterator

from sightline.search.read import SVG
from sightline.search.take.taken import Lost, Taken, told

DEFLATED = frozenset({SVG, "image/bmp", "image/x-ms-bmp"})
"""kinds that become smaller; the others are compressed already"""
WHEN = (1980, 1, 1, 0, 0, 0)
"""ZIP's first day: the index does not know when a picture was made"""
MISSING = "could not be taken.txt"


def zipped(pictures: Iterable[Taken | Lost]) -> Iterator[bytes]:
    """The bytes of a ZIP with these pictures, in pieces; those that are lost are listed in a text file inside."""
    window, lost, count = _Window(), [], 0
    with zipfile.ZipFile(window, "w") as archive:
        for one in pictures:
            count += 1
            if isinstance(one, Lost):
                lost.append(one)
                continue
            _add(archive, one.name, one.data, one.media in DEFLATED)
            yield window.drain()
        if lost:
            _add(archive, MISSING, told(lost, count).encode("utf-8", "replace"), True)
    yield window.drain()


def _add(archive: zipfile.ZipFile, name: str, data: bytes, deflated: bool) -> None:
    entry = zipfile.ZipInfo(name, WHEN)
    entry.external_attr = 0o644 << 16
    entry.create_system = 3  # Unix, on whatever system it is made
    archive.writestr(entry, data, zipfile.ZIP_DEFLATED if deflated else zipfile.ZIP_STORED)


class _Window(io.RawIOBase):
    """The end of a file whose beginning was sent already: what was written since can still be written over."""

    def __init__(self) -> None:
        self.start, self.at, self.held = 0, 0, bytearray()

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.start + self.at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: -self.start, io.SEEK_CUR: self.at, io.SEEK_END: len(self.held)}[whence]
        if base + offset < 0:
            raise OSError("what was sent cannot be written over")
        self.at = base + offset
        return self.tell()

    def write(self, data: bytes, /) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
        self.held[self.at : self.at + len(data)] = data
        self.at += len(data)
        return len(data)

    def drain(self) -> bytes:
        """What was written since the last time; it cannot be written over any more."""
        piece = bytes(self.held)
        self.start, self.at, self.held = self.start + len(piece), 0, bytearray()
        return piece
