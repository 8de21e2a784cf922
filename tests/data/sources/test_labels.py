"""The labels of a source are those of its samples, told without a look at a picture."""

import json

import numpy as np
import pytest
from PIL import Image

from sightline.data.sample import BadSample
from sightline.data.sources.labels import labels_of
from sightline.data.sources.shards.shard import Shards
from sightline.data.sources.source import open_source
from sightline.data.sources.subset import Subset


def as_samples_say(source):
    found = []
    for index in range(len(source)):
        try:
            label = source[index].label
        except BadSample:
            label = None
        found.append(-1 if label is None else label)
    return found


@pytest.fixture
def folder(tmp_path):
    for number, kind in enumerate(["b", "a", "c", "a", "b"]):
        (tmp_path / "set" / kind / "deep").mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4)).save(tmp_path / "set" / kind / ("deep" if number % 2 else "") / f"{number}.png")
    return tmp_path / "set"


def test_of_folders_tables_tars_icons_and_parts_of_them(folder, tmp_path, tars):
    rows = [{"image": f"{n}.png", "label": label} for n, label in enumerate(["2", 0, "", None, True, "7"])]
    (tmp_path / "table.jsonl").write_text("\n".join([*map(json.dumps, rows), '{"image": "cut']))
    members = []
    for number, label in enumerate(["cat", "dog", "", "cat"]):
        members += [(f"{number}.png", tars.png()), (f"{number}.json", json.dumps({"class": label} if label else {}))]
    members += [("4.png", tars.png()), ("4.cls", "dog"), ("5.png", tars.png()), ("5.json", "{cut")]
    tar = Shards([tars.make(tmp_path / "x.tar", members)])
    table = open_source(str(tmp_path / "table.jsonl"))
    for source in (open_source(str(folder)), table, tar, open_source("icons?n=40"), Subset(tar, [3, 1, 4])):
        found = labels_of(source)
        assert found.dtype == np.int64 and found.tolist() == as_samples_say(source)
    assert labels_of(tar).tolist() == [0, 1, -1, 0, 1, -1]
    assert labels_of(Subset(open_source(str(folder)), [4, 0])).tolist() == [2, 0]


def test_no_file_of_a_folder_is_opened(folder):
    source = open_source(str(folder))
    for picture in folder.rglob("*.png"):
        picture.unlink()
    assert labels_of(source).tolist() == [0, 0, 1, 1, 2]


def test_a_source_of_its_own_kind_is_asked_record_by_record(tmp_path):
    (tmp_path / "flat").mkdir()
    Image.new("RGB", (4, 4)).save(tmp_path / "flat" / "one.png")
    assert labels_of(open_source(str(tmp_path / "flat"))).tolist() == [-1]
    mixed = open_source("icons:train?n=5::icons:test?n=4")
    assert labels_of(mixed).tolist() == as_samples_say(mixed)
