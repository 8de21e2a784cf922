"""SRC, one grammar everywhere: `NAME[:split][?key=value&...]`, several joined by `::`.

NAME is `icons`, `scenes` or `grammars`, a folder, a table (csv, tsv, jsonl, parquet), webdataset tars (braces, globs),
the address of tars, or `iconify:` and the path of icon sets; `regions(SRC, ENCODER)` is a SRC with boxes that an
encoder found, `domains(SRC, SRC)` one with labels beside one without. What exists on disk under the literal text wins
over any other reading of it.
"""

import glob
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from sightline.data.regular import special_kind
from sightline.data.sample import Source, Stream
from sightline.data.sources.derived.domains import Domains
from sightline.data.sources.derived.turned import QUARTERS, Turned
from sightline.data.sources.endings import TABLES
from sightline.data.sources.folder import open_folder
from sightline.data.sources.iconify.source import open_iconify
from sightline.data.sources.icons import Icons
from sightline.data.sources.mixture import Mixture
from sightline.data.sources.outline import Outline
from sightline.data.sources.remote import BUFFER, Remote
from sightline.data.sources.shards.shard import Shards, expand
from sightline.data.sources.subset import Subset, first_of_order, hold_out
from sightline.data.sources.table import open_table
from sightline.data.storable import escaped, flaw

__all__ = ["Mixture", "Subset", "hold_out", "open_source", "parse"]

TARS = (".tar", ".tar.gz", ".tgz")
PACKED = (".zip", ".7z", ".rar", ".bz2", ".xz", ".zst", ".tbz2", ".txz", ".gz")
SPLIT = re.compile(r"(?P<name>.+):(?P<split>[A-Za-z][\w-]*)")
ANYWHERE = frozenset({"n", "seed", "weight", "turns"})
"""options of every source with random access"""
ICONS = frozenset({"set", "fold", "hide"})
SCENES = frozenset({"level", "n", "seed", "size", "renderer", "alt"})
GRAMMARS = frozenset({"level", "n", "seed"})
TABLE = frozenset({"image", "caption", "encoding", "values"})
FOLDER = frozenset({"links", "exclude", "encoding"})
REMOTE = frozenset({"buffer"})
REGIONS = frozenset({"least", "overlap", "most", "weight"})
ICONIFY = frozenset({"sets", "without", "licence", "group", "kind", "unlike", "most", "words", "fold"})
EVERY = ANYWHERE | ICONS | SCENES | TABLE | FOLDER | REMOTE | ICONIFY
MADE = frozenset({"icons", "scenes", "grammars"})
"""sources that come with the package, where nothing on disk is called so"""
SETS = "iconify:"
"""before the path of icon sets in Iconify's JSON"""
ASKED, BOTH = "regions(", "domains("
WITHIN = (ASKED, BOTH)
"""sources made of others, which stand within the parentheses"""


@dataclass(frozen=True)
class Part:
    """One source of a SRC, parsed and not yet opened."""

    text: str
    name: str
    split: str | None
    options: dict[str, str]

    def only(self, known: frozenset[str]) -> None:
        """Refuse options that this kind of source does not have."""
        if unknown := sorted(self.options.keys() - known):
            raise ValueError(
                f"{self.name} has no option {', '.join(map(repr, unknown))} (in {self.text!r}); it has "
                f"{', '.join(sorted(known))}"
            )

    def number(self, key: str, usual: float, kind: Callable[[str], float] = int) -> float:
        """The option `key` as a number, `usual` where it is not given. ValueError for what is no number."""
        try:
            return kind(self.options[key]) if key in self.options else usual
        except ValueError as error:
            raise ValueError(f"{key}={self.options[key]!r} in {self.text!r}: expected a number") from error


@dataclass(frozen=True)
class Asked(Part):
    """`regions(SRC, ENCODER)`. `name` and `split` are those of the first source within."""

    source: str
    encoder: str


@dataclass(frozen=True)
class Both(Part):
    """`domains(SRC, SRC)`. `name` and `split` are those of the first source within."""

    labelled: str
    target: str


