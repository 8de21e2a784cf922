"""A drawing as text to paste: nothing in it acts, nothing in it meets another, and it is drawn as before."""

import io
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
import resvg_py
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sightline.data.sample import BadSample
from sightline.search.take.drawing import LARGEST, drawing_of
from sightline.search.take.ink import colour_of, inks
from sightline.search.take.jsx import attribute, style
from sightline.search.take.pasted import pasted

LINED = """<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24" viewBox="0 0 24 24" fill="none"
 stroke="currentColor" stroke-width="2" class="line"><path d="M4 4h16v12"/></svg>"""
RICH = """<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"
 version="1.1" viewBox="0 0 40 20" id="all"><title>Two &amp; more</title>
 <style>.a{fill:#c03} #b path{stroke:teal;stroke-width:3} @media print{.a{fill:blue}}</style>
 <defs><linearGradient id="g"><stop offset="0" stop-color="#fa0"/><stop offset="1" stop-color="#05a"/></linearGradient>
 <clipPath id="c"><circle cx="10" cy="10" r="8"/></clipPath><rect id="r" width="9" height="9"/></defs>
 <rect class="a" width="20" height="20" clip-path="url( '#c' )"/><g id="b"><path d="M22 2v16" fill="none"/></g>
 <circle cx="34" cy="10" r="5" style="fill:url(#g);opacity:.7"/><use xlink:href="#r" x="24" y="4"/></svg>"""


def svg(inside, root='viewBox="0 0 24 24"'):
    return f'<svg xmlns="http://www.w3.org/2000/svg" {root}>{inside}</svg>'.encode()


def drawn(text):
    png = bytes(resvg_py.svg_to_bytes(svg_string=text, width=80, height=40))
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGBA")).astype(int)


def used(symbol, id):
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20">{symbol}<use href="#{id}"/></svg>'


def test_a_drawing_written_again_is_drawn_as_before():
    again = pasted(RICH.encode(), "svg", "rich")
    assert np.abs(drawn(again) - drawn(RICH)).max() <= 2
    assert "<style" not in again and "class=" not in again and "<title>Two &amp; more</title>" in again


def test_a_symbol_is_drawn_as_the_drawing_and_meets_no_other_id():
    symbol = pasted(RICH.encode(), "symbol", "Two more!")
    assert symbol.startswith('<symbol id="two-more" viewBox="0 0 40 20"')
    assert np.abs(drawn(used(symbol, "two-more")) - drawn(RICH)).max() <= 2
    ids = re.findall(r'\bid="([^"]+)"', symbol)
    assert len(ids) == 5 and all(id == "two-more" or id.startswith("two-more__") for id in ids)
    assert set(re.findall(r"#([\w-]+)\)|#([\w-]+)'|href=\"#([\w-]+)", symbol))
    assert not re.search(r"""(url\(\s*['"]?#|href="#)(?!two-more)""", symbol)


@pytest.mark.parametrize(
    ("root", "box"),
    [
        ('viewBox="2 2 8 8"', "2 2 8 8"),
        ('width="32" height="16"', "0 0 32 16"),
        ('width="1in" height="48px"', "0 0 96 48"),
        ("", None),
    ],
)
def test_a_symbol_has_the_frame_of_its_drawing(root, box):
    symbol = ET.fromstring(pasted(svg("<path d='M0 0h9v9'/>", root), "symbol", "x"))
    assert symbol.get("viewBox") == box and symbol.get("width") is symbol.get("height") is None


def test_what_the_root_says_of_its_ink_goes_along_and_its_transform_is_kept_inside():
    symbol = ET.fromstring(
        pasted(svg("<path d='M0 0h9v9'/>", 'fill="none" stroke="red" transform="scale(2)"'), "symbol", "x")
    )
    assert (symbol.get("fill"), symbol.get("stroke"), symbol.get("transform")) == ("none", "red", None)
    assert symbol[0].get("transform") == "scale(2)" and symbol[0][0].tag == "path"


ACTS = """<script>alert(1)</script><path d="M0 0" onclick="alert(1)" ONLOAD="x()"/><a href="javascript:alert(1)"><rect
 width="4" height="4"/><animate attributeName="href" values="javascript:alert(1)"/><set attributeName="onclick"
 to="alert(1)"/></a><foreignObject><iframe src="x"/></foreignObject><image href="https://elsewhere.example/spy.png"/>
 <use href="https://elsewhere.example/a.svg#b"/><rect fill="url(https://elsewhere.example/a#b)" width="3" height="3"
 style="background:url(//elsewhere.example/x)"/><Foo/><a.b/><handler>x</handler>"""


