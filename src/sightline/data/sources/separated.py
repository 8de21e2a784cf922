"""The rows of a csv or tsv, one by one: a row that is damaged costs no other one."""

import csv
import io
from collections.abc import Iterator

from sightline.data.sources.endings import PICTURES, ending_of

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
                end = first + reader.line_num
                if end - at > 1 and _swallowed(lines[at:end], mark):
                    raise csv.Error("never closed in its line")
                if any(fields):
                    yield at + 1, fields
                at = end
        except csv.Error as error:
            yield at + 1, _leniently(lines[at], mark) or f"a quote out of place ({error})"
            at += 1


def delimiter_of(text: str, ending: str) -> str:
    """The delimiter between fields of a text whose file ends in `ending`."""
    if ending == ".tsv":
        return "\t"
    # the header tells: open_clip's "csv" has tabs, spreadsheets of half of Europe write semicolons
    header = text.lstrip("\r\n").split("\n", 1)[0]
    return next((mark for mark in "\t;" if mark in header and "," not in header), ",")


def _swallowed(lines: list[str], mark: str) -> bool:
    """Whether a field over several lines holds rows: one begins with a picture where the first line has one."""

    def pictures(line: str) -> set[int]:
        return {place for place, text in enumerate(line.split(mark)) if ending_of(text.strip('" \r\n')) in PICTURES}

    first = pictures(lines[0])
    return any(first & pictures(line) for line in lines[1:])


def _leniently(line: str, mark: str) -> list[str] | None:
    """Fields of a line in which all quotes are closed, though letters follow one (`"red" apple`) or one is enormous."""
    if line.count('"') % 2:
        return None
    # the limit keeps a quote that is never closed from reading on to the end of the file; a line ends by itself
    limit = csv.field_size_limit(max(len(line), csv.field_size_limit()))
    try:
        return next(csv.reader([line], delimiter=mark), None)
    except csv.Error:
        return None
    finally:
        csv.field_size_limit(limit)
