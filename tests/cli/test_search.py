import json
import shutil
import subprocess
import sys

import pytest
from PIL import Image
from small_run import save_run, save_seer

from sightline.cli.main import main
from sightline.towers.spec import ResNetSpec

SHAPES = {
    "credit-card": '<rect x="1" y="6" width="22" height="12"/>',
    "arrow-up": '<path d="M12 2 L20 12 H14 V22 H10 V12 H4 Z"/>',
    "ball": '<circle cx="12" cy="12" r="9" fill="red"/>',
}


def make_run(folder, seed=0):
    words = ("credit card", "arrow up", "ball")
    return save_run(folder, ResNetSpec(depths=(1, 1), width=8), words=words, seed=seed)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A working directory with a run and a folder of SVGs."""
    monkeypatch.chdir(tmp_path)
    make_run(tmp_path / "run")
    (tmp_path / "icons-of-mine").mkdir()
    for name, shape in SHAPES.items():
        drawing = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">{shape}</svg>'
        (tmp_path / "icons-of-mine" / f"{name}.svg").write_text(drawing)
    return tmp_path


def test_index_then_search_then_sheet(place, capsys):
    assert main(["index", "a.db", "icons-of-mine", "--encoder", "run"]) == 0
    assert "a.db: 3 pictures (3 new) in" in capsys.readouterr().out
    assert main(["search", "a.db", "credit card", "-k", "2", "--all", "--sheet", "found.png"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["1", "name", str(place / "icons-of-mine" / "credit-card.svg")]
    assert lines[-1] == "sheet: found.png"
    with Image.open("found.png") as found:
        assert found.width > 200


def test_signs_that_nothing_is_called_are_told_from_an_empty_index(place, capsys):
    """An encoder of pictures alone gives signs no place, and they are no words that others could be compared with."""
    save_seer(place / "seer")
    assert main(["index", "b.db", "icons-of-mine", "--encoder", "seer"]) == 0
    assert main(["search", "b.db", "ball"]) == 0
    assert "ball.svg" in capsys.readouterr().out
    assert main(["search", "b.db", "★ ★", "--sheet", "none.png"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("nothing in b.db is called '★ ★', and its encoder reads no words")
    assert "--image" in told and not (place / "none.png").exists()


def test_json_has_the_documented_fields(place, capsys):
    main(["index", "a.db", "icons-of-mine", "--encoder", "run"])
    capsys.readouterr()
    assert main(["search", "a.db", "🔴 round", "--json", "-k", "9"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["format"], said["query"], said["image"], said["count"]) == (2, "🔴 round", None, 3)
    assert said["relevant"] == sum(row["relevant"] for row in said["results"]) and said["suggestion"] is None
    assert said["results"][0]["folders"] == ["icons of mine"]
    fields = {
        "rank",
        "score",
        "id",
        "key",
        "path",
        "name",
        "captions",
        "width",
        "height",
        "match",
        "box",
        "said",
        "line",
        "named",
        "relevant",
        "folders",
        "own",
        "folded",
    }
    assert all(set(row) == fields for row in said["results"])
    scores = [row["score"] for row in said["results"]]
    assert scores == sorted(scores, reverse=True)


def test_where_nothing_is_relevant_that_is_the_answer_and_the_rest_is_asked_for(place, capsys):
    main(["index", "a.db", "icons-of-mine", "--encoder", "run"])
    capsys.readouterr()
    assert main(["search", "a.db", "xqzv blorp", "--sheet", "none.png"]) == 0
    assert (
        capsys.readouterr().out == "nothing in a.db is relevant to 'xqzv blorp'; what is nearest all the same: --all\n"
    )
    assert not (place / "none.png").exists()
    assert main(["search", "a.db", "xqzv blorp", "--all"]) == 0
    assert [line.split()[:3] for line in capsys.readouterr().out.splitlines()] == [
        [str(rank), "looks", "like"] for rank in (1, 2, 3)
    ]
    assert main(["search", "a.db", "bal", "-k", "1"]) == 0
    assert capsys.readouterr().out.splitlines()[0].split()[1:3] == ["words:", "ball"]
    assert main(["search", "a.db", "in:mine"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_a_picture_finds_itself(place, capsys):
    main(["index", "a.db", "icons-of-mine", "--encoder", "run"])
    capsys.readouterr()
    assert main(["search", "a.db", "--image", "icons-of-mine/arrow-up.svg", "--json"]) == 0
    best = json.loads(capsys.readouterr().out)["results"][0]
    assert best["name"] == "arrow-up" and best["score"] == pytest.approx(1.0, abs=1e-5)


def test_a_second_index_needs_no_encoder_and_works_from_elsewhere(place, capsys, monkeypatch):
    main(["index", "a.db", "icons-of-mine", "--encoder", "run"])
    (place / "icons-of-mine" / "ball.svg").unlink()
    (place / "icons-of-mine" / "bad.svg").write_text("<svg")
    monkeypatch.chdir(place / "icons-of-mine")
    capsys.readouterr()
    assert main(["index", "../a.db", "../icons-of-mine"]) == 0
    said = capsys.readouterr()
    assert "2 pictures (1 removed, 2 unchanged)" in said.out and "bad.svg" in said.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["search", "a.db", ""], "the query is empty"),
        (["search", "a.db"], "give words, --image or --where"),
        (["search", "a.db", "a", "--image", "icons-of-mine/ball.svg", "--where", "("], "a field is missing here"),
        (["search", "a.db", "--image", "gone.png"], "there is no picture at gone.png"),
        (["search", "a.db", "--image", "run/encoder.json"], "cannot be used"),
        (["search", "a.db", "a", "-k", "0"], "k must be at least 1"),
        (["search", "b.db", "a"], "there is no index at b.db"),
        (["search", "a.db", "a", "--encoder", "run2"], "was made with the encoder"),
        (["index", "a.db", "icons-of-mine", "--encoder", "run2"], "--encoder run2 --rebuild"),
        (["index", "a.db", "nowhere"], "nowhere"),
        (["embed", "run", "icons-of-mine", "--out", "v.txt"], ".parquet or .npz"),
        (["embed", "nowhere", "icons-of-mine", "--out", "v.npz"], "there is no encoder at nowhere"),
    ],
)
def test_refusals_are_one_clear_line(place, capsys, words, says):
    make_run(place / "run2", seed=1)
    main(["index", "a.db", "icons-of-mine", "--encoder", "run"])
    before = (place / "a.db").read_bytes()
    capsys.readouterr()
    assert main(words) != 0
    said = capsys.readouterr()
    assert says in said.err and said.out == ""
    assert (place / "a.db").read_bytes() == before and not (place / "b.db").exists()


def test_rebuilding_with_another_encoder_and_an_encoder_that_moved(place, capsys):
    main(["index", "a.db", "icons-of-mine", "--encoder", "run"])
    make_run(place / "run2", seed=1)
    assert main(["index", "a.db", "icons-of-mine", "--encoder", "run2", "--rebuild"]) == 0
    assert main(["search", "a.db", "ball", "--encoder", "run2"]) == 0
    (place / "run2").rename(place / "moved")
    capsys.readouterr()
    assert main(["search", "a.db", "ball"]) != 0
    assert "which is not there any more" in capsys.readouterr().err
    assert main(["search", "a.db", "ball", "--encoder", "moved"]) == 0


def test_a_query_of_ten_thousand_characters_is_answered(place, capsys):
    main(["index", "a.db", "icons-of-mine", "--encoder", "run"])
    capsys.readouterr()
    assert main(["search", "a.db", "credit card " * 834, "-k", "1"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_embed_writes_a_table(place, capsys):
    assert main(["embed", "run", "icons-of-mine", "--out", "v.parquet"]) == 0
    assert "v.parquet: 3 vectors of 16 in" in capsys.readouterr().out
    assert main(["embed", "run", "icons:test?n=5", "--out", "v.npz"]) == 0


def test_the_index_needs_no_torch():
    """Searching by a vector, and everything the index imports, works where torch cannot be imported."""
    script = "import sys; sys.modules['torch'] = None; import sightline.search.index, sightline.search.embed"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_one_folder_is_one_source_however_it_is_written(place, capsys):
    main(["index", "a.db", "icons-of-mine", "--encoder", "run"])
    for words in ("./icons-of-mine/", str(place / "icons-of-mine"), "run/../icons-of-mine"):
        capsys.readouterr()
        assert main(["index", "a.db", words]) == 0
        assert "3 pictures (3 unchanged)" in capsys.readouterr().out
    assert main(["index", "a.db", "icons-of-mine::icons:test?n=4"]) == 0
    assert "7 pictures (4 new, 3 unchanged)" in capsys.readouterr().out


def test_parts_are_added_and_taken_away_and_what_cannot_be_read_is_pointed_at(place, capsys):
    main(["index", "a.db", "icons-of-mine", "--encoder", "run"])
    capsys.readouterr()
    assert main(["search", "a.db", "./icons-of-mine/ball.svg"]) == 0
    assert capsys.readouterr().out.splitlines()[0].split()[1:] == ["1.000", str(place / "icons-of-mine" / "ball.svg")]
    assert main(["search", "a.db", "arrow - 2: ball + ./icons-of-mine/arrow-up.svg", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in said["results"]][::2] == ["arrow-up", "ball"] and said["relevant"] is None
    assert main(["search", "a.db", "ball", "--image", "icons-of-mine/ball.svg", "--region", "0,0,24,12"]) == 0
    assert "ball.svg" in capsys.readouterr().out.splitlines()[0]
    for query, mark, why in (
        ("ball + - up", "  " + " " * 5 + "^", "nothing stands between two signs"),
        ("- ball", "  ^", "only takes away"),
        ("x: ball + up", "  ^", "x is no weight"),
        ("ball + ./none.svg", "  " + " " * 7 + "^", "no picture at ./none.svg"),
        ("./icons-of-mine/ball.svg[0,0,25,24]", "  ^", "leaves the picture, which is 24 x 24 units"),
    ):
        assert main(["search", "a.db", query]) != 0
        told = capsys.readouterr().err.splitlines()
        assert told[0] == f"  {query}" and told[1] == mark and why in told[2]
    assert main(["search", "a.db", "ball", "--region", "0,0,2,2"]) != 0
    assert "--region is a part of --image" in capsys.readouterr().err


def test_filters_leave_what_fits_and_folding_shows_copies_once(place, capsys):
    shutil.copy(place / "icons-of-mine" / "ball.svg", place / "icons-of-mine" / "copy of ball.svg")
    main(["index", "a.db", "icons-of-mine", "--encoder", "run"])
    capsys.readouterr()
    assert main(["search", "a.db", "--where", "colour=red and type=svg and width=24"]) == 0
    assert [line.split("/")[-1] for line in capsys.readouterr().out.splitlines()] == ["ball.svg", "copy of ball.svg"]
    assert main(["search", "a.db", "ball", "--where", "drawn=outline"]) == 0
    assert capsys.readouterr().out == "nothing in a.db fits 'drawn=outline' and was found by 'ball'\n"
    assert main(["search", "a.db", "ball", "--where", "colour=red", "--fold"]) == 0
    assert capsys.readouterr().out.splitlines()[0].endswith("ball.svg  (+1 the same)")
    assert main(["search", "a.db", "ball", "--where", "colour=red and wodth>5"]) != 0
    told = capsys.readouterr().err.splitlines()
    assert told[:2] == ["  colour=red and wodth>5", "  " + " " * 15 + "^"] and "did you mean width?" in told[2]
    assert main(["search", "a.db", "--image", "icons-of-mine/ball.svg", "--where", "not colour=red", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert {row["name"] for row in said["results"]} == {"arrow-up", "credit-card"} and said["where"] == "not colour=red"
    assert said["unmeasured"] == 0 and said["results"][0]["own"] == [24, 24]
