"""Costly drawings are refused by what they would cost, or drawn by a process whose time and memory are limited."""

import contextlib
import subprocess
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from sightline.data.decode.picture import measure
from sightline.data.decode.svg import rasterize as module
from sightline.data.decode.svg.cost import COST, cost_of
from sightline.data.decode.svg.pool import MEMORY, SECONDS, Pool
from sightline.data.decode.svg.rasterize import estimate, rasterize, title
from sightline.data.decode.svg.safe import sanitize
from sightline.data.decode.svg.worker import HEAD
from sightline.data.sample import BadSample

SPACE = 'xmlns="http://www.w3.org/2000/svg"'
RECTS = "".join(f'<rect x="{i}" y="{i}" width="9" height="9"/>' for i in range(40))


def svg(body, root='viewBox="0 0 64 64"'):
    return f"<svg {SPACE} {root}>{body}</svg>"


def pattern(name, fill, body=RECTS):
    tile = f'<g fill="{fill}">{body}</g>'
    return f'<pattern id="{name}" width="20" height="20" patternUnits="userSpaceOnUse">{tile}</pattern>'


def elements(body, root='viewBox="0 0 256 256"'):
    return cost_of(ET.fromstring(svg(body, root).replace(f" {SPACE}", ""))).elements


def test_an_inherited_paint_is_charged_for_every_shape_that_inherits_it():
    tiles = pattern("p", "red")
    once = elements(tiles + '<rect fill="url(#p)" width="9" height="9"/>')
    assert elements(tiles + f'<g fill="url(#p)">{RECTS}</g>') - 2 == 40 * (once - 1)
    assert elements(tiles + f'<g style="fill:url(#p)">{RECTS}</g>') - 2 == 40 * (once - 1)
    assert elements(tiles + f'<g fill="url(#p)"><g fill="red">{RECTS}</g></g>') < 100


@pytest.mark.parametrize(
    "way", ['fill="url(#p2)"', 'style="fill:url(#p2)"', 'class="a"', 'class="v"', 'stroke="url(#p2)"']
)
def test_nested_patterns_that_are_handed_down_are_refused(way):
    css = "<style>:root{--p:url(#p2)}.a{fill:url(#p2)}.v{fill:var(--p)}</style>"
    nested = pattern("p0", "red") + pattern("p1", "url(#p0)") + pattern("p2", "url(#p1)")
    with pytest.raises(BadSample, match=f"more than {COST:,} elements"):
        rasterize(svg(css + nested + f"<g {way}>{RECTS}</g>"), 64)


def test_a_marker_is_charged_at_every_vertex():
    marker = f'<marker id="m">{RECTS}</marker>'
    few = elements(marker + '<path marker-mid="url(#m)" d="M0 0L9 9L0 9"/>')
    many = elements(marker + f'<g marker-mid="url(#m)"><path d="M0 0{"L9 9L0 9" * 10}"/></g>')
    assert many > 5 * few > 1000
    with pytest.raises(BadSample, match="elements"):
        rasterize(svg(marker + f'<path marker-mid="url(#m)" d="M0 0{"L9 9L0 9" * 5000}"/>'), 64)


def test_a_dilation_is_charged_by_the_square_of_its_radius_in_pixels():
    def dilated(radius, root='viewBox="0 0 256 256"'):
        body = f'<filter id="f"><feMorphology operator="dilate" radius="{radius}"/></filter>'
        return elements(body + '<rect width="200" height="200" filter="url(#f)"/>', root)

    assert 3 < dilated(40) / dilated(20) < 4
    assert dilated(400, 'viewBox="0 0 5120 5120"') == dilated(20)
    with pytest.raises(BadSample):
        dilated(200)


def test_a_filter_is_charged_by_its_region_and_by_its_steps():
    def blurred(steps, wide=""):
        return elements(
            f'<filter id="f" {wide}>{"<feGaussianBlur/>" * steps}</filter><rect width="9" filter="url(#f)"/>'
        )

    assert blurred(20) > 9 * blurred(2) - 50
    assert blurred(2, 'width="10" height="10"') > 50 * blurred(2)
    with pytest.raises(BadSample):
        blurred(60, 'x="-10" y="-10" width="20" height="20"')


@pytest.fixture
def apart(monkeypatch):
    """What is sent to a process of its own, which is not started."""
    sent = []

    def draw_apart(data, size):
        sent.append(data)
        return np.full((size, size, 4), 255, np.uint8)

    monkeypatch.setattr(module, "draw_apart", draw_apart)
    return sent


@pytest.mark.parametrize(
    "body",
    [
        "<rect width='9' height='9'/>" * 600,
        "<text>words</text>",
        '<path stroke-dasharray="1" d="M0 0L9 9"/>',
        '<filter id="f"><feGaussianBlur stdDeviation="1"/></filter><rect width="9" height="9" filter="url(#f)"/>',
        '<rect width="9" height="9" style="filter:blur(2px)"/>',
        "<g>" * 20 + RECTS + "</g>" * 20,
        pattern("p", "red") + '<rect width="9" height="9" fill="url(#p)"/>',
        '<mask id="m"><rect width="9" height="9"/></mask><rect width="9" height="9" mask="url(#m)"/>',
        f"<style>{'g ' * 20}rect{{fill:red}}</style>" + "<g>" * 9 + RECTS + "</g>" * 9,
        f"<!--{'x' * 20_000}-->{RECTS}",
    ],
)
def test_what_may_take_long_is_drawn_apart(apart, body):
    rasterize(svg(body), 64)
    assert len(apart) == 1


