"""A file in the cache is whole or absent."""

import sys

import pytest

from sightline.data.cache import cached, replacing, sightline_cache


def test_the_cache_can_be_moved(monkeypatch, tmp_path):
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path / "here"))
    assert sightline_cache() == tmp_path / "here"
    monkeypatch.delenv("SIGHTLINE_CACHE")
    for platform in ("linux", "darwin", "win32"):
        monkeypatch.setattr(sys, "platform", platform)
        assert "sightline" in sightline_cache().parts


def test_a_changed_file_has_another_place(tmp_path):
    (tmp_path / "a").write_text("1")
    first = cached(tmp_path / "a", "index", ".npz")
    assert first == cached(tmp_path / "a", "index", ".npz")
    (tmp_path / "a").write_text("22")
    assert cached(tmp_path / "a", "index", ".npz") != first


def test_a_failure_keeps_what_was_there(tmp_path):
    target = tmp_path / "deep" / "file"
    with replacing(target) as temporary:
        temporary.write_text("old")
    for error in (KeyboardInterrupt(), OSError(28, "No space left on device")):
        with pytest.raises((KeyboardInterrupt, OSError)):
            with replacing(target) as temporary:
                temporary.write_text("half")
                raise error
    assert target.read_text() == "old" and list(target.parent.iterdir()) == [target]
