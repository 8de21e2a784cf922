"""A text found inside a picture file, with what it is there for; and bytes of unknown encoding as text."""

from typing import Literal, NamedTuple

Use = Literal["title", "description", "keyword", "machine"]
"""`machine` is a camera's maker, its model, a program: what others of these texts may only repeat"""
BLOCK = 2**20
"""bytes or characters of one block that are read: people's words take thousands, histories of edits take millions"""
LARGEST = 16 * BLOCK
"""bytes of a block that is looked into at all"""


class Found(NamedTuple):
    """One text as the file has it."""

    use: Use
    text: str


def letters(data: bytes, encoding: str = "") -> str:
    """Text up to the first NUL: in `encoding`, else UTF-8 where it is that, else as Windows writes Latin letters.

    >>> letters("Café".encode()), letters("Café".encode("latin-1")), letters("Café".encode(), "latin-1")
    ('Café', 'Café', 'CafÃ©')
    """
    for codec in (encoding, "utf-8", "cp1252"):
        try:
            if codec:
                return data.decode(codec).partition("\0")[0].lstrip("\ufeff")
        except UnicodeError:
            continue
    return data.decode("latin-1").partition("\0")[0]
