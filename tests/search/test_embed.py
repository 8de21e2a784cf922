import json

import numpy as np
import pyarrow.parquet as pq
import pytest

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