@pytest.mark.parametrize("form", ["svg", "symbol", "jsx"])
def test_nothing_that_acts_or_fetches_is_pasted(form):
    text = pasted(svg(ACTS, 'viewBox="0 0 9 9" onload="alert(1)"'), form, "x")
    low = text.lower().replace("http://www.w3.org", "")
    assert not re.search(r"script|alert|onclick|onload|elsewhere|iframe|foreign|<foo|a\.b|handler|https?:", low)
    assert "<rect" in text


def test_events_of_animations_are_renamed_with_what_they_name():
    moved = svg(
        '<circle id="dot"><animate id="grow" attributeName="r" to="4" begin="dot.click; 2s; grow.end+1s"/></circle>'
    )
    symbol = pasted(moved, "symbol", "dot")
    assert 'begin="dot__dot.click; 2s; dot__grow.end+1s"' in symbol


def test_jsx_says_the_same_in_its_own_names():
    inside = (
        '<path stroke-width="2" class="a" fill-rule="evenodd" style="stroke-linecap:round;--x:1" data-n="1" '
        'aria-label="a &quot;b&quot; {c}" xml:space="preserve" d="M0 0"/>'
        '<text x="1"> a {b} &lt;c <tspan>d</tspan> e</text>'
    )
    assert pasted(svg(inside), "jsx", "x") == (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">\n'
        '  <path strokeWidth="2" className="a" fillRule="evenodd" style={{ strokeLinecap: "round", "--x": "1" }} '
        'data-n="1" aria-label={"a \\"b\\" {c}"} xmlSpace="preserve" d="M0 0" />\n'
        '  <text x="1">{" a {b} <c "}<tspan>d</tspan>{" e"}</text>\n'
        "</svg>"
    )


def test_jsx_has_only_names_that_react_takes():
    odd = svg('<path ref="a" key="b" dangerouslySetInnerHTML="c" d="M0 0" tabindex="0" for="x"/>')
    assert '<path d="M0 0" tabIndex="0" htmlFor="x" />' in pasted(odd, "jsx", "x")
    assert attribute("stroke-dasharray") == "strokeDasharray" and attribute("data-a-b") == "data-a-b"
    assert attribute("xlink:href") == "xlinkHref" and attribute("1x") is None


@given(st.text(max_size=40))
def test_a_style_is_always_an_object_of_strings(text):
    made = style(text)
    assert made.startswith("{") and made.endswith("}") and "\n" not in made.replace("\\n", "")


@pytest.mark.parametrize(
    ("inside", "root", "found"),
    [
        ("<path d='M0 0h2v2'/>", "", ["#000000"]),
        ("<path d='M0 0h2v2'/>", 'fill="none" stroke="currentColor"', ["currentColor"]),
        ("<path d='M0 0h2v2'/>", 'color="#c03" fill="currentColor"', ["#cc0033"]),
        ("<path fill='rgb(255 0 0 / .5)' d='M0 0'/><path fill='RED' d='M0 0'/>", "", ["#ff0000"]),
        ("<path fill='rgb(calc(1 + 2) 3 4)' d='M0 0'/>", "", ["#030304"]),
        ("<mask id='m'><rect fill='#fff' width='4'/></mask><path mask='url(#m)' d='M0 0'/>", "", ["#000000"]),
        ("<line x2='4' stroke='teal'/>", "", ["#008080"]),
        ("<g fill='none'><path d='M0 0'/></g>", "", []),
        ("<style>path{fill:navy}</style><path d='M0 0'/>", "", ["#000080"]),
        ("<path d='M0 0'/><path style='fill:white' d='M0 0'/>", "", ["#000000", "#ffffff"]),
        ("<linearGradient id='g'><stop stop-color='red'/><stop/></linearGradient><path fill='url(#g)' d='M0 0'/>", "",
         ["#ff0000", "#000000"]),
    ],
)  # fmt: skip
def test_the_colours_of_a_drawing_are_told(inside, root, found):
    assert inks(drawing_of(svg(inside, root or 'viewBox="0 0 4 4"'))) == found


