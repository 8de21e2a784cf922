import random

import pytest

from sightline.search.typed.fields import FIELDS, Rgb, Span
from sightline.search.typed.unparsed import Unparsed
from sightline.search.typed.where import All, Comparison, Not, Some, comparisons, filter_of, parsed


def test_and_binds_before_or_and_not_before_both():
    a, b, c = (Comparison(field, ">", 1.0) for field in ("width", "height", "size"))
    assert parsed("width>1 or height>1 and size>1") == Some((a, All((b, c))))
    assert parsed("(width>1 or height>1) and size>1") == All((Some((a, b)), c))
    assert parsed("NOT width>1 And height>1") == All((Not(a), b))
    assert parsed("not (width>1 and not height>1)") == Not(All((a, Not(b))))
    assert parsed("((width>1))") == a
    assert list(comparisons(parsed("not (width>1 or height>1) and size>1"))) == [a, b, c]


@pytest.mark.parametrize(
    ("text", "field", "sign", "value"),
    [
        ("folder = 'Nav arrows'", "folder", "=", "nav arrows"),
        ('folder!="Brand_2"', "folder", "!=", "brand 2"),
        ("type==jpg", "type", "=", "jpeg"),
        ("type=vector", "type", "=", "svg"),
        ("WIDTH>=512px", "width", ">=", 512.0),
        ("size<1.5mb", "size", "<", 1.5 * 2**20),
        ("size>20K", "size", ">", 20480.0),
        ("color=GREY", "colour", "=", "gray"),
        ("colours=#f80", "colour", "=", Rgb(255, 136, 0)),
        ("colour=ff8800", "colour", "=", Rgb(255, 136, 0)),
        ("transparent=yes", "transparency", "=", True),
        ("transparency>30%", "transparency", ">", 0.3),
        ("drawn=stroke", "drawn", "=", "outline"),
        ("style!=solid", "drawn", "!=", "filled"),
    ],
)
def test_each_field_reads_its_values(text, field, sign, value):
    assert parsed(text) == Comparison(field, sign, value)


def test_a_date_is_the_stretch_that_was_written():
    day, month, year, minute = (
        parsed(f"date='{said}'").value for said in ("2024-02-29", "2024-12", "2024", "2024-02-29 23:59")
    )
    assert isinstance(day, Span) and day.end - day.start == 86_400 * 10**9
    assert month.end == parsed("date=2025-01").value.start and year.end == parsed("date=2025").value.start
    assert minute.end == day.end and minute.end - minute.start == 60 * 10**9


@pytest.mark.parametrize(
    ("text", "why", "at"),
    [
        ("", "the filter is empty", 1),
        ("wodth>5", "no field 'wodth' .did you mean width", 1),
        ("width>5 and", "a field is missing", 12),
        ("width", "a comparison is missing", 6),
        ("width>", "a value is missing", 7),
        ("width>wide", "expected a number of pixels", 7),
        ("width>5 height>6", "'and' or 'or' is missing", 9),
        ("folder=nav arrows", "'and' or 'or' is missing here; a value of several words stands in quotes", 12),
        ("(width>5", "this bracket is never closed", 1),
        ("width>5)", "no bracket was opened", 8),
        ("(width>5 height>6)", "a closing bracket is missing", 10),
        ("folder='a", "this quote is never closed", 8),
        ("drawn<outline", "not more or less", 6),
        ("drawn=thin", "outline .or stroke. or filled", 7),
        ("colour=rad", "a colour is red", 8),
        ("type=pgn", "no type 'pgn' .did you mean png", 6),
        ("size>5px", "expected bytes", 6),
        ("transparency>yes", "transparency is yes, no, or a share", 14),
        ("transparency=130%", "transparency is yes, no, or a share", 14),
        ("date>2026-13", "a date is 2026-05-31", 6),
        ("date>yesterday", "a date is", 6),
        ("folder='?!'", "letters or digits", 8),
        ("width>5 && height>6", "'and' or 'or' is missing", 9),
        ("not" + " not" * 50 + " width>5", "at most 40 deep", 161),
        ("(" * 50 + "width>5" + ")" * 50, "at most 40 deep", 41),
        (" or ".join(["width>5"] * 101), "at most 100 comparisons", 1),
        ("width>5 or " + "x" * 5000, "at most 4,096 characters", 4097),
    ],
)
def test_what_cannot_be_read_is_said_with_its_column(text, why, at):
    with pytest.raises(Unparsed, match=why) as caught:
        parsed(text)
    assert caught.value.at == at


def test_every_example_that_is_named_parses_and_nothing_is_no_filter():
    for name, field in FIELDS.items():
        assert next(comparisons(parsed(field.example))).field == name
    assert filter_of(" \n") is None


def test_what_is_written_of_a_random_filter_is_read_again():
    rng = random.Random(0)

    def written(filter):
        if isinstance(filter, Comparison):
            return f"{filter.field}{rng.choice(['', ' '])}{filter.sign} {filter.value:g}"
        if isinstance(filter, Not):
            return f"not ({written(filter.inside)})"
        return (" and " if isinstance(filter, All) else " or ").join(f"({written(one)})" for one in filter.inside)

    def made(deep):
        kind = rng.randint(0, 3) if deep else 0
        if kind == 0:
            sign = rng.choice(["=", "!=", "<", "<=", ">", ">="])
            return Comparison(rng.choice(["width", "height", "size"]), sign, float(rng.randint(0, 9999)))
        if kind == 1:
            return Not(made(deep - 1))
        return (All if kind == 2 else Some)(tuple(made(deep - 1) for _ in range(rng.randint(2, 3))))

    for _ in range(200):
        filter = made(3)
        assert parsed(written(filter)) == filter


def test_no_text_does_anything_but_parse_or_say_why():
    rng = random.Random(1)
    some = [
        "width",
        "and",
        "or",
        "not",
        "(",
        ")",
        "<",
        ">",
        "=",
        "!=",
        "5",
        "'",
        '"a"',
        "folder",
        "colour",
        "red",
        " ",
        "\x00",
    ]
    for _ in range(3000):
        text = rng.choice(["", " "]).join(rng.choice(some) for _ in range(rng.randint(0, 12)))
        try:
            parsed(text)
        except Unparsed as error:
            assert 1 <= error.at <= len(text) + 1
