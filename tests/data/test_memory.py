import sys

import psutil
import pytest

from sightline.data import memory


@pytest.mark.parametrize("limit, used, left", [("max", "70", None), ("100", "70", 30), ("100", "170", 0)])
def test_what_a_container_still_allows_is_the_most_that_is_free(tmp_path, monkeypatch, limit, used, left):
    (tmp_path / "memory.max").write_text(limit + "\n")
    (tmp_path / "memory.current").write_text(used + "\n")
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    assert (left is None and memory.available() > 1000) or memory.available() == left


def test_without_control_groups_the_machine_decides(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    assert 0 < memory.available() <= psutil.virtual_memory().total < sys.maxsize
