"""Words against words in an index: made with it, kept in step with it, and used by a search when they are whole."""

import sqlite3
from contextlib import closing

import numpy as np
import pytest

from sightline.data.sample import Sample
from sightline.search.fill import lines
from sightline.search.index import Index
from sightline.search.rank.relevance import probes

MADE_UP = frozenset(probes())
"""what every index asks its encoders, beside its own lines"""
MEANINGS = {"money": 0, "payment": 0, "cash": 0, "tree": 1, "forest": 1, "car": 2}


class Reader:
    """An encoder of words alone: words of one meaning are one vector. Counts lines and queries."""

    dim, name, logit_scale, logit_bias, reads_text, sees = 4, "reader", 0.0, None, True, False

    def __init__(self, identity="reader", fails=None):
        self.identity, self.read, self.fails = identity, [], fails

    def encode_text(self, texts, normalize=False):
        if self.fails is not None and len(self.read) >= self.fails:
            raise KeyboardInterrupt
        self.read += [text for text in texts if text not in MADE_UP]
        return np.eye(4)[[next((m for word, m in MEANINGS.items() if word in text), 3) for text in texts]]


class Shelf:
    has, classes, name = frozenset({"image", "text"}), (), "shelf"

    def __init__(self, rows):
        self.rows = rows

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        name, terms = self.rows[index]
        image = np.full((4, 4, 3), 40, np.uint8)
        image[0, 0] = len(name), *name.encode()[:2]
        return Sample(key=str(index), image=image, terms=tuple(terms), name=name)


ROWS = [("wallet", ["payment"]), ("oak", ["forest", "wood"]), ("coin", ["cash"]), ("bus", []), ("2024", [])]


@pytest.fixture
def reader():
    return Reader()


@pytest.fixture
def index(tmp_path, encoder, reader):
    with Index(tmp_path / "w.db", words=lambda _: reader) as made:
        made.add(Shelf(ROWS), encoder)
        reader.read.clear()
        yield made


def stored(index):
    with closing(sqlite3.connect(index.path)) as connection:
        return sorted(line for (line,) in connection.execute("SELECT line FROM text_vector"))


def test_what_is_said_of_a_picture_finds_it_by_its_meaning(index, encoder, reader):
    found = index.search_text("money", encoder, 5)
    assert found[0].name in {"wallet", "coin"} and len(found) == 5 and reader.read == ["money"]
    told = {hit.name: (hit.said, hit.line) for hit in found}
    assert told["wallet"] == (1.0, "payment") and told["coin"] == (1.0, "cash")
    assert told["bus"] == (0.0, "bus") and told["2024"] == (None, None)


def test_every_line_is_embedded_once_and_only_new_ones_later(index, encoder, reader):
    assert stored(index) == ["bus", "cash", "coin", "forest", "oak", "payment", "wallet", "wood"]
    index.add(Shelf(ROWS), encoder)
    assert reader.read == []
    index.add(Shelf([("wallet", ["payment", "cash"]), *ROWS[1:3], ("van", ["car"])]), encoder)
    assert sorted(reader.read) == ["car", "van"]
    assert stored(index) == ["car", "cash", "coin", "forest", "oak", "payment", "van", "wallet", "wood"]
    assert index.search_text("car", encoder, 1)[0].name == "van"
    index.drop("shelf")
    assert stored(index) == []


def test_what_every_caption_begins_with_is_no_part_of_what_it_says(tmp_path, encoder, reader):
    with Index(tmp_path / "c.db", words=lambda _: reader) as index:
        index.add(Shelf([("a photo of a tree", ["icon of money", "photo of"])]), encoder)
        assert sorted(reader.read) == ["money", "photo of", "tree"]
        assert stored(index) == ["a photo of a tree", "icon of money", "photo of"]
        assert index.search_text("cash", encoder, 1)[0].line == "icon of money"


def test_a_run_that_was_killed_goes_on_and_searches_are_as_before_until_all_are_made(tmp_path, encoder, monkeypatch):
    monkeypatch.setattr(lines, "BATCH", 3)
    plain = Index(tmp_path / "p.db", words=lambda _: None)
    plain.add(Shelf(ROWS), encoder)
    expected = [(hit.name, hit.match, hit.score) for hit in plain.search_text("money", encoder, 5)]
    killed, whole = Reader(fails=3), Reader()
    with pytest.raises(KeyboardInterrupt):
        Index(tmp_path / "k.db", words=lambda _: killed).add(Shelf(ROWS), encoder)
    with Index(tmp_path / "k.db", words=lambda _: whole) as index:
        assert len(stored(index)) == 3
        before = index.search_text("money", encoder, 5)
        assert [(hit.name, hit.match, hit.score) for hit in before] == expected
        assert {hit.said for hit in before} == {None}
        whole.read.clear()
        told = []
        index.add(Shelf(ROWS), encoder, progress=lambda done, total: told.append((done, total)))
        assert len(whole.read) == 5 and told[-2:] == [(3, 5), (5, 5)]
        assert index.search_text("money", encoder, 1)[0].match == "said"
    plain.close()


def test_another_encoder_of_words_takes_over_when_it_has_all_of_them(index, encoder, reader):
    other = Reader("other")
    with Index(index.path, words=lambda _: other) as later:
        assert {hit.said for hit in later.search_text("money", encoder, 5)} == {None}
        later.add(Shelf(ROWS), encoder)
        assert len(other.read) == 1 + 8 and len(stored(later)) == 8
        assert later.search_text("money", encoder, 1)[0].said == 1.0
    assert {hit.said for hit in index.search_text("money", encoder, 5)} == {None}
    with Index(index.path, words=lambda _: None) as without:
        without.add(Shelf(ROWS), encoder)
        assert stored(without) == []


def test_an_encoder_that_reads_text_compares_words_itself(tmp_path, encoder, folder, listed):
    with Index(tmp_path / "own.db") as index:
        index.add(listed(folder), encoder)
        found = index.search_text("red", encoder, 5)
        assert (found[0].name, found[0].said, found[0].line) == ("red-square", 1.0, "red square")
        other = type(encoder)(identity="turned", turn=1)
        index.rebuild(listed(folder), other)
        assert index.search_text("red", other, 5)[0].said == 1.0 and len(stored(index)) == 5


def test_pictures_called_alike_are_told_apart_by_their_look(tmp_path, encoder, painted, listed):
    for number, colour in enumerate(("blue", "green", "red", "black")):
        painted(tmp_path / "p" / str(number) / "thing.png", colour, shade=number)
    reader = Reader()
    with Index(tmp_path / "t.db", words=lambda _: reader) as index:
        index.add(listed(tmp_path / "p"), encoder)
        assert index.search_text("something red", encoder, 1)[0].path.endswith("2/thing.png")


def test_a_filter_holds_for_what_is_said_too(tmp_path, encoder, painted, listed, reader):
    for name in ("a/cash", "b/cash", "b/tree"):
        painted(tmp_path / "p" / f"{name}.png", "red", shade=len(name) + ord(name[0]))
    with Index(tmp_path / "f.db", words=lambda _: reader) as index:
        index.add(listed(tmp_path / "p"), encoder)
        found = index.search_text("money in:b", encoder, 5)
        assert [hit.name for hit in found] == ["cash", "tree"] and "/b/" in found[0].path
