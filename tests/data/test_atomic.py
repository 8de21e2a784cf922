import os

import pytest

from sightline.data.atomic import STALE, atomic_write


def test_all_targets_appear_together_or_not_at_all(tmp_path):
    old, new = tmp_path / "old.txt", tmp_path / "sub" / "new.txt"
    old.write_text("before")
    with pytest.raises(RuntimeError), atomic_write(old, new) as temporaries:
        temporaries[0].write_text("after")
        raise RuntimeError
    assert old.read_text() == "before" and not new.exists()
    with pytest.raises(OSError, match="could not write .*unchanged"), atomic_write(old, new) as temporaries:
        temporaries[0].write_text("after")  # the second is never written
    assert old.read_text() == "before" and [p.name for p in tmp_path.iterdir() if p.is_file()] == ["old.txt"]
    with atomic_write(old, new) as temporaries:
        for temporary in temporaries:
            temporary.write_text("after")
    assert old.read_text() == new.read_text() == "after"
    assert sorted(p.name for p in tmp_path.rglob("*") if p.is_file()) == ["new.txt", "old.txt"]


def test_what_a_killed_process_left_is_removed_once_it_is_old(tmp_path):
    target = tmp_path / "a.txt"
    stale, fresh = tmp_path / ".a.txt.1234.tmp", tmp_path / ".a.txt.5678.tmp"
    stale.write_text("half")
    fresh.write_text("half")
    os.utime(stale, (0, os.stat(fresh).st_mtime - STALE - 10))
    with atomic_write(target) as [temporary]:
        temporary.write_text("whole")
    assert not stale.exists() and fresh.exists()


def test_a_failure_keeps_what_was_there(tmp_path):
    target = tmp_path / "deep" / "file"
    with atomic_write(target) as [temporary]:
        temporary.write_text("old")
    for error in (KeyboardInterrupt(), OSError(28, "No space left on device")):
        with pytest.raises((KeyboardInterrupt, OSError)):
            with atomic_write(target) as [temporary]:
                temporary.write_text("half")
                raise error
    assert target.read_text() == "old" and list(target.parent.iterdir()) == [target]