def open_source(src: str, *, split: str | None = None) -> Source | Stream:
    """The source that a SRC names; several joined by `::` make a Mixture. `split` is meant where a part names none.

    Raises ValueError for a name, split or option that is not known, listing those that are.
    """
    parts = parse(src)
    opened = [_open(part, split) for part in parts]
    if len(parts) == 1:
        return opened[0]
    sources: list[Source] = []
    for part, source in zip(parts, opened, strict=True):
        if not isinstance(source, Source):
            raise ValueError(f"{part.text} is streamed and cannot be mixed; download its shards, or train on it alone")
        sources.append(source)
    return Mixture(sources, [part.number("weight", 1.0, float) for part in parts], src)


def parse(src: str) -> list[Part]:
    """The parts of a SRC.

    >>> parse("icons:train?set=solid")
    [Part(text='icons:train?set=solid', name='icons', split='train', options={'set': 'solid'})]
    """
    if not src.strip():
        raise ValueError(f"no source given; {_known()}")
    if flaw(src):
        raise ValueError(f"the path {escaped(src)} is not UTF-8, so nothing in it can be named; rename it")
    if Path(src).exists():
        return [Part(src, src, None, {})]
    return [_parse(text) for text in _joined(src)]


def _parse(text: str) -> Part:
    if not text.strip():
        raise ValueError(f"an empty source beside '::'; {_known()}")
    if Path(text).exists():
        return Part(text, text, None, {})
    if text.startswith(ASKED):
        return _asked(text)
    if text.startswith(BOTH):
        return _both(text)
    if text.startswith(SETS) and text != SETS:
        inner = _parse(text.removeprefix(SETS))
        return Part(text, SETS + inner.name, inner.split, inner.options)
    name, options = _options(text)
    if not Path(name).exists() and (named := SPLIT.fullmatch(name)) and not _drive(named["name"]):
        return Part(text, named["name"], named["split"], options)
    return Part(text, name, None, options)


def _joined(src: str) -> list[str]:
    """The sources that `::` joins; what stands within parentheses is one."""
    parts, rest = [], src
    while True:
        first = closing(rest) if rest.startswith(WITHIN) else 0
        head, joint, tail = rest[first:].partition("::")
        parts.append(rest[:first] + head)
        if not joint:
            return parts
        rest = tail


def closing(text: str) -> int:
    """Where the parenthesis closes that `regions(` or `domains(` opens."""
    depth = 0
    for place, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if letter == ")" and not depth:
            return place
    opened, takes = (ASKED, "SRC, ENCODER") if text.startswith(ASKED) else (BOTH, "SRC, SRC")
    raise ValueError(f"{text!r}: {opened} is not closed; expected {opened}{takes})")


def _asked(text: str) -> Asked:
    end = closing(text)
    source, comma, encoder = (piece.strip() for piece in text[len(ASKED) : end].rpartition(","))
    if not comma or not source or not encoder:
        raise ValueError(f"{text!r}: expected {ASKED}SRC, ENCODER), such as {ASKED}photos/, runs/clip)")
    mark, tail = text[end + 1 : end + 2], text[end + 2 :]
    pairs = [pair.partition("=") for pair in tail.split("&")] if mark else []
    if mark not in ("", "?") or not all(key and value for key, _, value in pairs):
        raise ValueError(f"{text[end + 1 :]!r} in {text!r}: expected ?key=value, several joined by &")
    inner = parse(source)[0]
    return Asked(text, inner.name, inner.split, {key: unquote(value) for key, _, value in pairs}, source, encoder)


def _both(text: str) -> Both:
    """The two sources that the one comma outside of parentheses parts."""
    end, commas, depth = closing(text), list[int](), 0
    for place, letter in enumerate(text[:end]):
        depth += (letter == "(") - (letter == ")")
        commas += [place] if letter == "," and depth == 1 else []
    if len(commas) != 1 or text[end + 1 :]:
        raise ValueError(
            f"{text!r}: expected {BOTH}SRC, SRC), the set with labels and the one without, such as {BOTH}photos/, "
            "sketches/); options stand with their source, a comma in one is written %2C"
        )
    labelled, target = text[len(BOTH) : commas[0]].strip(), text[commas[0] + 1 : end].strip()
    inner = parse(labelled)[0]
    return Both(text, inner.name, inner.split, {}, labelled, target)


