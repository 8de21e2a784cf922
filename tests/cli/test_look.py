import re

import pytest
from small_run import VIT, save_run

from sightline.cli.main import main
from sightline.towers.spec import Map, ResNetSpec, ViTSpec

TOWERS = {
    "vit": VIT,
    "map": ViTSpec(size=16, patch=4, dim=32, depth=2, heads=4, pool=Map()),
    "resnet": ResNetSpec(depths=(1, 1), width=8),
}


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, image in TOWERS.items():
        save_run(tmp_path / name, image)
    (tmp_path / "mine").mkdir()
    for number in range(5):
        ball = f'<circle cx="{4 * number}" cy="9" r="5"/>'
        drawing = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">{ball}</svg>'
        (tmp_path / "mine" / f"<b>{number}.svg").write_text(drawing)
    (tmp_path / "mine" / "cut.png").write_bytes(b"\x89PNG")
    return tmp_path


def look(name, *words):
    assert main(["look", name, "mine", "--out", "page.html", *words]) == 0
    with open("page.html", encoding="utf-8") as file:
        return file.read()


@pytest.mark.parametrize("name", ["vit", "map"])
def test_a_vit_has_every_figure_in_one_file(place, capsys, name):
    html = look(name, "--n", "3")
    assert "cut.png" in capsys.readouterr().err
    for figure in ("filters", "attention", "distance", "positions", "units", "tokens"):
        assert f'<section id="{figure}">' in html
    assert "Left out" not in html and html.count("head 3</figcaption>") == 3
    assert "<script" not in html and "<b>0" not in html and "&lt;b&gt;0" in html
    assert not re.search(r"(?:src=\"|url\()(?!data:image/png)", html), "nothing is fetched"
    assert html == look(name, "--n", "3"), "the same again"


def test_a_resnet_has_no_attention_and_says_so(place):
    html = look("resnet", "--units", "3,0", "--foreground")
    assert '<section id="attention">' not in html and "a convolutional tower has no attention" in html
    assert html.index("Unit 3 ") < html.index("Unit 0 ") and "channel of the last map; 2 of 16" in html


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--out", "page.png"], "written as .html"),
        (["--out", "p.html", "--n", "0"], "--n must be at least 1"),
        (["--out", "p.html", "--units", "one"], "expected numbers with commas"),
        (["--out", "p.html", "--units", "128"], "no unit 128: there are 128"),
    ],
)
def test_what_cannot_be_done_is_said(place, capsys, words, says):
    assert main(["look", "vit", "mine", *words]) == 2
    assert says in capsys.readouterr().err
    assert not (place / "p.html").exists()
