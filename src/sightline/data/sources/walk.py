"""What lies below a folder: its files, and what was not seen or left aside, each with its reason."""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

SYSTEM = frozenset(
    "@eadir @recycle @recycle.bin #recycle #snapshot @recently-snapshot @snapshot @tmp @sharebin $recycle.bin recycler "
    "lost+found __macosx thumbs.db ehthumbs.db ehthumbs_vista.db desktop.ini".split()
) | {"system volume information", "network trash folder", "temporary items", "thevolumesettingsfolder", "icon\r"}
"""names, in lower case, that NAS and desktop systems give to thumbnails, bins and notes of their own; so are all that
begin with a dot"""
THUMBS = ("synophoto_thumb_", "synofile_thumb_", "synoindex_")


@dataclass
class Found:
    """Paths are below the root, with forward slashes."""

    files: list[str] = field(default_factory=list)
    """regular files, and links to some"""
    unread: dict[str, str] = field(default_factory=dict)
    """folder that could not be listed, or link whose end could not be looked at -> reason"""
    system: Counter[str] = field(default_factory=Counter)
    """name -> how many of it were left out as hidden, thumbnails or bins"""
    excluded: dict[str, list[str]] = field(default_factory=dict)
    """pattern -> what it left out"""
    out: list[tuple[str, str]] = field(default_factory=list)
    """links that lead out of the folder and were not followed, and where to"""
    dead: list[str] = field(default_factory=list)
    """links that lead nowhere, or round in a circle"""
    repeated: list[str] = field(default_factory=list)
    """links to a folder that was read already"""
    odd: list[str] = field(default_factory=list)
    """pipes, sockets and devices"""


def walk(root: Path, *, follow: bool = False, exclude: Sequence[str] = ()) -> Found:
    """What lies below `root`. OSError where the root itself cannot be listed.

    Links to files inside the folder are files. Links that lead out of it are left aside unless `follow`; folders are
    then entered once each, so that no ring of links is walked twice. `exclude` are patterns, see `excluding`.
    """
    found = Found(excluded={pattern: [] for pattern in exclude})
    leave = excluding(exclude)
    top = Path(os.path.realpath(root))
    entered: set[str] = set()
    own, linked = [""], list[str]()
    while own or linked:
        # everything of its own comes before what links lead to, so that a picture is called by its own place
        if own:
            below = own.pop()
        else:
            linked.remove(below := min(linked))
        try:
            if follow:
                if (end := os.path.realpath(root / below)) in entered:
                    found.repeated.append(below)
                    continue
                entered.add(end)
            for entry in _entries(root / below):
                place = f"{below}/{entry.name}" if below else entry.name
                if is_system(entry.name):
                    found.system[entry.name] += 1
                elif pattern := leave(place):
                    found.excluded[pattern].append(place)
                elif entry.is_symlink():
                    _link(found, entry, place, top, linked, follow)
                elif entry.is_dir(follow_symlinks=False):
                    own.append(place)
                elif entry.is_file(follow_symlinks=False):
                    found.files.append(place)
                else:
                    found.odd.append(place)
        except OSError as error:
            if not below:
                raise OSError(f"{root} cannot be read: {error.strerror or error}") from error
            found.unread[below] = error.strerror or str(error)
    found.files.sort(key=lambda path: path.split("/"))
    return found


def excluding(patterns: Sequence[str]) -> Callable[[str], str]:
    """Gives the first pattern that a path matches, "" for none; capitals do not matter.

    A pattern with a slash is compared with the whole path below the folder, one without with the last name of it; a
    `*` also stands for slashes. What lies below an excluded folder is excluded with it.

    >>> left_out = excluding(["drafts/*", "*_thumb.*", "old/"])
    >>> left_out("drafts/a.png"), left_out("x/A_Thumb.jpg"), left_out("x/old"), left_out("x/drafts/a.png")
    ('drafts/*', '*_thumb.*', 'old/', '')
    """
    plain = {pattern: pattern.lower().removeprefix("./").strip("/") for pattern in patterns}

    def left_out(path: str) -> str:
        path = path.lower()
        name = path.rpartition("/")[2]
        for pattern, wanted in plain.items():
            if "/" not in wanted and fnmatchcase(name, wanted):
                return pattern
            if "/" in wanted and (fnmatchcase(path, wanted) or fnmatchcase(path, wanted.removeprefix("**/"))):
                return pattern
        return ""

    return left_out


def is_system(name: str) -> bool:
    """Hidden, or of a kind that systems put beside pictures."""
    low = name.lower()
    return name.startswith(".") and name not in {".", ".."} or low in SYSTEM or low.startswith(THUMBS)


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        yield from entries


def _link(found: Found, entry: os.DirEntry[str], place: str, top: Path, linked: list[str], follow: bool) -> None:
    """Looks at a link: follows it into `linked`, or notes in `found` why not."""
    try:
        is_dir, is_file = entry.is_dir(), entry.is_file()
        entry.stat()
    except OSError as error:
        found.dead.append(place)
        if follow:
            # what it leads to may lie on a disk that is not there at the moment
            found.unread[place] = error.strerror or str(error)
        return
    end = Path(os.path.realpath(entry.path))
    inside = end.is_relative_to(top)
    if is_file and (inside or follow):
        found.files.append(place)
    elif not is_dir and not is_file:
        found.odd.append(place)
    elif is_dir and inside and not any(map(is_system, end.relative_to(top).parts)):
        pass  # its pictures are listed where they lie
    elif follow:
        linked.append(place)
    else:
        found.out.append((place, os.readlink(entry.path)))
