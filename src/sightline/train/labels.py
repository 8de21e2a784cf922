"""What the labels of a new run give to expect, said before the first step of a method that learns classes."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from sightline.data.sample import Source, Stream
from sightline.data.sources.labels import labels_of


def look(name: str, source: Any, held: Source | None) -> Iterator[str]:
    """Notes on the labels of `source` and of the held-out samples, of a run called `name`. Nothing of a stream, whose
    labels are seen as they come. ValueError where fewer than two classes occur, or none of the held-out ones does."""
    if isinstance(source, Stream):
        return
    labels = labels_of(source)
    names = np.array(source.classes)
    seen, counts = np.unique(labels[labels >= 0], return_counts=True)
    if len(seen) < 2:
        only = f"are all {str(names[seen[0]])!r}" if len(seen) else "have no labels"
        raise ValueError(
            f"{name} tells classes apart, and the pictures of {source.name} {only}: give pictures of two classes or "
            "more (a folder for each, a label column, .cls in tars)"
        )
    if missing := int((labels < 0).sum()):
        yield f"{missing} of {len(labels)} pictures of {source.name} have no label: they teach nothing"
    if idle := sorted({*range(len(names))} - {*seen.tolist()}):
        yield (
            f"{len(idle)} of the {len(names)} classes of {source.name} have no picture here ({_some(names[idle])}): "
            "each has an output that is never the answer"
        )
    if mixed := _mixed([str(name) for name in names[seen]]):
        yield f"the labels of {source.name} mix numbers and words ({mixed}): each spelling is a class of its own"
    yield f"{len(seen)} classes, {counts.min()} to {counts.max()} pictures each"
    if held is not None and "label" in held.has:
        yield from _held(source, held, {str(name) for name in names[seen]})


def _held(source: Source, held: Source, known: set[str]) -> Iterator[str]:
    """Held-out classes that nothing teaches."""
    labels = labels_of(held)
    asked = Counter(str(held.classes[label]) for label in labels[labels >= 0])
    strange = {name: n for name, n in asked.items() if name not in known}
    if asked and len(strange) == len(asked):
        raise ValueError(
            f"no class of {held.name} ({_some(sorted(strange))}) occurs in {source.name} ({_some(sorted(known))}): "
            "they cannot be told right. Give both the same names of classes"
        )
    if strange:
        yield (
            f"{len(strange)} classes of {held.name} do not occur in {source.name} ({_some(sorted(strange))}): their "
            f"{sum(strange.values())} of {sum(asked.values())} pictures cannot be told right, and count as wrong"
        )


def _mixed(names: list[str]) -> str:
    """An example of both where some labels are numbers and some are words; "" where all are one or the other."""
    numbers = [name for name in names if _is_number(name)]
    words = [name for name in names if not _is_number(name)]
    return f"{numbers[0]!r}, {words[0]!r}" if numbers and words else ""


def _is_number(name: str) -> bool:
    try:
        float(name)
    except ValueError:
        return False
    return True


def _some(names: Any) -> str:
    shown = ", ".join(repr(str(name)) for name in names[:3])
    return shown + (f" and {len(names) - 3} more" if len(names) > 3 else "")
