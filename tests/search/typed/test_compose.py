import random

import pytest

from sightline.data.prepare.tile import Box
from sightline.search.typed.compose import MOST, Part, composed
from sightline.search.typed.unparsed import Unparsed


def told(query, *given):
    parts = composed(query, *given)
    return None if parts is None else [(part.weight, part.words or part.path or part.id) for part in parts.parts]


@pytest.mark.parametrize(
    "query",
    [
        *(
            "arrow-left",
            "c++",
            "c ++ book",
            "16:9",
            "3:4 ratio",
            "-5 degrees",
            "--image",
            "+1",
            "google +",
            "+ arrow",
            "-",
        ),
        *(
            "+",
            "- - -",
            "a -",
            "2: arrow",
            "re: hello",
            "heart in:lucide",
            'in:"nav arrows"',
            '"salt - pepper"',
            "and/or",
        ),
        *(
            '5" pipe',
            "/",
            "/ slash",
            "/s",
            "x/./y",
            "id: 4",
            "id:x",
            "grid:4",
            "",
            "  ",
            "a−b",
            "a – b",
            'in:"a - b" c',
        ),
    ],
)
def test_what_has_no_sign_between_parts_and_no_picture_is_plain_words(query):
    assert composed(query) is None


@pytest.mark.parametrize(
    ("query", "parts"),
    [
        ("2: arrow + ./rounded.svg - circle", [(2, "arrow"), (1, "./rounded.svg"), (-1, "circle")]),
        ("arrow - left - up", [(1, "arrow"), (-1, "left"), (-1, "up")]),
        ("- left + arrow", [(-1, "left"), (1, "arrow")]),
        ("arrow-left + c++", [(1, "arrow-left"), (1, "c++")]),
        ("3:4 + 16:9", [(1, "3:4"), (1, "16:9")]),
        ("0.5: a b + .25: c - 2.: d", [(0.5, "a b"), (0.25, "c"), (-2, "d")]),
        ("  a   b  +  c ", [(1, "a b"), (1, "c")]),
        ('"salt + pepper" - ".5: x"', [(1, "salt + pepper"), (-1, ".5: x")]),
        ('5" pipe + 3" pipe', [(1, '5" pipe'), (1, '3" pipe')]),
        ("./my photo.jpg", [(1, "./my photo.jpg")]),
        ('../"a - b".png + red', [(1, "../a - b.png"), (1, "red")]),
        ("/srv/a.png", [(1, "/srv/a.png")]),
        ("~/a.png - 2: ./b.png", [(1, "~/a.png"), (-2, "./b.png")]),
        ("id:407 + ID:8", [(1, 407), (1, 8)]),
        ("red in:lucide - blue", [(1, "red"), (-1, "blue")]),
    ],
)
def test_signs_that_stand_free_join_parts(query, parts):
    assert told(query) == parts


def test_folders_are_taken_out_of_the_parts():
    assert composed('arrow in:Lucide - up in:"Nav arrows"').folders == ("lucide", "nav arrows")


def test_a_region_stands_behind_a_picture_and_nowhere_else():
    first, second, third = composed("./a b.jpg[10, 20,100,80] + 2: id:7 [0,0,1,1] - a[1,2,3,4]").parts
    assert (first.path, first.region) == ("./a b.jpg", Box(10, 20, 100, 80))
    assert (second.id, second.region, second.weight) == (7, Box(0, 0, 1, 1), 2)
    assert third.words == "a[1,2,3,4]" and third.region is None


@pytest.mark.parametrize(
    ("query", "why", "at"),
    [
        ("a + - b", "nothing stands between two signs", 3),
        ("a + b -", "nothing stands after this sign", 7),
        ("- circle", "only takes away", 1),
        ("- a - 2: b", "only takes away", 1),
        ("two: a + b", "two is no weight", 1),
        ("a + 0: b", "0 is no weight", 5),
        ("a + -2: b", "-2 is no weight", 5),
        ("1e3: a + b", "1e3 is no weight", 1),
        ("nan: a + b", "nan is no weight", 1),
        ("a - 1001: b", "1001 is no weight", 5),
        ("2: + a", "nothing stands after the weight", 1),
        ("./a.png[1,2]", "a region is x,y,w,h", 9),
        ("a + ./b.png[1,2,0,4]", "holds nothing", 13),
        ("a + ./b.png[-1,2,3,4]", "a region is x,y,w,h", 13),
        (" + ".join("a" * (MOST + 1)), "at most 16 parts", 4 * MOST - 1),
    ],
)
def test_what_cannot_be_read_is_said_with_its_column(query, why, at):
    with pytest.raises(Unparsed, match=why) as caught:
        composed(query)
    assert caught.value.at == at
    line, mark = caught.value.pointed()
    assert line[mark.index("^") :] == query[at - 1 :][: len(line) - mark.index("^")]


def test_a_picture_beside_the_text_makes_words_a_part_and_may_all_be_taken_away():
    image = Part(3.0, image="picture")
    assert told("", image) == [(3, None)] and told("in:x", image) == [(3, None)]
    assert told("red hat +", image) == [(3, None), (1, "red hat +")]
    assert told("- circle", image) == [(3, None), (-1, "circle")]
    assert composed("red in:brand", image).folders == ("brand",)


def test_what_is_written_of_random_parts_is_read_again():
    rng = random.Random(0)
    words = ["arrow", "c++", "a-b", "16:9", "x/y", "é", "猫", "credit card", "-5", "+1", "no:1"]
    for _ in range(500):
        parts, texts = [], []
        for number in range(rng.randint(2, 6)):
            weight, sign = rng.choice([1, 1, 0.5, 2, 12.25]), rng.choice("+-") if number else "+"
            said = rng.choice([*words, "./a b.png", "../x.svg", "id:12"])
            texts += [sign] * (number > 0) + ([f"{weight:g}:"] if weight != 1 else []) + [said]
            parts.append((weight if sign == "+" else -weight, 12 if said == "id:12" else said))
        assert told((" " * rng.randint(1, 2)).join(texts)) == parts


def test_no_text_does_anything_but_parse_or_say_why():
    rng = random.Random(1)
    alphabet = "ab+-:[]\"'./~ 12,id\t\n\x00💥"
    for _ in range(5000):
        text = "".join(rng.choice(alphabet) for _ in range(rng.randint(0, 24)))
        try:
            found = composed(text)
        except Unparsed as error:
            assert 1 <= error.at <= len(text) + 1
        else:
            assert found is None or any(part.weight > 0 for part in found.parts)
