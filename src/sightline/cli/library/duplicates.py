"""`sightline duplicates`."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from sightline.data.terminal import printable_line

if TYPE_CHECKING:
    from sightline.search.alike.duplicates import Duplicates, Group

FORMAT = 1
"""of `--json`; docs/search.md lists its fields"""
SAID = {"bytes": "the same file", "pixels": "the same pixels", "look": "look alike"}


def duplicates(
    db: Path,
    *,
    look: float = 0.97,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> None:
    """Say what a library holds more than once: true duplicates, and apart from them what only looks alike.

    True duplicates are files of the same bytes and pictures of the same pixels. What looks alike has a cosine of at
    least --look to the first of its group. Nothing is removed.

    Examples:
      sightline duplicates icons.db
      sightline duplicates icons.db --look 0.99 --json

    Parameters
    ----------
    db
        The index made by `sightline index`.
    look
        The least cosine of what looks alike, 0.5 to 1.
    as_json
        Print JSON.
    """
    from sightline.search.alike.duplicates import duplicates as found_in
    from sightline.search.index import Index

    with Index(db) as index:
        index.about()
        found = found_in(index, look)
    if as_json:
        print(json.dumps({"format": FORMAT, "db": str(db)} | asdict(found), indent=2, ensure_ascii=False))
        return
    for group in (*found.same, *found.alike):
        for line in _lines(group):
            print(printable_line(line))
    print(_summary(found), file=sys.stderr)


def _lines(group: "Group") -> list[str]:
    head = f"{len(group.pictures)} {SAID[group.kind]}"
    cosines = group.kind == "look"
    return [head, *(f"  {f'{one.cosine:.3f}  ' if cosines else ''}{one.path or one.key}" for one in group.pictures)]


def _summary(found: "Duplicates") -> str:
    more = sum(len(group.pictures) - 1 for group in found.same)
    told = f"{more:,} true duplicates in {len(found.same):,} groups ({found.spare:,} bytes)"
    if found.look is None:
        return told + "; indexed by names alone, so nothing is known of what looks alike"
    return f"{told}; {len(found.alike):,} groups look alike (cosine {found.look:g} and more)"
