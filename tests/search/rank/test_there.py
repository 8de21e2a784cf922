"""Filters in SQL against the same filters in Python, over random tables, by the three values of logic."""

import operator
import random
from contextlib import closing
from datetime import datetime

import numpy as np
import pytest

from sightline.data.describe.colour import SHADES, lab
from sightline.search.rank.there import NEAR, PART, ROUND, allowed, fitting, unmeasured
from sightline.search.schema import connect, new_revision
from sightline.search.typed.fields import Rgb
from sightline.search.typed.where import All, Comparison, Not, Some, parsed

BY = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq}
FOLDERS = ("brand", "nav arrows", "icons")


@pytest.fixture
def library(tmp_path):
    """(connection, rows by id): 150 pictures of random properties, some of which nobody measured."""
    rng = random.Random(3)
    rows = {}
    with closing(connect(tmp_path / "a.db")) as connection:
        for id in range(1, 151):
            svg, measured = rng.random() < 0.4, rng.random() < 0.85
            row = {
                "folder": rng.choice(FOLDERS),
                "mtime": rng.choice([0, round(datetime(2024, rng.randint(1, 12), 5).timestamp()) * 10**9]),
                "size": (rng.randint(1, 40), rng.randint(1, 40)) if rng.random() < 0.8 else (None, None),
                "bytes": rng.randint(0, 4000),
                "kind": "svg" if svg else rng.choice(["png", "jpeg", None]),
                "clear": rng.choice([0.0, 0.1, 0.5, rng.random()]),
                "drawn": rng.choice(["outline", "filled", None]),
                "colours": [
                    (rng.choice(list(SHADES)), tuple(rng.randint(0, 255) for _ in range(3)), share)
                    for share in rng.choice([(), (1.0,), (0.55, 0.4, 0.05), (0.9, 0.06, 0.04)])
                ],
                "measured": measured,
                "bad": rng.random() < 0.05,
            }
            rows[id] = row
            connection.execute(
                """INSERT INTO picture (id, place, source, key, name, captions, hash, size, mtime, within)
                   VALUES (?, ?, 'src', ?, 'x', '[]', ?, ?, ?, ?)""",
                (id, f"p{id}", f"k{id}", f"h{id}", row["bytes"], row["mtime"], row["folder"]),
            )
            connection.execute(
                "INSERT INTO content (hash, bad) VALUES (?, ?)", (f"h{id}", "broken" if row["bad"] else None)
            )
            if measured:
                connection.execute(
                    "INSERT INTO look VALUES (?, ?, ?, ?, ?, ?, 'a', 'p')",
                    (f"h{id}", row["kind"], *row["size"], row["clear"], row["drawn"]),
                )
                for number, (name, rgb, share) in enumerate(row["colours"]):
                    where = lab(np.array([rgb], np.uint8))[0]
                    connection.execute(
                        "INSERT INTO colour VALUES (?, ?, ?, '#', ?, ?, ?, ?)", (f"h{id}", number, name, *where, share)
                    )
        yield connection, rows


def compared(row, test):
    """Whether a row fits a comparison; None where that cannot be said."""
    field, sign, value = test.field, test.sign, test.value
    if sign == "!=":
        found = compared(row, Comparison(field, "=", value))
        return None if found is None else not found
    if field == "folder":
        return row["folder"] == value
    if field == "size":
        return BY[sign](row["bytes"], value)
    if field == "date":
        if not row["mtime"]:
            return None
        inside = value.start <= row["mtime"] < value.end
        before, after = row["mtime"] < value.start, row["mtime"] >= value.end
        return {"=": inside, "<": before, ">": after, "<=": inside or before, ">=": inside or after}[sign]
    if not row["measured"]:
        return None
    if field in ("width", "height"):
        found = row["size"][field == "height"]
        return None if found is None else BY[sign](found, value)
    if field == "type":
        kind = row["kind"]
        return None if kind is None else (kind != "svg" if value == "raster" else kind == value)
    if field == "drawn":
        return None if row["drawn"] is None else row["drawn"] == value
    if field == "transparency":
        if isinstance(value, bool):
            return (row["clear"] > 0) == value
        return abs(row["clear"] - value) <= ROUND if sign == "=" else BY[sign](row["clear"], value)
    near = [
        share
        for name, rgb, share in row["colours"]
        if name == value or (isinstance(value, Rgb) and apart(rgb, value) <= NEAR)
    ]
    return sum(near) >= PART - 1e-12


