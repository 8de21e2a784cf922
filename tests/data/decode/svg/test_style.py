"""Drawn as browsers draw it: variables, present-day selectors and colours. The values were seen in Chromium 140."""

import numpy as np
import pytest

from sightline.data.decode.svg.colour import colour
from sightline.data.decode.svg.math import lengths
from sightline.data.decode.svg.rasterize import rasterize
from sightline.data.decode.svg.safe import Costly, sanitize
from sightline.data.decode.svg.style import inherited
from sightline.data.sample import BadSample

RECT = '<rect id="r" class="a" width="10" height="10"/>'


def middle(body, root=""):
    """RGBA in the middle of the picture."""
    text = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10" {root}>{body}</svg>'
    return tuple(rasterize(text, 9)[4, 4].tolist())


def ruled(css):
    return middle(f"<style>{css}</style><g>{RECT}</g>")


RED, BLACK, BLUE, LIME = (255, 0, 0, 255), (0, 0, 0, 255), (0, 0, 255, 255), (0, 255, 0, 255)


@pytest.mark.parametrize(
    ("value", "right"),
    [
        ("RED", "RED"),
        ("rebeccapurple", "#663399"),
        ("rgb(0 0 0 / 50%)", "rgba(0,0,0,0.5)"),
        ("rgb(none 0 0)", "#000000"),
        ("hsl(120deg 50% 50% / .5)", "rgba(64,191,64,0.5)"),
        ("hsl(.5turn 100% 50%)", "#00ffff"),
        ("hwb(120 10% 20%)", "#1acc1a"),
        ("oklch(0.6 0.2 30)", "#de3e2d"),
        ("oklch(60% 0.2 30deg)", "#de3e2d"),
        ("oklab(0.6 0.1 0.1)", "#c3602e"),
        ("lab(50% 50 50)", "#ca4b22"),
        ("lch(50 60 30)", "#ca4948"),
        ("color(srgb 1 .5 0)", "#ff8000"),
        ("color(srgb-linear .5 .5 .5)", "#bcbcbc"),
        ("color(display-p3 1 0 0)", "#ff0000"),
        ("color(rec2020 .5 .4 .2)", "#9b7038"),
        ("color-mix(in oklab, red, blue)", "#8c53a2"),
        ("color-mix(in srgb, red 30%, transparent)", "rgba(255,0,0,0.3)"),
        ("color-mix(in oklch, red, blue)", "#ba00c2"),
        ("color-mix(in hsl, red, lime)", "#ffff00"),
        ("light-dark(red, blue)", "#ff0000"),
        ("CanvasText", "#000"),
        ("currentcolor", "currentColor"),
        ("CURRENTCOLOR", "currentColor"),
        ("transparent", "rgba(0,0,0,0)"),
        ("#F008", "#F008"),
        ("rgb(from red r g 128)", "#ff0080"),
        ("oklch(from red l c 200)", "#00aec5"),
        ("rgb(calc(100 + 50) 0 0)", "#960000"),
        ("color(srgb-linear 0 1 0)", "#00ff00"),
        ("color(a98-rgb 0 1 0)", "#00ff00"),
    ],
)
def test_colours_of_today_are_those_a_browser_shows(value, right):
    assert colour(value) == right


@pytest.mark.parametrize(
    "value",
    [
        "foo",
        "",
        "#12345",
        "ff0000",
        "rgb()",
        "oklch()",
        "color()",
        "color-mix()",
        "light-dark()",
        "oklch(1e400 1e400 1)",
        "color(foo 1 1 1)",
        "red blue",
        "lab(9e999% 0 0)",
        "rgb(from)",
        "color(from red)",
        "color-mix(in foo, red, blue)",
    ],
)
def test_what_is_no_colour_is_none(value):
    assert colour(value) is None


@pytest.mark.parametrize("paint", ["fill", "stroke"])
@pytest.mark.parametrize("way", ["attribute", "style", "rule", "inherited"])
def test_a_colour_of_today_paints_wherever_it_stands(paint, way):
    value, other = "oklch(0.6 0.2 30)", "fill:none;stroke-width:30;" if paint == "stroke" else ""
    body = {
        "attribute": f'<rect width="10" height="10" style="{other}" {paint}="{value}"/>',
        "style": f'<rect width="10" height="10" style="{other}{paint}:{value}"/>',
        "rule": f'<style>rect{{{other}{paint}:{value}}}</style><rect width="10" height="10"/>',
        "inherited": f'<g style="{other}{paint}:{value}"><rect width="10" height="10"/></g>',
    }[way]
    assert middle(body) == (222, 62, 45, 255)


