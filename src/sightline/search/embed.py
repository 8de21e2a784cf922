"""Embedding a source into a table of vectors that other tools read: Parquet or NPZ."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from sightline.data.ahead import ahead
from sightline.data.array import unit
from sightline.data.atomic import replacing
from sightline.data.record import Bad
from sightline.data.sample import BadSample, Sample, Source, Stream
from sightline.search.fill import BATCH, Progress, samples
from sightline.search.query import Embedder

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Embedded:
    """What was written: `count` rows, and key -> reason of the pictures left out."""

    count: int
    bad: dict[str, str]


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows of the table; `vector` (n, e) float32, unit length."""

    key: list[str]
    path: list[str]
    caption: list[str]
    label: list[int | None]
    vector: np.ndarray


def embed(
    encoder: Embedder, source: Source | Stream, out: str | Path, progress: Progress | None = None, batch: int = BATCH
) -> Embedded:
    """Writes a row a picture, in the order of the source: key, path ("" inside archives), caption, unit vector.

    The ending of `out` decides: `.parquet` (written as it goes, any size; needs pyarrow) or `.npz` (held in memory;
    read with `numpy.load`). Bad pictures are left out and named in the result. The file is replaced whole: an
    interrupted run leaves what was there. Raises ValueError for another ending or where no picture could be used.
    """
    out = Path(out)
    writers: dict[str, Callable[..., None]] = {".parquet": _write_parquet, ".npz": _write_npz}
    if out.suffix not in writers:
        raise ValueError(f"{out}: vectors are written as {' or '.join(writers)}; give --out such an ending")
    bad: dict[str, str] = {}
    count = 0

    def counted() -> Iterator[Rows]:
        nonlocal count
        for some in rows(encoder, source, batch, bad, progress):
            count += len(some.key)
            yield some
        if not count:
            reasons = "; ".join(f"{key}: {reason}" for key, reason in list(bad.items())[:3])
            raise ValueError(f"no picture of {source.name} could be embedded ({reasons or 'it is empty'})")

    about = {
        "format": FORMAT,
        "encoder": encoder.name,
        "identity": encoder.identity,
        "dim": encoder.dim,
        "normalized": True,
        "source": source.name,
    }
    with replacing(out) as [temporary]:
        writers[out.suffix](temporary, counted(), encoder.dim, about)
    return Embedded(count, bad)


def rows(
    encoder: Embedder,
    source: Source | Stream,
    batch: int = BATCH,
    bad: dict[str, str] | None = None,
    progress: Progress | None = None,
) -> Iterator[Rows]:
    """The source in its order, `batch` pictures at a time, decoded in two threads ahead of the encoder.

    Pictures that cannot be used are left out and put into `bad` as key -> reason.
    """
    bad = {} if bad is None else bad

    def look(sample: Sample | Bad) -> tuple[Sample, np.ndarray] | Bad:
        if isinstance(sample, Bad):
            return sample
        try:
            return sample, np.asarray(encoder.preprocess(sample.image), dtype=np.float32)
        except (BadSample, OSError) as error:
            return Bad(sample.key, str(error))

    total = len(source) if isinstance(source, Source) else None
    found = ahead(look, samples(source), threads=2, room=2 * batch)
    done = 0
    while some := list(islice(found, batch)):
        good = [pair for pair in some if not isinstance(pair, Bad)]
        bad.update((lost.key, lost.reason) for lost in some if isinstance(lost, Bad))
        if good:
            yield Rows(
                key=[sample.key for sample, _ in good],
                path=[str(sample.image) if isinstance(sample.image, Path) else "" for sample, _ in good],
                caption=[sample.captions[0] if sample.captions else "" for sample, _ in good],
                label=[sample.label for sample, _ in good],
                vector=unit(encoder.encode_image(np.stack([pixels for _, pixels in good]))),
            )
        done += len(some)
        if progress:
            progress(done, total)


def _write_parquet(path: Path, table: Iterator[Rows], dim: int, about: dict[str, Any]) -> None:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise ValueError(
            "writing .parquet needs pyarrow: pip install 'sightline[train]' (or write .npz, which needs nothing)"
        ) from error
    fields = [(name, pa.string()) for name in ("key", "path", "caption")] + [("vector", pa.list_(pa.float32(), dim))]
    schema = pa.schema(fields, metadata={"sightline": json.dumps(about)})
    with pq.ParquetWriter(path, schema) as writer:
        for some in table:
            flat = pa.array(some.vector.astype(np.float32).reshape(-1))
            vectors = pa.FixedSizeListArray.from_arrays(flat, dim)
            writer.write_table(pa.table([some.key, some.path, some.caption, vectors], schema=schema))


def _write_npz(path: Path, table: Iterator[Rows], dim: int, about: dict[str, Any]) -> None:
    every = list(table)
    with path.open("wb") as file:
        np.savez_compressed(
            file,
            key=np.array([key for some in every for key in some.key]),
            path=np.array([path for some in every for path in some.path]),
            caption=np.array([caption for some in every for caption in some.caption]),
            vector=np.concatenate([some.vector for some in every]),
            about=np.array(json.dumps(about)),
        )
