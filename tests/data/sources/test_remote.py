"""Streams: the order is a function of (seed, epoch), and skipping gives the rest of the very same order."""

import fsspec
import pytest

from sightline.data.sources import remote as remote_module
from sightline.data.sources.remote import Remote


@pytest.fixture
def urls(tmp_path, tars):
    """Three shards of 20 records in fsspec's memory."""
    memory = fsspec.filesystem("memory")
    for i in range(3):
        path = tars.make(tmp_path / f"s-{i}.tar", tars.records(20, 20 * i))
        memory.pipe(f"/set/s-{i}.tar", path.read_bytes())
    yield [f"memory://set/s-{i}.tar" for i in range(3)]
    memory.rm("/set", recursive=True)


def captions(stream, *args):
    return [sample.captions[0] for sample in stream.epoch(*args)]


def test_an_epoch_gives_every_record_once_in_a_seeded_order(urls):
    stream = Remote(urls, buffer=16)
    first = captions(stream, 0, 0)
    assert sorted(first) == sorted(f"picture {i}" for i in range(60)) and first != sorted(first)
    assert captions(Remote(urls, buffer=16), 0, 0) == first
    assert captions(stream, 0, 1) != first and captions(stream, 1, 0) != first
    assert stream.has == {"image", "text"}


@pytest.mark.parametrize("skip", [0, 1, 15, 16, 17, 43, 60, 99])
def test_skipping_gives_the_rest_of_the_same_epoch(urls, skip):
    stream = Remote(urls, buffer=16)
    assert captions(stream, 3, 2, skip) == captions(stream, 3, 2)[skip:]


def test_skipped_records_are_never_parsed(urls, monkeypatch):
    stream = Remote(urls, buffer=16)
    parsed = []
    original = remote_module.sample_of
    monkeypatch.setattr(remote_module, "sample_of", lambda key, *rest: parsed.append(key) or original(key, *rest))
    assert len(captions(stream, 0, 0, 55)) == 5 == len(parsed)


def test_file_addresses_and_gz_stream_too(tmp_path, tars):
    tars.make(tmp_path / "x.tar", tars.records(4))
    tars.make(tmp_path / "y.tar.gz", tars.records(3), "w:gz")
    stream = Remote([f"file://{tmp_path}/x.tar", f"file://{tmp_path}/y.tar.gz"])
    assert len(captions(stream, 0, 0)) == 7


def test_one_bad_record_does_not_end_the_stream(tmp_path, tars):
    members = [
        ("a.png", tars.png()),
        ("a.json", "{"),
        ("b.png", tars.png()),
        ("b.txt", "bee"),
        ("words.txt", "no picture"),
    ]
    tars.make(tmp_path / "x.tar", members)
    found = {sample.key: sample for sample in Remote([f"file://{tmp_path}/x.tar"]).epoch(0, 0)}
    assert len(found) == 2 and found["b"].captions == ("bee",)
    (bad,) = found.keys() - {"b"}
    assert "a: malformed json" in bad and found[bad].image == b""


def test_a_broken_connection_is_taken_up_where_it_broke(urls, monkeypatch):
    original, calls = remote_module._stream, []

    def breaking(url):
        calls.append(url)
        for place, record in enumerate(original(url)):
            if len(calls) < 3 and place == 7:
                raise OSError("connection reset")
            yield record

    stream = Remote(urls, buffer=1)
    whole = captions(stream, 0, 0)
    monkeypatch.setattr(remote_module, "PAUSE", 0.0)
    monkeypatch.setattr(remote_module, "_stream", breaking)
    assert captions(stream, 0, 0) == whole

    def down(url):
        raise OSError("connection refused")

    monkeypatch.setattr(remote_module, "_stream", down)
    with pytest.raises(OSError, match="failed 4 times: connection refused"):
        captions(stream, 0, 0)


def test_a_cut_remote_tar_gives_what_came_before(tmp_path, tars):
    path = tars.make(tmp_path / "x.tar", tars.records(10))
    path.write_bytes(path.read_bytes()[:9000])
    stream = Remote([f"file://{path}"])
    with pytest.warns(UserWarning, match="x.tar is cut or damaged"):
        assert 2 <= len(captions(stream, 0, 0)) < 9
    assert [url.rpartition("/")[2] for url in stream.unread] == ["x.tar"]


def test_wrong_addresses_are_told_at_once(tmp_path, tars):
    (tmp_path / "x.tar").write_bytes(b"words" * 500)
    with pytest.raises(ValueError, match="is no tar"):
        Remote([f"file://{tmp_path}/x.tar"])
    with pytest.raises(FileNotFoundError):
        Remote([f"file://{tmp_path}/gone.tar"])
    with pytest.raises(ValueError, match="no records with a picture"):
        Remote([f"file://{tars.make(tmp_path / 'y.tar', [('a.txt', 'x')])}"])
