"""Embedding a source into a table of vectors that other tools read: Parquet or NPZ."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from sightline.data.atomic import atomic_write
from sightline.data.decode.record import Bad
from sightline.data.prepare.tile import Box
from sightline.data.sample import Sample, Source, Stream
from sightline.search.batcher import Precision, batcher_of
from sightline.search.fill.fill import BATCH, Progress
from sightline.search.fill.samples import samples
from sightline.search.fill.stopwatch import Stopwatch
from sightline.search.fill.stream import Done, path_of, stream
from sightline.search.parts import Parts
from sightline.search.query import Embedder
from sightline.search.row import storable
from sightline.search.target import refuse_other

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Embedded:
    """What was written: `count` rows, and key -> reason of the pictures left out."""

    count: int
    bad: dict[str, str]
    resumed: int = 0
    """pictures that an earlier run had looked at already"""
    restarted: str = ""
    """why what an earlier run had made could not be used"""
    precision: str = "float32"
    spent: Stopwatch = field(default_factory=Stopwatch)
    """where the time went: decode, preprocess, model, write"""


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows of the table; `vector` (n, e) float32, unit length. Without tiles `tile` is 0 everywhere."""

    key: list[str]
    path: list[str]
    caption: list[str]
    label: list[int | None]
    kind: list[str]
    """names of the classes; "" where there is none"""
    vector: np.ndarray
    tile: list[int] = field(default_factory=list)
    box: list[Box | None] = field(default_factory=list)


def embed(
    encoder: Embedder,
    source: Source | Stream,
    out: str | Path,
    progress: Progress | None = None,
    batch: int = 0,
    *,
    workers: int = 0,
    precision: Precision = "auto",
    tiles: Sequence[float] = (),
    replace: bool = False,
) -> Embedded:
    """Writes a row a picture, in the order of the source: key, path ("" inside archives), caption, unit vector; and the
    number and name of its class, where the source has classes.

    The ending of `out` decides: `.parquet` (written as it goes, any size, a killed run goes on; needs pyarrow) or
    `.npz` (held in memory; read with `numpy.load`). Bad pictures are left out and named in the result. The file is
    replaced whole: an interrupted run leaves what was there. `tiles` are scales at which large pictures are also
    embedded part by part (`data.tile`); then there are columns `tile` (0: the whole) and `box` (x, y, w, h). Raises
    ValueError for another ending, where no picture could be used, and where `out` is anything but a table of the same
    encoder, unless `replace` says that it may go.
    """
    out = Path(out)
    if out.suffix not in (".parquet", ".npz"):
        raise ValueError(f"{out}: vectors are written as .parquet or .npz; give --out such an ending")
    if not replace:
        refuse_other(out, encoder.identity, encoder.name)
    batcher = batcher_of(encoder, precision)
    about = {
        "format": FORMAT,
        "encoder": encoder.name,
        "identity": encoder.identity,
        "dim": encoder.dim,
        "normalized": True,
        "source": source.name,
        "precision": batcher.precision,
    }
    if tiles:
        about["tiles"] = list(tiles)
    labelled = "label" in source.has or bool(source.classes)
    if labelled:
        about["labels"] = True
    spent = Stopwatch()
    total = len(source) if isinstance(source, Source) else None
    run: dict[str, Any] = {"batch": batch, "workers": workers, "scales": tiles, "reduce": True, "spent": spent}

    def results(first: int) -> Iterator[Done]:
        done = first
        for some in stream(batcher, samples(source, first), **run):
            yield some
            done += len(some.samples)
            if progress:
                progress(done, total)

    write = _parquet if out.suffix == ".parquet" else _npz
    count, bad, resumed, restarted = write(out, results, source, about, spent)
    return Embedded(count, bad, resumed, restarted, batcher.precision, spent)


def rows(
    encoder: Embedder,
    source: Source | Stream,
    batch: int = BATCH,
    bad: dict[str, str] | None = None,
    progress: Progress | None = None,
    precision: Precision = "float32",
) -> Iterator[Rows]:
    """The source in its order, at most `batch` pictures at a time.

    Pictures that cannot be used are left out and put into `bad` as key -> reason.
    """
    bad = {} if bad is None else bad
    total = len(source) if isinstance(source, Source) else None
    done = 0
    for some in stream(batcher_of(encoder, precision), samples(source), batch=batch):
        if (made := _rows(some, bad, source.classes)).key:
            yield made
        done += len(some.samples)
        if progress:
            progress(done, total)


def _rows(done: Done, bad: dict[str, str], classes: Sequence[str]) -> Rows:
    """The table's rows of some samples that are done; those that failed go into `bad`."""
    bad.update((lost.key, lost.reason) for lost in done.samples if isinstance(lost, Bad))
    found = [(sample, view) for sample, views in _good(done) for view in views]
    return Rows(
        key=[storable(sample.key) for sample, _ in found],
        path=[storable(path_of(sample)) for sample, _ in found],
        caption=[storable(sample.captions[0]) if sample.captions else "" for sample, _ in found],
        label=[sample.label for sample, _ in found],
        kind=[_kind(sample.label, classes) for sample, _ in found],
        vector=np.stack([view.vector for _, view in found]) if found else np.zeros((0, 0), np.float32),
        tile=[view.tile for _, view in found],
        box=[view.box for _, view in found],
    )


