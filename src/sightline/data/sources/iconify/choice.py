"""Which of the sets at a path are opened: by prefix, licence and colour."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path

from sightline.data.progress import lines
from sightline.data.regular import read_regular, special_kind
from sightline.data.sources.iconify.collection import Collection, open_collection
from sightline.data.sources.passed import counted

PERMISSIVE = frozenset(
    "MIT MIT-0 Apache-2.0 ISC BSD-2-Clause BSD-3-Clause 0BSD CC0-1.0 Unlicense CC-BY-3.0 CC-BY-4.0".split()
)
"""SPDX of licences that ask for no more than to be named"""
KINDS = {"all": "both", "mono": "all of one colour", "colour": "with colours of their own"}
OTHER = frozenset({"collections.json", "info.json", "metadata.json", "chars.json", "package.json", "composer.json"})
"""JSON of a package that holds no set"""


@dataclass(frozen=True)
class Chosen:
    """The sets that are opened, and what is to be said of the others."""

    sets: tuple[Collection, ...]
    notes: tuple[str, ...]
    unread: tuple[str, ...]


def choose(path: Path, options: Mapping[str, str]) -> Chosen:
    """The sets at `path` by `options`: `sets` and `without` (prefixes or patterns, by comma), `licence` (`permissive`,
    or SPDX names by comma), `group` (what the package files them under, "UI*,Material") and `kind` (`mono`, `colour`,
    `all`).

    Raises ValueError for what is not known, and where no set is left, with the reason.
    """
    kind = options.get("kind", "all")
    if kind not in KINDS:
        raise ValueError(f"iconify has no kind {kind!r}; known: {', '.join(KINDS)}")
    notes: list[str] = []
    files = set_files(path)
    wanted = files
    if "sets" in options:
        wanted = _matched("sets", options["sets"], files)
    else:
        wanted = _listed(path, files, notes)
    if "without" in options:
        gone = _matched("without", options["without"], files)
        wanted = {prefix: file for prefix, file in wanted.items() if prefix not in gone}
    if not wanted:
        raise ValueError(f"{path}: sets={options.get('sets', '*')} without={options.get('without')} leaves no set")
    opened, unread = _opened(wanted, notes)
    allowed = _licensed(opened, options.get("licence", ""), notes)
    allowed = _grouped(allowed, options.get("group", ""))
    kept = [one for one in allowed if kind == "all" or one.about.palette == (kind == "colour")]
    if not kept:
        raise ValueError(
            f"{path}: {counted(len(allowed), 'set')}, none of kind={kind} ({KINDS[kind]}): {_some(allowed)}; "
            f"known kinds: {', '.join(KINDS)}"
        )
    return Chosen(tuple(kept), tuple(notes), tuple(unread))


def named_sets(path: Path, option: str, said: str) -> tuple[Collection, ...]:
    """The sets at `path` that prefixes or patterns by comma name, all of them or ValueError."""
    return tuple(map(open_collection, _matched(option, said, set_files(path)).values()))


def set_files(path: Path) -> dict[str, Path]:
    """The files that hold sets, by prefix: `path` itself, or what lies in the folder of a package of one set or of all.

    A file is called as its set, but for `icons.json`. Raises ValueError where there is none.
    """
    if not path.is_dir():
        if not path.exists():
            raise ValueError(
                f"{path}: no such file; expected a set's JSON (lucide.json), or the folder of @iconify/json"
            )
        return {_prefix(path): path}
    if (path / "icons.json").is_file():
        return {_prefix(path / "icons.json"): path / "icons.json"}
    folder = path / "json" if (path / "json").is_dir() else path
    found = {
        file.stem: file for file in sorted(folder.glob("*.json")) if file.name not in OTHER and not special_kind(file)
    }
    found = found or {file.parent.name: file for file in sorted(folder.glob("*/icons.json"))}
    if not found:
        raise ValueError(
            f"{path} holds no icon sets in Iconify's JSON; expected the folder of the npm package @iconify/json (its "
            f"json/ has a file a set), of @iconify-json/NAME, or a set's own file"
        )
    return found


def _prefix(file: Path) -> str:
    return open_collection(file).about.prefix


def _listed(path: Path, files: dict[str, Path], notes: list[str]) -> dict[str, Path]:
    """The sets that the package's own list has; the others are older names of sets, or were taken back."""
    for file in (path / "collections.json", path.parent / "collections.json"):
        if path.is_dir() and file.is_file():
            listed = json.loads(read_regular(file))
            if gone := sorted(files.keys() - listed.keys()):
                notes.append(
                    f"{counted(len(gone), 'set')} that {file.name} no longer lists left out ({_few(gone)}); "
                    "sets= reads them by name"
                )
            return {prefix: file for prefix, file in files.items() if prefix in listed}
    return files


