import resource
import signal

import pytest
import torch

from sightline.train import checkpoint


def test_what_is_saved_is_read(tmp_path):
    checkpoint.save(tmp_path / "last.pt", {"step": 3, "method": {"w": torch.arange(4.0)}})
    state = checkpoint.load(tmp_path / "last.pt")
    assert state["step"] == 3 and torch.equal(state["method"]["w"], torch.arange(4.0))


@pytest.mark.parametrize("keep", [0, 10, 500])
def test_a_cut_checkpoint_is_named(tmp_path, keep):
    path = tmp_path / "last.pt"
    checkpoint.save(path, {"step": 3, "method": {"w": torch.arange(1000.0)}})
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ValueError, match=r"last.pt cannot be read.*--fresh"):
        checkpoint.load(path)


def test_a_pickle_with_code_in_it_is_refused(tmp_path):
    class Evil:
        def __reduce__(self):
            return print, ("ran",)

    torch.save({"format": 1, "x": Evil()}, tmp_path / "last.pt")
    with pytest.raises(ValueError, match="cannot be read"):
        checkpoint.load(tmp_path / "last.pt")


@pytest.fixture
def little_room():
    """Files of 20,000 bytes at most, in this process for the length of a test: a disk that fills up."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="POSIX limits stand in for a full disk")
def test_a_full_disk_leaves_the_last_checkpoint_whole(tmp_path, little_room):
    path = tmp_path / "last.pt"
    checkpoint.save(path, {"step": 1, "method": {"w": torch.ones(3)}})
    with pytest.raises(OSError, match="last.pt"):
        checkpoint.save(path, {"step": 2, "method": {"w": torch.zeros(100_000)}})
    assert checkpoint.load(path)["step"] == 1
    assert [p.name for p in tmp_path.iterdir()] == ["last.pt"]
