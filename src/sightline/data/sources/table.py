"""A table with a picture per row: csv, tsv, jsonl or parquet, its paths relative to the table's own folder."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sightline.data.numbers import Column, column_of_numbers, mixed, number
from sightline.data.regular import special_kind
from sightline.data.sample import BadSample, Encoded, Sample
from sightline.data.sources.caption import clean, from_name
from sightline.data.sources.keypoint import read_flip, read_keypoints
from sightline.data.sources.rows import Rows, column_of, read_rows
from sightline.data.sources.shards.members import as_written, strings, texts

IMAGE = ("image", "filepath", "file_path", "file_name", "filename", "image_path", "path", "file")
CAPTION = ("caption", "title", "text")
CAPTIONS = ("captions",)
TERMS = ("keywords", "tags", "terms")
ALT = ("alt", "alt_text")
TRANSLATION = ("translation",)
LABEL = ("label", "class", "category")
URL = ("url", "image_url")


@dataclass(eq=False)
class Table:
    """Rows of a table. `?image=COLUMN&caption=COLUMN` name columns called otherwise, `?encoding=latin-1` the text,
    `?values=COLUMN,COLUMN` numbers to be learnt."""

    path: Path
    name: str
    rows: Rows
    image: str
    caption: str | None
    label: str | None
    classes: tuple[str, ...]
    has: frozenset[str]
    keypoint_flip: tuple[int, ...] = ()
    """for each keypoint the one that it is in a mirror"""
    alt: tuple[str, ...] = ()
    """the columns of alt text"""
    translation: str | None = None
    """the column of the caption in another language"""
    columns: tuple[Column, ...] = ()
    """of numbers"""
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Sample:
        row = self.rows[index]
        image, stem = self._picture(row, index)
        values = [row.get(self.caption) if self.caption else None, *(row.get(column) for column in CAPTIONS)]
        captions = [text for value in values for text in texts(value)]
        label = row.get(self.label) if self.label else None
        return Sample(
            key=str(index),
            image=image,
            captions=tuple(dict.fromkeys(filter(None, map(clean, captions)))) or tuple(filter(None, [from_name(stem)])),
            terms=tuple(filter(None, (clean(term) for name in TERMS for term in strings(row.get(name), split=True)))),
            alt=tuple(filter(None, (clean(text) for name in self.alt for text in texts(row.get(name))))),
            translation=tuple(filter(None, map(clean, texts(row.get(self.translation) if self.translation else None)))),
            label=self.classes.index(said) if (said := _as_text(label)) else None,
            mask=self._beside(row.get("mask"), index),
            depth=self._beside(row.get("depth"), index),
            keypoints=read_keypoints(row.get("keypoints")),
            values=self._values(row, index),
            name=clean(str(row.get("name") or row.get("family") or "")),
        )

    def labels(self) -> list[int]:
        """The label of every row, told without its picture; -1 for none."""
        number = {said: label for label, said in enumerate(self.classes)}
        values = self.rows.column(self.label) if self.label else [None] * len(self)
        return [number.get(_as_text(value), -1) for value in values]

    def _values(self, row: dict[str, Any], index: int) -> np.ndarray | None:
        """The numbers of a row (k,) float32, NaN where there is none."""
        try:
            found = [number(row.get(column.name)) for column in self.columns]
        except (TypeError, ValueError) as error:
            raise BadSample(f"row {index + 1}: {error} is no number") from None
        return np.array(found, np.float32) if found else None

    def _picture(self, row: dict[str, Any], index: int) -> tuple[Encoded, str]:
        value = row.get(self.image)
        if isinstance(value, dict):
            # the form of the `datasets` library: {"bytes": ..., "path": ...}
            value = value.get("bytes") or value.get("path")
        if isinstance(value, bytes) and value:
            return value, ""
        if not isinstance(value, str) or not value.strip():
            instead = (
                f"; it holds {str(value)[:40]}, expected a path or bytes" if isinstance(value, int | float) else ""
            )
            raise BadSample(f"row {index + 1}: no picture in column {self.image!r}{instead}")
        if "://" in value:
            raise BadSample(f"row {index + 1}: {value[:100]} is an address; pictures are not downloaded")
        return self._file(value.strip(), index), Path(value.strip()).stem

    def _beside(self, value: Any, index: int) -> Encoded | None:
        if isinstance(value, bytes):
            return value
        return self._file(value, index) if isinstance(value, str) and value else None

    def _file(self, name: str, index: int) -> Path:
        """A path that is not there is told when it is read; a pipe or device must not be."""
        path = self.path.parent / name
        if "\\" in name and not path.exists():
            path = self.path.parent / name.replace("\\", "/")  # a table made on Windows
        if kind := special_kind(path):
            raise BadSample(f"row {index + 1}: {name} is {kind}, not a file")
        return path


def open_table(
    path: Path,
    name: str = "",
    *,
    split: str | None = None,
    encoding: str | None = None,
    image: str | None = None,
    caption: str | None = None,
    values: str | None = None,
) -> Table:
    """A table as a source. ValueError lists the columns found and expected, or names the place of text that is no text.

    `split` keeps the rows whose column `split` says so.
    """
    rows = read_rows(path, encoding)
    columns = rows.columns
    picture = _column("image", image, IMAGE, columns, path)
    if picture is None:
        raise ValueError(_no_pictures(path, columns))
    words = _column("caption", caption, CAPTION, columns, path)
    label = _column("label", None, LABEL, columns, path)
    # a table of nothing but files speaks by their names; other columns must not be passed over in silence
    numbers = [name.strip() for name in (values or "").split(",") if name.strip()]
    if not (words or label or numbers or {*CAPTIONS, *TERMS} & {*columns}) and len(columns) > 1:
        raise ValueError(_no_words(path, columns))
    if twice := next((name for name in (picture, words, label) if name and columns.count(name) > 1), None):
        raise ValueError(f"{path} has {columns.count(twice)} columns called {twice!r}; give each a name of its own")
    if split is not None:
        rows = _of_split(rows, split, path)
    if not len(rows):
        raise ValueError(f"{path} has no rows")
    classes = _classes(rows.column(label)) if label else ()
    has = {"image", "text", *({"mask", "depth", "keypoints"} & {*columns})} | ({"label"} if classes else set())
    # ?caption=alt makes it the caption
    alt = tuple(name for name in columns if name.lower() in ALT and name != words)
    has |= {"alt"} if alt else set()
    other = _column("translation", None, TRANSLATION, columns, path)
    has |= {"translation"} if other else set()
    flips = rows.column("keypoint_flip") if "keypoint_flip" in columns else []
    flip = read_flip(next((said for said in flips if said is not None), None))
    for column in numbers:
        _column("values", column, (), columns, path)
    learnt = tuple(column_of_numbers(column, rows.column(column), str(path)) for column in numbers)
    has |= {"values"} if learnt else set()
    known, notes = (label, tuple(mixed(label, rows.column(label)))) if label and classes else (None, ())
    kinds = frozenset(has)
    return Table(path, name or str(path), rows, picture, words, known, classes, kinds, flip, alt, other, learnt, notes)


def _of_split(rows: Rows, split: str, path: Path) -> Rows:
    if "split" not in rows.columns:
        raise ValueError(f"{path} has no column 'split' to choose {split!r} by; it has {', '.join(rows.columns)}")
    values = [_as_text(value) for value in rows.column("split")]
    if split not in values:
        known = ", ".join(sorted({*values} - {""}))
        raise ValueError(f"{path} has no split {split!r}; its column 'split' holds {known}")
    return rows.where([index for index, value in enumerate(values) if value == split])


def _column(what: str, chosen: str | None, known: Sequence[str], columns: Sequence[str], path: Path) -> str | None:
    """The column chosen by name, else the first known one there is, upper or lower case."""
    if chosen is not None:
        if chosen not in columns:
            raise ValueError(f"{path} has no column {chosen!r} for {what}; it has {', '.join(columns)}")
        return chosen
    return column_of(columns, known)


def _no_pictures(path: Path, columns: Sequence[str]) -> str:
    found = ", ".join(map(repr, columns)) or "none"
    if any(column.lower() in URL for column in columns):
        return f"{path} holds addresses (columns {found}); pictures are not downloaded: fetch them and name the files"
    return (
        f"{path} has no column of pictures. Found: {found}. Expected one of {', '.join(IMAGE)}, "
        f"or say which: {path.name}?image=COLUMN"
    )


def _no_words(path: Path, columns: Sequence[str]) -> str:
    known = ", ".join((*CAPTION, *CAPTIONS, *LABEL))
    return (
        f"{path} has no column of captions or labels. Found: {', '.join(map(repr, columns))}. Expected one of {known}, "
        f"or say which: {path.name}?caption=COLUMN"
    )


def _as_text(value: Any) -> str:
    """A label or split as written; "" for none, and for lists and the like."""
    return str(value) if isinstance(value, bool) else as_written(value)


def _classes(values: Sequence[Any]) -> tuple[str, ...]:
    """Names of the labels: words sorted; whole numbers from 0 keep their own number."""
    words = {_as_text(value) for value in values} - {""}
    if words and all(word.isdecimal() for word in words) and max(map(int, words)) < 10 * len(words) + 1000:
        return tuple(str(number) for number in range(max(map(int, words)) + 1))
    return tuple(sorted(words))
