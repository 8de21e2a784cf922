"""One grammar for every source; what it does not know, it refuses by listing what it knows."""

import json
import os
from pathlib import Path

import pytest
from PIL import Image

from sightline.data.sample import Source, Stream
from sightline.data.sources.folder import Folder
from sightline.data.sources.mixture import Mixture
from sightline.data.sources.remote import Remote
from sightline.data.sources.shards.shard import Shards
from sightline.data.sources.source import open_source, parse


def put(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (4, 4)).save(path)


@pytest.mark.parametrize(
    ("text", "name", "split", "options"),
    [
        ("icons", "icons", None, {}),
        ("icons:test", "icons", "test", {}),
        ("scenes:test?level=1&n=1000&seed=7", "scenes", "test", {"level": "1", "n": "1000", "seed": "7"}),
        ("photos/cats:train?weight=.5", "photos/cats", "train", {"weight": ".5"}),
        (r"C:\photos\cats", r"C:\photos\cats", None, {}),
        (r"C:\photos\cats:train?n=3", r"C:\photos\cats", "train", {"n": "3"}),
        ("C:photos", "C:photos", None, {}),
        ("shards/{000..127}.tar", "shards/{000..127}.tar", None, {}),
        ("shards/train-???.tar", "shards/train-???.tar", None, {}),
        ("s3://bucket/x-{0..3}.tar?buffer=50", "s3://bucket/x-{0..3}.tar", None, {"buffer": "50"}),
        ("https://host:8080/x.tar?token=a%20b", "https://host:8080/x.tar?token=a%20b", None, {}),
        ("t.csv?encoding=latin-1&caption=my%20words", "t.csv", None, {"encoding": "latin-1", "caption": "my words"}),
    ],
)
def test_parsing(text, name, split, options):
    (part,) = parse(text)
    assert (part.name, part.split, part.options) == (name, split, options)


def test_what_exists_on_disk_wins_literally(tmp_path, monkeypatch):
    if os.name == "nt":
        pytest.skip("such names cannot exist there")
    monkeypatch.chdir(tmp_path)
    for name in ("what?n=1", "icons:train", "a::b", "set:x"):
        put(tmp_path / name / "star.png")
        assert isinstance(open_source(name), Folder) and len(open_source(name)) == 1
    assert isinstance(open_source("what?n=1?n=1"), Source)


def test_every_kind_opens(tmp_path, tars):
    put(tmp_path / "set/train/cat/1.png")
    put(tmp_path / "set/test/dog/2.png")
    (tmp_path / "t.csv").write_text("image,caption,split\nset/train/cat/1.png,a cat,train\n")
    tars.make(tmp_path / "s-0.tar", tars.records(3))
    tars.make(tmp_path / "s-1.tar", tars.records(3, 3))
    (tmp_path / "tars").mkdir()
    tars.make(tmp_path / "tars/val-0.tar", tars.records(2))
    for text, kind, count in [
        ("icons:test?set=solid", Source, 279),
        ("icons?n=7&seed=2", Source, 7),
        ("scenes:test?level=1&n=12", Source, 12),
        (f"{tmp_path}/set:train", Folder, 1),
        (f"{tmp_path}/t.csv:train", Source, 1),
        (f"{tmp_path}/s-{{0..1}}.tar", Shards, 6),
        (f"{tmp_path}/s-*.tar?n=4", Source, 4),
        (f"{tmp_path}/tars:val", Shards, 2),
        (f"icons:test::{tmp_path}/s-0.tar?weight=3", Mixture, 312),
    ]:
        source = open_source(text)
        assert isinstance(source, kind) and len(source) == count, text
        assert source[0].key and "image" in source.has and isinstance(source, Source)
    assert open_source(f"icons:test::{tmp_path}/s-0.tar?weight=3").weights == [1.0, 3.0]
    assert len(open_source("icons?set=solid", split="test")) == 279
    stream = open_source(f"file://{tmp_path}/s-{{0..1}}.tar")
    assert isinstance(stream, Remote) and isinstance(stream, Stream) and not isinstance(stream, Source)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nope", "'nope' is no source: nothing of that name; expected icons, scenes, grammars, a folder"),
        ("", "no source given; expected icons"),
        ("icons::", "an empty source"),
        ("icons:val", "no split 'val'; known: all, train, test"),
        ("icons?size=3", r"no option 'size' .*it has fold, hide, n, seed, set, turns, weight"),
        ("icons?set=thin", "no set 'thin'; known: all, solid, regular, outline"),
        ("icons?n=many", "n='many' .*expected a number"),
        ("icons?n=", "expected key=value"),
        ("scenes?levle=1", "no option 'levle'.*it has alt, level, n, renderer, seed, size"),
        ("scenes:dev", "no split 'dev'"),
        ("gone.csv", "gone.csv: no such file"),
        ("gone-{0..3}.tar", "4 of 4 tars are not there, the first is gone-0.tar"),
        ("icons::icons?weight=0", "expected one above 0"),
    ],
)
def test_refusals_list_what_is_known(text, said):
    with pytest.raises(ValueError, match=said):
        open_source(text)


def test_refusals_of_what_exists(tmp_path, tars):
    put(tmp_path / "train/a.png")
    with pytest.raises(ValueError, match="has no 'test': no such subfolder, tar or table; it holds train"):
        open_source(f"{tmp_path}:test")
    tars.make(tmp_path / "x.tar", tars.records(1))
    with pytest.raises(ValueError, match="has no splits"):
        open_source(f"{tmp_path}/x.tar:train")
    with pytest.raises(ValueError, match="streamed and cannot be mixed"):
        open_source(f"icons::file://{tmp_path}/x.tar")
    (tmp_path / "x.docx").touch()
    with pytest.raises(ValueError, match="is no source: no picture set"):
        open_source(str(tmp_path / "x.docx"))


def test_sources_can_be_sent_to_workers(tmp_path, tars):
    import pickle

    put(tmp_path / "a.png")
    (tmp_path / "t.jsonl").write_text(json.dumps({"image": "a.png", "caption": "a"}))
    tars.make(tmp_path / "s.tar", tars.records(2))
    for text in (
        "icons:test",
        "scenes?n=3",
        str(tmp_path),
        f"{tmp_path}/t.jsonl",
        f"{tmp_path}/s.tar?n=1",
        "icons::scenes?n=3",
    ):
        source = open_source(text)
        copy = pickle.loads(pickle.dumps(source))
        assert copy[0].key == source[0].key and copy[0].content() == source[0].content()


def test_the_home_folder_may_be_written_short(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    put(tmp_path / "pictures/star.png")
    assert open_source("~/pictures")[0].captions == ("star",)
    assert Path("~").expanduser() == tmp_path


@pytest.mark.parametrize("name", ["x.tar.bz2", "x.TAR.XZ", "photos.zip", "x.tar.zst"])
def test_an_archive_of_another_kind_is_told_how_to_pack_it(tmp_path, name):
    (tmp_path / name).write_bytes(b"PK\x03\x04")
    with pytest.raises(ValueError, match=r"unpack it, or pack it as .tar or .tar.gz"):
        open_source(str(tmp_path / name))
