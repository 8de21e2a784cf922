"""`sightline index`."""

import os
import time
from pathlib import Path

from sightline.cli.notes import say_notes
from sightline.cli.progress import name_bad, progress

BUILT_IN = ("icons", "scenes")


def index(
    db: Path,
    src: str,
    *,
    encoder: str | None = None,
    rebuild: bool = False,
    device: str = "auto",
    tiles: bool = False,
    scales: tuple[float, ...] = (1.0,),
) -> None:
    """Make pictures searchable, or bring an index up to date: only what is new or changed is embedded.

    Safe to stop at any moment; the same command goes on. Several sources may share one index.

    Examples:
      sightline index icons.db icons --encoder runs/icons
      sightline index icons.db my-folder/
      sightline index icons.db icons --encoder runs/better --rebuild

    Parameters
    ----------
    db
        The index, one file; made where there is none.
    src
        SRC: a folder, a table, tars, `icons`, `scenes`.
    encoder
        ENCODER: a run folder. Left out: the one the index was made with.
    rebuild
        Embed everything again with another encoder; the index then holds SRC and nothing else.
    device
        auto, cpu, cuda or mps. auto runs an exported encoder on the CPU, without torch.
    tiles
        Also embed large pictures by overlapping tiles, so that a search finds what is small in them. The index
        remembers it.
    scales
        Sizes of tiles: at 1 a tile has the pixels of the tower's input, at 0.5 twice as many each way.
    """
    from sightline.data.source import open_source
    from sightline.search.encoder import open_encoder
    from sightline.search.index import Index

    start = time.monotonic()
    with Index(db) as made:
        if encoder is None and not db.exists():
            raise ValueError(f"{db} is new, so it needs an encoder: sightline index {db} {src} --encoder ENCODER")
        source = open_source(anchored(src))
        say_notes(source)
        model = open_encoder(encoder or made.about().encoder, device=device)
        with progress("indexing") as tell:
            fill = made.rebuild if rebuild else made.add
            report = fill(source, model, progress=tell, tiles=scales if tiles else ())
        about = made.about()
    name_bad(report.bad)
    words = {
        "new": report.added,
        "changed": report.changed,
        "moved": report.moved,
        "removed": report.removed,
        "unchanged": report.unchanged,
    }
    counts = ", ".join(f"{count:,} {word}" for word, count in words.items() if count)
    print(f"{db}: {about.pictures:,} pictures ({counts or 'nothing found'}) in {time.monotonic() - start:.1f} s")


def anchored(src: str) -> str:
    """SRC with its paths made absolute, so that one folder is one source from wherever the command is run.

    >>> anchored("icons:train?n=5::s3://bucket/000.tar")
    'icons:train?n=5::s3://bucket/000.tar'
    """
    from sightline.data.source import parse

    def anchor(name: str, text: str) -> str:
        named = "://" in name or (name in BUILT_IN and not Path(name).exists())
        return text if named else os.path.abspath(os.path.expanduser(name)) + text.removeprefix(name)

    return "::".join(anchor(part.name, part.text) for part in parse(src))
