"""The rows of a csv or tsv, one by one: a row that is damaged costs no other one."""

import csv
import io
from collections.abc import Iterator

Row = tuple[int, list[str] | str]
"""number of its first line, and its fields or what is wrong with it"""


def separated(text: str, mark: str) -> Iterator[Row]:
    """The rows of a text, the first of them the header. A quote that is never closed spoils its own line only."""
    lines = list(io.StringIO(text, newline=""))
    at = 0
    while at < len(lines):
        first = at
        reader = csv.reader((lines[number] for number in range(first, len(lines))), delimiter=mark, strict=True)
        try:
            for fields in reader:
                if any(fields):
                    yield at + 1, fields
                at = first + reader.line_num
        except csv.Error as error:
            yield at + 1, _leniently(lines[at], mark) or f"a quote out of place ({error})"
            at += 1


def mark_of(text: str, ending: str) -> str:
    """What stands between the fields."""
    if ending == ".tsv":
        return "\t"
    # the header tells: open_clip's "csv" has tabs, spreadsheets of half of Europe write semicolons
    header = text.lstrip("\r\n").split("\n", 1)[0]
    return next((mark for mark in "\t;" if mark in header and "," not in header), ",")


def _leniently(line: str, mark: str) -> list[str] | None:
    """Fields of a line in which all quotes are closed, though letters follow one: `"red" apple`."""
    if line.count('"') % 2:
        return None
    try:
        return next(csv.reader([line], delimiter=mark), None)
    except csv.Error:
        return None
