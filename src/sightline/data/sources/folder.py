"""A folder of pictures, flat or with a class per subfolder, as it lies on a designer's disk."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sightline.data.decode.svg.rasterize import title
from sightline.data.regular import read_regular
from sightline.data.sample import BadSample, Sample
from sightline.data.sources.beside import TABLE, TEXTS, Words, sidecars, tables, words
from sightline.data.sources.caption import from_name, from_title
from sightline.data.sources.endings import PICTURES, TABLES, ending_of
from sightline.data.sources.passed import foreign_among, notes_of, sniffed
from sightline.data.sources.walk import Found, walk
from sightline.data.storable import escaped, flaw

SPLITS = frozenset({"train", "training", "test", "testing", "val", "valid", "validation", "dev"})


@dataclass(eq=False)
class Folder:
    """Every picture below `root`, in sorted order. Labels only if all of them lie in subfolders.

    Captions, best first: its row in `metadata.csv`, the lines of `name.txt` beside the picture, an SVG's own title, the
    words of the file name, the words of the class.
    """

    root: Path
    name: str
    files: tuple[str, ...]
    """paths below `root`, with forward slashes"""
    beside: dict[str, tuple[str, ...]]
    """picture -> the files of words beside it"""
    table_words: dict[str, Words]
    """picture -> what the folder's tables say of it"""
    classes: tuple[str, ...]
    has: frozenset[str]
    notes: tuple[str, ...] = field(default=())
    unread: tuple[str, ...] = field(default=())
    """absolute paths below which there may be pictures that could not be seen"""
    encoding: str | None = None
    """of the files of words; None: UTF-8, or what their mark says"""

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> Sample:
        file = self.files[index]
        if flaw(file):
            raise BadSample(f"{escaped(file)}: its name is not UTF-8; rename it")
        path = self.root / file
        listed = self.table_words.get(file, Words())
        found, terms = list(listed.captions), list(listed.terms)
        for beside in self.beside.get(file, ()):
            try:
                said = words(self.root / beside, self.encoding)
            except BadSample as error:
                raise BadSample(f"{file}: {error}") from error
            found += said.captions
            terms += said.terms
        if path.suffix.lower() == ".svg":
            found.append(self._title(path))
        found.append(from_name(path.stem))
        kind = file.split("/", 1)[0] if self.classes else ""
        captions = tuple(dict.fromkeys(text for text in found if text)) or tuple(filter(None, [from_name(kind)]))
        label = self.classes.index(kind) if kind else None
        return Sample(key=file, image=path, captions=captions, terms=tuple(dict.fromkeys(terms)), label=label)

    def labels(self) -> list[int]:
        """The label of every sample, told without opening a file; -1 for none."""
        number = {kind: label for label, kind in enumerate(self.classes)}
        return [-1 if flaw(file) else number.get(file.split("/", 1)[0], -1) for file in self.files]

    def location(self, index: int) -> tuple[Path, str]:
        """The file of a sample and the place in it, told without opening it."""
        return self.root / self.files[index], ""

    def _title(self, path: Path) -> str:
        """The title as words: drawing programs often write a file name there, or nothing but "Layer 1"."""
        try:
            return from_title(title(read_regular(path)) or "")
        except OSError:
            # told as a bad sample when its pixels are wanted
            return ""


def open_folder(
    root: Path,
    name: str = "",
    *,
    follow: bool = False,
    exclude: Sequence[str] = (),
    encoding: str | None = None,
) -> Folder:
    """The pictures of a folder, listed once. ValueError where it holds no picture, or splits that nobody chose between.

    `follow` enters links that lead out of it; `exclude` are patterns of what is left out (`walk.excluding`);
    `encoding` is that of captions beside the pictures.
    """
    found = walk(root, follow=follow, exclude=exclude)
    foreign = foreign_among(root, found.files)
    files = [file for file in found.files if ending_of(file) in PICTURES and file not in foreign]
    rest = [file for file in found.files if ending_of(file) not in PICTURES]
    named = {file for file in rest if file.rpartition("/")[2].lower() in TABLE}
    beside = sidecars(files, (file for file in rest if ending_of(file) in TEXTS and not flaw(file)))
    tabled = tables(root, files, sorted(named), encoding)
    used = named.union(*beside.values())
    passed = [file for file in rest if file not in used]
    notes = tuple(map(escaped, (*tabled.notes, *notes_of(root, found, foreign, passed, sniffed(root, passed)))))
    if not files:
        raise ValueError(_nothing(root, found, passed, notes))
    parents = {file.split("/", 1)[0] if "/" in file else "" for file in files if not flaw(file)}
    if len(parents) > 1 and parents <= SPLITS and parents & {"train", "training"}:
        several = ", ".join(sorted(parents))
        raise ValueError(f"{root} holds the splits {several}: say which, as in {root}:{min(parents)}")
    classes = tuple(sorted(parents)) if "" not in parents else ()
    has = {"image", "text"} | ({"label"} if classes else set())
    unread = tuple(os.path.abspath(root / below) for below in found.unread)
    return Folder(
        *(root, name or str(root), tuple(files), beside, tabled.words, classes, frozenset(has)),
        notes=notes,
        unread=unread,
        encoding=encoding,
    )


def _nothing(root: Path, found: Found, passed: Sequence[str], notes: Sequence[str]) -> str:
    if found.out and not found.files:
        link, end = found.out[0]
        return (
            f"{root} holds no pictures of its own, only links that lead out of it ({len(found.out):,}, such as "
            f"{escaped(link)} -> {escaped(end)}); to follow them: '{root}?links=follow'"
        )
    here = [file for file in passed if "/" not in file]
    others = [file for file in here if ending_of(file) in TABLES or ".tar" in file or file.endswith(".tgz")]
    if others:
        return f"{root} holds no pictures but {', '.join(others[:5])}: name the file, as in {root / others[0]}"
    known = " ".join(sorted(ending[1:] for ending in PICTURES))
    said = "".join(f". {note}" for note in notes)
    return f"{root} holds no pictures ({len(passed):,} other files); expected files ending in {known}{said}"
