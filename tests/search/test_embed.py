import json
import os
import signal
import tracemalloc
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from sightline.data.sample import Sample
from sightline.search.embed import embed


def read(path):
    if path.suffix == ".npz":
        with np.load(path) as file:
            table = {name: file[name].tolist() for name in ("key", "path", "caption", "vector")}
            return table, json.loads(str(file["about"]))
    table = pq.read_table(path)
    return table.to_pydict(), json.loads(table.schema.metadata[b"sightline"])


@pytest.mark.parametrize("ending", [".parquet", ".npz"])
def test_rows_are_the_pictures_in_order_with_unit_vectors(tmp_path, folder, encoder, listed, ending):
    (folder / "cut.png").write_bytes(b"\x89PNG")
    source, seen = listed(folder), []
    done = embed(encoder, source, tmp_path / f"v{ending}", progress=lambda *counts: seen.append(counts), batch=2)
    table, about = read(tmp_path / f"v{ending}")
    assert table["key"] == [file.name for file in source.files if file.name != "cut.png"]
    assert table["path"][0] == str(folder / "black-square.png") and table["caption"][0] == "black square"
    expected = encoder.encode_image([folder / name for name in table["key"]])
    expected = expected / np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(np.array(table["vector"]), expected, rtol=1e-5)
    assert (done.count, list(done.bad)) == (5, ["cut.png"]) and seen[-1] == (6, 6)
    assert (about["format"], about["identity"], about["dim"], about["normalized"]) == (1, "colours", 3, True)


def test_parquet_vectors_are_fixed_size_lists_of_float32(tmp_path, folder, encoder, listed):
    embed(encoder, listed(folder), tmp_path / "v.parquet")
    assert str(pq.read_schema(tmp_path / "v.parquet").field("vector").type) == "fixed_size_list<element: float>[3]"


@pytest.mark.parametrize("ending", [".parquet", ".npz"])
def test_an_interrupted_run_leaves_what_was_there(tmp_path, folder, encoder, listed, ending):
    out = tmp_path / f"v{ending}"
    embed(encoder, listed(folder), out)
    before = out.read_bytes()

    def stop(done, total):
        if done >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        embed(encoder, listed(folder), out, progress=stop, batch=2)
    assert out.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["pictures", out.name]


def test_unknown_endings_and_empty_sources_are_refused(tmp_path, folder, encoder, listed):
    with pytest.raises(ValueError, match="written as .parquet or .npz"):
        embed(encoder, listed(folder), tmp_path / "v.csv")
    for file in folder.iterdir():
        file.write_bytes(b"")
    with pytest.raises(ValueError, match="no picture of .*could be embedded .*empty file"):
        embed(encoder, listed(folder), tmp_path / "v.npz")
    assert not (tmp_path / "v.npz").exists()


class Counting:
    """A source that says which of its samples were asked for, and stops the run at one of them."""

    def __init__(self, inner, stop=None):
        self.inner, self.stop, self.asked = inner, stop, []
        self.name, self.has, self.classes = inner.name, inner.has, inner.classes

    def __len__(self):
        return len(self.inner)

    def __getitem__(self, index):
        if index == self.stop:
            raise KeyboardInterrupt
        self.asked.append(index)
        return self.inner[index]


@pytest.fixture
def every_batch_a_part(monkeypatch):
    monkeypatch.setattr("sightline.search.parts.ROWS", 1)


def test_a_stopped_run_goes_on_and_writes_what_one_run_would(tmp_path, folder, encoder, listed, every_batch_a_part):
    (folder / "broken.png").write_bytes(b"\x89PNG")
    source, out = listed(folder), tmp_path / "v.parquet"
    embed(encoder, source, tmp_path / "whole.parquet", batch=1)
    with pytest.raises(KeyboardInterrupt):
        embed(encoder, Counting(source, stop=5), out, batch=1, workers=1)
    assert not out.exists() and (tmp_path / "v.parquet.parts").is_dir()
    encoder.seen, again = 0, Counting(source)
    done = embed(encoder, again, out, batch=1)
    assert done.resumed >= 2 and encoder.seen <= 6 - done.resumed and not done.restarted
    assert done.count == 5 and list(done.bad) == ["broken.png"]
    assert read(out) == read(tmp_path / "whole.parquet")
    assert not (tmp_path / "v.parquet.parts").exists()


@pytest.mark.parametrize("change", ["encoder", "source", "length", "damage"])
def test_parts_of_something_else_are_made_anew(tmp_path, folder, encoder, colours, listed, every_batch_a_part, change):
    source, out = listed(folder), tmp_path / "v.parquet"
    with pytest.raises(KeyboardInterrupt):
        embed(encoder, Counting(source, stop=4), out, batch=1, workers=1)
    if change == "encoder":
        encoder, said = colours("others", turn=1), "another identity"
    elif change == "source":
        source.files[0].write_bytes(source.files[1].read_bytes())
        said = "the source has changed"
    elif change == "length":
        (folder / "zebra.png").write_bytes(source.files[1].read_bytes())
        source, said = listed(folder), "another length"
    else:
        next((tmp_path / "v.parquet.parts").glob("*.parquet")).write_bytes(b"PAR1")
        said = "damaged"
    done = embed(encoder, source, out)
    assert said in done.restarted and done.resumed == 0 and done.count == len(source)
    expected = encoder.encode_image([Path(path) for path in read(out)[0]["path"]])
    expected = expected / np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(np.array(read(out)[0]["vector"]), expected, rtol=1e-5)


def test_a_killed_process_goes_on(tmp_path, folder, encoder, listed, every_batch_a_part):
    """No handler runs at a SIGKILL: what is on the disk is all there is."""
    out = tmp_path / "v.parquet"
    child = os.fork()
    if not child:

        def die(done, total):
            if done == 4:
                os.kill(os.getpid(), signal.SIGKILL)

        embed(encoder, listed(folder), out, progress=die, batch=1, workers=1)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    done = embed(encoder, listed(folder), out, batch=1)
    assert done.resumed >= 3 and done.count == 5


def test_memory_is_flat_in_the_number_of_pictures(tmp_path, encoder, monkeypatch):
    monkeypatch.setattr("sightline.search.parts.ROWS", 64)

    class Drawn:
        name, has, classes = "drawn", frozenset({"image"}), ()

        def __init__(self, n):
            self.n = n

        def __len__(self):
            return self.n

        def __getitem__(self, index):
            return Sample(key=str(index), image=np.full((64, 64, 3), index % 255, np.uint8))

    def peak(n):
        tracemalloc.start()
        embed(encoder, Drawn(n), tmp_path / "v.parquet", batch=8)
        try:
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(64)
    # 500 more pictures are 6 MB as pixels
    assert peak(700) < peak(200) + 500_000


def test_where_the_time_went_is_told(tmp_path, folder, encoder, listed):
    spent = embed(encoder, listed(folder), tmp_path / "v.parquet").spent
    assert set(spent.seconds) == {"decode", "preprocess", "model", "write"} and "model" in spent.summary()
