"""A typed query of several parts: words and pictures, weighed, added and taken away.

    query   = part, then any number of  " + " part  or  " - " part;  a "- " before the first takes that away
    part    = [number ": "] (words | picture)
    picture = (path that begins with ./ ../ ~/ or /  |  "id:" number) ["[x,y,w,h]"]

Signs stand free, with a space or nothing on both sides, so that `arrow-left`, `c++`, `-5 degrees` and `16:9` are words;
so is what stands in quotes, signs and all. A query without a sign between parts and without a picture is not composed:
it is the words that it was before there was this grammar, whatever signs it holds.
"""

import re
from dataclasses import dataclass
from math import inf
from typing import Any

from sightline.data.prepare.tile import Box
from sightline.search.typed.unparsed import Unparsed
from sightline.search.words import stored_words

IN = re.compile(r'(?<!\S)in:(?:"(?P<several>[^"]+)"|(?P<one>\S+))', re.IGNORECASE)
"""a folder or a set to look in"""
QUOTED = re.compile(r'(?:^|(?<=[\s:/\\]))"[^"]*"')
SIGN = re.compile(r"(?<!\S)[+-](?!\S)")
WEIGHT = re.compile(r"([^\s:]+):(?!\S)\s*")
NUMBER = re.compile(r"\d+(?:\.\d*)?|\.\d+")
PATH = re.compile(r"(?:\.{1,2}|~|[A-Za-z]:)[\\/]\S|/\S*[./]\S*")
ID = re.compile(r"id:(\d{1,18})(?=\s*(?:\[|$))", re.IGNORECASE)
REGION = re.compile(r"\s*\[([^\[\]]*)\]$")
MOST = 16
"""parts of one typed query"""
HEAVIEST = 1000.0


@dataclass(frozen=True, slots=True)
class Part:
    """Words, or a picture by its path or its number in the index, with a weight, below 0 where it is taken away."""

    weight: float
    words: str = ""
    path: str | None = None
    id: int | None = None
    image: Any = None
    """a picture that was given beside the text"""
    region: Box | None = None
    """of the picture; None for all of it"""
    at: int = 1
    """column of the text at which it begins, its sign and weight left out"""


@dataclass(frozen=True, slots=True)
class Composed:
    """The parts of a query, and the folders or sets, as stored words, in any of which it looks; () for everywhere."""

    parts: tuple[Part, ...]
    folders: tuple[str, ...]
    text: str = ""
    """as it was typed"""


def composed(text: str, *given: Part) -> Composed | None:
    """The parts of a query; None where it is plain words. Raises `Unparsed`, a ValueError with the column.

    `given` are parts beside the text, pictures; with one of them words are a part too, and may all be taken away.

    >>> [(part.weight, part.words or part.path) for part in composed("2: arrow + ./rounded.svg - circle").parts]
    [(2.0, 'arrow'), (1.0, './rounded.svg'), (-1.0, 'circle')]
    >>> composed("arrow-left c++ 16:9 -5") is composed("salt +") is None
    True
    """
    folders, plain = without_folders(text)
    masked = QUOTED.sub(lambda found: "x" * len(found[0]), plain)
    pieces = _pieces(masked)
    first = next((piece for piece in pieces if piece.filled), None)
    if first is None:
        return Composed(given, folders, text) if given else None
    signed = any(piece.filled and piece is not first for piece in pieces) or first.sign == "-"
    if not signed and not _picture(masked[first.start : first.end]):
        # signs beside nothing are words, as the weight is of a part that stands alone
        words = " ".join(_unquoted(plain).split())
        return Composed((*given, Part(1.0, words, at=first.start + 1)), folders, text) if given else None
    pieces = pieces if pieces[0].filled else pieces[1:]
    if empty := next((piece for piece in pieces if not piece.filled), None):
        what = "nothing stands after this sign" if empty is pieces[-1] else "nothing stands between two signs"
        raise Unparsed(f"{what}; signs that are words stand in quotes", text, empty.column)
    if len(pieces) > MOST:  # each passes the tower
        raise Unparsed(f"a query has at most {MOST} parts; this one has {len(pieces)}", text, pieces[MOST].column)
    parts = (*given, *(_part(text, plain, masked, piece) for piece in pieces))
    if all(part.weight < 0 for part in parts):
        why = (
            "this only takes away; say what to look for, as in 'arrow - circle', or put signs that are words in quotes"
        )
        raise Unparsed(why, text, pieces[0].column)
    return Composed(parts, folders, text)


