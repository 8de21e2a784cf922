"""Enrolling: the pictures of a labelled source go into an index, and the name of each class beside them."""

import os
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sightline.data.decode.record import Bad, fetch
from sightline.data.sample import Source, class_name
from sightline.data.storable import escaped
from sightline.search.fill.picture import absolute_path
from sightline.search.fill.place import parts_of
from sightline.search.index import Index
from sightline.search.query import Embedder
from sightline.search.row import storable
from sightline.search.schema import connect, plain_errors, transaction

if TYPE_CHECKING:
    from sightline.search.fill.fill import Progress, Report


@dataclass(frozen=True)
class Enrolled:
    """What one call did."""

    report: "Report"
    names: dict[str, int]
    """pictures of each identity of the source that the gallery has now, in the order of the source's classes"""
    without: tuple[str, ...]
    """classes of the source of which no picture could be used"""
    unlabelled: int
    """pictures of the source without a class: indexed, and of nobody"""


def enrol(index: Index, source: Source, encoder: Embedder, progress: "Progress | None" = None) -> Enrolled:
    """Adds the pictures of `source` to the index, and makes its classes identities, new or with more pictures.

    Equal names are one identity, from whatever source. Raises ValueError for a source without classes and, as
    `Index.add`, for another encoder than the gallery's.
    """
    if not source.classes:
        raise ValueError(
            f"{source.name} has no classes to enrol: give a folder with a folder of pictures for each identity, or a "
            "table with a column label"
        )
    if not encoder.dim:
        raise ValueError("a gallery needs an encoder that makes vectors; names alone recognise nothing")
    report = index.add(source, encoder, progress)
    said: dict[str, str] = {}
    unlabelled = 0
    for part in parts_of(source):
        for sample in (fetch(part, number) for number in range(len(part))) if isinstance(part, Source) else ():
            if isinstance(sample, Bad):
                continue
            # the parts of a mixture share its classes
            name = class_name(sample.label, part.classes)
            unlabelled += name is None
            place = str(absolute_path(sample.image)) if isinstance(sample.image, Path) else f"{part.name}#{sample.key}"
            said |= {} if name is None else {place: storable(name)}
    with closing(connect(index.path)) as connection, plain_errors(index.path), transaction(connection):
        connection.executemany(
            "INSERT OR REPLACE INTO enrolled (picture, name) SELECT id, ? FROM picture WHERE place = ?",
            [(name, place) for place, name in said.items()],
        )
        good = {
            place
            for (place,) in connection.execute("SELECT place FROM picture JOIN content USING (hash) WHERE bad IS NULL")
        }
    counts = Counter(name for place, name in said.items() if place in good)
    named = dict.fromkeys(storable(name) for name in source.classes)
    return Enrolled(
        report,
        {name: counts[name] for name in named if counts[name]},
        tuple(name for name in named if not counts[name]),
        unlabelled,
    )


def empty_folders(source: Any) -> tuple[str, ...]:
    """Folders beside those of the classes, in a source that is a folder, which hold no picture that it lists."""
    root = getattr(source, "root", None)
    if not isinstance(root, Path) or not source.classes:
        return ()
    return tuple(
        sorted(
            escaped(entry.name)
            for entry in os.scandir(root)
            if entry.is_dir() and entry.name not in source.classes and not entry.name.startswith(".")
        )
    )
