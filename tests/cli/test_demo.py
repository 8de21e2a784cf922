"""The demo's own code on a run of a few steps; its figures are `make demo`'s."""

import json
from dataclasses import replace

import pytest
from PIL import Image

from sightline.cli import demo
from sightline.recipes.image_text import clip


@pytest.fixture
def short(monkeypatch):
    icons = clip.icons
    monkeypatch.setattr(clip, "icons", lambda: replace(icons(), steps=3, batch=16, precision="float32"))


@pytest.fixture(autouse=True)
def measured_on_few(monkeypatch, tmp_path):
    """Six pictures instead of the built-in suites."""
    for number in range(6):
        (tmp_path / "pictures").mkdir(exist_ok=True)
        Image.new("RGB", (16, 16), (40 * number, 0, 90)).save(tmp_path / "pictures" / f"{number}.png")
    monkeypatch.setattr(demo, "MEASURED", (str(tmp_path / "pictures"),))
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def few(monkeypatch):
    """Sixty icons instead of all; what measuring asks for by name is looked up among all when it is imported."""
    import sightline.measure.rooms  # noqa: F401
    from sightline.data.sources import icons

    entries = icons.icon_entries
    monkeypatch.setattr(icons, "icon_entries", lambda weight="all": entries(weight)[:60])


def test_it_writes_summary_index_and_sheet_and_is_reused(short, few, tmp_path, capsys, monkeypatch):
    out = tmp_path / "demo"
    demo.demo(out=out, no_serve=True)
    first = capsys.readouterr().out
    assert "sightline search" in first and "never seen in training" in first
    assert first.index("icons indexed and searched") < first.index("never seen in training")
    summary = json.loads((out / "summary.json").read_text())
    for part in ("heldout", "library"):
        assert set(summary[part]["text_to_image"]) >= {"r1", "r5", "r10"}
        assert set(summary[part]["image_to_text"]) >= {"r1", "r5", "r10"}
        assert summary[part]["n"] > 0 and 0 < summary[part]["chance_r10"] <= 1
    synonyms = summary["synonyms"]
    assert all(set(synonyms[name]) == {"r1", "r5", "r10"} for name in ("bm25", "vectors", "fused"))
    assert 0 < synonyms["n"] < synonyms["candidates"] <= 60
    assert set(summary["seconds"]) == {"train", "total"} and summary["images_per_second"] > 0
    told = json.loads((out / "measure.json").read_text())
    assert [encoder["kind"] for encoder in told["encoders"]] == ["encoder", "pixels", "random"]
    assert "density" in first and (out / "measure.html").stat().st_size > 10_000
    for drawn in (tmp_path / "demo-first.png", out / "queries.png"):
        with Image.open(drawn) as sheet:
            assert sheet.width > 500
    assert summary["builtin"]["n"] == synonyms["n"]
    stamp = (out / "model.safetensors").stat().st_mtime_ns
    monkeypatch.setenv("CI", "true")
    demo.demo(out=out)
    assert (out / "model.safetensors").stat().st_mtime_ns == stamp
    with pytest.raises(ValueError, match="holds fold 0"):
        demo.demo(out=out, fold=1)


def test_it_prints_the_three_rows_that_the_readme_shows(capsys, tmp_path):
    found = {"text_to_image": {"r1": 0.321, "r5": 0.5, "r10": 0.6}, "chance_r10": 0.036, "n": 279}
    found["bm25"] = {"text_to_image": {"r10": 0.7}}
    kinds = {"bm25": {"r10": 0.062}, "vectors": {"r10": 0.222}, "fused": {"r1": 0.021, "r5": 0.111, "r10": 0.238}}
    summary = {
        "heldout": found,
        "library": found | {"n": 1116},
        "zero_shot": {"classes": 9, "n": 80, "top1": 0.25, "top5": 0.5, "chance": 0.1},
        "synonyms": kinds | {"n": 1039, "candidates": 1395, "chance_r10": 0.007},
        "seconds": {"train": 240.0},
        "images_per_second": 700.0,
    }
    demo._print_summary(tmp_path, summary, 300.0)
    said = capsys.readouterr().out
    row = next(line for line in said.splitlines() if "synonyms nobody told it (1039)" in line)
    assert [word for word in row.split() if word.startswith("0.")] == ["0.021", "0.111", "0.238", "0.062", "0.007"]
    assert "Synonyms among 1,395 icons, R@10: words alone 0.062, vectors alone 0.222, both 0.238" in said
    assert "never seen in training (279)" in said and "the library itself (1116)" in said


def test_it_ends_by_serving_what_it_indexed_unless_told_not_to(monkeypatch, tmp_path):
    served = []
    monkeypatch.setattr(demo, "found_at_once", lambda out: None)
    monkeypatch.setattr(demo, "run", lambda out, fold: {})
    monkeypatch.setattr(demo, "_print_summary", lambda out, summary, seconds: None)
    monkeypatch.setattr(demo, "measured", lambda out: None)
    monkeypatch.setattr(demo, "_serve", lambda db, port: served.append((db, port)))
    monkeypatch.delenv("CI", raising=False)
    demo.demo(out=tmp_path, no_serve=True)
    assert served == []
    demo.demo(out=tmp_path)
    monkeypatch.setenv("CI", "true")
    demo.demo(out=tmp_path)
    assert served == [(tmp_path / "icons.db", None)]