@pytest.mark.parametrize(
    "body",
    [
        RECTS,
        '<style>.a{fill:red}.b,.c{stroke:#00f}</style><rect class="a" width="9" height="9"/>',
        "<g>" * 5 + RECTS + "</g>" * 5,
        '<linearGradient id="g"><stop/></linearGradient><rect width="9" height="9" fill="url(#g)"/>',
        '<symbol id="s"><rect width="9" height="9"/></symbol><use href="#s"/>',
        '<rect width="9" height="9" opacity=".5"/>',
    ],
)
def test_a_plain_icon_is_drawn_here(apart, body):
    rasterize(svg(body), 64)
    assert not apart


def test_the_estimate_grows_with_the_size_asked():
    cost = sanitize(svg(RECTS)).cost
    assert estimate(cost, 32) < estimate(cost, 512) < estimate(cost, 4096)


@pytest.fixture(scope="module")
def pool():
    made = Pool(workers=1)
    yield made
    made.close()


def test_a_drawing_is_the_same_drawn_apart(pool):
    for body in (RECTS, "<text y='20'>words</text>" + RECTS, "<g>" * 100 + RECTS + "</g>" * 100):
        data = svg(body).encode()
        apart = pool.draw(data, 32)
        assert apart.shape == (32, 32, 4)
        assert np.array_equal(apart, rasterize(data, 32))
    assert len(pool.all) == len(pool.free) == 1


def test_a_bad_drawing_is_named_and_its_process_serves_on(pool):
    pool.draw(svg(RECTS).encode(), 8)
    (before,) = pool.all
    with pytest.raises(BadSample, match="malformed"):
        pool.draw(b"<svg", 8)
    with pytest.raises(BadSample, match="^blank"):
        pool.draw(svg("").encode(), 8)
    assert pool.draw(svg(RECTS).encode(), 8).shape == (8, 8, 4)
    assert pool.all == {before}


def test_a_process_that_was_ended_while_it_was_idle_costs_no_drawing():
    with contextlib.closing(Pool(workers=1, seconds=60)) as pool:
        first = pool.draw(svg(RECTS).encode(), 16)
        (worker,) = pool.all
        worker.process.kill()
        worker.process.wait()
        assert (pool.draw(svg(RECTS).encode(), 16) == first).all() and pool.all.isdisjoint({worker})


def test_what_takes_too_long_is_ended_and_named_and_the_next_is_drawn():
    slow = svg(
        '<filter id="f"><feMorphology operator="dilate" radius="60"/></filter>'
        '<rect width="99" height="99" filter="url(#f)"/>',
        'viewBox="0 0 256 256"',
    )
    pool = Pool(workers=1, seconds=0.05)
    with contextlib.closing(pool):
        with pytest.raises(BadSample, match=r"SVG takes longer than 0.05 s to draw"):
            pool.draw((slow + "<!-- -->").encode(), 2048)
        assert not pool.all and not pool.free
        pool.seconds = 60
        assert pool.draw(svg(RECTS).encode(), 8).shape == (8, 8, 4)


@pytest.mark.skipif(sys.platform != "linux", reason="the system limits the memory of a process only there")
def test_what_takes_too_much_memory_is_ended_and_named_and_the_next_is_drawn():
    pool = Pool(workers=1, seconds=60, memory=60 * 2**20)
    with contextlib.closing(pool):
        with pytest.raises(BadSample, match="memory|costly|drawn"):
            pool.draw(svg('<g opacity=".5"><rect width="64" height="64"/></g>').encode(), 6000)
        assert pool.draw(svg(RECTS).encode(), 8).shape == (8, 8, 4)


def test_a_process_ends_when_its_parent_closes_the_pipe():
    code = "from sightline.data.decode.svg.worker import main; main(5, 10**9)"
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    out, _ = process.communicate(b"")
    assert process.returncode == 0 and len(out) == HEAD.size


def test_the_limits_are_what_the_page_promises():
    assert SECONDS <= 4 and MEMORY <= 450 * 2**20


def test_a_drop_is_measured_by_its_root_and_not_drawn(monkeypatch):
    monkeypatch.setattr(module, "rasterize", None)
    for root, right in [
        ('viewBox="0 0 576 512"', (288, 256)),
        ('width="30" height="10"', (768, 256)),
        ("", (256, 256)),
        ('width="100%"', (256, 256)),
        ('width="0" height="0"', (256, 256)),
        ('viewBox="0 0 1 100000"', (256, 2048)),
        ('width="2in" height="96px"', (512, 256)),
        ('width="1e999" height="1"', (256, 256)),
    ]:
        assert measure(svg("<unclosed>", root).encode()) == right
    with pytest.raises(BadSample, match="root is <html>"):
        measure(b"<html><svg/></html>")


def test_only_the_roots_own_title_is_the_pictures():
    assert title(svg("<g><title>part</title></g><title>whole</title>")) == "whole"
    assert (
        title(svg("<svg><title>part</title></svg><symbol><title>part</title></symbol>", 'aria-label="said"')) == "said"
    )
    assert title(svg("<desc>long</desc><g><title>part</title></g>")) is None
    assert title(svg("<defs><title>part</title></defs><title>first</title><title>second</title>")) == "first"
    assert sanitize(svg("<g><title>part</title></g><title>whole</title>")).title == "whole"
