"""Captions of a whole source: into a text beside each picture of a folder, or as rows of a table."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from sightline.data.atomic import atomic_write, write_new
from sightline.data.decode.picture import is_svg, unpacked
from sightline.data.decode.svg.head import title
from sightline.data.describe.described import Described, Reader, describe
from sightline.data.sample import BadSample, Sample, Source
from sightline.data.sources.beside import words
from sightline.data.sources.caption import from_name, from_title
from sightline.data.sources.embedded_words import embedded_words
from sightline.data.sources.folder import Folder
from sightline.data.sources.subset import Subset

Progress = Callable[[int, int | None], None]
ENDING = ".jsonl"


@dataclass
class Told:
    """What became of the pictures."""

    written: int = 0
    had: int = 0
    """captions that were there, and were left as they are"""
    bare: int = 0
    """pictures of which nothing can be told beyond their names"""
    read: int = 0
    """pictures whose caption quotes text that was read from pixels"""
    bad: dict[str, str] = field(default_factory=dict)
    """key -> reason"""


def folder_of(source: Any) -> Folder:
    """The folder whose pictures a source holds. ValueError for every other kind, with what to do."""
    inner = source.source if isinstance(source, Subset) else source
    if not isinstance(inner, Folder):
        kind = "streams, tars and tables have no place beside their pictures"
        raise ValueError(
            f"{source.name} is no folder of pictures, and captions are written beside pictures ({kind}): give the "
            f"folder, unpack the tar, or write a table with --out captions{ENDING}"
        )
    return inner


def captioned(
    source: Source, styles: bool, reader: Reader | None, told: Told, progress: Progress, *, fresh: bool = True
) -> Iterator[tuple[str, Described]]:
    """(key, description) of each picture that something can be told of; what happens to the others stands in `told`.

    With `fresh` only pictures of a folder that have no caption yet.
    """
    inner = source.source if isinstance(source, Subset) else source
    folder = inner if isinstance(inner, Folder) else None
    for place in range(len(source)):
        try:
            sample = source[place]
            if fresh and folder is not None and has_words(folder, sample.key):
                told.had += 1
            else:
                if folder is not None:
                    data = unpacked(sample.image)  # pyright: ignore[reportArgumentType]  # a folder holds files
                    sample = replace(sample, image=data, captions=names(sample, data))
                found = describe(sample, styles=styles, reader=reader)
                if found.told:
                    yield sample.key, found
                else:
                    told.bare += 1
        except BadSample as error:
            told.bad[_key(source, place)] = str(error)
        progress(place + 1, len(source))


def write_beside(source: Source, styles: bool, reader: Reader | None, told: Told, progress: Progress) -> None:
    """Writes `NAME.txt` beside each picture of a folder that has no caption; `told` counts meanwhile.

    Each text is whole or not there, so that stopping leaves nothing half-written, and the next call goes on.
    """
    folder = folder_of(source)
    names = targets(folder.files)
    for key, found in captioned(source, styles, reader, told, progress):
        line = found.caption() + "\n"
        if write_new(folder.root / names[key], line.encode(folder.encoding or "utf-8", "replace")):
            told.written += 1
            told.read += found.ocr
        else:
            told.had += 1


def write_table(source: Source, styles: bool, reader: Reader | None, told: Told, progress: Progress, out: Path) -> None:
    """Writes a row for each picture of which something can be told: its name, its caption, what that was made from."""
    with atomic_write(out) as [temporary], temporary.open("w", encoding="utf-8") as file:
        for key, found in captioned(source, styles, reader, told, progress, fresh=False):
            file.write(json.dumps(row(key, found), ensure_ascii=False) + "\n")
            told.written += 1
            told.read += found.ocr


def row(key: str, found: Described) -> dict[str, Any]:
    """A description as JSON: file_name, caption, meaning, elements, style, colours, background, text, ocr, measures."""
    measures = {} if found.look is None else asdict(found.look)
    return {
        "file_name": key,
        "caption": found.caption(),
        "meaning": found.meaning,
        "elements": found.elements,
        "style": list(found.style),
        "colours": list(found.colours),
        "background": found.ground,
        "text": found.text,
        "ocr": found.ocr,
        "measures": {name: _plain(value) for name, value in measures.items()},
    }


def targets(files: tuple[str, ...]) -> dict[str, str]:
    """Picture -> the text beside it: `a.txt` of `a.png`, or `a.png.txt` where `a.svg` lies there too."""
    stems = {file: str(PurePosixPath(file).with_suffix("")) for file in files}
    count = Counter(stem.lower() for stem in stems.values())
    return {file: (stem if count[stem.lower()] == 1 else file) + ".txt" for file, stem in stems.items()}


def names(sample: Sample, data: bytes) -> tuple[str, ...]:
    """What a picture of a folder is called: its own titles, an SVG's label, the words of its file name, else the class.

    `data` are its bytes. Captions that lie beside it are left out.
    """
    named = (*map(from_title, embedded_words(data).captions[:1]), from_title(title(data) or "" if is_svg(data) else ""))
    said = tuple(filter(None, (*named, from_name(PurePosixPath(sample.key).stem))))
    return said or sample.captions


def has_words(folder: Folder, file: str) -> bool:
    """Whether somebody wrote a caption for the picture: a row of the folder's table, or a file beside it.

    A json beside it that holds no caption is none.
    """
    if (row := folder.table_words.get(file)) is not None and row.captions:
        return True
    beside = folder.beside.get(file, ())
    return any(
        not name.lower().endswith(".json") or words(folder.root / name, folder.encoding).captions for name in beside
    )


def _key(source: Any, place: int) -> str:
    location = getattr(source, "location", None)
    found = None if location is None else location(place)
    return str(place) if found is None else " ".join(filter(None, (str(found[0]), found[1])))


def _plain(value: Any) -> Any:
    if isinstance(value, frozenset):
        return sorted(value)
    return round(value, 4) if isinstance(value, float) else value
