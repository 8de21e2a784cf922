"""Rows of a csv, tsv, jsonl or parquet file; what is wrong in it is said by row and line, and costs that row only."""

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from sightline.data.decode.foreign import JSON, kind_of
from sightline.data.regular import read_regular
from sightline.data.sample import BadSample
from sightline.data.sources.separated import delimiter_of, separated
from sightline.data.storable import BYTES, encoding_of, escaped, flaw, flaw_in

ROW_GROUPS = 2
"""groups of a parquet file's picture columns kept at a time; their rows are read together"""


@runtime_checkable
class Rows(Protocol):
    """Random access to rows as dictionaries."""

    columns: tuple[str, ...]

    def __len__(self) -> int: ...
    def __getitem__(self, index: int) -> dict[str, Any]:
        """Raises BadSample for a row that is damaged."""
        ...

    def column(self, name: str) -> list[Any]:
        """One value a row, None in a damaged one."""
        ...

    def where(self, keep: Sequence[int]) -> "Rows":
        """The rows numbered in `keep`, in that order."""
        ...


def column_of(columns: Sequence[str], known: Sequence[str]) -> str | None:
    """The column of the first of the `known` names there is, upper or lower case, as the table spells it.

    >>> column_of(("Path", "LABEL"), ("label", "path"))
    'LABEL'
    """
    lower = {column.lower(): column for column in reversed(columns)}
    return next((lower[name] for name in known if name in lower), None)


def read_rows(path: Path, encoding: str | None = None) -> Rows:
    """The rows of a table, opened by its ending.

    ValueError where nothing in it can be read, or most of it is in another encoding.
    """
    if path.suffix.lower() == ".parquet":
        return ParquetRows(path)
    data = read_regular(path)
    if (kind := kind_of(data)) and kind != JSON:
        raise ValueError(f"{path} is no table of text, but {kind}")
    text, complaint = _text(data, path, encoding)
    rows, columns = _jsonl(text) if path.suffix.lower() == ".jsonl" else _separated(text, path, complaint)
    undecoded = sum(isinstance(row, str) and "which is no text" in row for row in rows)
    if complaint and undecoded * 2 > len(rows):
        raise ValueError(complaint)
    if rows and all(isinstance(row, str) for row in rows):
        raise ValueError(f"{path}: none of its {len(rows):,} rows can be read; {rows[0]}")
    return ListedRows(rows, columns)


class ListedRows:
    """Rows held in memory; a text in place of a row says what is wrong with it."""

    def __init__(self, rows: Sequence[dict[str, Any] | str], columns: tuple[str, ...]) -> None:
        self.rows, self.columns = rows, columns

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> dict[str, Any]:
        row = self.rows[index]
        if isinstance(row, str):
            raise BadSample(row)
        return row

    def column(self, name: str) -> list[Any]:
        """As of `Rows`."""
        return [None if isinstance(row, str) else row.get(name) for row in self.rows]

    def where(self, keep: Sequence[int]) -> "ListedRows":
        """As of `Rows`."""
        return ListedRows([self.rows[index] for index in keep], self.columns)


class ParquetRows:
    """Words in memory; columns that hold bytes (pictures) are read by row group when a row is asked for."""

    def __init__(self, path: Path, keep: Sequence[int] | None = None) -> None:
        self.path = path
        file = _parquet(path)
        schema = file.schema_arrow
        self.columns: tuple[str, ...] = tuple(schema.names)
        self.heavy = [field.name for field in schema if "binary" in str(field.type)]
        light = [name for name in self.columns if name not in self.heavy]
        groups = range(file.metadata.num_row_groups)
        counts = [file.metadata.row_group(group).num_rows for group in groups]
        self.light: list[dict[str, Any] | str] = list(
            chain.from_iterable(_light(file, group, counts[group], light) for group in groups)
        )
        for number, row in enumerate(self.light):
            if wrong := row if isinstance(row, str) else _holds(flaw_in(row)):
                self.light[number] = f"row {number + 1}: {wrong}"
        self.starts = [0]
        for count in counts:
            self.starts.append(self.starts[-1] + count)
        self.keep = list(keep) if keep is not None else list(range(len(self.light)))

    def __len__(self) -> int:
        return len(self.keep)

    def __getitem__(self, index: int) -> dict[str, Any]:
        number = self.keep[index]
        row = self.light[number]
        if isinstance(row, str):
            raise BadSample(row)
        if not self.heavy:
            return row
        group = max(g for g, start in enumerate(self.starts[:-1]) if start <= number)
        try:
            pictures = _row_group(self.path, group, tuple(self.heavy))
            offset = number - self.starts[group]
            return row | {name: pictures.column(name)[offset].as_py() for name in self.heavy}
        except (OSError, ValueError) as error:
            raise BadSample(f"row {number + 1}: its part of the file cannot be read: {error}") from error

    def column(self, name: str) -> list[Any]:
        """As of `Rows`."""
        rows = (self.light[number] for number in self.keep)
        return [None if isinstance(row, str) else row.get(name) for row in rows]

    def where(self, keep: Sequence[int]) -> "ParquetRows":
        """As of `Rows`."""
        return ParquetRows(self.path, [self.keep[index] for index in keep])


