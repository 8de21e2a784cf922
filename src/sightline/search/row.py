"""A row of the table `picture`, and what may stand in it: text that SQLite, FTS5 and every reader of UTF-8 can hold."""

from typing import NamedTuple

from sightline.data.storable import FLAW

LARGEST = 2**63 - 1


class Row(NamedTuple):
    """A row of `picture`, without its id."""

    place: str
    source: str
    key: str
    path: str | None
    name: str
    captions: str
    """JSON list: captions, then terms"""
    called: str
    said: str
    within: str
    hash: str
    size: int
    mtime: int

    @property
    def texts(self) -> tuple[str, str, str, str]:
        """What it is called, what is said of it and where it lies, as stored."""
        return self.captions, self.called, self.said, self.within


COLUMNS = ", ".join(Row._fields)
CHANGES = ", ".join(f"{name} = excluded.{name}" for name in Row._fields[1:])


def storable(text: str) -> str:
    """Words that can be kept: what is no character is shown as one that stands for it.

    >>> storable("half a pair \\ud83d")
    'half a pair \ufffd'
    """
    return FLAW.sub("\ufffd", text)


def why_unstorable(place: str) -> str | None:
    """Why the place of a picture cannot be stored, None where it can: a changed place would be another one."""
    if "\0" in place:
        return "its name holds a NUL; rename it"
    return "its name is not UTF-8; rename it" if FLAW.search(place) else None


def number(value: int) -> int:
    """A size or a time as SQLite can hold it; a file's time may lie in any century."""
    return max(-LARGEST, min(LARGEST, value))