@dataclass(frozen=True, slots=True)
class _Piece:
    """What stands from `start` to `end` of the text behind a sign; None before the first."""

    sign: str | None
    start: int
    end: int
    column: int
    """of the sign, else of the text"""
    filled: bool


def _pieces(masked: str) -> list[_Piece]:
    signs = list(SIGN.finditer(masked))
    starts = [(None, 0, 1), *((sign[0], sign.end(), sign.start() + 1) for sign in signs)]
    ends = [*(sign.start() for sign in signs), len(masked)]
    return [
        _Piece(sign, start, end, column, bool(masked[start:end].strip()))
        for (sign, start, column), end in zip(starts, ends, strict=True)
    ]


def without_folders(text: str) -> tuple[tuple[str, ...], str]:
    """The folders that `in:` names, and the text with spaces in their place."""
    folders: list[str] = []

    def taken(found: re.Match[str]) -> str:
        folder = stored_words(found["several"] or found["one"])
        if not folder:
            return found[0]
        folders.append(folder)
        return " " * len(found[0])

    plain = IN.sub(taken, text)
    return tuple(dict.fromkeys(folders)), plain


def _picture(masked: str) -> bool:
    """Whether a part without a number for its weight, or behind one, is a picture."""
    said = masked.strip()
    if (weight := WEIGHT.match(said)) and NUMBER.fullmatch(weight[1]):
        said = said[weight.end() :]
    return bool(PATH.match(said) or ID.match(said))


def _part(text: str, plain: str, masked: str, piece: _Piece) -> Part:
    start, end = piece.start, piece.end
    start += len(masked[start:end]) - len(masked[start:end].lstrip())
    end -= len(masked[start:end]) - len(masked[start:end].rstrip())
    weight = 1.0
    if found := WEIGHT.match(masked, start, end):
        weight = _weight(found[1], text, start + 1)
        start = found.end()
        if start >= end:
            raise Unparsed("nothing stands after the weight", text, found.start() + 1)
    weight = -weight if piece.sign == "-" else weight
    said = masked[start:end]
    path, number = PATH.match(said), ID.match(said)
    if path is None and number is None:
        words = plain[start:end].strip()
        return Part(weight, words=" ".join(_unquoted(words).split()), at=start + 1)
    region = None
    if found := REGION.search(said):
        region = _region(plain[start + found.start(1) : start + found.end(1)], text, start + found.start(1) + 1)
        end = start + found.start()
    if number is not None:
        return Part(weight, id=int(number[1]), region=region, at=start + 1)
    return Part(weight, path=plain[start:end].replace('"', ""), region=region, at=start + 1)


def _weight(said: str, text: str, at: int) -> float:
    value = float(said) if NUMBER.fullmatch(said) else inf
    if not 0 < value <= HEAVIEST:
        why = f"{said} is no weight: one is a number above 0 and at most {HEAVIEST:g}, as in '2: arrow + circle'"
        raise Unparsed(f"{why}; what is taken away has a - before it, and words with a colon stand in quotes", text, at)
    return value


def _region(said: str, text: str, at: int) -> Box:
    try:
        return region_of(said)
    except ValueError as error:
        raise Unparsed(str(error), text, at) from None


def region_of(said: str) -> Box:
    """A part of a picture in pixels from its upper left corner, as "x,y,w,h". Raises ValueError.

    >>> region_of("10, 20, 100, 80")
    Box(x=10, y=20, w=100, h=80)
    """
    numbers = [number.strip() for number in said.split(",")]
    if len(numbers) != 4 or not all(re.fullmatch(r"\d{1,9}", number, re.ASCII) for number in numbers):
        raise ValueError(f"a region is x,y,w,h in whole pixels, such as 10,20,100,80; got {said!r}")
    box = Box(*map(int, numbers))
    if not box.w or not box.h:
        raise ValueError(f"a region of {box.w} x {box.h} pixels holds nothing")
    return box


def _unquoted(words: str) -> str:
    return QUOTED.sub(lambda found: found[0][1:-1], words)
