"""`sightline index`."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

from sightline.cli.notes import print_notes, print_source_notes
from sightline.cli.progress import print_bad, progress
from sightline.data.terminal import printable_line

FOR_PHOTOGRAPHS = "hf-hub:google/siglip2-base-patch16-224"
"""a published encoder that is named to who indexes photographs"""

if TYPE_CHECKING:
    from sightline.search.fill.fill import Report
    from sightline.search.index import Index


def index(
    db: Path,
    src: str | None = None,
    *,
    encoder: str | None = None,
    rebuild: bool = False,
    drop: str | None = None,
    move: tuple[str, str] | None = None,
    device: str = "auto",
    tiles: bool = False,
    scales: tuple[float, ...] = (1.0,),
) -> None:
    """Make pictures searchable, or bring an index up to date: only what is new or changed is embedded.

    Safe to stop at any moment; the same command goes on. Several sources may share one index. What cannot be read, or
    lay in a folder that is suddenly empty, is kept and named.

    Examples:
      sightline index my.db my-icons/
      sightline index icons.db icons --encoder runs/icons
      sightline index names.db my-folder/ --encoder none
      sightline index icons.db icons --encoder runs/better --rebuild
      sightline index icons.db --move /mnt/old-disk/icons /mnt/new-disk/icons
      sightline index icons.db --drop my-folder/

    Parameters
    ----------
    db
        The index, one file; made where there is none.
    src
        SRC: a folder, a table, tars, `icons`, `scenes`, `iconify:PATH`. May be left out beside --drop and --move.
    encoder
        ENCODER: a run folder, a published encoder. Left out: the one the index was made with; for a new one
        builtin:icons, which comes with Sightline and knows icons, logos and signs. none: names, captions and folders
        alone, which words find; a later run with an encoder gives it vectors.
    rebuild
        Embed everything again, with another encoder if one is named. The other sources of the index are dropped: it
        then holds SRC and nothing else.
    drop
        Remove this source, or all that lies below this folder, from the index; its files stay as they are.
    move
        OLD NEW: what was at OLD is at NEW now. Nothing is embedded again.
    device
        auto, cpu, cuda or mps. auto runs an exported encoder on the CPU, without torch.
    tiles
        Also embed large pictures by overlapping tiles, so that a search finds what is small in them. The index
        remembers it.
    scales
        Sizes of tiles: at 1 a tile has the pixels of the tower's input, at 0.5 twice as many each way.
    """
    from sightline.search.index import Index

    if src is None and drop is None and move is None:
        raise ValueError(f"name what to index: sightline index {db} SRC (or --drop SRC, --move OLD NEW)")
    if rebuild and src is None:
        raise ValueError(f"--rebuild embeds a source again: name it, as in sightline index {db} SRC --rebuild")
    with Index(db) as made:
        if move is not None:
            moved = made.move(*move)
            again = f", {moved.merged:,} it had there already" if moved.merged else ""
            print(f"{printable_line(db)}: {moved.count:,} pictures moved{again}")
        if src is not None:
            _fill(made, src, encoder, rebuild, device, scales if tiles else ())
        if drop is not None:  # last: what is found elsewhere keeps its vectors
            print(f"{printable_line(db)}: {made.drop(drop):,} pictures dropped")


def _fill(made: "Index", src: str, encoder: str | None, rebuild: bool, device: str, scales: tuple[float, ...]) -> None:
    """Adds a source, or rebuilds the index of it, and prints what was done."""
    from sightline.data.sources.source import open_source
    from sightline.runtime.builtin import ICONS
    from sightline.search.encoder import open_indexer
    from sightline.search.fill.place import absolute
    from sightline.search.photographs import mostly_photographs

    start, db = time.monotonic(), made.path
    src, new = absolute(src), not db.exists()
    if encoder is None and not new:
        known = made.about()
        encoder = known.encoder
        if src in known.sources:
            _refuse_lost(src, db)
    source = open_source(src)
    print_source_notes(source)
    if encoder is None:
        encoder = ICONS
        print_notes([f"no --encoder, so by {ICONS}, which comes with Sightline and knows icons, logos and signs"])
    if encoder == ICONS and mostly_photographs(source):
        print_notes([_for_photographs(src, db)])
    model = open_indexer(encoder, device=device)
    with progress("indexing") as tell:
        fill = made.rebuild if rebuild else made.add
        report = fill(source, model, progress=tell, tiles=scales)
    print_bad(report.bad)
    _say_kept(report, db)
    words = {
        "new": report.added,
        "changed": report.changed,
        "moved": report.moved,
        "removed": report.removed,
        "unchanged": report.unchanged,
        "kept unseen": sum(some.count for some in report.kept),
    }
    counts = ", ".join(f"{count:,} {word}" for word, count in words.items() if count)
    took = time.monotonic() - start
    about = made.about()
    print(f"{printable_line(db)}: {about.pictures:,} pictures ({counts or 'nothing found'}) in {took:.1f} s")
    if about.approximate is not None:
        words = "" if about.approximate.words is None else f", {about.approximate.words:.3f} of words"
        print_notes(
            [
                "so many are searched by a graph, which finds nearly all: of the ten nearest "
                f"{about.approximate.pictures:.3f} of pictures{words}"
            ]
        )


def _for_photographs(src: str, db: Path) -> str:
    return (
        f"most of {src} are photographs, and builtin:icons has seen icons and graphics alone. A published encoder "
        f"finds far more in them: sightline index {db} '{src}' --encoder {FOR_PHOTOGRAPHS} --rebuild (needs "
        "pip install 'sightline[train]', and fetches it once)"
    )


def _refuse_lost(src: str, db: Path) -> None:
    from sightline.search.fill.place import is_gone, location

    if is_gone(src):
        raise ValueError(
            f"{location(src)} is not there, and {db} has pictures of it; they stay. If it was moved: sightline "
            f"index {db} --move '{location(src)}' NEW. If it is gone for good: sightline index {db} --drop '{src}'"
        )


def _say_kept(report: "Report", db: Path) -> None:
    for some in report.kept:
        away = f"To let go of them: sightline index {db} --drop '{some.place}'"
        print_notes([f"{some.count:,} pictures of {some.place} were not seen and are kept: {some.why}. {away}"])
    print_notes(report.notes)