def _options(text: str) -> tuple[str, dict[str, str]]:
    # a pattern that is excluded may have a `?` of its own
    marks = [place for place, letter in enumerate(text) if letter == "?"][::-1]
    if not marks:
        return text, {}
    place = next((p for p in marks if {pair.partition("=")[0] for pair in text[p + 1 :].split("&")} <= EVERY), marks[0])
    name, tail = text[:place], text[place + 1 :]
    pairs = [pair.partition("=") for pair in tail.split("&")]
    options = {key: unquote(value) for key, _, value in pairs}
    if several := [unquote(value) for key, _, value in pairs if key == "exclude" and value]:
        options["exclude"] = ",".join(several)
    # the `?` of an address may be its own (signatures, tokens), the `?` of a path a wild card
    if ("://" in text or not all(equals for _, equals, _ in pairs)) and not options.keys() <= EVERY:
        return text, {}
    if not all(equals and value for _, equals, value in pairs):
        raise ValueError(f"{tail!r} in {text!r}: expected key=value, several joined by &")
    return name, options


def _drive(name: str) -> bool:
    """A lone letter is a Windows drive: the path `C:icons` has no split."""
    return len(name) == 1 and name.isalpha()


def _open(part: Part, split: str | None) -> Source | Stream:
    """The source of one part, which may be joined with others."""
    if isinstance(part, Asked):
        return _regions(part, split)
    if isinstance(part, Both):
        labelled, target = (open_source(one, split=split) for one in (part.labelled, part.target))
        for source in (labelled, target):
            if not isinstance(source, Source):
                raise ValueError(f"{source.name} is streamed and cannot be drawn from in turn; download its shards")
        return Domains(labelled, target, part.text)  # pyright: ignore[reportArgumentType]
    split = part.split or split
    if part.name == "scenes" and not Path(part.name).exists():
        return _scenes(part, split)
    if part.name == "grammars" and not Path(part.name).exists():
        return _grammars(part, split)
    if "://" in part.name:
        part.only(REMOTE)
        if split is not None:
            raise ValueError(f"{part.name} has no splits: name the shards of {split!r}")
        return Remote(expand(part.name), part.text, int(part.number("buffer", BUFFER)))
    source = _local(part, split)
    if "n" in part.options:
        source = first_of_order(source, int(part.number("n", 0)), int(part.number("seed", 0)))
    if "turns" in part.options:
        if part.number("turns", QUARTERS) != QUARTERS:
            raise ValueError(f"turns={part.options['turns']} in {part.text!r}: a picture has {QUARTERS}; write turns=4")
        source = Turned(source)
    return source


def _local(part: Part, split: str | None) -> Source:
    """The source at a path: a folder, a table, or tars."""
    path = Path(part.name).expanduser()
    if part.name.startswith(SETS) and not path.exists():
        return _iconify(part, split)
    if path.is_dir():
        part.only(ANYWHERE | FOLDER)
        return _folder(path, part, split)
    if path.suffix.lower() in TABLES:
        part.only(ANYWHERE | TABLE)
        if not path.exists():
            raise ValueError(f"{path}: no such file")
        _regular(path)
        chosen = {key: part.options.get(key) for key in TABLE}
        return open_table(path, part.text, split=split, **chosen)
    if path.name.lower().endswith(TARS):
        part.only(ANYWHERE)
        if split is not None:
            raise ValueError(f"{part.name} has no splits: name the shards of {split!r}")
        return Shards(_shards(str(path)), part.text)
    if part.name == "icons":
        return _icons(part, split)
    if path.is_file() and path.name.lower().endswith(PACKED):
        raise ValueError(f"{path} is packed in a way that is not read here; unpack it, or pack it as .tar or .tar.gz")
    raise ValueError(
        f"{part.name!r} is no source: {'no picture set' if path.exists() else 'nothing of that name'}; {_known()}"
    )