@pytest.mark.parametrize("wanted", ["#f06", "teal", "rgb(1, 2, 3)"])
@pytest.mark.parametrize(
    "one",
    [LINED.encode(), svg("<path d='M2 2h20v20z'/>"), svg("<path style='fill:#c03' d='M2 2h20v20z'/>")],
)
def test_a_drawing_of_one_colour_is_drawn_in_another(one, wanted):
    ink = drawn(pasted(one, "svg", "x", wanted))
    full = ink[ink[..., 3] == 255]
    hexed = colour_of(wanted)
    assert len(full) and (full[:, :3] == [int(hexed[at : at + 2], 16) for at in (1, 3, 5)]).all()
    assert (drawn(one.decode())[..., 3] == ink[..., 3]).all()


def test_what_has_colours_of_its_own_keeps_them_and_gets_the_other_only_where_it_follows_the_text():
    mixed = svg("<path fill='red' d='M0 0h9v9'/><path fill='currentColor' d='M9 9h9v9'/>")
    assert pasted(mixed, "svg", "x", "#00f").count("#0000ff") == 1 and "red" in pasted(mixed, "svg", "x", "#00f")
    two = svg("<path fill='red' d='M0 0h9v9'/><path d='M9 9h9v9'/>")
    with pytest.raises(ValueError, match="2 colours of its own"):
        pasted(two, "svg", "x", "#00f")


def test_black_becomes_the_colour_of_the_text_around_it_with_its_transparency():
    soft = svg("<path fill='rgba(0,0,0,.25)' d='M0 0h9v9'/><path d='M9 9h9v9'/>")
    text = pasted(soft, "svg", "x", "currentColor")
    assert 'fill="currentColor"' in text and 'fill="color-mix(in srgb, currentColor 25%, transparent)"' in text


@pytest.mark.parametrize(
    "wanted", ["none", "not a colour", "url(#a)", "rgb(0 0 0 / .5)", "", "var(--x)", "#12", "oklch(1 1 1e999)"]
)
def test_what_is_no_colour_is_refused(wanted):
    with pytest.raises(ValueError, match="is no colour"):
        colour_of(wanted)


DEEP = ["(", "rgb(", "color-mix(in srgb, ", "calc(", "rgb(from ", "light-dark(", "{", "[", "var(--x, "]


@pytest.mark.parametrize("deep", DEEP)
def test_what_is_nested_without_end_is_refused_or_left_as_it_is(deep):
    value = deep * 5000
    with pytest.raises(ValueError, match="is no colour"):
        colour_of(value)
    for inside in (f'<path fill="{value}" style="fill:{value}" d="M0 0h9"/>', f"<style>a{{fill:{value}}}</style>"):
        for form in ("svg", "jsx"):
            try:
                pasted(svg(inside + "<g/>"), form, "x", "red")
            except ValueError as error:
                assert "recursion" not in str(error)


@given(st.text(max_size=30))
def test_any_text_is_a_colour_or_is_refused(text):
    try:
        assert re.fullmatch("#[0-9a-f]{6}|currentColor", colour_of(text))
    except ValueError as error:
        assert "is no colour" in str(error)


def test_what_cannot_be_rewritten_is_refused_in_words():
    with pytest.raises(BadSample, match="MB are rewritten"):
        drawing_of(b"<svg>" + b" " * LARGEST)
    rules = "".join(f".a{number}{{fill:red}}" for number in range(2000))
    with pytest.raises(BadSample, match="style sheet"):
        drawing_of(svg(f"<style>{rules}</style>" + "<g/>" * 1000))
    with pytest.raises(ValueError, match="malformed"):
        pasted(b"<svg><a", "svg", "x")
    with pytest.raises(ValueError, match="there are svg, symbol, jsx"):
        pasted(LINED.encode(), "png", "x")


@pytest.mark.parametrize(
    ("root", "size"),
    [
        ('width="24" height="24"', (24, 24)),
        ('width="48" viewBox="0 0 24 12"', (48, 24)),
        ('height="6" viewBox="0 0 24 12"', (12, 6)),
        ('width="100%" height="100%" viewBox="0 0 32 20"', (32, 20)),
        ('width="1em" height="1em" viewBox="0 0 20 20"', (16, 16)),
        ('viewBox="0 0 0 9"', None),
        ("", None),
    ],
)
def test_its_own_size_is_what_the_root_says(root, size):
    assert drawing_of(svg("<path d='M0 0'/>", root)).size == size
