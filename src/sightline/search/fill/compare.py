"""The encoder that compares words with words, and the vectors it needs."""

import sqlite3
from collections.abc import Callable

from sightline.search.fill.lines import fill_lines
from sightline.search.owner import register
from sightline.search.query import Embedder
from sightline.search.schema import transaction


def compare_lines(
    connection: sqlite3.Connection, reader: Embedder | None, progress: Callable[[int, int | None], None] | None
) -> tuple[int | None, bool]:
    """Vectors by `reader` for the lines of the library: its id, if there is one, and whether any changed."""
    if reader is None:
        return None, False
    with transaction(connection):
        encoder_id = register(connection, reader)
    return encoder_id, fill_lines(connection, reader, encoder_id, progress)
