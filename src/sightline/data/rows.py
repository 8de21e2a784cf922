"""Rows of a csv, tsv, jsonl or parquet file, with what is wrong in the file said by line and byte."""

import csv
import io
import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

ROW_GROUPS = 2
"""groups of a parquet file's picture columns kept at a time; their rows are read together"""


@runtime_checkable
class Rows(Protocol):
    """Random access to rows as dictionaries."""

    columns: tuple[str, ...]

    def __len__(self) -> int: ...
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    def column(self, name: str) -> list[Any]: ...
    def where(self, keep: Sequence[int]) -> "Rows": ...


def read_rows(path: Path, encoding: str | None = None) -> Rows:
    """Open a table by its ending. ValueError for what is malformed, with the line."""
    ending = path.suffix.lower()
    if ending == ".parquet":
        return ParquetRows(path)
    text = _text(path, encoding)
    return Listed(_jsonl(text, path)) if ending == ".jsonl" else _separated(text, path, ending)


class Listed:
    """Rows held in memory."""

    def __init__(self, rows: Sequence[dict[str, Any]], columns: tuple[str, ...] | None = None) -> None:
        self.rows = rows
        self.columns = columns or tuple(dict.fromkeys(key for row in rows for key in row))

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self.rows[index]

    def column(self, name: str) -> list[Any]:
        return [row.get(name) for row in self.rows]

    def where(self, keep: Sequence[int]) -> "Listed":
        return Listed([self.rows[index] for index in keep], self.columns)


class ParquetRows:
    """Words in memory; columns that hold bytes (pictures) are read by row group when a row is asked for."""

    def __init__(self, path: Path, keep: Sequence[int] | None = None) -> None:
        self.path = path
        file = _parquet(path)
        schema = file.schema_arrow
        self.columns: tuple[str, ...] = tuple(schema.names)
        self.heavy = [field.name for field in schema if "binary" in str(field.type)]
        light = [name for name in self.columns if name not in self.heavy]
        self.light = file.read(columns=light).to_pylist() if light else [{}] * file.metadata.num_rows
        self.starts = [0]
        for group in range(file.metadata.num_row_groups):
            self.starts.append(self.starts[-1] + file.metadata.row_group(group).num_rows)
        self.keep = list(keep) if keep is not None else list(range(len(self.light)))

    def __len__(self) -> int:
        return len(self.keep)

    def __getitem__(self, index: int) -> dict[str, Any]:
        row = self.keep[index]
        if not self.heavy:
            return self.light[row]
        group = max(g for g, start in enumerate(self.starts[:-1]) if start <= row)
        pictures = _row_group(self.path, group, tuple(self.heavy))
        offset = row - self.starts[group]
        return self.light[row] | {name: pictures.column(name)[offset].as_py() for name in self.heavy}

    def column(self, name: str) -> list[Any]:
        return [self.light[row].get(name) for row in self.keep]

    def where(self, keep: Sequence[int]) -> "ParquetRows":
        return ParquetRows(self.path, [self.keep[index] for index in keep])


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


def _text(path: Path, encoding: str | None) -> str:
    data = path.read_bytes()
    if encoding is None:
        # what spreadsheet programs write as "Unicode text" says so in its first two bytes
        encoding = "utf-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        name = encoding.removesuffix("-sig")
        raise ValueError(
            f"{path}, line {line}: the byte {data[error.start : error.start + 1].hex()} at offset {error.start} is not "
            f"{name} text; save the file as UTF-8 or name its encoding: {path.name}?encoding=latin-1"
        ) from error
    except LookupError as error:
        raise ValueError(
            f"unknown encoding {encoding!r}; for example utf-8, latin-1, cp1252, utf-16, shift_jis"
        ) from error


def _separated(text: str, path: Path, ending: str) -> Listed:
    header = text.split("\n", 1)[0]
    # spreadsheets of countries with a decimal comma write `;`
    # the header tells: open_clip's "csv" has tabs, spreadsheets of half of Europe write semicolons
    apart = next((mark for mark in "\t;" if mark in header and "," not in header), ",")
    mark = "\t" if ending == ".tsv" else apart
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=mark)
    try:
        rows = list(reader)
    except csv.Error as error:
        raise ValueError(f"{path}, line {reader.line_num}: {error}") from error
    if reader.fieldnames is None:
        raise ValueError(f"{path} is empty; expected a first line with the names of the columns")
    # fields beyond the header stand under None; fields that a short row lacks are None
    columns = tuple(name.strip() for name in reader.fieldnames if name)
    return Listed([{(name or "").strip(): value for name, value in row.items() if name} for row in rows], columns)


def _jsonl(text: str, path: Path) -> list[dict[str, Any]]:
    rows = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                row = json.loads(line)
            except ValueError as error:
                raise ValueError(f"{path}, line {number}: {error}") from error
            if not isinstance(row, dict):
                raise ValueError(f"{path}, line {number}: expected an object, got {line[:60]}")
            rows.append(row)
    return rows
