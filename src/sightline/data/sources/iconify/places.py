"""Where the members of a JSON object lie in its text, so that one of them can be read again without the others."""

import json
import re
from collections.abc import Callable
from typing import Any

SPACE = re.compile(r"[ \t\n\r]*")
DECODER = json.JSONDecoder()


def walk(text: str, at: int, member: Callable[[str, int], int]) -> int:
    """Calls `member(key, start of its value)` for each member of the object at `at`, which answers where that ends.

    The text is bytes read as latin-1, so that places in it are those in the file; keys are given as what they say in
    UTF-8. Returns where the object ends. Raises json.JSONDecodeError at what is no JSON.
    """
    at = _expect(text, at, "{")
    if text[at : at + 1] == "}":
        return at + 1
    while True:
        if text[at : at + 1] != '"':
            raise json.JSONDecodeError("expected a name in double quotes", text, at)
        key, end = DECODER.raw_decode(text, at)
        key = key if key.isascii() else value_of(text, at, end)
        at = _space(text, member(key, _expect(text, end, ":")))
        if text[at : at + 1] == "}":
            return at + 1
        at = _expect(text, at, ",")


def end_of(text: str, at: int) -> int:
    """Where the value at `at` ends."""
    return DECODER.raw_decode(text, at)[1]


def value_of(text: str, start: int, end: int) -> Any:
    """What the value between two places says. UnicodeDecodeError where it is not UTF-8."""
    return json.loads(text[start:end].encode("latin-1").decode())


def _space(text: str, at: int) -> int:
    found = SPACE.match(text, at)
    return found.end() if found else at


def _expect(text: str, at: int, letter: str) -> int:
    """The place behind `letter` and the space around it."""
    at = _space(text, at)
    if text[at : at + 1] != letter:
        raise json.JSONDecodeError(f"expected {letter!r}", text, at)
    return _space(text, at + 1)
