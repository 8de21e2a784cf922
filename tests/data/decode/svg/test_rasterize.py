"""SVG is drawn at the size asked, reads nothing but itself, and cannot make the renderer run without end."""

import base64
import io
import threading

import numpy as np
import pytest
from PIL import Image

from sightline.data.decode.picture import decode
from sightline.data.decode.svg import pool as svg_pool
from sightline.data.decode.svg.cost import COST
from sightline.data.decode.svg.rasterize import rasterize, title
from sightline.data.decode.svg.safe import sanitize
from sightline.data.decode.svg.tree import DEPTH
from sightline.data.sample import BadSample

SPACES = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:q="http://www.w3.org/1999/xlink"'
RECT = '<rect width="10" height="10" fill="red"/>'


@pytest.fixture(scope="module", autouse=True)
def patience():
    """Drawings apart have all the time they need: how long they may take is tested by itself."""
    old, svg_pool._pool = svg_pool._pool, svg_pool.Pool(seconds=120)
    yield
    svg_pool._pool.close()
    svg_pool._pool = old


def svg(body, root='viewBox="0 0 10 10"'):
    return f"<svg {SPACES} {root}>{body}</svg>"


def drawn(pixels):
    """Share of the canvas on which anything was drawn."""
    return float((pixels[..., 3] > 0).mean())


@pytest.mark.parametrize(
    ("root", "shape"),
    [
        ('viewBox="0 0 10 10"', (40, 40)),
        ('viewBox="0 0 576 512"', (40, 45)),
        ('viewBox="0 0 10 20"', (80, 40)),
        ('width="30" height="10"', (40, 120)),
        ('width="2in" height="96px"', (40, 80)),
        ('width="1e9" height="1e9" viewBox="0 0 10 10"', (40, 40)),
        ('width="1000000000" height="1000000000"', (40, 40)),
        ('width="100%" height="100%" viewBox="0 0 10 10"', (40, 40)),
        ('viewBox="0 0 1 100000"', (320, 1)),
        ('viewBox="0 0 100000 1"', (1, 320)),
    ],
)
def test_size_is_the_one_asked_whatever_the_file_says(root, shape):
    assert rasterize(svg('<rect width="100%" height="100%"/>', root), 40).shape[:2] == shape


def test_a_file_without_any_size_is_drawn():
    pixels = rasterize(f'<svg {SPACES}><rect width="10" height="40"/></svg>', 20)
    assert min(pixels.shape[:2]) == 20


@pytest.fixture
def outside(tmp_path, monkeypatch):
    """A picture that would be drawn if it were read, from the working folder too."""
    Image.new("RGB", (10, 10), (255, 0, 0)).save(tmp_path / "red.png")
    (tmp_path / "red.svg").write_text(svg(f'<g id="x">{RECT}</g>'))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["href", "xlink:href", "q:href"])
@pytest.mark.parametrize("link", ["red.png", "{}/red.png", "file://{}/red.png", "red.svg", "./red.png#x", " red.png"])
def test_file_references_are_never_followed(outside, name, link):
    link = link.format(outside)
    for body in (
        f'<image {name}="{link}" width="10" height="10"/>',
        f'<use {name}="{link}" width="10" height="10"/>',
        f'<filter id="f"><feImage {name}="{link}"/></filter><rect filter="url(#f)" width="10" height="10"/>',
    ):
        with pytest.raises(BadSample, match=r"^blank: what it shows is in another file"):
            rasterize(svg(body), 16)


def test_references_hidden_in_entities_are_never_followed(outside):
    body = svg('<image href="&e;" width="10" height="10"/>')
    with_file = f'<!DOCTYPE svg [<!ENTITY e SYSTEM "{outside}/red.svg">]>' + svg("<g>&e;</g>")
    for text in (f'<!DOCTYPE svg [<!ENTITY e "red.png">]>{body}', with_file):
        with pytest.raises(BadSample, match="^blank: "):
            rasterize(text, 16)


def test_references_inside_embedded_svg_are_never_followed(outside):
    inner = base64.b64encode(svg(f'<image href="{outside}/red.png" width="10" height="10"/>').encode()).decode()
    with pytest.raises(BadSample, match="^blank: "):
        rasterize(svg(f'<image href="data:image/svg+xml;base64,{inner}" width="10" height="10"/>'), 16)


@pytest.mark.parametrize(
    "style",
    [
        '@import "http://example.com/a.css"; rect {{ fill: red }}',
        "@import url(file://{}/a.css); rect {{ fill: red }}",
        "rect {{ fill: url(file://{}/red.svg#x) red }}",
        "rect {{ fill: url('http://example.com/red.svg#x') red }}",
    ],
)
def test_style_sheets_never_reach_outside(outside, style):
    (outside / "a.css").write_text("rect { display: none }")
    pixels = rasterize(svg(f'<style>{style.format(outside)}</style><rect width="10" height="10"/>'), 16)
    assert pixels.shape == (16, 16, 4)


def test_addresses_are_never_opened():
    # the tests' own guard refuses connections made from Python; the renderer is given no address at all
    body = (
        '<image href="http://127.0.0.1:9/a.png" width="10" height="10"/><a href="https://example.com">' + RECT + "</a>"
    )
    assert "http://127" not in sanitize(svg(body)).text and "example.com" not in sanitize(svg(body)).text


def test_embedded_rasters_are_drawn_and_embedded_bombs_refused():
    def embedded(image):
        file = io.BytesIO()
        image.save(file, "PNG")
        link = base64.b64encode(file.getvalue()).decode()
        return svg(f'<image href="data:image/png;base64,{link}" width="10" height="10"/>')

    assert drawn(rasterize(embedded(Image.new("RGB", (4, 4), (255, 0, 0))), 16)) == 1
    with pytest.raises(BadSample, match="embeds pictures"):
        rasterize(embedded(Image.new("1", (5000, 5000))), 16)


