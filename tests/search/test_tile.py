import json
import sqlite3

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from sightline.cli.search import search as search_command
from sightline.data.prepare.tile import tiles
from sightline.search.embed import embed
from sightline.search.index import Index


@pytest.fixture
def large(tmp_path, listed):
    """A grey picture of 2,000 pixels with a red square of 60 in it, and small ones of plain colours."""
    folder = tmp_path / "large"
    folder.mkdir()
    pixels = np.full((1500, 2000, 3), 128, np.uint8)
    pixels[1000:1060, 1300:1360] = (220, 30, 30)
    Image.fromarray(pixels).save(folder / "scene.png")
    for name, colour in {"grey": (128, 128, 128), "pinkish": (150, 120, 120)}.items():
        Image.fromarray(np.full((40, 40, 3), colour, np.uint8)).save(folder / f"{name}.png")
    return listed(folder)


class Patched:
    """The colours encoder with a larger input, a bias away from zero so that grey has a direction of its own."""

    def __init__(self, inner):
        from sightline.data.prepare.preprocess import Preprocess

        self.inner, self.rule, self.dim, self.identity, self.name = inner, Preprocess(size=64), 4, "patched", "patched"
        self.logit_scale, self.logit_bias, self.reads_text = 0.0, None, False

    def preprocess(self, picture):
        return self.rule(picture)

    def encode_image(self, images, normalize=False):
        if isinstance(images, list):
            images = np.stack([self.rule(image) for image in images])
        return np.concatenate([images.mean(axis=(2, 3)), np.full((len(images), 1), 0.2, np.float32)], axis=1)

    def encode_text(self, texts, normalize=False):
        raise NotImplementedError

    tokenize = features = encode_text


RED = np.array([[[220, 30, 30]]], np.uint8).repeat(8, 0).repeat(8, 1)


def test_a_small_object_lost_in_the_whole_is_found_by_tiles(tmp_path, large, encoder):
    patched = Patched(encoder)
    with Index(tmp_path / "plain.db") as plain, Index(tmp_path / "tiled.db") as tiled:
        plain.add(large, patched)
        tiled.add(large, patched, tiles=(1.0,))
        before, after = (index.search_image(RED, patched, k=3) for index in (plain, tiled))
    assert before[0].key == "pinkish.png" and before[0].box is None
    assert after[0].key == "scene.png" and after[0].score > 0.9 > before[0].score
    x, y, w, h = after[0].box
    assert x <= 1300 + 30 <= x + w and y <= 1000 + 30 <= y + h and w == h == 64


def test_the_table_has_every_tile_with_its_box(tmp_path, large, encoder):
    patched = Patched(encoder)
    done = embed(patched, large, tmp_path / "v.parquet", tiles=(1.0, 0.25))
    table = pq.read_table(tmp_path / "v.parquet")
    rows = table.filter(np.array(table["key"].to_pylist()) == "scene.png").to_pydict()
    expected = tiles(2000, 1500, 64, (1.0, 0.25))
    assert rows["tile"] == list(range(len(expected) + 1)) and rows["box"][0] == [0, 0, 2000, 1500]
    assert [tuple(box) for box in rows["box"][1:]] == [tuple(box) for box in expected]
    assert done.count == len(table) == len(expected) + 3
    assert json.loads(table.schema.metadata[b"sightline"])["tiles"] == [1.0, 0.25]


def test_an_index_remembers_its_tiles_and_retiles_what_had_none(tmp_path, large, encoder, listed):
    patched, db = Patched(encoder), tmp_path / "x.db"

    def stored():
        with sqlite3.connect(db) as connection:
            return connection.execute("SELECT count(*) FROM tile").fetchone()[0]

    with Index(db) as index:
        index.add(large, patched)
        assert stored() == 0
        index.add(large, patched, tiles=(0.5,))
        count = len(tiles(2000, 1500, 64, (0.5,)))
        assert stored() == count
        Image.open(large.files[-1]).rotate(180).save(large.files[-1].with_name("turned.png"))
        again = index.add(listed(large.name), patched)
        assert (again.added, again.embedded, stored()) == (1, 1, 2 * count)
        (large.files[-1].with_name("turned.png")).unlink()
        index.add(listed(large.name), patched)
        assert stored() == count


def test_json_has_the_box(tmp_path, large, encoder, monkeypatch, capsys):
    patched = Patched(encoder)
    monkeypatch.setattr("sightline.search.encoder.encoder_of", lambda *_: patched)
    with Index(tmp_path / "x.db") as index:
        index.add(large, patched, tiles=(1.0,))
    Image.fromarray(RED).save(tmp_path / "red.png")
    search_command(tmp_path / "x.db", image=tmp_path / "red.png", as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert found["format"] == 2 and len(found["results"][0]["box"]) == 4 and found["results"][1]["box"] is None
