"""`sightline measure`."""

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
    beside: Annotated[list[Path], Parameter(consume_multiple=True)] | None = None,
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
    beside
        Earlier reports (--json): their rows stand beside these, where they were measured alike.
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
    from sightline.measure.face import BUILT_IN
    from sightline.measure.written import written

    if out is not None and out.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"--out {out}: the page is written as .html; give it such an ending")
    with progress("measuring") as tell:
        written(
            encoders,
            out=out,
            json_file=json_file,
            beside=beside or (),
            data=data or BUILT_IN,
            memory=memory,
            suite=suite,
            quick=quick,
            domain=domain,
            seed=seed,
            device=device,
            cache=not no_cache,
            tell=tell,
            bad=print_bad,
        )
    for path in (out, json_file):
        if path is not None:
            print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
