"""`sightline look`."""

from pathlib import Path

from sightline.cli.notes import print_source_notes
from sightline.cli.progress import print_bad, progress

USUAL = "scenes:test?n=64&level=2"
"""SRC where none is given: built in, the same everywhere"""


def look(
    encoder: str,
    src: str = USUAL,
    *,
    out: Path,
    n: int = 8,
    units: str = "",
    seed: int = 0,
    foreground: bool = False,
    device: str = "auto",
) -> None:
    """Write a page that shows what an encoder has learnt: filters, attention, positions, units, components of tokens.

    One HTML file with its pictures inside. docs/look.md says how to read each figure; what an encoder does not have (a
    ResNet has no attention) is left out and the page says why.

    Examples:
      sightline look runs/icons --out icons.html
      sightline look runs/photos "photos?n=2000" --out photos.html --n 12 --units 3,17
      sightline look local-dir:dinov2-small photos/ --out dinov2.html --foreground

    Parameters
    ----------
    encoder
        ENCODER: a run folder, or published weights.
    src
        SRC to take pictures from: all of it for the units, a few spread over it for the rest.
    out
        The page, .html.
    n
        Pictures shown.
    units
        Numbers of the units to show, as in 3,17. Left out: eight drawn by --seed.
    seed
        Which units are drawn.
    foreground
        Colour tokens of the foreground only: one side of their first component, as in DINOv2.
    device
        auto, cpu, cuda or mps.
    """
    from sightline.data.sources.source import open_source
    from sightline.measure.look.facts import facts
    from sightline.measure.look.inside import look as inside
    from sightline.measure.look.page import page
    from sightline.measure.page.shell import write_page
    from sightline.weights.load import load

    if out.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"--out {out}: the page is written as .html; give it such an ending")
    if n < 1:
        raise ValueError(f"--n must be at least 1; got {n}")
    wanted, source, model = _numbers(units), open_source(src), load(encoder, device=device)
    print_source_notes(source)
    bad: dict[str, str] = {}
    with progress("looking") as tell:
        found = inside(
            model, source, shown=n, units=wanted, seed=seed, mask_background=foreground, bad=bad, progress=tell
        )
    print_bad(bad)
    write_page(out, page(model.name, facts(model), source.name, found))
    print(f"{out}: {out.stat().st_size / 1e6:.1f} MB, open it in a browser")


def _numbers(units: str) -> list[int]:
    try:
        return [int(unit) for unit in units.split(",") if unit.strip()]
    except ValueError as error:
        raise ValueError(f"--units {units}: expected numbers with commas, as in 3,17") from error