def _folder(path: Path, part: Part, split: str | None) -> Source:
    """`:split` is the subfolder of that name, or the tars or table whose names begin with it."""
    if split is None or (path / split).is_dir():
        links = part.options.get("links", "inside")
        if links not in {"inside", "follow"}:
            raise ValueError(f"links={links!r} in {part.text!r}: expected inside (the usual) or follow")
        exclude = [pattern for pattern in part.options.get("exclude", "").split(",") if pattern]
        chosen = {"follow": links == "follow", "exclude": exclude, "encoding": part.options.get("encoding")}
        return open_folder(path if split is None else path / split, part.text, **chosen)
    if tars := sorted(file for ending in TARS for file in path.glob(f"{glob.escape(split)}*{ending}")):
        return Shards([_regular(tar) for tar in tars], part.text)
    for ending in sorted(TABLES):
        if (path / f"{split}{ending}").is_file():
            return open_table(path / f"{split}{ending}", part.text)
    inside = sorted(entry.name for entry in path.iterdir() if not entry.name.startswith("."))
    raise ValueError(
        f"{path} has no {split!r}: no such subfolder, tar or table; it holds {', '.join(inside[:20]) or 'nothing'}"
    )


def _shards(pattern: str) -> list[Path]:
    if Path(pattern).exists():
        return [_regular(Path(pattern))]
    found: list[Path] = []
    for name in expand(pattern):
        files = sorted(map(Path, glob.glob(name))) if any(mark in name for mark in "*?[") else [Path(name)]
        found += files or [Path(name)]
    found = [_regular(file) for file in found]
    if missing := [file for file in found if not file.is_file()]:
        raise ValueError(f"{len(missing)} of {len(found)} tars are not there, the first is {missing[0]}")
    return found


def _regular(path: Path) -> Path:
    """A pipe or device is refused before anything waits for it."""
    if kind := special_kind(path):
        raise ValueError(f"{path} is {kind}, not a file; a source is opened more than once, so give it a file")
    return path


def _icons(part: Part, split: str | None) -> Source:
    part.only(ANYWHERE | ICONS)
    weight, fold = part.options.get("set", "all"), int(part.number("fold", 0))
    if weight not in {"all", "solid", "regular", "outline"}:
        raise ValueError(f"icons have no set {weight!r}; known: all, solid, regular, outline")
    if weight == "outline":
        part.only(ANYWHERE | ICONS - {"hide"})
        return Outline(split or "all", fold)
    return Icons(weight, split or "all", fold, part.options.get("hide", "nothing"))


def _iconify(part: Part, split: str | None) -> Source:
    part.only(ANYWHERE | ICONIFY)
    path = Path(part.name.removeprefix(SETS)).expanduser()
    fold = int(part.number("fold", 0))
    return open_iconify(
        path if path.is_dir() else _regular(path), part.text, split=split, fold=fold, options=part.options
    )


def _scenes(part: Part, split: str | None) -> Source:
    from sightline.data.scenes.source import Scenes

    part.only(SCENES | {"weight"})
    numbers: dict[str, Any] = {
        key: int(part.number(key, 0)) for key in ("level", "n", "seed", "size") if key in part.options
    }
    words: dict[str, Any] = {"renderer": part.options["renderer"]} if "renderer" in part.options else {}
    alt = part.number("alt", 0.0, float) if "alt" in part.options else None
    return Scenes(split=split or "train", **numbers, **words, alt=alt)


def _grammars(part: Part, split: str | None) -> Source:
    from sightline.data.grammars.source import Grammars

    part.only(GRAMMARS | {"weight"})
    return Grammars(split=split or "train", **{key: int(part.number(key, 0)) for key in GRAMMARS & part.options.keys()})


def _regions(part: Asked, split: str | None) -> Source:
    from sightline.weights.regions.source import regions

    if unknown := sorted(part.options.keys() - REGIONS):
        raise ValueError(
            f"regions have no option {', '.join(map(repr, unknown))} (in {part.text!r}); they have "
            f"{', '.join(sorted(REGIONS))}. Options of the source stand with it, within the parentheses"
        )
    source = open_source(part.source, split=split)
    if not isinstance(source, Source):
        raise ValueError(
            f"{source.name} is streamed: regions look at every picture before the first step, so download its shards"
        )
    numbers: dict[str, Any] = {
        key: kind(part.number(key, 0, kind))
        for key, kind in (("least", float), ("overlap", float), ("most", int))
        if key in part.options
    }
    return regions(source, part.encoder, name=part.text, **numbers)


def _known() -> str:
    return (
        "expected icons, scenes, grammars, a folder, a .csv, .tsv, .jsonl or .parquet, webdataset tars "
        "(shards/{000..127}.tar, s3://...), icon sets in Iconify's JSON (iconify:PATH), "
        "regions(SRC, ENCODER), or domains(SRC, SRC)"
    )
