"""What is found for what is typed."""

import numpy as np
import pytest

from sightline.data.sample import Sample
from sightline.search.index import Index

RED, BLUE, GREEN, WHITE = (230, 0, 0), (0, 0, 230), (0, 200, 0), (255, 255, 255)


class Painted:
    """One-colour pictures with names, captions and terms as given."""

    has, classes, name = frozenset({"image", "text"}), (), "painted"

    def __init__(self, rows):
        self.rows = rows

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        name, colour, captions, terms = self.rows[index]
        image = np.full((4, 4, 3), colour, np.uint8)
        image[0, 0] = index  # no two alike
        return Sample(key=str(index), image=image, captions=tuple(captions), terms=tuple(terms), name=name)


ROWS = [
    ("credit-card", BLUE, ["Credit card"], ["money", "pay"]),
    ("cardGame_2", RED, ["card game"], ["poker"]),
    ("rouge", RED, [], ["make-up"]),
    ("Crème", GREEN, ["A bowl of cream, seen from above"], []),
    ("信用卡", BLUE, [], []),
    ("wallet", WHITE, ["wallet"], ["credit card holder", "money"]),
    ("IMG_0001", RED, ["credit"], []),
]


@pytest.fixture
def index(tmp_path, encoder):
    with Index(tmp_path / "i.db") as made:
        made.add(Painted(ROWS), encoder)
        yield made


def names(hits):
    return [hit.name for hit in hits]


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("credit card", "credit-card"),
        ("  CREDIT_card!", "credit-card"),
        ("creditCard", "credit-card"),
        ("card game 2", "cardGame_2"),
        ("card game", "cardGame_2"),
        ("creme", "Crème"),
        ("crème", "Crème"),
        ("a bowl of cream seen from above", "Crème"),
        ("信用卡", "信用卡"),
        ("img 0001", "IMG_0001"),
    ],
)
def test_an_exact_name_or_caption_comes_first_whatever_the_vectors_say(index, encoder, query, name):
    for colour in ("", " red", " green"):
        encoder.encode_text = lambda texts, c=colour: type(encoder)().encode_text([c])
        first = index.search_text(query, encoder, k=7)[0]
        assert (first.name, first.match) == (name, "name")


def test_of_several_so_called_the_nearest_is_first(tmp_path, encoder):
    with Index(tmp_path / "s.db") as index:
        index.add(Painted([("ball", BLUE, [], []), ("ball", RED, [], []), ("Ball", GREEN, [], [])]), encoder)
        encoder.encode_text = lambda texts: np.array([[1.0, -1, -1]])
        found = index.search_text("ball", encoder)
        assert [(hit.key, hit.match) for hit in found][:1] == [("1", "name")]
        assert [hit.score for hit in found] == sorted((hit.score for hit in found), reverse=True)


def test_a_search_term_is_a_word_and_no_name(index, encoder):
    found = {hit.name: hit.match for hit in index.search_text("money", encoder, k=7)}
    assert found["credit-card"] in {"words", "both"} and found["wallet"] in {"words", "both"}
    assert "name" not in found.values()


@pytest.mark.parametrize(
    ("query", "name"),
    [("cred", "credit-card"), ("cards", "credit-card"), ("信用", "信用卡"), ("信", "信用卡"), ("games", "cardGame_2")],
)
def test_words_are_found_by_their_start_and_their_stem(index, encoder, query, name):
    ranks = index.ranking(query, None, "words")
    by_id = {hit.id: hit.name for hit in index.browse(99)}
    assert name in {by_id[id] for id, rank in zip(ranks.ids.tolist(), ranks.ranks, strict=True) if np.isfinite(rank)}


def test_a_picture_without_the_word_is_found_by_its_look(index, encoder):
    found = index.search_text("something red", encoder, k=7)
    assert found[0].name in {"rouge", "cardGame_2", "IMG_0001"} and found[0].match == "picture"
    assert len(found) == 7


def test_signs_alone_have_no_words_and_the_vectors_answer(index, encoder):
    for query in ("🔴", "%", "?!", "***", '"', "AND NOT"):
        found = index.search_text(query, encoder, k=7)
        assert len(found) == 7 and np.isfinite([hit.score for hit in found]).all()
    vectors = index.search(encoder.encode_text(["🔴"])[0], k=7)
    assert names(index.search_text("🔴", encoder, k=7)) == names(vectors)


def test_an_encoder_of_pictures_alone_finds_by_words_alone(index, encoder):
    encoder.reads_text = False
    encoder.encode_text = lambda texts: pytest.fail("it has no text tower")
    found = index.search_text("money", encoder, k=7)
    assert sorted(names(found)) == ["credit-card", "wallet"] and {hit.match for hit in found} == {"words"}
    assert index.search_text("credit card", encoder)[0].match == "name"
    assert index.search_text("🔴", encoder) == []
    with pytest.raises(ValueError, match="the query is empty"):
        index.search_text(" ", encoder)


def test_asking_for_more_goes_on_in_the_same_order(index, encoder, monkeypatch):
    for depth in (2, 1000):
        monkeypatch.setattr("sightline.search.rank.rank.DEPTH", depth)
        monkeypatch.setattr("sightline.search.rank.fuse.DEPTH", depth)
        whole = names(index.search_text("red card", encoder, k=7))
        assert len(set(whole)) == 7
        for k in range(1, 7):
            assert names(index.search_text("red card", encoder, k=k)) == whole[:k]


def test_rankings_for_evaluation(index, encoder):
    vector = encoder.encode_text(["red"])[0]
    words = index.ranking("money card", vector, "words")
    assert sorted(words.ranks.tolist()) == [1, 2, 3] + [np.inf] * 4  # credit-card, card game, credit card holder
    near = index.ranking("money card", vector, "vectors")
    assert near.ids[np.argsort(near.ranks)].tolist() == [hit.id for hit in index.search(vector, 7)]
    fused = index.ranking("red card", encoder.encode_text(["red card"])[0], "fused", encoder)
    assert fused.ids[np.argsort(fused.ranks)].tolist() == [hit.id for hit in index.search_text("red card", encoder, 7)]
    with pytest.raises(ValueError, match="needs the vector"):
        index.ranking("red", None, "fused")


def test_a_changed_caption_or_name_changes_what_finds_it(tmp_path, encoder):
    with Index(tmp_path / "c.db") as index:
        rows = [("one", RED, ["apple"], ["fruit"]), ("two", BLUE, ["pear"], [])]
        index.add(Painted(rows), encoder)
        assert index.search_text("apple", encoder)[0].match == "name"
        rows[0] = ("uno", RED, ["quince"], ["tree"])
        index.add(Painted(rows), encoder)
        assert all(hit.match == "picture" for hit in index.search_text("apple", encoder))
        assert [index.search_text(q, encoder)[0].match for q in ("quince", "uno")] == ["name", "name"]
        index.add(Painted(rows[1:]), encoder)  # the first place is now another picture
        assert names(index.search_text("quince", encoder)) == ["two"]
