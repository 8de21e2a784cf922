"""Columns of numbers that are to be learnt: which, what they are about, and what is not a number among them."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isinf, nan
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class Column:
    """A column of numbers, with the mean and deviation of those that are there: learnt is (x - mean) / deviation."""

    name: str
    mean: float = 0.0
    deviation: float = 1.0


def column_of_numbers(name: str, values: Sequence[Any], where: str) -> Column:
    """The column with these values, a row each. Raises ValueError for a value that is no number, and where none is."""
    found = []
    for row, value in enumerate(values, 1):
        try:
            found.append(number(value))
        except (TypeError, ValueError):
            raise ValueError(
                f"{where}: row {row} of column {name!r} holds {str(value)[:40]!r}, and numbers are expected of it; "
                "leave the field empty where nothing is known"
            ) from None
    known = np.array(found, np.float64)
    known = known[~np.isnan(known)]
    if not len(known):
        raise ValueError(f"{where}: no row of column {name!r} holds a number, so there is nothing to learn of it")
    return Column(name, float(known.mean()), float(known.std()) or 1.0)


def number(value: Any) -> float:
    """A value of a table as a number, NaN where there is none. ValueError for what is neither."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return nan
    if isinstance(value, bool) or isinf(found := float(value)):
        raise ValueError(value)
    return found


def mixed(name: str, values: Sequence[Any]) -> list[str]:
    """A word where a column of labels holds numbers and words: most likely one of them is a slip."""
    said = [(row, str(value).strip()) for row, value in enumerate(values, 1) if value is not None]
    said = [(row, text) for row, text in said if text]
    numbers, words = [(r, t) for r, t in said if t.isdecimal()], [(r, t) for r, t in said if not t.isdecimal()]
    if not numbers or not words:
        return []
    return [
        f"column {name!r} holds {len(numbers)} numbers (row {numbers[0][0]}: {numbers[0][1]!r}) and {len(words)} words "
        f"(row {words[0][0]}: {words[0][1]!r}); each is taken for the name of a class"
    ]
