"""`sightline data`."""

import json as _json
import re
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from sightline.cli.progress import progress
from sightline.data.terminal import printable_line

MOST = 10
"""bad pictures, duplicates and classes named on the screen; --json has all of them"""


def data(
    src: str,
    *,
    split: str | None = None,
    out: Path | None = None,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Look at a source before training on it: counts, sizes, bad files, duplicates, captions, classes, and a sheet.

    Every picture is read and decoded once; of a large set look at a part, as in `photos?n=2000`.

    Examples:
      sightline data icons
      sightline data my-folder/ --out sheet.png
      sightline data "shards/{000..009}.tar::icons:train?weight=2" --json

    Parameters
    ----------
    src
        SRC: a folder, a table, tars, `icons`, `scenes`, `iconify:PATH`; several joined by `::`.
    split
        The split, where SRC names none.
    out
        Where the sheet goes, a PNG. Left out: runs/data/NAME.png.
    json
        Print the whole report as JSON (docs/data.md) and nothing else.
    """
    from sightline.data.atomic import atomic_write
    from sightline.data.show.report import report
    from sightline.data.show.sheet import sheet
    from sightline.data.sources.source import open_source

    source = open_source(src, split=split)
    with progress("looking") as tell:
        found = report(source, progress=tell)
    target = out or Path("runs/data") / f"{_slug(src if split is None else f'{src}:{split}')}.png"
    if found.pictures:
        pictures, titles = zip(*found.pictures, strict=True)
        drawn = sheet(pictures, titles)
        with atomic_write(target) as [temporary]:
            drawn.save(temporary, "PNG")
    said = found.to_json() | {"sheet": str(target) if found.pictures else None}
    if json:
        print(_json.dumps(said, ensure_ascii=False, indent=1))
    else:
        _show(said)


def _show(said: dict) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")

    def row(name: str, text: str) -> None:
        table.add_row(name, escape(printable_line(text)))

    row("source", f"{said['source']} ({', '.join(said['has'])})")
    row("samples", f"{said['samples']:,}: {said['good']:,} good, {len(said['bad']):,} bad")
    row("pictures", f"{said['rasters']:,} raster, {said['vectors']:,} SVG; {said['alpha']:,} with transparency")
    if said["width"]:
        row("width", _range(said["width"]))
        row("height", _range(said["height"]))
        row("shorter side", ", ".join(f"{name}: {count:,}" for name, count in said["shorter_side"].items()))
    spare = sum(len(keys) - 1 for keys in said["duplicates"])
    row("duplicates", f"{spare:,} copies of {len(said['duplicates']):,} pictures")
    words = said["captions"]
    row("captions", f"{words['count']:,}, {words['empty']:,} pictures without, {words['terms']:,} search terms")
    if words["words"]:
        row(
            "",
            f"words {_range(words['words'])}; {words['distinct']:,} distinct, {words['shared']:,} pictures share one",
        )
        row("", "most common: " + ", ".join(f"{word} {count:,}" for word, count in words["common"]))
    if said["classes"]:
        names = [f"{name} {count:,}" for name, count in said["classes"].items()]
        row("classes", f"{len(names):,}: {_some(names)}")
    if said["sheet"]:
        row("sheet", said["sheet"])
    console = Console(highlight=False, soft_wrap=False, color_system=None)  # no codes: they would be shown as such
    console.print(table)
    for note in said["notes"]:
        console.print(f"note: {printable_line(note)}", markup=False, soft_wrap=True)
    _list("bad", [f"{key}: {reason}" for key, reason in said["bad"].items()])
    _list("the same picture", [" = ".join(keys[:MOST]) for keys in said["duplicates"]])


def _list(title: str, lines: list[str]) -> None:
    if not lines:
        return
    print(f"\n{title}:")
    for line in lines[:MOST]:
        print(f"  {printable_line(line)}")
    if len(lines) > MOST:
        print(f"  and {len(lines) - MOST:,} more (--json names all)")


def _some(names: list[str]) -> str:
    return ", ".join(names[:MOST]) + (f" and {len(names) - MOST:,} more" if len(names) > MOST else "")


def _range(spread: dict) -> str:
    return f"{spread['min']:,} to {spread['max']:,}, median {spread['median']:,}"


def _slug(src: str) -> str:
    """A file name from a SRC: `icons:train?set=solid` -> icons-train-set-solid."""
    return re.sub(r"[^\w.]+", "-", Path(src).name or src).strip("-.")[:80] or "sheet"
