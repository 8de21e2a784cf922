"""Words that lie beside the pictures of a folder: files of the same name, and the table of an image folder."""

import json
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from sightline.data.regular import read_regular
from sightline.data.sample import BadSample
from sightline.data.sources.caption import clean
from sightline.data.sources.endings import ending_of
from sightline.data.sources.passed import counted
from sightline.data.sources.rows import Rows, read_rows
from sightline.data.sources.shards.members import caption_of, terms_of
from sightline.data.storable import BYTES, encoding_of, escaped, flaw, flaw_in

TEXTS = (".txt", ".caption", ".captions", ".cap", ".json")
"""beside `a.png`: `a.txt` or `a.png.txt`, and so on; all that are there are read, in this order"""
TABLE = frozenset({"metadata.csv", "metadata.tsv", "metadata.jsonl", "metadata.parquet"})
"""the table of an image folder, as the `datasets` library calls it"""
FILE = ("file_name", "filename", "file", "image", "filepath", "file_path", "image_path", "path")
TEXT_BYTES = 2**20


class Words(NamedTuple):
    """Captions and terms of one picture."""

    captions: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()


def sidecars(pictures: Iterable[str], texts: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Picture -> the files of its words; capitals matter only where names differ by nothing else."""
    exact: dict[tuple[str, str], str] = {}
    loose: dict[tuple[str, str], str] = {}
    for text in texts:
        ending = ending_of(text)
        stem = text[: -len(ending)]
        exact[stem, ending] = loose[stem.lower(), ending] = text
    if not exact:
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for picture in pictures:
        stem = str(PurePosixPath(picture).with_suffix(""))
        places = [(name, ending) for ending in TEXTS for name in (stem, picture)]
        beside = [exact.get(place) or loose.get((place[0].lower(), place[1]), "") for place in places]
        if any(beside):
            found[picture] = tuple(dict.fromkeys(filter(None, beside)))
    return found


def words(path: Path, encoding: str | None = None) -> Words:
    """What a file beside a picture says: each line a caption, or the captions and terms of a json. Raises BadSample."""
    try:
        data = read_regular(path, TEXT_BYTES)
    except OSError as error:
        raise BadSample(f"{escaped(path.name)} beside it: {error.strerror or error}") from error
    # the letter at the limit may be cut
    text = _letters(data, encoding or encoding_of(data), whole=len(data) < TEXT_BYTES)
    if found := flaw(text):
        raise BadSample(
            f"{escaped(path.name)} beside it holds {found}; save it as UTF-8, or name its encoding: ?encoding=latin-1"
        )
    if path.suffix.lower() != ".json":
        return Words(tuple(filter(None, map(clean, text.splitlines()))))
    if len(data) == TEXT_BYTES:
        return Words()  # annotations with pictures inside, no captions
    try:
        said = json.loads(text) if text.strip() else {}
    except (ValueError, RecursionError) as error:
        raise BadSample(f"{escaped(path.name)} beside it is malformed json: {error}") from error
    if found := flaw_in(said):
        raise BadSample(f"{escaped(path.name)} beside it holds {found}")
    return Words(tuple(filter(None, map(clean, caption_of(said)))), tuple(filter(None, map(clean, terms_of(said)))))


def _letters(data: bytes, encoding: str, whole: bool) -> str:
    import codecs

    try:
        decoder: Any = codecs.getincrementaldecoder(encoding)(BYTES)
    except LookupError as error:
        raise ValueError(f"unknown encoding {encoding!r}; for example utf-8, latin-1, cp1252, utf-16") from error
    return decoder.decode(data, final=whole)


@dataclass
class TableWords:
    """What the tables of an image folder say of its pictures."""

    words: dict[str, Words] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def tables(root: Path, pictures: Sequence[str], files: Iterable[str], encoding: str | None = None) -> TableWords:
    """Read the `files` (below `root`) that are tables of an image folder; what is wrong with one is a note."""
    tabled = TableWords()
    # a Mac writes accents as letters of their own, most others do not
    names = {unicodedata.normalize("NFC", picture): picture for picture in pictures}
    for file in files:
        try:
            rows = read_rows(root / file, encoding)
        except (ValueError, OSError) as error:
            tabled.notes.append(f"{file} was not read: {str(error).removeprefix(f'{root / file}').lstrip(' ,:')}")
            continue
        column = _column(rows.columns, FILE)
        columns = [name for name in rows.columns if _says(name)]
        if column is None or not columns:
            lacks = "file names (file_name)" if column is None else "captions (caption, text, ...) or keywords"
            tabled.notes.append(
                f"{file} was not read: it has no column of {lacks}, but {', '.join(map(escaped, rows.columns))}; "
                f"a column of another name is given as in {root / file}?image=COLUMN&caption=COLUMN"
            )
            continue
        lost, bad = _take(tabled, rows, column, columns, PurePosixPath(file).parent, names)
        if lost:
            tabled.notes.append(
                f"{file}: {counted(len(lost), 'row')} for pictures that are not there, such as {escaped(lost[0])}"
            )
        if bad:
            tabled.notes.append(f"{file}: {counted(len(bad), 'row')} could not be read; {bad[0]}")
    return tabled


def _take(
    tabled: TableWords, rows: Rows, column: str, columns: list[str], folder: PurePosixPath, names: dict[str, str]
) -> tuple[list[str], list[str]]:
    """Adds the words of each row; gives the names that are no picture's, and why rows could not be read."""
    lost, bad = list[str](), list[str]()
    for row in _readable(rows, bad):
        for name in _names(row.get(column)):
            place = unicodedata.normalize("NFC", str(folder / name.replace("\\", "/")))
            picture = names.get(place.removeprefix("./"))
            if picture is None:
                lost.append(name)
                continue
            cells = {key: row.get(key) for key in columns}
            before = tabled.words.get(picture, Words())
            captions = (*before.captions, *filter(None, map(clean, caption_of(cells))))
            terms = (*before.terms, *filter(None, map(clean, terms_of(cells))))
            tabled.words[picture] = Words(tuple(dict.fromkeys(captions)), tuple(dict.fromkeys(terms)))
    return lost, bad


def _readable(rows: Rows, bad: list[str]) -> Iterator[dict[str, Any]]:
    for index in range(len(rows)):
        try:
            yield rows[index]
        except BadSample as error:
            bad.append(str(error))


def _names(value: Any) -> list[str]:
    if isinstance(value, dict):
        value = value.get("path")
    several = value if isinstance(value, list | tuple) else [value]
    return [name.strip() for name in several if isinstance(name, str) and name.strip()]


def _column(columns: Sequence[str], known: Sequence[str]) -> str | None:
    lower = {column.lower(): column for column in reversed(columns)}
    exact = next((lower[name] for name in known if name in lower), None)
    return exact or next((lower[name] for name in lower if name.endswith(("_file_name", "_file_names"))), None)


def _says(column: str) -> bool:
    """Whether captions or terms are looked for under this name."""
    return bool(caption_of({column: "a"}) or terms_of({column: "a"}))
