"""Enrolling: the pictures of a labelled source go into an index, and the name of each class beside them."""

import os
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sightline.data.decode.record import Bad
from sightline.data.sample import Source, class_name
from sightline.data.storable import escaped
from sightline.search.fill.picture import place_name
from sightline.search.fill.place import parts_of
from sightline.search.fill.samples import samples
from sightline.search.index import Index
from sightline.search.query import Embedder
from sightline.search.rank.there import GOOD
from sightline.search.row import storable, why_unstorable
from sightline.search.schema import connect, plain_errors, transaction

if TYPE_CHECKING:
    from sightline.search.fill.fill import Progress, Report


@dataclass(frozen=True)
class Enrolled:
    """What one call did."""

    report: "Report"
    names: dict[str, int]
    """usable pictures of each identity in the source, in the order of its classes; the gallery may have more"""
    without: tuple[str, ...]
    """classes of the source of which no picture could be used"""
    unlabelled: int
    """pictures of the source without a class: indexed, and of nobody"""


def enrol(index: Index, source: Source, encoder: Embedder, progress: "Progress | None" = None) -> Enrolled:
    """Adds the pictures of `source` to the index, and makes its classes identities, new or with more pictures.

    Equal names are one identity, from whatever source. A picture whose name the source took away is nobody's again.
    Raises ValueError for a source without classes and, as `Index.add`, for another encoder than the gallery's.
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
    unlabelled: list[str] = []
    for part in parts_of(source):
        for sample in samples(part):
            if isinstance(sample, Bad) or why_unstorable(place := place_name(sample, part.name)):
                continue  # named by `add`
            # the parts of a mixture share its classes
            if (name := class_name(sample.label, part.classes)) is None:
                unlabelled.append(place)
            else:
                said[place] = storable(name)
    with closing(connect(index.path)) as connection, plain_errors(index.path), transaction(connection):
        connection.executemany(
            "DELETE FROM enrolled WHERE picture IN (SELECT id FROM picture WHERE place = ?)",
            [(place,) for place in unlabelled],
        )
        connection.executemany(
            "INSERT OR REPLACE INTO enrolled (picture, name) SELECT id, ? FROM picture WHERE place = ?",
            [(name, place) for place, name in said.items()],
        )
        good = {place for (place,) in connection.execute(f"SELECT place FROM picture WHERE {GOOD}")}
    counts = Counter(name for place, name in said.items() if place in good)
    named = dict.fromkeys(storable(name) for name in source.classes)
    return Enrolled(
        report,
        {name: counts[name] for name in named if counts[name]},
        tuple(name for name in named if not counts[name]),
        len(unlabelled),
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
