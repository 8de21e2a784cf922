"""What decides a split is read once, and the split is what it is without a cache."""

import io
import os
import tarfile

import numpy as np
import pytest

from sightline.data.sample import Sample
from sightline.data.sources.sides import split_draws
from sightline.data.sources.source import hold_out, open_source


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "sides"


@pytest.fixture
def folder(tmp_path):
    """Files that end like pictures and hold a word each: the split reads bytes, not pixels."""
    where = tmp_path / "pictures"
    where.mkdir()
    for number in range(80):
        (where / f"{number:03}.png").write_bytes(b"content %d" % number)
    return where


@pytest.fixture
def read(monkeypatch):
    """The keys of samples whose content was read."""
    seen, content = [], Sample.content
    monkeypatch.setattr(Sample, "content", lambda self: seen.append(self.key) or content(self))
    return seen


def test_a_second_start_reads_no_picture_and_splits_the_same(folder, cache, read):
    first = [[side[i].key for i in range(len(side))] for side in hold_out(open_source(str(folder)))]
    assert len(read) == 80 and len(list(cache.iterdir())) == 1
    read.clear()
    again = [[side[i].key for i in range(len(side))] for side in hold_out(open_source(str(folder)))]
    assert again == first and not read
    for file in cache.iterdir():
        file.unlink()
    assert [[side[i].key for i in range(len(side))] for side in hold_out(open_source(str(folder)))] == first


def test_draws_are_those_of_name_or_content_as_ever(folder, cache):
    import hashlib

    source = open_source(str(folder))
    digest = hashlib.blake2b(b"content 7", digest_size=8, salt=(3).to_bytes(8, "little")).digest()
    for _ in range(2):
        assert split_draws(source, 3)[7] == int.from_bytes(digest, "little") / 2**64


def test_what_was_changed_added_or_renamed_is_read_and_nothing_else(folder, cache, read):
    before = split_draws(open_source(str(folder)), 0)
    read.clear()
    (folder / "003.png").write_bytes(b"other content")
    (folder / "010.png").write_bytes(b"CONTENT 10")  # of the same length
    os.utime(folder / "010.png", ns=(1, 1))
    (folder / "new.png").write_bytes(b"new")
    after = split_draws(open_source(str(folder)), 0)
    assert sorted(read) == ["003.png", "010.png", "new.png"]
    changed = np.flatnonzero(before != after[:80]).tolist()
    assert changed == [3, 10]
    assert (split_draws(open_source(str(folder)), 1) != after).all()  # another seed is another split


def test_a_part_of_a_folder_and_tars_are_read_once_too(folder, cache, read):
    split_draws(open_source(f"{folder}?n=70"), 0)
    read.clear()
    split_draws(open_source(f"{folder}?n=70"), 0)
    assert not read
    with tarfile.open(folder.parent / "a.tar", "w") as tar:
        for number in range(70):
            info = tarfile.TarInfo(f"{number}.png")
            info.size = len(content := b"content %d" % number)
            tar.addfile(info, io.BytesIO(content))
    source = open_source(str(folder.parent / "a.tar"))
    first = split_draws(source, 0)
    read.clear()
    assert (split_draws(source, 0) == first).all() and not read


def test_a_broken_or_unwritable_cache_changes_nothing(folder, cache, read):
    first = split_draws(open_source(str(folder)), 0)
    [file] = cache.iterdir()
    file.write_bytes(b"PK\x03\x04 cut")
    read.clear()
    assert (split_draws(open_source(str(folder)), 0) == first).all() and len(read) == 80
    file.unlink()
    cache.rmdir()
    cache.write_bytes(b"a file where the folder should be")
    assert (split_draws(open_source(str(folder)), 0) == first).all()
