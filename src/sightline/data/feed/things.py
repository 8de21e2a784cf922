"""The class of each box of a picture: what the source says of it, and its number among the classes that are learnt.

A source says it in `extra["objects"]` or, as scenes do, `extra["factors"]`, a dictionary a box in the order of the
boxes. Which field is the class is asked for by name, or is the first of `FIELDS` that is there. Numbers (COCO's
`category_id`) are names like any other: gaps between them do no harm.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sightline.data.sample import Sample

FIELDS = ("category", "class", "class_name", "label", "category_id", "kind", "shape", "name")
"""fields of an object that may say its class, in order of preference"""
ANY = "object"
"""the class of a box of which nothing is said"""
UNKNOWN = -1
"""the number of a box whose class is not learnt"""


@dataclass(frozen=True)
class Things:
    """The classes that are learnt, in order, and the field that says them; "" is the first of `FIELDS`."""

    names: tuple[str, ...] = ()
    field: str = ""

    def numbers(self, sample: Sample, count: int) -> np.ndarray:
        """The class (count,) int64 of each of a sample's boxes, UNKNOWN for one that is not learnt."""
        said = classes_of(sample, self.field)
        number = {name: place for place, name in enumerate(self.names)}
        made = [number.get(name, UNKNOWN) for name in said] if said else [number.get(ANY, UNKNOWN)] * count
        return np.array(made if len(made) == count else [UNKNOWN] * count, np.int64)


def classes_of(sample: Sample, field: str = "") -> list[str]:
    """What class each of the sample's boxes has, "" for one of which nothing is said; [] where of none is."""
    objects = [thing for thing in described(sample) if isinstance(thing, dict)]
    chosen = field or next((name for name in FIELDS if any(_said(thing, name) for thing in objects)), "")
    return [_said(thing, chosen) for thing in objects] if chosen else []


def described(sample: Sample) -> Sequence[Any]:
    """What the source says of each box, a dictionary a box; of objects those with a box, as `Sample.boxes` has them."""
    objects, factors = sample.extra.get("objects"), sample.extra.get("factors")
    if isinstance(objects, list):
        return [thing for thing in objects if isinstance(thing, dict) and "box" in thing] or objects
    return factors if isinstance(factors, list) else []


def _said(thing: dict[str, Any], field: str) -> str:
    value = thing.get(field)
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
