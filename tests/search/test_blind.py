"""An index of names alone, and how it gets its vectors."""

import pytest

from sightline.search.blind import Blind
from sightline.search.encoder import encoder_of, open_indexer
from sightline.search.index import Index
from sightline.search.query import Embedder
from sightline.web.library import Library
from sightline.web.refused import Refused


@pytest.fixture
def index(tmp_path, folder, listed):
    with Index(tmp_path / "n.db") as made:
        assert made.add(listed(folder), Blind()).added == 5
        yield made


def names(hits):
    return [hit.name for hit in hits]


def test_none_is_an_encoder_to_whoever_asks(index):
    assert isinstance(Blind(), Embedder)
    assert isinstance(open_indexer("none"), Blind) and isinstance(encoder_of(index.path, "none"), Blind)
    about = index.about()
    assert (about.pictures, about.encoder, about.dim) == (5, "none", 0)


def test_words_find_and_nothing_else_does(index, folder, listed):
    assert names(index.search_text("red", Blind())) == ["red-square"]
    assert names(index.search_text("square in:pictures", Blind(), 9)) == names(index.browse(9))
    assert index.answer_text("squaer", Blind()).suggestion == "square"
    assert index.search_text("🔴", Blind()) == []
    one = index.browse(1)[0]
    for ask in (
        lambda: index.search_image(folder / "red-square.png", Blind()),
        lambda: index.similar(one.id),
        lambda: index.search([1.0, 0.0, 0.0]),
    ):
        with pytest.raises(ValueError, match="needs an encoder, and the index was made of names alone .* --encoder EN"):
            ask()
    assert index.thumb(one.id)[1] == "image/webp"
    assert index.add(listed(folder), Blind()).unchanged == 5


def test_the_page_serves_it_and_shows_a_picture_without_neighbours(index, folder):
    library = Library(index, Blind(), 1000)
    assert names(library.by_words("red", 5).results) == ["red-square"] and not library.about().words
    assert library.like(index.browse(1)[0].id, 5).results == []
    with pytest.raises(Refused, match="names alone"):
        library.by_picture(library.prepared((folder / "red-square.png").read_bytes()), 5)


def test_bad_pictures_are_named_without_an_encoder_too(tmp_path, folder, listed):
    (folder / "cut.png").write_bytes((folder / "red-square.png").read_bytes()[:40])
    with Index(tmp_path / "b.db") as index:
        assert list(index.add(listed(folder), Blind()).bad) == ["cut.png"]


def test_an_encoder_given_later_makes_vectors_of_every_source(tmp_path, index, encoder, folder, listed, painted):
    painted(tmp_path / "more" / "green-dot.png", "green", shade=99)
    index.add(listed(tmp_path / "more"), Blind())
    ids = {hit.name: hit.id for hit in index.browse(9)}
    report = index.add(listed(folder), encoder)
    assert (report.embedded, report.unchanged) == (6, 6) and index.about().encoder == "colours"
    assert {hit.name: hit.id for hit in index.browse(9)} == ids
    assert set(names(index.search_image(folder / "green-square.png", encoder, 2))) == {"green-square", "green-dot"}
    with pytest.raises(ValueError, match="was made with the encoder colours"):
        index.search_text("red", Blind())


def test_until_all_of_it_is_there_names_answer(tmp_path, index, encoder, folder, listed, painted):
    painted(tmp_path / "more" / "green-dot.png", "green", shade=99)
    index.add(listed(tmp_path / "more"), Blind())
    (tmp_path / "more").rename(tmp_path / "away")
    with pytest.raises(ValueError, match="gets its vectors all at once, and .*more of .* cannot be opened .* --drop"):
        index.add(listed(folder), encoder)
    assert names(index.search_text("red", Blind())) == ["red-square"]
    index.drop(str(tmp_path / "more"))
    assert index.add(listed(folder), encoder).embedded == 5
