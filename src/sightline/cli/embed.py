"""`sightline embed`."""

import time
from pathlib import Path
from typing import Literal

from sightline.cli.notes import print_source_notes
from sightline.cli.progress import print_bad, progress
from sightline.data.terminal import printable_line


def embed(
    encoder: str,
    src: str,
    *,
    out: Path,
    device: str = "auto",
    precision: Literal["auto", "float32", "bfloat16"] = "auto",
    batch: int = 0,
    workers: int = 0,
    tiles: bool = False,
    scales: tuple[float, ...] = (1.0,),
    replace: bool = False,
) -> None:
    """Write the vectors of pictures into a table: key, path, caption, label and class if there are any, unit vector.

    Safe to stop where --out is .parquet: the same command goes on. A table of the same encoder is made anew, anything
    else at --out is left as it is.

    Examples:
      sightline embed runs/icons icons --out vectors.parquet
      sightline embed runs/icons my-folder/ --out vectors.npz
      sightline embed runs/icons drawings/ --out vectors.parquet --tiles --scales 1 0.5

    Parameters
    ----------
    encoder
        ENCODER: a run folder.
    src
        SRC: a folder, a table, tars, `icons`, `scenes`, `iconify:PATH`.
    out
        The file to write; its ending, .parquet or .npz, decides the format.
    device
        auto, cpu, cuda or mps. auto on a CPU takes torch where bfloat16 is fast, else an exported encoder.
    precision
        auto is bfloat16 where this machine is clearly faster in it, else float32.
    batch
        Pictures embedded at a time; 0 takes what suits the device.
    workers
        Threads that decode, and on a CPU embed; 0 is one a core.
    tiles
        Also embed large pictures by overlapping tiles, with columns tile and box.
    scales
        Sizes of tiles: at 1 a tile has the pixels of the tower's input, at 0.5 twice as many each way.
    replace
        Write over --out also where it holds the vectors of another encoder, or something else.
    """
    from sightline.data.sources.source import open_source
    from sightline.search.embed import embed as write
    from sightline.search.encoder import open_quick

    if batch < 0 or workers < 0:
        raise ValueError(f"--batch and --workers must be at least 0; got {batch} and {workers}")
    start = time.monotonic()
    source = open_source(src)
    print_source_notes(source)
    model = open_quick(encoder, device=device, precision=precision)
    with progress("embedding") as tell:
        done = write(
            model,
            source,
            out,
            progress=tell,
            batch=batch,
            workers=workers,
            precision=precision,
            tiles=scales if tiles else (),
            replace=replace,
        )
    print_bad(done.bad)
    took = time.monotonic() - start
    if done.restarted:
        print(f"began anew: parts of an earlier run could not be used, {done.restarted}")
    if done.resumed:
        print(f"went on after {done.resumed:,} pictures of an earlier run")
    print(
        f"{printable_line(out)}: {done.count:,} vectors of {model.dim} in {took:.1f} s "
        f"({done.precision}; {done.spent.summary()})"
    )