@pytest.mark.parametrize(
    ("css", "right"),
    [
        (":root{fill:red}", RED),
        (":root{--a:red}rect{fill:var(--a)}", RED),
        ("svg{--a:blue;--b:var(--a)}rect{fill:var(--b)}", BLUE),
        ("rect{fill:var(--a,var(--b,var(--c,red)))}", RED),
        ("svg{--a:var(--b);--b:var(--a)}rect{fill:var(--a,lime)}", LIME),
        ("rect{fill:red;fill:var(--nope)}", BLACK),
        ("rect{fill:red;fill:foo}", RED),
        ("svg{--h:120}rect{fill:hsl(var(--h) 100% 50%)}", LIME),
        ("svg{--e:;}rect{fill:var(--e)red}", RED),
        ("@property --q{syntax:'*';inherits:true;initial-value:red}rect{fill:var(--q)}", RED),
        ("rect{fill:red}@media (prefers-color-scheme:dark){rect{fill:white}}", RED),
        ("@media (prefers-color-scheme: light){rect{fill:red}}", RED),
        ("@media print{rect{fill:red}}", BLACK),
        ("@media not print{rect{fill:red}}", RED),
        ("@media screen and (prefers-color-scheme:light){rect{fill:red}}", RED),
        ("@supports (color: oklch(0 0 0)){rect{fill:red}}", RED),
        ("@supports not (fill:red){rect{fill:red}}", BLACK),
        ("@layer a,b;@layer b{rect{fill:red}}@layer a{rect{fill:blue}}", RED),
        ("@layer a{rect{fill:red}}rect{fill:lime}", LIME),
        ("@layer a{rect{fill:red!important}}rect{fill:lime!important}", RED),
        ("@layer a{@layer b{rect{fill:red}}rect{fill:blue}}", BLUE),
        ("g{fill:blue;rect{fill:red}}", RED),
        ("g{&amp; rect{fill:red}}", RED),
        ("g{>rect{fill:red}}", RED),
        ("rect{fill:red;@media (prefers-color-scheme:light){fill:blue}}", BLUE),
        (":is(rect,circle){fill:red}", RED),
        (":where(rect){fill:red}", RED),
        ("rect:not(.b){fill:red}", RED),
        ("g:has(rect){fill:red}", RED),
        ("rect:hover{fill:red}", BLACK),
        ("#r{fill:red}rect{fill:blue}", RED),
        (".a{fill:red!important}#r{fill:blue}", RED),
        ("rect::::x{fill:blue}rect{fill:red}", RED),
        ("@import 'a.css';rect{fill:red}", RED),
        ("@charset 'x';rect{fill:red}", RED),
        (r".\61{fill:red}", RED),
        ("@namespace s url(http://www.w3.org/2000/svg);s|rect{fill:red}", RED),
        ("rect{color:red;fill:currentcolor}", RED),
        ("rect{fill:red", RED),
        ("rect{fill:none;stroke:red;stroke-width:calc(1rem * 2)}", RED),
        ("rect{fill:red;transform:translate(0px,1px) rotate(.5turn) scale(-1)}", RED),
        ("rect{d:none;fill:red}", RED),
        ("rect{fill:url(#nope) red}", RED),
        ("rect{fill:url(other.svg#a) red}", RED),
        ("rect{FILL:RED}", RED),
    ],
)
def test_rules_are_applied_as_a_browser_applies_them_in_its_light_scheme(css, right):
    assert ruled(css) == right


@pytest.mark.parametrize(
    ("body", "right"),
    [
        ('<g fill="red"><rect width="10" height="10" fill="nope"/></g>', RED),
        ('<rect width="10" height="10" fill="var(--c, red)"/>', RED),
        ('<rect width="10" height="10" fill="var(--c, red)" style="--c: lime"/>', LIME),
        ('<rect width="1rem" height="calc(5px * 2)" fill="red"/>', RED),
        ('<rect width="10" height="10" fill="red" opacity="100%"/>', RED),
        ('<rect width="10" height="10" fill="context-fill"/>', BLACK),
        ('<g color="red"><rect width="10" height="10" fill="CurrentColor"/></g>', RED),
        ('<style media="print">rect{fill:red}</style>' + RECT, BLACK),
        ('<style type="text/less">rect{fill:red}</style>' + RECT, BLACK),
        (
            '<style>stop{stop-color:var(--s)}svg{--s:red}</style><linearGradient id="g"><stop/></linearGradient>'
            '<rect width="10" height="10" fill="url(\'#g\')"/>',
            RED,
        ),
        ('<switch><foreignObject/><rect width="10" height="10" fill="red"/></switch>', RED),
        ('<x:rect xmlns:x="http://www.w3.org/2000/svg" width="10" height="10" fill="red"/>', RED),
    ],
)
def test_attributes_and_elements_are_read_as_a_browser_reads_them(body, right):
    assert middle(body) == right


def test_half_of_a_share_is_half():
    assert middle('<rect width="10" height="10" fill="red" fill-opacity="50%"/>')[3] in {127, 128}


def test_variables_that_multiply_end():
    own = {f"--v{i}": f"var(--v{i - 1})var(--v{i - 1})" for i in range(1, 200)} | {"--v0": "1"}
    found = inherited({}, own)
    assert found["--v3"] == "1" * 8 and "--v199" not in found


