"""What is printed cannot drive the terminal: names, captions and reasons come from files of others.

A file may be called `a<ESC>[31mred<ESC>]0;pwn<BEL>.png`: written as it is it would colour, rename or clear the
terminal, or (by marks of direction) show another ending than it has. While `escaped_output` lasts, such characters are
written as escapes whatever is printed, so that no print can forget it. `printable_line` does the same to one name, line
breaks included, which only our own lines may have. What draws with codes of its own (a progress bar) asks for `raw`.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

BREAKS = "\t\n"
DRIVES = "\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
"""control characters (C0, DEL, C1), line separators, marks and overrides of direction, halves of surrogate pairs"""
ANY = re.compile(f"[{DRIVES}]")
ANY_OR_BREAK = re.compile(f"[{BREAKS}{DRIVES}]")
SPOKEN = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}


def printable_line(text: object) -> str:
    """A name on one line, with nothing in it that a terminal would obey.

    >>> printable_line("a\\x1b[31mred\\n\\u202egnp.exe")
    'a\\\\x1b[31mred\\\\n\\\\u202egnp.exe'
    """
    return ANY_OR_BREAK.sub(_escape, str(text))


def printable(text: str) -> str:
    """Several lines as they are, with nothing else in them that a terminal would obey."""
    return ANY.sub(_escape, text)


@contextmanager
def escaped_output() -> Iterator[None]:
    """While it lasts, what is printed to stdout and stderr goes through `Guard`."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (stream and Guard(stream) for stream in before)  # pyright: ignore[reportAttributeAccessIssue]
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def raw(stream: Any) -> Any:
    """The stream below a `Guard`, for what writes codes of its own and no name."""
    while isinstance(stream, Guard):
        stream = stream.stream
    return stream


class Guard:
    """A text stream that writes its lines as they are and everything that would drive a terminal as an escape."""

    def __init__(self, stream: Any) -> None:
        self.stream = raw(stream)

    def write(self, text: str) -> int:
        """Writes the text, escaped, and returns its length."""
        self.stream.write(printable(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """As `write`, line by line."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    # JSON has escaped what lies below 0x20 by itself; the others it may hold, and reads them back in this form
    return SPOKEN.get(found[0]) or (f"\\x{code:02x}" if code < 0x20 else f"\\u{code:04x}")
