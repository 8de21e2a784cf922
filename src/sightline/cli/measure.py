"""`sightline measure`."""

import time
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from sightline.cli.progress import print_bad, progress


def measure(
    encoders: list[str],
    *,
    data: Annotated[list[str], Parameter(consume_multiple=True)] | None = None,
    memory: str | None = None,
    suite: str = "all",
    out: Path | None = None,
    json_file: Annotated[Path | None, Parameter(name="--json")] = None,
    quick: bool = False,
    domain: str = "",
    seed: int = 0,
    device: str = "auto",
    no_cache: bool = False,
) -> None:
    """Measure five properties of encoders, side by side, and what they see in graphics: one table, one page.

    Raw pixels and a random tower of the same kind stand beside them. Safe to stop: what was embedded is kept by
    content, and the same command goes on. docs/measure.md says what each number is.

    Examples:
      sightline measure runs/icons --quick
      sightline measure runs/a runs/b --out report.html --json report.json
      sightline measure runs/a local-dir:siglip2-base --data photos/ --out photos.html
      sightline measure timm:vit_tiny_patch16_224 --data "scenes" --suite density,spatial

    Parameters
    ----------
    encoders
        ENCODER: run folders, exported folders or published weights.
    data
        What to measure on: scenes, icons (both built in, and both where nothing is named), or any SRC.
    memory
        SRC of the pictures that probes are fitted on. Left out: the split train of --data, or a share of it.
    suite
        all, or some of density, similarity, text, localization, spatial, graphics, beyond, with commas.
    out
        The page, .html.
    json_file
        The same as JSON.
    quick
        Fewer pictures and wider intervals: a minute or two.
    domain
        A field of the samples, such as style: the scores in each of its values.
    seed
        Which pictures of a large source, and which random tower.
    device
        auto, cpu, cuda or mps.
    no_cache
        Embed anew what was embedded before, and keep nothing.
    """
    from sightline.measure.exhibit.collected import Exhibits
    from sightline.measure.face import BUILT_IN
    from sightline.measure.face import measure as measured
    from sightline.measure.report.json_form import as_json
    from sightline.measure.report.page import page, write_page
    from sightline.measure.report.terminal import show
    from sightline.measure.report.versions import versions
    from sightline.train.folder import write_json

    if out is not None and out.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"--out {out}: the page is written as .html; give it such an ending")
    exhibits = Exhibits()
    with progress("measuring") as tell:
        report = measured(
            encoders,
            data=data or BUILT_IN,
            memory=memory,
            suite=suite,
            quick=quick,
            domain=domain,
            seed=seed,
            device=device,
            cache=not no_cache,
            tell=tell,
            exhibit=exhibits.collect if out else lambda subject, suite: None,
        )
    for described in report.suites:
        print_bad(described["left_aside"])
    told = as_json(report, created=time.strftime("%Y-%m-%dT%H:%M:%S%z"), versions=versions())
    if json_file is not None:
        write_json(json_file, told)
    if out is not None:
        write_page(out, page(report, told, exhibits))
    show(report)
    for path in (out, json_file):
        if path is not None:
            print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