def _kind(label: int | None, classes: Sequence[str]) -> str:
    return storable(classes[label]) if label is not None and 0 <= label < len(classes) else ""


def _good(done: Done) -> list[tuple[Sample, list[Any]]]:
    return [sample for sample in done.samples if not isinstance(sample, Bad)]


def _none(source: Source | Stream, bad: dict[str, str]) -> ValueError:
    reasons = "; ".join(f"{key}: {reason}" for key, reason in list(bad.items())[:3])
    return ValueError(f"no picture of {source.name} could be embedded ({reasons or 'it is empty'})")


def _parquet(out: Path, results: Any, source: Source | Stream, about: dict[str, Any], spent: Stopwatch) -> Any:
    """Writes the rows as Parquet, part by part, so that a killed run goes on; returns what was written."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise ValueError(
            "writing .parquet needs pyarrow: pip install 'sightline[train]' (or write .npz, which needs nothing)"
        ) from error
    dim, tiled, labelled = about["dim"], "tiles" in about, "labels" in about
    fields = [(name, pa.string()) for name in ("key", "path", "caption")]
    fields += [("label", pa.int64()), ("class", pa.string())] if labelled else []
    fields += [("tile", pa.int32()), ("box", pa.list_(pa.int32(), 4))] if tiled else []
    schema = pa.schema([*fields, ("vector", pa.list_(pa.float32(), dim))], metadata={"sightline": json.dumps(about)})

    def table(some: list[Rows]) -> Any:
        flat = np.concatenate([one.vector for one in some if one.key] or [np.zeros((0, dim), np.float32)])
        vectors = pa.FixedSizeListArray.from_arrays(pa.array(flat.astype(np.float32, copy=False).reshape(-1)), dim)
        texts: list[list[list[Any]]] = [
            [one.key for one in some],
            [one.path for one in some],
            [one.caption for one in some],
        ]
        texts += [[one.label for one in some], [one.kind for one in some]] if labelled else []
        columns: list[Any] = [list(chain.from_iterable(column)) for column in texts]
        if tiled:
            columns += [[tile for one in some for tile in one.tile]]
            columns += [pa.array([box for one in some for box in one.box], pa.list_(pa.int32(), 4))]
        return pa.table([*columns, vectors], schema=schema)

    of = {"length": len(source) if isinstance(source, Source) else None}
    parts = Parts(out, about | of, source)
    first = after = resumed = parts.done
    waiting: list[Rows] = []
    ends: list[Sample | Bad] = []
    bad: dict[str, str] = {}
    for done in results(first):
        with spent.on("write"):
            waiting.append(_rows(done, bad, source.classes))
            ends += [one if isinstance(one, Bad) else one[0] for one in done.samples]
            ends = [ends[0], ends[-1]]
            after += len(done.samples)
            if parts.due(sum(len(one.key) for one in waiting)) and not any(isinstance(end, Bad) for end in ends):
                parts.add(table(waiting), first, after, [end for end in ends if not isinstance(end, Bad)], bad)
                first, waiting, ends, bad = after, [], [], {}
    with spent.on("write"):
        count = 0
        every: dict[str, str] = {}
        last = table(waiting) if any(one.key for one in waiting) else None
        with atomic_write(out) as [temporary]:
            with pq.ParquetWriter(temporary, schema) as writer:
                for some, lost in chain(parts.tables(), [(last, bad)]):
                    every |= lost
                    if some is not None and len(some):
                        count += len(some)
                        writer.write_table(some.replace_schema_metadata(schema.metadata))
            if not count:
                raise _none(source, every)
        parts.remove()
    return count, every, resumed, parts.restarted


def _npz(out: Path, results: Any, source: Source | Stream, about: dict[str, Any], spent: Stopwatch) -> Any:
    """Writes the rows as one NPZ at the end; returns what was written."""
    bad: dict[str, str] = {}
    every = [some for done in results(0) if (some := _rows(done, bad, source.classes)).key]
    if not every:
        raise _none(source, bad)
    columns: dict[str, Any] = {
        "key": np.array([key for some in every for key in some.key]),
        "path": np.array([path for some in every for path in some.path]),
        "caption": np.array([caption for some in every for caption in some.caption]),
        "vector": np.concatenate([some.vector for some in every]),
        "about": np.array(json.dumps(about)),
    }
    if "labels" in about:
        columns["label"] = np.array([-1 if label is None else label for some in every for label in some.label])
        columns["class"] = np.array([kind for some in every for kind in some.kind])
    if "tiles" in about:
        columns["tile"] = np.array([tile for some in every for tile in some.tile], np.int32)
        columns["box"] = np.array([box or (0, 0, 0, 0) for some in every for box in some.box], np.int32)
    with spent.on("write"), atomic_write(out) as [temporary], temporary.open("wb") as file:
        np.savez_compressed(file, **columns)
    return len(columns["key"]), bad, 0, ""
