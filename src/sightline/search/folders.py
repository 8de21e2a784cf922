"""Where a picture lies as weak words: the folders below its source's root, the source's own name, the set it is of.

The machine's path above the source is nobody's word for a picture and is left out: `/srv/art/icons` indexed as a
source gives "icons" to all of it and "lucide" to what lies in `icons/lucide/`.
"""

import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import PurePath
from typing import Any

from sightline.search.fill.gone import below
from sightline.search.words import stored_lines


@lru_cache(maxsize=256)
def location(source: str) -> str:
    """The folder, table, archive or address of a source: its name without split and options."""
    from sightline.data.sources.source import parse

    try:
        return parse(source)[0].name
    except ValueError:
        return source


def folder_lines(source: str, key: str, path: str | None, sets: list[str]) -> str:
    """The words of where a picture lies, a line for the source, each folder and each set; `path` is None in archives.

    >>> folder_lines("/srv/art/icons", "a.svg", "/srv/art/icons/lucide/navArrows/a.svg", [])
    'icons\\nlucide\\nnav arrows'
    """
    root = location(source)
    if path is None:
        inside = PurePath(key).parts[:-1]
    else:
        # a table stands beside its pictures
        base, folder = root if below(path, root) else os.path.dirname(root), os.path.dirname(path)
        inside = PurePath(folder[len(base) :].strip(os.sep)).parts if below(folder, base) else ()
    # numbers alone (of shards, of pages) name no folder to anybody
    called = [part for part in (PurePath(root).stem, *inside, *sets) if any(map(str.isalpha, part))]
    return stored_lines(called)


def sets_of(extra: Mapping[str, Any]) -> list[str]:
    """The names of the sets that a sample says it is of, by `extra["set"]`."""
    said = extra.get("set") or ()
    return [said] if isinstance(said, str) else [str(one) for one in said]


def moved_lines(lines: str, old: tuple[str, str, str | None], new: tuple[str, str, str | None]) -> str:
    """`lines` of a picture that went from (source, key, path) `old` to `new`; its sets, the last of them, stay."""
    before = folder_lines(*old, []).split("\n")
    sets = [line for line in lines.split("\n") if line not in before]
    return folder_lines(*new, sets)