def _matched(option: str, said: str, files: dict[str, Path]) -> dict[str, Path]:
    """The sets whose prefix fits one of the patterns. ValueError for one that fits none, with the nearest there is."""
    found: dict[str, Path] = {}
    for pattern in _by_comma(said):
        fitting = {prefix: file for prefix, file in files.items() if fnmatchcase(prefix, pattern)}
        if not fitting:
            near = get_close_matches(pattern, files, n=1)
            meant = f"did you mean {near[0]}? " if near else ""
            raise ValueError(f"{option}={pattern}: no such icon set; {meant}there are {_few(sorted(files), 12)}")
        found |= fitting
    return {prefix: file for prefix, file in files.items() if prefix in found}


def _opened(files: dict[str, Path], notes: list[str]) -> tuple[list[Collection], list[str]]:
    """(the sets, the files that could not be read as one). ValueError with the reason where none can."""
    opened: list[Collection] = []
    unread: dict[str, str] = {}
    tell = lines("reading icon sets")
    for done, file in enumerate(files.values()):
        tell(done, len(files))
        try:
            opened.append(open_collection(file))
        except (OSError, ValueError) as error:
            unread[str(file.absolute())] = str(error)
    if not opened:
        raise ValueError(next(iter(unread.values())))
    if unread:
        notes.append(f"{counted(len(unread), 'file')} could not be read as an icon set: {next(iter(unread.values()))}")
    return opened, list(unread)


def _licensed(opened: list[Collection], said: str, notes: list[str]) -> list[Collection]:
    """The sets under one of the licences named. ValueError for one that is not known, and where no set is left."""
    if not (names := {name.lower() for name in _by_comma(said)}):
        return opened
    known = {one.about.licence for one in opened} | PERMISSIVE
    if strange := sorted(names - {name.lower() for name in known} - {"permissive"}):
        near = get_close_matches(strange[0], {name.lower(): name for name in (*known, "permissive") if name}, n=1)
        raise ValueError(
            f"licence={strange[0]}: no set here has it{f' (did you mean {near[0]}?)' if near else ''}; expected "
            f"permissive, or of {', '.join(sorted(filter(None, known)))}"
        )
    names |= {name.lower() for name in PERMISSIVE} if "permissive" in names else set()
    kept = [one for one in opened if one.about.licence.lower() in names]
    gone = [one for one in opened if one.about.licence.lower() not in names]
    bare = [one for one in gone if not one.about.licence]
    if not kept:
        why = "states no licence" if bare else f"is under {gone[0].about.licence}"
        raise ValueError(
            f"licence={said}: {gone[0].path} {why}"
            + (f", and {counted(len(gone) - 1, 'other set')} no better" if gone[1:] else "")
            + "; without licence= it is read, and whether it may be used is yours to know"
        )
    if bare:
        notes.append(
            f"{counted(len(bare), 'set')} that state{'s' if len(bare) == 1 else ''} no licence left out: {_some(bare)}"
        )
    if rest := [one for one in gone if one.about.licence]:
        found = Counter(one.about.licence for one in rest)
        notes.append(
            f"{counted(len(rest), 'set')} under other licences left out: "
            + ", ".join(f"{count} {licence}" for licence, count in found.most_common())
        )
    return kept


def _grouped(sets: list[Collection], said: str) -> list[Collection]:
    """The sets filed under one of the groups. ValueError for a pattern that fits none, with the groups there are."""
    if not (patterns := _by_comma(said)):
        return sets
    groups = sorted({one.about.group for one in sets})
    if strange := [pattern for pattern in patterns if not any(fnmatchcase(group, pattern) for group in groups)]:
        raise ValueError(
            f"group={strange[0]}: no set here is filed under it; there are {', '.join(filter(None, groups))}"
        )
    return [one for one in sets if any(fnmatchcase(one.about.group, pattern) for pattern in patterns)]


def _by_comma(said: str) -> list[str]:
    return [part.strip() for part in said.split(",") if part.strip()]


def _some(sets: Sequence[Collection]) -> str:
    return _few([one.about.prefix for one in sets])


def _few(names: Sequence[str], most: int = 6) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
