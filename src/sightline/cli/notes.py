"""What a source passed over, said once by every verb that opens one, and what a verb has to say of its own work."""

import sys
from collections.abc import Iterable
from typing import Any

from sightline.data.terminal import shown


def say_notes(source: Any) -> None:
    """The notes of a source, on stderr: what was left aside, cut or could not be seen, and what to do about it."""
    say(getattr(source, "notes", ()))


def say(notes: Iterable[str]) -> None:
    """One line a note, on stderr."""
    for note in notes:
        print(f"note: {shown(note)}", file=sys.stderr)
