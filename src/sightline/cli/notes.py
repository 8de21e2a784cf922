"""What a source passed over, said once by every verb that opens one, and what a verb has to say of its own work."""

import sys
from collections.abc import Iterable
from typing import Any

from sightline.data.terminal import printable_line


def print_source_notes(source: Any) -> None:
    """Prints the notes of a source on stderr: what was left aside, cut or not seen, and what to do about it."""
    print_notes(getattr(source, "notes", ()))


def print_notes(notes: Iterable[str]) -> None:
    """Prints one line a note on stderr."""
    for note in notes:
        print(f"note: {printable_line(note)}", file=sys.stderr)