def _light(file: Any, group: int, count: int, columns: list[str]) -> Iterable[dict[str, Any] | str]:
    """The rows of a group without their pictures. A damaged group is damaged rows, a text that is none spoils a row."""
    if not columns:
        return ({} for _ in range(count))
    try:
        table = file.read_row_group(group, columns=columns)
    except (OSError, ValueError) as error:
        return (f"its part of the file cannot be read: {error}" for _ in range(count))
    try:
        return table.to_pylist()
    except UnicodeDecodeError:
        return (_one(table, row) for row in range(count))


def _holds(found: str) -> str:
    return f"it holds {found}" if found else ""


def _one(table: Any, row: int) -> dict[str, Any] | str:
    try:
        return table.slice(row, 1).to_pylist()[0]
    except UnicodeDecodeError as error:
        return f"it holds the byte {error.object[error.start]:02x}, which is no text"


def _parquet(path: Path) -> Any:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise ValueError(f"{path}: parquet needs pyarrow: pip install 'sightline[train]'") from error
    try:
        return pyarrow.parquet.ParquetFile(path)
    except pyarrow.ArrowException as error:
        raise ValueError(f"{path} is no whole parquet file: {error}") from error


@lru_cache(maxsize=ROW_GROUPS)
def _row_group(path: Path, group: int, columns: tuple[str, ...]) -> Any:
    return _parquet(path).read_row_group(group, columns=list(columns))


def _text(data: bytes, path: Path, encoding: str | None) -> tuple[str, str]:
    """The text, bytes that are none kept as halves of pairs, and what to say of the first of them."""
    encoding = encoding or encoding_of(data)
    try:
        return data.decode(encoding), ""
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        name = encoding.removesuffix("-sig")
        # every other byte of western text is zero in UTF-16, whose mark some programs leave out
        likely = "utf-16-le" if data[1:200:2].count(0) > len(data[1:200:2]) // 2 else "latin-1"
        complaint = (
            f"{path}, line {line}: the byte {data[error.start : error.start + 1].hex()} at offset {error.start} is not "
            f"{name} text; save the file as UTF-8 or name its encoding: {path.name}?encoding={likely}"
        )
        return data.decode(encoding, BYTES), complaint
    except LookupError as error:
        raise ValueError(
            f"unknown encoding {encoding!r}; for example utf-8, latin-1, cp1252, utf-16, shift_jis"
        ) from error


def _separated(text: str, path: Path, complaint: str) -> tuple[list[dict[str, Any] | str], tuple[str, ...]]:
    found = separated(text, delimiter_of(text, path.suffix.lower()))
    _, header = next(found, (1, []))
    if not header:
        raise ValueError(f"{path} is empty; expected a first line with the names of the columns")
    if wrong := header if isinstance(header, str) else flaw_in(header):
        utf16 = f"; if it is UTF-16: {path.name}?encoding=utf-16-le" if "NUL" in wrong else ""
        raise ValueError(complaint or f"{path}, line 1: the names of the columns hold {wrong}{utf16}")
    names = [name.strip() for name in header]
    while names and not names[-1]:
        names.pop()  # spreadsheets end their lines with marks for cells that were once used
    rows = [_row(number, line, fields, names) for number, (line, fields) in enumerate(found, 1)]
    return rows, tuple(filter(None, names))


def _row(number: int, line: int, fields: list[str] | str, names: list[str]) -> dict[str, Any] | str:
    place = f"row {number} (line {line})"
    if isinstance(fields, str):
        return f"{place}: {fields}"
    if wrong := flaw("".join(fields)):
        return f"{place}: it holds {wrong}"
    if len(fields) < len(names) or any(field.strip() for field in fields[len(names) :]):
        return f"{place}: {len(fields)} field{'s' if len(fields) != 1 else ''} where the header names {len(names)}"
    return {name: field for name, field in zip(names, fields, strict=False) if name}


def _jsonl(text: str) -> tuple[list[dict[str, Any] | str], tuple[str, ...]]:
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    rows = [_object(number, line, json) for number, (line, json) in enumerate(lines, 1)]
    return rows, tuple(dict.fromkeys(key for row in rows if not isinstance(row, str) for key in row))


def _object(number: int, line: int, text: str) -> dict[str, Any] | str:
    place = f"row {number} (line {line})"
    if wrong := flaw(text):
        return f"{place}: it holds {wrong}"
    try:
        row = json.loads(text)
    except (ValueError, RecursionError) as error:
        return f"{place}: {error}"
    if not isinstance(row, dict):
        return f"{place}: expected an object, got {escaped(text[:60])}"
    # only a code can still say what is no text
    if "\\u" in text and (wrong := flaw_in(row)):
        return f"{place}: it holds {wrong if 'NUL' in wrong else 'half of a surrogate pair'}"
    return row
