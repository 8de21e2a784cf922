"""What an SVG is made of, and what its parts are called."""

import numpy as np

from sightline.data.describe.colour import SHADES, name
from sightline.data.describe.described import background
from sightline.data.describe.drawing import GRADIENT, number, read
from sightline.data.describe.elements import counted, named_parts, said_parts, split
from sightline.data.describe.names import is_word, words_of
from sightline.data.scenes.palette import COLOURS

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">'


def leaves(body, head=HEAD):
    return read(f"{head}{body}</svg>".encode()).leaves


def test_paints_are_inherited_ruled_used_and_hidden_as_a_browser_does():
    found = leaves(
        "<style>.b{fill:blue} #h{display:none}</style><defs><circle id='c' r='4'/><path d='M0 0h9v9z'/></defs>"
        "<g fill='none' stroke='currentColor' color='#f00'><path d='M0 0h9'/><rect class='b' width='4' height='4'/></g>"
        "<rect id='h' width='4' height='4'/><use href='#c' fill='lime'/><line x2='9' stroke-dasharray='2'/>"
        "<g visibility='hidden'><circle r='3'/></g><circle r='2' fill='url(#nothing)' opacity='0'/>"
        "<ellipse rx='2' ry='3'/>"
    )
    assert [(leaf.kind, leaf.fill, leaf.stroke) for leaf in found] == [
        ("path", "", "#ff0000"),
        ("rect", "#0000ff", "#ff0000"),
        ("circle", "#00ff00", ""),
        ("ellipse", "#000000", ""),
    ]


def test_texts_are_read_exactly_with_spaces_between_placed_pieces():
    found = leaves(
        "<text x='1'>Sign <tspan font-weight='bold'>in</tspan></text>"
        "<text><tspan x='0'>Forgot</tspan><tspan x='0' dy='9'>password?</tspan></text><text>  </text>"
        "<text>Sale<title>shown by the pointer</title> ends</text>"
    )
    assert [leaf.text for leaf in found] == ["Sign in", "Forgot password?", "Sale ends"]


def test_pixels_of_some_leaves_are_those_of_a_drawing_with_only_these():
    drawn = read(
        f"{HEAD}<rect width='50' height='100'/><g><circle cx='75' cy='50' r='20' fill='red'/></g></svg>".encode()
    )
    alone = drawn.pixels({number(drawn.leaves[1])}, 100)
    other = read(f"{HEAD}<g><circle cx='75' cy='50' r='20' fill='red'/></g></svg>".encode()).pixels({0}, 100)
    assert np.array_equal(alone, other)
    assert drawn.pixels(set(), 100) is None


def test_what_takes_too_long_to_take_apart_is_left_to_its_pixels():
    rules = "".join(f".c{i}{{fill:red}}" for i in range(500))
    assert read(f"{HEAD}<style>{rules}</style>{'<path/>' * 900}</svg>".encode()) is None
    assert read(f"{HEAD}{'<circle/>' * 2001}</svg>".encode()) is None


def test_a_background_is_what_covers_the_canvas_at_the_bottom_and_its_pattern():
    def ground(body):
        return background(read(f"{HEAD}{body}</svg>".encode()))

    base, thing = "<rect width='100' height='100' fill='#c8e1ff'/>", "<circle cx='50' cy='50' r='20'/>"
    stripes = "<path fill='#bedafa' d='M0 0v9h100v-9zM0 40v9h100v-9zM0 90v9h100v-9z'/>"
    assert ground(thing) == (0, "")
    assert ground(base) == (0, "")  # nothing lies on it: it is the picture
    assert ground(base + thing) == (1, "light blue")
    assert ground(base + stripes + thing) == (2, "patterned")
    ramp = "<linearGradient id='g'><stop stop-color='red'/><stop offset='1'/></linearGradient>"
    assert ground(ramp + base.replace("#c8e1ff", "url(#g)") + thing) == (1, GRADIENT)
    assert ground("<rect width='100' height='60'/>" + thing) == (0, "")


def test_parts_have_the_names_that_people_gave_them():
    body = (
        "<g id='Layer_1'><g id='search-icon'><title>Search</title><circle cx='90' cy='10' r='5' fill='red'/></g>"
        "<circle id='wheel1' cx='20' cy='90' r='5'/><circle id='wheel_2' cx='50' cy='90' r='5'/>"
        "<path id='path4711' d='M0 0h9v9z'/><g aria-label='Close'><path d='M40 40h20v20z' fill='blue'/></g></g>"
    )
    drawn = read(f"{HEAD}{body}</svg>".encode())
    assert list(named_parts(drawn.leaves)) == ["search", "wheel", "close"]
    said = said_parts(drawn, drawn.leaves)
    assert said == ["a red search in the top right", "2 black wheels", "a blue close in the center"]


def test_a_part_lies_where_its_whole_extent_does():
    far = "<g id='lamp'><rect x='2' y='80' width='8' height='8'/><rect x='90' y='80' width='8' height='8'/></g>"
    drawn = read(f"{HEAD}{far}<circle id='sun' cx='15' cy='15' r='9' fill='red'/></svg>".encode())
    assert said_parts(drawn, drawn.leaves) == ["a black lamp at the bottom", "a red sun in the top left"]


def test_unnamed_shapes_are_counted_by_kind_and_colour():
    body = "<circle r='4'/><circle r='5'/><rect width='4' height='4' fill='red'/><rect width='8' height='4' rx='1'/>"
    assert counted(leaves(body)) == ["2 black circles", "a red square", "a black rounded rectangle"]
    assert counted(leaves("<path d='M0 0h9v9z'/>")) == []
    assert counted(leaves("<circle r='4'/>" * 13)) == ["13 shapes"]


def test_the_parts_of_a_drawing_stand_side_by_side_in_its_first_group_of_several():
    inner = "<g><circle r='4'/><circle r='5'/></g><text>A</text><path d='M0 0h9v9z'/>"
    assert [len(part) for part in split(leaves(inner)).values()] == [2, 1, 1]
    assert [len(part) for part in split(leaves(f"<g><g>{inner}</g></g>")).values()] == [2, 1, 1]
    assert len(split(leaves("<circle r='4'/>"))) == 1 and split([]) == {}


def test_ids_of_programs_are_no_words():
    for code in (
        "path1234",
        "SVGID_1_",
        "cls-1",
        "g12",
        "Layer_1",
        "clip0_12_3",
        "Vector",
        "Group 7",
        "w-6 h-6",
        "st0",
    ):
        assert words_of(code) == "", code
    assert words_of("search-icon") == "search" and words_of("leftWheel_2") == "left wheel"
    assert [word for word in ("cart", "qwrt", "x7", "ok", "xkcdbfg", "корзина") if is_word(word)] == [
        "cart",
        "ok",
        "корзина",
    ]


def test_the_inks_of_scenes_have_their_own_names():
    assert {name(*rgb): name(*rgb) for rgb in COLOURS.values()} == {word: word for word in COLOURS}
    assert set(SHADES) == set(COLOURS)
