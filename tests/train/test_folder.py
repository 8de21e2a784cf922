import json

import pytest

from sightline.train.folder import RunFolder, flatten, write_json


def test_a_folder_with_other_things_in_it_is_refused_and_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(ValueError, match="not a run and not empty .*thesis.tex"):
        RunFolder(tmp_path).prepare(fresh=False)
    with pytest.raises(ValueError, match="not a run"):
        RunFolder(tmp_path).prepare(fresh=True)
    assert (tmp_path / "thesis.tex").read_text() == "mine"


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "x").write_text("")
    with pytest.raises(ValueError, match="is a file; name a folder"):
        RunFolder(tmp_path / "x").prepare(fresh=False)


def test_fresh_removes_the_run_and_nothing_else(tmp_path):
    folder = RunFolder(tmp_path)
    folder.prepare(fresh=False)
    write_json(folder.config, {})
    folder.last.write_bytes(b"x")
    (tmp_path / "notes.txt").write_text("mine")
    folder.prepare(fresh=True)
    assert not folder.last.exists() and not folder.config.exists()
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_two_writers_are_refused(tmp_path):
    with RunFolder(tmp_path).locked():
        with pytest.raises(ValueError, match="another process is writing"):
            with RunFolder(tmp_path).locked():
                pass


def test_changed_settings_are_refused_by_name_and_free_ones_are_not(tmp_path):
    folder = RunFolder(tmp_path)
    folder.prepare(fresh=False)
    config = {
        "recipe": {"batch": 8, "seed": 0, "evaluation": {"every": 5}, "micro": 0},
        "data": {"train": "icons", "samples": 10},
    }
    folder.write_config(config)
    folder.last.write_bytes(b"x")
    folder.check_same(config)
    folder.check_same(config | {"recipe": config["recipe"] | {"evaluation": {"every": 9}, "micro": 4}})
    with pytest.raises(ValueError, match="batch was 8 and is 16.*--fresh"):
        folder.check_same(config | {"recipe": config["recipe"] | {"batch": 16}})
    with pytest.raises(ValueError, match="data.train was 'icons' and is 'scenes'"):
        folder.check_same(config | {"data": {"train": "scenes", "samples": 10}})


@pytest.mark.parametrize("kept", ["encoder.json", "best/encoder.json"])
def test_settings_may_change_until_something_was_learnt(tmp_path, kept):
    """What is refused in its first step leaves a config behind, and the mended command must work."""
    folder = RunFolder(tmp_path)
    folder.prepare(fresh=False)
    config = {"recipe": {"batch": 8}, "data": {}}
    folder.write_config(config)
    other = config | {"recipe": {"batch": 16}}
    folder.check_same(other)
    folder.best.mkdir()
    (tmp_path / kept).write_text("{}")  # a finished run whose state was removed to save space
    with pytest.raises(ValueError, match="batch was 8 and is 16"):
        folder.check_same(other)


def test_a_cut_config_is_said(tmp_path):
    folder = RunFolder(tmp_path)
    folder.prepare(fresh=False)
    folder.config.write_text('{"recipe": {')
    folder.last.write_bytes(b"x")
    with pytest.raises(ValueError, match="config.json is cut"):
        folder.check_same({"recipe": {}, "data": {}})


def test_flatten_names_every_leaf():
    assert flatten({"a": {"b": 1, "c": [1]}, "d": 2}) == {"a.b": 1, "a.c": [1], "d": 2}


def test_json_is_whole(tmp_path):
    write_json(tmp_path / "x.json", {"a": "é"})
    assert json.loads((tmp_path / "x.json").read_text(encoding="utf-8")) == {"a": "é"}
    assert [p.name for p in tmp_path.iterdir()] == ["x.json"]
