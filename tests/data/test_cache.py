import sys

from sightline.data.cache import cache_path, sightline_cache


def test_the_cache_can_be_moved(monkeypatch, tmp_path):
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path / "here"))
    assert sightline_cache() == tmp_path / "here"
    monkeypatch.delenv("SIGHTLINE_CACHE")
    for platform in ("linux", "darwin", "win32"):
        monkeypatch.setattr(sys, "platform", platform)
        assert "sightline" in sightline_cache().parts


def test_a_changed_file_has_another_place(tmp_path):
    (tmp_path / "a").write_text("1")
    first = cache_path(tmp_path / "a", "index", ".npz")
    assert first == cache_path(tmp_path / "a", "index", ".npz")
    (tmp_path / "a").write_text("22")
    assert cache_path(tmp_path / "a", "index", ".npz") != first