@pytest.mark.parametrize(
    ("value", "right"),
    [
        ("calc(1px + 2px)", "3"),
        ("calc(1PX + 1In)", "97"),
        ("calc(101.6Q - 6PC)", "0"),
        ("calc((1px + 1rem) * 2)", "34"),
        ("clamp(1px, 3px, 2px)", "2"),
        ("min(1px,2px)", "1"),
        ("calc(100% - 2px)", "calc(100% - 2px)"),
        ("calc(50% + 20%)", "70%"),
        (".5rem 2", "8 2"),
        ("calc(1/0)", "calc(1/0)"),
        ("calc(" * 50 + "1" + ")" * 50, "calc(" * 50 + "1" + ")" * 50),
    ],
)
def test_plain_arithmetic_is_worked_out_and_other_left(value, right):
    assert lengths(value) == right


@pytest.mark.parametrize(
    ("body", "root", "why"),
    [
        (
            '<symbol id="home"><rect width="9" height="9"/></symbol><symbol id="user"/>',
            "",
            "2 symbols for others to use",
        ),
        ('<symbol id="home"><rect width="9" height="9"/></symbol>', 'style="display:none"', "1 symbols"),
        ('<use href="icons.svg#x"/>', "", r"another file \(icons.svg#x\)"),
        ('<image href="photo.png" width="9" height="9"/>', "", r"another file \(photo.png\)"),
        ('<foreignObject><p xmlns="http://www.w3.org/1999/xhtml">x</p></foreignObject>', "", "HTML"),
        ("", "", "no shape"),
        ("<defs><rect/></defs>", "", "no shape"),
        ('<rect width="9" height="9" opacity="0"/>', "", "transparent"),
        ('<rect x="50" width="9" height="9"/>', "", "outside of its viewBox"),
        ('<rect width="9" height="9" fill="none"/>', "", "hidden"),
        (RECT, 'style="display:none"', "hidden"),
        (RECT, 'visibility="hidden"', "hidden"),
        (RECT, 'opacity="0%"', "hidden"),
        ("<style>rect{fill:transparent}</style>" + RECT, "", "transparent"),
        ('<use href="#nope"/>', "", "hidden"),
    ],
)
def test_whatever_draws_nothing_is_named_as_blank(body, root, why):
    with pytest.raises(BadSample, match=f"^blank: .*{why}"):
        middle(body, root)


def test_white_on_nothing_and_lines_too_thin_for_a_thumbnail_are_no_blanks():
    assert middle('<rect width="10" height="10" fill="white"/>') == (255, 255, 255, 255)
    text = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9999 9999"><path d="M0 0L999 999" stroke="red"/></svg>'
    assert np.asarray(rasterize(text, 4)).shape == (4, 4, 4)


ICON = '<g id="i" class="i"><rect width="10" height="10" style="fill:var(--c,blue)"/></g>'


@pytest.mark.parametrize(
    ("body", "right"),
    [
        (f'<defs>{ICON}</defs><use href="#i" style="--c:red"/>', RED),
        (f'<g style="--c:red"><use href="#i"/></g><defs>{ICON}</defs>', RED),
        (f'<style>.u{{--c:red}}</style><symbol id="s">{ICON}</symbol><use href="#s" class="u"/>', RED),
        (f'<defs>{ICON}<g id="t"><use href="#i"/></g></defs><use href="#t" style="--c:red"/>', RED),
        (f'<defs>{ICON}</defs><use href="#i" style="--c:lime"/><use href="#i" style="--c:red"/>', RED),
        (f'<defs>{ICON}</defs><use href="#i" style="--d:red"/>', BLUE),
        (f'<style>.i{{--c:lime}}</style><defs>{ICON}</defs><use href="#i" style="--c:red"/>', LIME),
        (
            f"<style>.i rect{{fill:var(--e)}}</style><defs>{ICON.replace('style', 'x')}</defs>"
            '<use href="#i" style="--e:red"/>',
            RED,
        ),
    ],
)
def test_what_is_used_has_the_variables_of_the_place_where_it_is_used(body, right):
    assert middle(body) == right


def test_uses_that_multiply_by_their_variables_end():
    steps = "".join(
        f'<g id="a{i + 1}"><use href="#a{i}" style="--k{i}:1"/><use href="#a{i}" style="--k{i}:2"/></g>'
        for i in range(30)
    )
    icon = ICON.replace('id="i"', 'id="a0"')
    with pytest.raises(BadSample, match="more than 200,000 elements"):
        middle(f'<defs>{icon}{steps}</defs><use href="#a30"/>')


def test_many_variables_for_many_elements_are_worked_out_apart():
    own = ";".join(f"--v{i}:{i}" for i in range(500))
    uses = '<use href="#r" style="--a:1"/>' * 500  # of 30 characters each
    text = f'<svg xmlns="http://www.w3.org/2000/svg"><g style="{own}">{RECT}{uses}</g></svg>'
    with pytest.raises(Costly):
        sanitize(text, quick=True)
    assert sanitize(text.replace(own, "--v:1").replace(uses, uses[:3000]), quick=True)
