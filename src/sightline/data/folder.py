"""A folder of pictures, flat or with a class per subfolder, as it lies on a designer's disk."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from sightline.data.caption import clean, from_name
from sightline.data.sample import Sample
from sightline.data.svg import title

RASTERS = frozenset(
    {".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".ico", ".ppm", ".pgm", ".avif"}
)
VECTORS = frozenset({".svg", ".svgz"})
ARRAYS = frozenset({".npy"})
PICTURES = RASTERS | VECTORS | ARRAYS
TABLES = frozenset({".csv", ".tsv", ".jsonl", ".parquet"})
SPLITS = frozenset({"train", "training", "test", "testing", "val", "valid", "validation", "dev"})
SIDECAR_BYTES = 2**20


@dataclass(eq=False)
class Folder:
    """Every picture below `root`, in sorted order. Labels only if all of them lie in subfolders.

    Captions, best first: the lines of `name.txt` beside the picture, an SVG's own title, the words of the file name,
    the words of the class.
    """

    root: Path
    name: str
    files: tuple[str, ...]
    """paths below `root`, with forward slashes"""
    sidecars: frozenset[str]
    """the files that have a .txt beside them"""
    classes: tuple[str, ...]
    has: frozenset[str]
    notes: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> Sample:
        file = self.files[index]
        path = self.root / file
        found = self._sidecar(path) if file in self.sidecars else []
        if path.suffix.lower() == ".svg":
            found.append(self._title(path))
        found.append(from_name(path.stem))
        kind = file.split("/", 1)[0] if self.classes else ""
        captions = tuple(dict.fromkeys(text for text in found if text)) or tuple(filter(None, [from_name(kind)]))
        label = self.classes.index(kind) if kind else None
        return Sample(key=file, image=path, captions=captions, label=label)

    def _sidecar(self, path: Path) -> list[str]:
        with open(path.with_suffix(".txt"), "rb") as file:
            text = file.read(SIDECAR_BYTES).decode("utf-8-sig", "replace")
        return [clean(line) for line in text.splitlines()]

    def _title(self, path: Path) -> str:
        """The title as words: drawing programs often write a file name there, or nothing but "Layer 1"."""
        try:
            said = title(path.read_bytes())
        except OSError:
            # told as a bad sample when its pixels are wanted
            return ""
        return clean(said) if said and " " in said.strip() and from_name(said) else from_name(said or "")


def open_folder(root: Path, name: str = "") -> Folder:
    """List the folder once. ValueError where it holds no picture, or splits that nobody chose between."""
    files, sidecars, ignored = [], set(), 0
    found = sorted(_files(root), key=lambda path: path.split("/"))
    texts = {file.removesuffix(".txt") for file in found if file.endswith(".txt")}
    for file in found:
        ending = PurePosixPath(file).suffix
        if ending.lower() in PICTURES:
            files.append(file)
            if file.removesuffix(ending) in texts:
                sidecars.add(file)
        elif ending.lower() != ".txt":
            ignored += 1
    if not files:
        raise ValueError(_nothing(root, ignored))
    parents = {file.split("/", 1)[0] if "/" in file else "" for file in files}
    if len(parents) > 1 and parents <= SPLITS and parents & {"train", "training"}:
        several = ", ".join(sorted(parents))
        raise ValueError(f"{root} holds the splits {several}: say which, as in {root}:{min(parents)}")
    classes = tuple(sorted(parents)) if "" not in parents else ()
    notes = (f"{ignored} files are no pictures and were passed over",) if ignored else ()
    has = {"image", "text"} | ({"label"} if classes else set())
    return Folder(root, name or str(root), tuple(files), frozenset(sidecars), classes, frozenset(has), notes)


def _files(root: Path) -> Iterator[str]:
    """Paths below `root`, hidden ones and links that lead out of it left aside; linked folders are not entered."""
    inside = root.resolve()
    for folder, folders, names in os.walk(root, followlinks=False):
        folders[:] = [name for name in folders if not _hidden(name)]
        for name in names:
            path = Path(folder, name)
            if _hidden(name) or (path.is_symlink() and not path.resolve().is_relative_to(inside)):
                continue
            yield path.relative_to(root).as_posix()


def _hidden(name: str) -> bool:
    return name.startswith(".") or name in {"__MACOSX", "Thumbs.db", "desktop.ini"}


def _nothing(root: Path, ignored: int) -> str:
    known = " ".join(sorted(ending[1:] for ending in PICTURES))
    if others := sorted(
        p.name for p in root.iterdir() if p.suffix in TABLES or ".tar" in p.suffixes or p.suffix == ".tgz"
    ):
        return f"{root} holds no pictures but {', '.join(others[:5])}: name the file, as in {root / others[0]}"
    return f"{root} holds no pictures ({ignored} other files); expected files ending in {known}"
