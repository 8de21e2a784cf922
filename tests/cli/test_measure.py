"""`sightline measure` as a person types it, on a few pictures of two classes."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw
from small_run import save_run

from sightline.cli.main import main

CLOCKS = ("seconds", "peak_memory", "created")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two encoders, and 24 balls and boxes of many colours in a folder a class."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path / "cache"))
    save_run(tmp_path / "one", seed=0)
    save_run(tmp_path / "other", seed=1)
    for name in ("ball", "box"):
        (tmp_path / "mine" / name).mkdir(parents=True)
        for number in range(12):
            made = Image.new("RGB", (32, 32), "white")
            draw = ImageDraw.Draw(made)
            corners = (4, 4 + number % 4, 26, 27)
            (draw.ellipse if name == "ball" else draw.rectangle)(corners, fill=(number * 20, 90, 200 - number * 15))
            made.save(tmp_path / "mine" / name / f"{number}.png")
    return tmp_path


def untimed(value: Any) -> Any:
    """Without what a clock or the machine's memory decides."""
    if isinstance(value, dict):
        return {key: untimed(inner) for key, inner in value.items() if key not in CLOCKS}
    return [untimed(inner) for inner in value] if isinstance(value, list) else value


def measure(*words: str) -> dict[str, Any]:
    assert main(["measure", *words, "--quick", "--json", "told.json"]) == 0
    return json.loads(Path("told.json").read_text())


def test_encoders_pixels_and_a_random_tower_stand_side_by_side(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = measure("one", "other", "--data", "mine", "--suite", "density,similarity", "--out", "page.html")
    assert [(e["name"], e["kind"]) for e in told["encoders"]] == [
        ("one", "encoder"),
        ("other", "encoder"),
        ("pixels", "pixels"),
        ("random", "random"),
    ]
    for encoder in told["encoders"]:
        for name in ("density", "similarity"):
            found = encoder["properties"][name]
            assert 0 <= found["score"] <= 1 and found["ci"][0] <= found["ci"][1] and found["gain"] >= 0
            assert found["metrics"]
        assert encoder["properties"]["text"]["score"] is None
    said = capsys.readouterr().out
    assert "similarity" in said and "pixels" in said and "page.html" in said
    html = Path("page.html").read_text(encoding="utf-8")
    assert "Which one for what" in html or "one for what" in html.lower()


def test_the_same_command_gives_the_same_bytes_but_for_clocks(place: Path) -> None:
    asked = ("one", "--data", "mine", "--suite", "density,similarity,text")
    first = measure(*asked)
    assert untimed(measure(*asked)) == untimed(first) == untimed(measure(*asked, "--no-cache"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("one", "--data", "mine", "--suite", "colour"), "there is no suite 'colour'"),
        (("one", "--data", "nowhere"), "nowhere"),
        (("one", "--data", "mine", "--out", "page.txt"), "give it such an ending"),
        (("nothing", "--data", "mine"), "nothing"),
        (("one", "--data", "mine", "--beside", "one/encoder.json"), "is a report of format"),
        (("one", "--data", "mine", "mine"), "each once"),
    ],
)
def test_what_cannot_be_measured_is_refused_before_anything_is(
    place: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    assert main(["measure", *words, "--quick"]) == 2
    assert said in capsys.readouterr().err
    assert not (place / "cache" / "features").exists()


def test_an_earlier_report_stands_beside_a_new_one_where_it_was_measured_alike(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["measure", "one", "--data", "mine", "--suite", "similarity", "--quick", "--json", "first.json"]) == 0
    both = measure("other", "--data", "mine", "--suite", "similarity", "--beside", "first.json")
    assert {e["name"] for e in both["encoders"]} >= {"one", "other", "pixels"}
    Image.new("RGB", (32, 32), "red").save(place / "mine" / "ball" / "new.png")
    asked = ["measure", "other", "--data", "mine", "--suite", "similarity", "--quick", "--beside", "first.json"]
    assert main(asked) == 2
    assert "mine" in capsys.readouterr().err
