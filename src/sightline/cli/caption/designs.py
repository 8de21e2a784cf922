"""`sightline caption SRC --styles --ocr`: captions of a folder of designs, written beside them."""

import sys
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from sightline.cli.notes import print_source_notes
from sightline.cli.progress import print_bad, progress
from sightline.data.sources.passed import counted
from sightline.data.terminal import printable_line

if TYPE_CHECKING:
    from sightline.data.describe.written import Told

SHOWN = 5
"""captions that `--dry-run` prints"""


def caption_designs(src: str, *, styles: bool, ocr: bool, dry_run: bool, out: Path | None) -> None:
    """Writes the captions, or shows the first few, and says what became of each picture."""
    from sightline.data.describe.ocr import reader, require_ocr
    from sightline.data.describe.written import ENDING, Told, captioned, folder_of, write_beside, write_table
    from sightline.data.sample import Source
    from sightline.data.sources.source import open_source

    if ocr:
        require_ocr()
    if out is not None and out.suffix.lower() != ENDING:
        raise ValueError(f"--out {out}: the table is written as {ENDING}; give it such an ending")
    if out is not None and out.exists():
        raise ValueError(f"--out {out} is there already, and captions are never written over; name another file")
    source = open_source(src)
    print_source_notes(source)
    if not isinstance(source, Source):
        raise ValueError(f"{src} is streamed; download its shards and write a table with --out captions{ENDING}")
    if out is None:
        folder_of(source)
    read = reader() if ocr else None
    told = Told()
    if dry_run:
        found = captioned(source, styles, read, told, lambda done, total: None, fresh=out is None)
        for key, described in islice(found, SHOWN):
            print(f"{printable_line(key)}  {printable_line(described.caption())}")
        print(f"nothing was written; these are the first of {len(source):,} pictures")
        print_bad(told.bad)
        return
    try:
        with progress("captions") as tell:
            if out is None:
                write_beside(source, styles, read, told, tell)
            else:
                write_table(source, styles, read, told, tell, out)
    except KeyboardInterrupt:
        if out is None:
            print(f"{counted(told.written, 'caption')} written; the same command goes on", file=sys.stderr)
        raise
    print_bad(told.bad)
    print(_summary(src, told, ocr, out))


def _summary(src: str, told: "Told", ocr: bool, out: Path | None) -> str:
    said = [f"{counted(told.written, 'caption')} written"]
    if ocr:
        said.append(f"{told.read:,} of them with text read from pixels")
    if told.had:
        said.append(f"{counted(told.had, 'picture')} with captions left as they are")
    if told.bare:
        said.append(f"{counted(told.bare, 'picture')} of which only the name can be told")
    return f"{printable_line(out or src)}: {'; '.join(said)}"
