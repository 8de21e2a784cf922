import pytest

from sightline.search.index import Index
from sightline.search.rank.judge import judge


@pytest.fixture
def index(tmp_path, folder, encoder, listed):
    with Index(tmp_path / "a.db") as made:
        made.add(listed(folder), encoder)
        yield made


def test_names_words_and_vectors_are_told_apart(index, encoder):
    ids = {hit.name: hit.id for hit in index.browse(9)}
    found = judge(index, encoder, [("red", ids["red-square"]), ("green", ids["green-square"])])
    assert found["n"] == 2 and found["candidates"] == 5 and found["chance_r10"] == 1.0
    assert found["bm25"]["r1"] == found["vectors"]["r1"] == found["fused"]["r1"] == 1.0


def test_what_words_do_not_find_is_not_found_by_them(index, encoder):
    ids = {hit.name: hit.id for hit in index.browse(9)}
    found = judge(index, encoder, [("crimson red-ish", ids["blue-square"]), ("zzz", ids["blue-square"])])
    assert found["bm25"]["r10"] == 0.0 and found["vectors"]["r10"] == 1.0


def test_what_cannot_be_judged_is_refused(index, encoder):
    with pytest.raises(ValueError, match="no queries"):
        judge(index, encoder, [])
    with pytest.raises(ValueError, match="999, is not in"):
        judge(index, encoder, [("red", 999)])
