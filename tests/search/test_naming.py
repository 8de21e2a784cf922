import numpy as np
import pytest
from PIL import Image

from sightline.search.index import Index


@pytest.fixture
def index(tmp_path, encoder, listed):
    for name, colour in (("credit-card", "blue"), ("card-game_2", "red"), ("rouge", "red"), ("Crème", "green")):
        (tmp_path / "p").mkdir(exist_ok=True)
        Image.new("RGB", (8, 8), colour).save(tmp_path / "p" / f"{name}.png")
    with Index(tmp_path / "i.db") as made:
        made.add(listed(tmp_path / "p"), encoder)
        yield made


def names(hits):
    return [hit.name for hit in hits]


def test_a_named_picture_comes_first_whatever_the_vectors_say(index, encoder):
    # the query's own vector is red: without its name the blue card would be last
    assert names(index.search_text("Card, credit red", encoder, k=1)) != ["credit-card"]
    first = index.search_text("credit CARD", encoder, k=4)
    assert "credit" in first[0].name and first[0].score <= 1
    assert [hit.rank for hit in first] == [1, 2, 3, 4]


def test_words_are_whole_and_all_of_them_count(index, encoder):
    assert "card-game" in names(index.search_text("game card", encoder, k=1))[0]
    # "car" is no word of any name: the order is that of the vectors alone
    vectors = names(index.search(encoder.encode_text(["car"])[0], k=4))
    assert names(index.search_text("car", encoder, k=4)) == vectors


def test_letters_beyond_ascii_and_sql_signs_are_words_or_nothing(index, encoder):
    assert "Crème" in names(index.search_text("crème", encoder, k=1))[0]
    for query in ("%", "_", "' OR 1=1 --", "🎉", "a " * 5000):
        assert len(index.search_text(query, encoder, k=4)) == 4
    assert np.isfinite([hit.score for hit in index.search_text("%", encoder, k=4)]).all()
