"""The best hits of a library for what is wanted: ranked, read, folded, and asked for again where some are gone."""

import sqlite3
from pathlib import Path

from sightline.search import read
from sightline.search.rank import rank
from sightline.search.rank.fold import AT_MOST, folded
from sightline.search.rank.rank import Library, Wanted
from sightline.search.rank.there import unmeasured
from sightline.search.read import Answer


def counted(k: int) -> None:
    """Raises ValueError where so many results cannot be asked for."""
    if k < 1:
        raise ValueError(f"k must be at least 1; got {k}")


def best(
    connection: sqlite3.Connection,
    library: Library,
    k: int,
    sought: Wanted,
    db: Path,
    encoder_id: int,
    without: int | None = None,
    fold: float | None = None,
) -> Answer:
    """The `k` best hits in the index at `db`, but for the id `without`; with `fold` near-identical ones stand behind
    the best of them. Inside a transaction."""
    library.must_fit(sought.vector, db)
    untold, count = unmeasured(connection, sought.where, db), k + (without is not None)
    while True:
        found = rank.ranked(connection, library, count, sought)
        if without is not None:
            found = found.without(without)
        most = k if fold is None else count
        hits = read.hits(connection, found, library.vectors, most, encoder_id, without)
        if fold is not None:
            hits = folded(connection, hits, library.vectors, fold)[:k]
        # rows that went since the matrix was read leave gaps, and so does what is folded; the next ones fill them
        if len(hits) == k or found.whole or (fold is not None and count >= AT_MOST):
            return Answer(hits, relevant=found.count, unmeasured=untold)
        count *= 4