def apart(one, other):
    a, b = lab(np.array([one, other], np.uint8))
    return float(np.sqrt(((a - b) ** 2).sum()))


def holds(row, filter):
    if isinstance(filter, Comparison):
        return compared(row, filter)
    if isinstance(filter, Not):
        found = holds(row, filter.inside)
        return None if found is None else not found
    every = [holds(row, one) for one in filter.inside]
    end = isinstance(filter, Some)  # what settles it
    return end if end in every else None if None in every else not end


def drawn_filter(rng, deep):
    kind = rng.randint(0, 3) if deep else 0
    if kind == 1:
        return Not(drawn_filter(rng, deep - 1))
    if kind > 1:
        return (All if kind == 2 else Some)(tuple(drawn_filter(rng, deep - 1) for _ in range(rng.randint(2, 3))))
    field = rng.choice(["folder", "type", "width", "height", "size", "colour", "transparency", "date", "drawn"])
    sign = rng.choice(["=", "!=", "<", "<=", ">", ">="])
    if field in ("width", "height"):
        return Comparison(field, sign, float(rng.randint(1, 40)))
    if field == "size":
        return Comparison(field, sign, float(rng.randint(0, 4000)))
    if field == "date":
        return Comparison(field, sign, parsed(f"date=2024-{rng.randint(1, 12):02}").value)
    if field == "transparency" and rng.random() < 0.7:
        return Comparison(field, sign, rng.choice([0.0, 0.1, 0.5, 0.75]))
    value = {
        "folder": rng.choice(FOLDERS),
        "type": rng.choice(["svg", "raster", "png", "gif"]),
        "colour": rng.choice([*SHADES, Rgb(*(rng.randint(0, 255) for _ in range(3)))]),
        "transparency": rng.random() < 0.5,
        "drawn": rng.choice(["outline", "filled"]),
    }[field]
    return Comparison(field, rng.choice(["=", "!="]), value)


def test_random_filters_find_what_they_say(library):
    connection, rows = library
    rng, some = random.Random(5), 0
    for number in range(400):
        filter = drawn_filter(rng, number % 4)
        right = [id for id, row in rows.items() if not row["bad"] and holds(row, filter) is True]
        assert fitting(connection, filter).ids.tolist() == right, filter
        some += 0 < len(right) < 140
    assert some > 200


def test_values_are_never_part_of_the_sql(library):
    connection, rows = library
    for said in ("'; DROP TABLE picture; --", '") OR 1=1 --', "brand) OR (1=1", "a*", "NEAR(brand icons)"):
        assert len(allowed(connection, (), Comparison("folder", "=", said.replace('"', "")))) < len(rows)
    assert connection.execute("SELECT count(*) FROM picture").fetchone() == (150,)
    with pytest.raises(ValueError, match="no value of it"):
        fitting(connection, Comparison("width", "=", "1 OR 1=1"))


def test_folders_and_a_filter_both_hold(library):
    connection, rows = library
    where = parsed("size>2000")
    both = allowed(connection, ("brand",), where).tolist()
    assert both == [
        id for id, row in rows.items() if row["folder"] == "brand" and row["bytes"] > 2000 and not row["bad"]
    ]
    assert allowed(connection, (), None) is None and len(allowed(connection, ("brand",), None)) > len(both)


def test_what_was_not_measured_is_counted_where_it_matters_and_none_measured_is_refused(library, tmp_path):
    connection, rows = library
    lacking = sum(not row["measured"] and not row["bad"] for row in rows.values())
    assert unmeasured(connection, parsed("colour=red or size>5"), tmp_path) == lacking > 0
    assert (
        unmeasured(connection, parsed("size>5 and folder=brand"), tmp_path)
        == unmeasured(connection, None, tmp_path)
        == 0
    )
    connection.execute("DELETE FROM look")
    new_revision(connection)
    with pytest.raises(ValueError, match="^colour, type: no picture of a.db was measured .* sightline index a.db SRC"):
        unmeasured(connection, parsed("colour=red and type=svg and size>5"), "a.db")


def test_an_answer_follows_every_change_of_the_library(library):
    connection, _ = library
    before = len(fitting(connection, parsed("size<=9999")).ids)
    connection.execute("DELETE FROM picture WHERE id < 50")
    new_revision(connection)
    assert len(fitting(connection, parsed("size<=9999")).ids) < before
