"""`sightline detect`."""

from pathlib import Path
from typing import Any

from sightline.data.terminal import printable_line


def detect(
    run: str,
    src: str,
    *,
    out: Path,
    least: float = 0.5,
    most: int = 100,
    device: str = "auto",
) -> None:
    """Find things in pictures: a box, a class and a score for each, by a run that learnt to (faster_rcnn, mask_rcnn).

    Writes a folder: detections.json in COCO's form, and drawn/, every picture with its boxes. It appears when all is
    written; one that detect wrote before is replaced, any other left as it is.

    Examples:
      sightline detect runs/cells bccd/test-000.tar --out cells
      sightline detect runs/boxes photos/ --out boxes --least 0.7

    Parameters
    ----------
    run
        RUN: the folder of a run.
    src
        SRC: a folder, a table, tars, `icons`, `scenes`.
    out
        The folder to write.
    least
        Things of a lower score are left out.
    most
        At most so many things of a picture.
    device
        auto, cpu, cuda or mps.
    """
    from sightline.cli.dense.pictures import found_in
    from sightline.cli.dense.written import Written
    from sightline.cli.notes import print_source_notes
    from sightline.cli.progress import print_bad
    from sightline.data.sources.source import open_source
    from sightline.weights.load import load

    written = Written(out, "detections.json", labels=False)
    source = open_source(src)
    print_source_notes(source)
    model = load(run, device=device)
    model.detect([], least=least, most=most)  # refuses what cannot be before the work
    bad: dict[str, str] = {}
    with written.folder():
        for picture, things in found_in(source, bad, lambda some: model.detect(some, least=least, most=most)):
            written.things(picture, things)
        detector: Any = model.parts["detector"]
        written.finish(model.name, detector.names)
    print_bad(bad)
    print(f"{printable_line(out)}: {written.count:,} things in {written.pictures:,} pictures")
