"""Nothing is waited for: what is no file is refused before it is read."""

import os
from pathlib import Path

import pytest

from sightline.data.regular import read_regular, special_kind
from sightline.data.sample import BadSample, Sample
from sightline.data.sources.source import open_source

pytestmark = pytest.mark.skipif(os.name == "nt", reason="no pipes with names there")


@pytest.mark.parametrize(("path", "kind"), [("pipe", "a pipe"), ("/dev/zero", "a device"), ("", "a folder")])
def test_a_pipe_a_device_and_a_folder_are_no_files(tmp_path, monkeypatch, path, kind):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    assert special_kind(Path(path)) == kind
    with pytest.raises(OSError, match=f"is {kind}, not a file"):
        read_regular(Path(path))
    with pytest.raises(OSError, match="not a file"):
        Sample(key="a", image=tmp_path / path).content()


def test_a_pipe_that_takes_the_place_of_a_file_is_not_waited_for(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "a")
    monkeypatch.setattr("sightline.data.regular.special_kind", lambda path: "")
    with pytest.raises(OSError, match="no regular file any more"):
        read_regular(tmp_path / "a")


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl", "t.parquet", "t.tar", "t.tar.gz", "t-{0..0}.tar", "t*.tar"])
def test_a_source_that_is_a_pipe_is_refused(tmp_path, name):
    os.mkfifo(tmp_path / ("t-0.tar" if "{" in name or "*" in name else name))
    with pytest.raises(ValueError, match="is a pipe, not a file"):
        open_source(f"{tmp_path}/{name}")


def test_a_row_that_names_a_pipe_is_bad(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    (tmp_path / "t.csv").write_text("image,caption,mask\na.png,x,\n/dev/zero,y,\ngone.png,z,a.png\n")
    table = open_source(f"{tmp_path}/t.csv")
    for number, kind in enumerate(("row 1: a.png is a pipe", "row 2: /dev/zero is a device", "row 3: a.png is a pipe")):
        with pytest.raises(BadSample, match=kind):
            table[number]
