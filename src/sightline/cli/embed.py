"""`sightline embed`."""

import time
from pathlib import Path

from sightline.cli.progress import name_bad, progress


def embed(encoder: str, src: str, *, out: Path, device: str = "auto", batch: int = 64) -> None:
    """Write the vectors of pictures into a table: key, path, caption, unit vector.

    Examples:
      sightline embed runs/icons icons --out vectors.parquet
      sightline embed runs/icons my-folder/ --out vectors.npz

    Parameters
    ----------
    encoder
        ENCODER: a run folder.
    src
        SRC: a folder, a table, tars, `icons`, `scenes`.
    out
        The file to write; its ending, .parquet or .npz, decides the format.
    device
        auto, cpu, cuda or mps. auto runs an exported encoder on the CPU, without torch.
    batch
        Pictures embedded at a time.
    """
    from sightline.data.source import open_source
    from sightline.search.embed import embed as write
    from sightline.search.encoder import open_encoder

    if batch < 1:
        raise ValueError(f"--batch must be at least 1; got {batch}")
    start = time.monotonic()
    source, model = open_source(src), open_encoder(encoder, device=device)
    with progress("embedding") as tell:
        done = write(model, source, out, progress=tell, batch=batch)
    name_bad(done.bad)
    print(f"{out}: {done.count:,} vectors of {model.dim} in {time.monotonic() - start:.1f} s")
