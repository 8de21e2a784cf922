"""`classes.json` beside tars: what the numbers of labels are called, where the records do not say it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

FILE = "classes.json"


def class_names(folder: Path) -> dict[int, str]:
    """Names by number: of a list of names, of an object {number: name}, or of a list of {"label", "name"}.

    Empty where there is no such file, or it holds something else: numbers are then their own names.
    """
    try:
        told: Any = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    pairs: list[tuple[Any, Any]] = []
    if isinstance(told, dict):
        pairs = list(told.items())
    elif isinstance(told, list):
        pairs = [
            (one.get("label"), one.get("name", one.get("class"))) if isinstance(one, dict) else (number, one)
            for number, one in enumerate(told)
        ]
    kept = {str(number): name for number, name in pairs if isinstance(name, str) and name.strip()}
    return {int(number): name.strip() for number, name in kept.items() if number.isdecimal() and len(number) < 10}


def named(classes: Sequence[str], folder: Path) -> tuple[str, ...]:
    """`classes`, numbers among them by their name in the folder's `classes.json`."""
    if not any(name.isdecimal() for name in classes):
        return tuple(classes)
    names = class_names(folder)
    return tuple(names.get(int(name), name) if name.isdecimal() else name for name in classes)
