"""What a source passed over, said once by every verb that opens one."""

import sys
from typing import Any

from sightline.data.terminal import shown


def say_notes(source: Any) -> None:
    """The notes of a source, on stderr: what was left aside, cut or could not be seen, and what to do about it."""
    for note in getattr(source, "notes", ()):
        print(f"note: {shown(note)}", file=sys.stderr)
