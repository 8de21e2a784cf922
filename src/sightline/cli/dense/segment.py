"""`sightline segment`."""

from pathlib import Path
from typing import Any

from sightline.data.terminal import printable_line


def segment(
    run: str,
    src: str,
    *,
    out: Path,
    least: float = 0.5,
    point: str | None = None,
    box: str | None = None,
    device: str = "auto",
) -> None:
    """Say what every pixel of pictures is (fcn), or outline the things in them (mask_rcnn).

    Writes a folder: labels/, a .png for every picture whose values are classes (255: not seen) or, of things, their
    numbers from 1; segments.json, the same in COCO's form; and drawn/, to look at. It appears when all is written; one
    that segment wrote before is replaced, any other left as it is.

    Examples:
      sightline segment runs/streets camvid/test-000.tar --out streets
      sightline segment runs/outlines "scenes:test?n=50" --out outlines

    Parameters
    ----------
    run
        RUN: the folder of a run.
    src
        SRC: a folder, a table, tars, `icons`, `scenes`.
    out
        The folder to write.
    least
        Of things, those of a lower score are left out.
    point
        Refused: for runs that were trained to be prompted.
    box
        Refused: for runs that were trained to be prompted.
    device
        auto, cpu, cuda or mps.
    """
    from sightline.cli.dense.pictures import found_in
    from sightline.cli.dense.written import Written
    from sightline.cli.notes import print_source_notes
    from sightline.cli.progress import print_bad
    from sightline.data.sources.source import open_source
    from sightline.weights.load import load

    written = Written(out, "segments.json", labels=True)
    source = open_source(src)
    print_source_notes(source)
    model = load(run, device=device)
    model.segment([], *[prompt for prompt in (point, box) if prompt is not None])  # refused before the work
    whole = "segmenter" in model.parts
    bad: dict[str, str] = {}
    with written.folder():
        options = {} if whole else {"least": least}
        for picture, found in found_in(source, bad, lambda some: model.segment(some, **options)):
            if whole:
                written.pixels(picture, found)
            else:
                written.things(picture, found)
        head: Any = model.parts["segmenter" if whole else "detector"]
        written.finish(model.name, head.names)
    print_bad(bad)
    what = "areas" if whole else "things"
    print(f"{printable_line(out)}: {written.count:,} {what} in {written.pictures:,} pictures")
