"""`sightline index` and what its neighbours print: sources that go, names that cannot drive the terminal, queries."""

import inspect
import json
import shutil

import numpy as np
import pytest
from PIL import Image

from sightline.cli.library.asked import options_of
from sightline.cli.main import main
from sightline.cli.search import search
from sightline.data.prepare.preprocess import Preprocess

EVIL = "a\x1b[31mred\x1b]0;pwn\x07\n\u202egnp.png"


class Mean:
    """An encoder of mean colours, without torch."""

    name, identity, dim, logit_scale, logit_bias = "mean", "mean", 3, 0.0, None
    rule = Preprocess(size=8)

    def preprocess(self, picture):
        return self.rule(picture)

    def tokenize(self, texts):
        return np.zeros((len(texts), 1), np.int64)

    def encode_image(self, images, normalize=False):
        images = np.stack([self.preprocess(i) for i in images]) if isinstance(images, list) else images
        return images.mean(axis=(2, 3)) + 1e-3

    def features(self, images):
        raise NotImplementedError

    def encode_text(self, texts, normalize=False):
        return np.array([[len(text), 1, sum(map(ord, text)) % 7] for text in texts], np.float32)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A working directory with four pictures in two folders, and `mean` as every encoder."""
    monkeypatch.chdir(tmp_path)
    for name in ("open_encoder", "open_quick"):
        monkeypatch.setattr(f"sightline.search.encoder.{name}", lambda *given, **named: Mean())
    monkeypatch.setattr("sightline.search.encoder.encoder_of", lambda *given: Mean())
    for shade, name in enumerate(("2020/beach", "2020/tree", "2021/cat", "2021/dog")):
        (tmp_path / "pics" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (9, 9), (40 * shade, 90, 200)).save(tmp_path / "pics" / f"{name}.png")
    return tmp_path


@pytest.fixture
def said(capsys):
    """Runs a command line; gives its code, its stdout, its stderr."""

    def run(*words):
        capsys.readouterr()
        code = main([str(word) for word in words])
        return code, *capsys.readouterr()

    return run


def test_what_is_kept_is_counted_and_named_with_the_way_to_let_go_of_it(place, said):
    said("index", "a.db", "pics", "--encoder", "mean")
    shutil.rmtree(place / "pics" / "2021")
    (place / "pics" / "2021").mkdir()
    code, out, err = said("index", "a.db", "pics")
    assert code == 0 and "4 pictures (2 unchanged, 2 kept unseen)" in out
    kept = place / "pics" / "2021"
    assert f"note: 2 pictures of {kept} were not seen and are kept: it is there and holds no pictures now" in err
    assert f"sightline index a.db --drop '{kept}'" in err
    assert said("index", "a.db", "--drop", str(kept))[:2] == (0, "a.db: 2 pictures dropped\n")
    assert "2 pictures (2 unchanged) in" in said("index", "a.db", "pics")[1]


def test_a_moved_library_is_told_moved_and_searched(place, said):
    said("index", "a.db", "pics", "--encoder", "mean")
    old, new = place / "pics", place / "disk" / "photos"
    new.parent.mkdir()
    old.rename(new)
    code, out, err = said("index", "a.db", "pics")
    assert code == 2 and f"{old} is not there, and a.db has pictures of it; they stay" in err
    assert f"--move '{old}' NEW" in err and f"--drop '{old}'" in err
    code, out, err = said("index", "a.db", new)
    assert "8 pictures (4 new)" in out and f"sightline index a.db --move '{old}' '{new}' (or --drop '{old}')" in err
    out = said("search", "a.db", "cat", "--all")[1]
    assert len(out.splitlines()) == 4 and str(old) not in out
    assert said("index", "a.db", "--move", "pics", "disk/photos")[:2] == (
        0,
        "a.db: 0 pictures moved, 4 it had there already\n",
    )
    assert "4 pictures (4 unchanged)" in said("index", "a.db", new)[1]


def test_a_move_and_the_next_run_in_one_command(place, said):
    said("index", "a.db", "pics", "--encoder", "mean")
    (place / "pics").rename(place / "photos")
    Image.new("RGB", (9, 9), "red").save(place / "photos" / "2021" / "fox.png")
    code, out, _ = said("index", "a.db", "photos", "--move", "pics", "photos")
    assert code == 0 and "4 pictures moved\n" in out and "5 pictures (1 new, 4 unchanged)" in out


def test_a_drop_comes_after_what_is_indexed_so_that_nothing_is_embedded_twice(place, said, monkeypatch):
    said("index", "a.db", "pics", "--encoder", "mean")
    (place / "pics").rename(place / "photos")
    monkeypatch.setattr(Mean, "encode_image", lambda *given: pytest.fail("embedded again"))
    code, out, _ = said("index", "a.db", "photos", "--drop", "pics")
    assert code == 0 and out.endswith("a.db: 4 pictures dropped\n")
    assert str(place / "photos") in said("search", "a.db", "cat")[1]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["index", "a.db"], "name what to index: sightline index a.db SRC (or --drop SRC, --move OLD NEW)"),
        (["index", "a.db", "--drop", "nowhere"], "a.db has nothing of nowhere; its sources: "),
        (["index", "a.db", "--move", "nowhere", "pics"], "a.db has nothing of nowhere; its sources: "),
        (["index", "a.db", "--move", "pics", "nowhere"], "Nothing was changed; move the files first"),
        (["index", "b.db", "--drop", "pics"], "there is no index at b.db"),
        (["search", "a.db", "--jsn"], "search has no option --jsn (did you mean --json?)"),
        (["search", "a.db", "--imge", "a.png"], "search has no option --imge (did you mean --image?)"),
        (["search", "a.db", "--encodr=runs/a", "red"], "search has no option --encodr (did you mean --encoder?)"),
        (["explain", "a.db", "--jsn"], "explain has no option --jsn (did you mean --json?)"),
        (["export", "a.db", "--sprit", "b.svg"], "export has no option --sprit (did you mean --sprite?)"),
        (["export", "a.db", "--al", "--zip", "b.zip"], "export has no option --al (did you mean --all?)"),
        (["index", "a.db", "--drop", "a", "--rebuild"], "--rebuild embeds a source again: name it"),
        (["search", "a.db", "x", "--jsn"], "Words that begin with - are given as --option=WORDS, or after a --"),
        (["classify", "mean", "pics", "--labels", "-cold,warm"], "given as --option=WORDS"),
    ],
)
def test_refusals_are_one_clear_line(place, said, words, says):
    said("index", "a.db", "pics", "--encoder", "mean")
    before = (place / "a.db").read_bytes()
    code, out, err = said(*words)
    assert code == 2 and says in err and err.count("\n") == 1 and out == ""
    assert (place / "a.db").read_bytes() == before and not (place / "b.db").exists()


@pytest.mark.parametrize(
    "words", [["-5 degrees"], ["-minus"], ["--", "-5 degrees"], ["--", "--json"], ["-"], ["-k", "9", "-cold"]]
)
def test_a_query_may_begin_with_a_dash(place, said, words):
    said("index", "a.db", "pics", "--encoder", "mean")
    code, out, err = said("search", "a.db", "--all", *words) if words != ["-"] else (0, "\n" * 4, "")
    assert code == 0 and len(out.splitlines()) == 4, err


def test_labels_may_begin_with_a_dash(place, said):
    code, out, err = said("classify", "mean", "pics", "--labels=-5,+5", "--template={}")
    assert code == 0 and all(line.split()[1] in ("-5", "+5") for line in out.splitlines()), err


def test_help_says_that_a_rebuild_drops_the_other_sources(said):
    told = " ".join(said("index", "--help")[1].replace("│", " ").split())
    assert "The other sources of the index are dropped: it then holds SRC and nothing else" in told


@pytest.fixture
def hostile(place):
    """A picture and a broken file whose names drive a terminal, a caption and a class that do, an index of them."""
    root = place / "evil\x1b[2J"
    root.mkdir()
    Image.new("RGB", (9, 9), "red").save(root / EVIL)
    (root / f"bad{EVIL}").write_text("x")
    (root / "notes\x1b[5m.xyz").write_text("x")
    return root


@pytest.mark.parametrize(
    "words",
    [
        ["index", "a.db", "SRC", "--encoder", "mean"],
        ["index", "a.db", "SRC", "--drop", "SRC"],
        ["search", "a.db", "red\x1b[0m"],
        ["search", "a.db", "red", "--json"],
        ["search", "a.db", "--image", "gone\x1b[31m.png"],
        ["search", "a.db\x1b[31m", "x"],
        ["data", "SRC", "--out", "s.png"],
        ["data", "SRC", "--json", "--out", "s.png"],
        ["classify", "mean", "SRC", "--labels=\x1b[31mhot,cold"],
        ["classify", "mean", "SRC", "--labels=hot,cold\x9b2J", "--json"],
        ["embed", "mean", "SRC", "--out", "v\x07.npz", "--precision", "float32"],
        ["nothing\x1b[31m"],
        ["index", "a.db", "gone\x1b[31m\u202e\x9b"],
        ["recipes", "--\x1b[31m"],
    ],
    ids=lambda words: repr(words[:1] + words[-1:]),
)
def test_no_name_drives_the_terminal(hostile, said, words):
    said("index", "a.db", hostile, "--encoder", "mean")
    _, out, err = said(*(str(hostile) if word == "SRC" else word for word in words))
    for line in (out + err).split("\n"):
        assert line.isprintable(), repr(line)
    if "--json" in words:
        assert json.loads(out)


def test_a_name_with_a_line_break_stays_on_its_line(hostile, said):
    said("index", "a.db", hostile, "--encoder", "mean")
    out = said("search", "a.db", "red", "--all")[1]
    assert out.count("\n") == 1 and out.rstrip("\n").endswith("\\x1b[31mred\\x1b]0;pwn\\x07\\n\\u202egnp.png")


def test_json_holds_names_as_they_are(hostile, said):
    said("index", "a.db", hostile, "--encoder", "mean")
    assert json.loads(said("search", "a.db", "red", "--json")[1])["results"][0]["path"] == str(hostile / EVIL)


def test_embed_replaces_no_table_of_another_encoder(place, said, monkeypatch):
    for out in ("v.npz", "v.parquet"):
        words = ("embed", "mean", "pics", "--out", out, "--precision", "float32")
        assert said(*words)[0] == 0 and said(*words)[0] == 0
        before = (place / out).read_bytes()
        with monkeypatch.context() as other:
            other.setattr(Mean, "identity", "other")
            code, _, err = said(*words)
            assert code == 2 and f"{out} holds the vectors of mean, or of other weights of it" in err
            assert "another --out, or --replace" in err and (place / out).read_bytes() == before
            assert said(*words, "--replace")[0] == 0
        (place / out).write_bytes(b"my own data")
        code, _, err = said(*words)
        assert code == 2 and "is no table of vectors" in err and (place / out).read_bytes() == b"my own data"


def test_embed_writes_labels_and_classes(place, said):
    said("embed", "mean", "pics", "--out", "v.npz", "--precision", "float32")
    with np.load("v.npz") as table:
        assert table["label"].tolist() == [0, 0, 1, 1]
        assert table["class"].tolist() == ["2020", "2020", "2021", "2021"]
    said("embed", "mean", "pics/2021", "--out", "w.npz", "--precision", "float32")
    with np.load("w.npz") as table:
        assert "label" not in table.files and "class" not in table.files


def test_a_slip_in_any_option_of_search_is_known_as_one():
    taken = inspect.signature(search).parameters.values()
    own = {f"--{option.name.replace('_', '-')}" for option in taken if option.kind is option.KEYWORD_ONLY}
    assert set(options_of("search")) == own - {"--as-json", "--everything"} | {"--json", "--all", "--help"}