def test_entity_bombs_are_refused():
    levels = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 10))
    with pytest.raises(BadSample, match="nested entities"):
        rasterize(f'<!DOCTYPE svg [<!ENTITY a0 "lol">{levels}]>' + svg("<text>&a9;</text>"), 16)
    long = f'<!DOCTYPE svg [<!ENTITY a "{"x" * 100_000}">]>' + svg(f"<text>{'&a;' * 10_000}</text>")
    with pytest.raises(BadSample):
        rasterize(long, 16)


def test_plain_entities_of_drawing_programs_work():
    body = '<!DOCTYPE svg [<!ENTITY ns_svg "http://www.w3.org/2000/svg">]><svg xmlns="&ns_svg;" viewBox="0 0 10 10">'
    assert drawn(rasterize(body + RECT + "</svg>", 16)) == 1


def multiplied(kind):
    """References that multiply tenfold at each of seven steps."""
    if kind == "use":
        steps = "".join(f'<g id="a{i}">{f"<use href={chr(34)}#a{i - 1}{chr(34)}/>" * 10}</g>' for i in range(1, 8))
        return svg(f'<g id="a0">{RECT}</g>{steps}')
    fills = {"pattern": 'fill="url(#p{})"', "style": 'class="c{}"'}[kind]
    rules = "".join(f".c{i}{{fill:url(#p{i})}}" for i in range(8)) if kind == "style" else ""
    tiles = [f'<rect width="1" {fills.format(i)}/>' * 10 for i in range(7)]
    steps = "".join(f'<pattern id="p{i}" width=".5" height=".5">{tile}</pattern>' for i, tile in enumerate(tiles, 1))
    start = f'<pattern id="p0" width=".5" height=".5">{RECT}</pattern>'
    return svg(f"<style>{rules}</style><defs>{start}{steps}</defs><rect width='9' height='9' fill='url(#p7)'/>")


@pytest.mark.parametrize("kind", ["use", "pattern", "style"])
def test_references_that_multiply_are_refused(kind):
    with pytest.raises(BadSample, match=f"more than {COST:,} elements"):
        rasterize(multiplied(kind), 16)


def test_gradients_and_clips_shared_by_many_are_fine():
    body = '<linearGradient id="g"><stop stop-color="red"/></linearGradient>'
    body += '<clipPath id="c"><rect width="9" height="9"/></clipPath>'
    style = "<style>.a{fill:url(#g);clip-path:url(#c)}</style>"
    assert drawn(rasterize(svg(style + body + '<rect class="a" width="10" height="10"/>' * 2000), 16)) > 0.5


def test_deep_nesting_is_drawn_on_any_thread_and_too_deep_is_refused():
    answers = []
    deep = svg("<g>" * (DEPTH - 5) + RECT + "</g>" * (DEPTH - 5))
    worker = threading.Thread(target=lambda: answers.append(drawn(rasterize(deep, 16))))
    worker.start()
    worker.join()
    assert answers == [1.0]
    with pytest.raises(BadSample, match="nested deeper"):
        rasterize(svg("<g>" * 5000 + RECT + "</g>" * 5000), 16)
    chain = "".join(f'<g id="a{i}"><use href="#a{i - 1}"/></g>' for i in range(1, 2000))
    with pytest.raises(BadSample, match="references are followed"):
        rasterize(svg(f'<defs><g id="a0">{RECT}</g>{chain}</defs><use href="#a1999"/>'), 16)


def test_references_in_circles_end():
    for body in ('<g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g>', '<use id="c" href="#c"/>'):
        try:
            rasterize(svg(body + RECT), 16)
        except BadSample:
            pass


def test_filters_cannot_ask_for_endless_octaves():
    body = '<filter id="f"><feTurbulence baseFrequency=".1" numOctaves="1000000"/></filter>'
    text = svg(body + '<rect filter="url(#f)" width="10" height="10"/>')
    assert 'numOctaves="8"' in sanitize(text).text and drawn(rasterize(text, 32)) > 0


def test_scripts_and_foreign_objects_are_ignored():
    assert drawn(rasterize(svg("<script>while(1){}</script><foreignObject><p>x</p></foreignObject>" + RECT), 16)) == 1


@pytest.mark.parametrize(
    "wrong", ["<svg", "<html><svg/></html>", f"<svg {SPACES} width='0' height='0'/>", "<svg>&nope;</svg>"]
)
def test_malformed_svg_is_refused(wrong):
    with pytest.raises(BadSample):
        decode(wrong.encode(), 16)


def test_encodings_declared_by_the_file_are_honoured():
    text = '<?xml version="1.0" encoding="{}"?>' + svg(f"<title>Grün</title>{RECT}")
    for encoding in ("utf-8", "utf-16", "latin-1"):
        data = text.format(encoding).encode(encoding)
        assert decode(data, 16).shape == (16, 16, 3)
        assert title(data) == "Grün"


def test_titles_come_from_the_title_then_the_label():
    assert title(svg("<title> credit\n card </title><g><title>other</title></g>")) == "credit card"
    assert title(svg(RECT, 'viewBox="0 0 1 1" aria-label="Arrow left"')) == "Arrow left"
    assert title(svg(RECT)) is None and title("nonsense") is None


def test_alpha_is_straight():
    pixels = rasterize(svg('<rect width="10" height="10" fill="red" opacity=".5"/>'), 8)
    assert np.abs(pixels[4, 4].astype(int) - (255, 0, 0, 128)).max() <= 1
