"""What a search says of its own answer: what is relevant, how many that are, and when nothing is."""

import hashlib
from contextlib import closing

import numpy as np
import pytest

from sightline.data.array import unit
from sightline.data.sample import Sample
from sightline.search.blind import Blind
from sightline.search.index import Index
from sightline.search.query import pieces
from sightline.search.rank import background as module
from sightline.search.rank.near import Recall
from sightline.search.rank.relevance import probes
from sightline.search.schema import connect

SAME = {"payment": "money", "cash": "money", "timber": "tree", "forest": "tree", "kitten": "cat"}
THINGS = ("money", "tree", "cat", "house", "river", "piano", "lemon", "anchor", "violin", "rocket")
WIDTH = 64


def meaning(word):
    """A direction of its own for every word, one for those that mean the same."""
    seed = hashlib.blake2b(SAME.get(word, word).encode(), digest_size=8).digest()
    return unit(np.random.default_rng(int.from_bytes(seed, "little")).normal(size=(1, WIDTH)))[0]


class Knows:
    """An encoder to which a text is the sum of its words, and a picture what its first pixel says it shows."""

    dim, logit_scale, logit_bias = WIDTH, 0.0, None

    def __init__(self, identity="knows", reads_text=True):
        self.identity = self.name = identity
        self.reads_text, self.asked = reads_text, []

    def preprocess(self, picture):
        pixels = np.asarray(picture)
        return pixels[0, 0].astype(np.float32)

    def encode_image(self, images, normalize=False):
        draw = np.random.default_rng(0)
        images = [self.preprocess(one) for one in images] if isinstance(images, list) else images
        shown = np.stack([meaning(THINGS[int(one[0])]) for one in images])
        return shown + 0.08 * draw.normal(size=shown.shape)

    def encode_text(self, texts, normalize=False):
        self.asked += texts
        return np.stack([sum(meaning(word) for word in text.split() or [text]) for text in texts])

    def tokenize(self, texts):
        return np.zeros((len(texts), 1), np.int64)

    def features(self, images):
        raise NotImplementedError


class Shelf:
    """Pictures by (name, thing, terms), in a folder for each thing."""

    has, classes = frozenset({"image", "text"}), ()

    def __init__(self, rows, name="/srv/shelf.tar"):
        self.rows, self.name = rows, name

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, at):
        name, thing, terms = self.rows[at]
        image = np.zeros((4, 4, 3), np.uint8)
        image[0, 0, 0], image[1, 1] = THINGS.index(thing), (at, at >> 8, 7)
        return Sample(key=f"{thing}/{at}", image=image, terms=tuple(terms), name=name)


ROWS = [
    ("money", "money", []),
    ("money bag", "money", []),
    ("wallet", "house", ["payment"]),
    ("DSC-7", "money", []),
    *((f"{thing} {number}", thing, []) for thing in THINGS[1:] for number in range(4)),
]


@pytest.fixture
def encoder():
    return Knows()


@pytest.fixture
def index(tmp_path, encoder):
    with Index(tmp_path / "j.db") as made:
        made.add(Shelf(ROWS), encoder)
        yield made


def names(hits):
    return [hit.name for hit in hits]


def test_what_is_named_then_what_is_relevant_then_the_rest(index, encoder):
    answer = index.answer_text("money", encoder, 99)
    assert names(answer.hits)[:2] == ["money", "money bag"]
    assert [hit.named for hit in answer.hits] == [True, True] + [False] * 38
    # by its look, and by what is said of it
    assert set(names(answer.hits)[2:4]) == {"DSC-7", "wallet"} and answer.relevant == 4
    assert [hit.relevant for hit in answer.hits] == [True] * 4 + [False] * 36
    assert [hit.folders for hit in answer.hits[:2]] == [("shelf",), ("shelf", "money")]


def test_a_synonym_that_is_written_nowhere_is_relevant_and_nonsense_is_not(index, encoder):
    assert set(names(index.search_text("cash", encoder, 4))) == {"money", "money bag", "DSC-7", "wallet"}
    assert index.answer_text("cash", encoder).relevant == 4
    made_up = [f"{probe[::-1]}q" for probe in probes()[:60] if " " not in probe]
    found = [index.answer_text(word, encoder, 5) for word in made_up]
    assert np.mean([answer.relevant == 0 for answer in found]) > 0.9 and {len(one.hits) for one in found} == {5}


def test_what_holds_every_word_is_relevant_whatever_the_vectors_say(index, encoder):
    encoder.encode_text = lambda texts: Knows().encode_text(["xqzv"] * len(texts))
    answer = index.answer_text("lemon", encoder, 99)
    assert {hit.name[:5] for hit in answer.hits if hit.relevant} == {"lemon"} and answer.relevant == 4


@pytest.mark.parametrize("query", ["money", "cash", "timber house", "xqzv blorp", "money in:tree"])
def test_neither_order_nor_verdict_depends_on_how_many_are_asked_for(index, encoder, query, monkeypatch):
    for depth in (3, 1000):
        monkeypatch.setattr("sightline.search.rank.rank.DEPTH", depth)
        monkeypatch.setattr("sightline.search.rank.fuse.DEPTH", depth)
        whole = index.answer_text(query, encoder, 99)
        for k in range(1, len(whole.hits)):
            some = index.answer_text(query, encoder, k)
            expected = [(hit.id, hit.relevant, hit.named) for hit in whole.hits[:k]]
            assert [(hit.id, hit.relevant, hit.named) for hit in some.hits] == expected
            assert some.relevant == whole.relevant


def test_a_filter_judges_its_folder_alone(index, encoder):
    answer = index.answer_text("forest in:tree", encoder, 99)
    assert answer.relevant == len(answer.hits) == 4 and all(hit.relevant for hit in answer.hits)
    answer = index.answer_text("forest in:cat", encoder, 99)
    assert answer.relevant == 0 and len(answer.hits) == 4
    assert index.answer_text("in:cat", encoder).relevant is None


@pytest.mark.parametrize("fill", [0, 9])
@pytest.mark.parametrize("length", [None, 12])
def test_tokens_a_word_are_counted_whatever_marks_and_fills_a_row(fill, length):
    """A letter a token but for known words; a mark at either end, rows filled with a number or with the end's mark."""

    def tokenize(texts):
        rows = [
            [7, *(token for word in text.split() for token in ([1] if word in THINGS else [2] * len(word))), 9]
            for text in texts
        ]
        width = length or max(map(len, rows))
        return np.array([(row + [fill] * width)[:width] for row in rows])

    encoder = Knows()
    encoder.tokenize = tokenize
    texts = ["money", "the money of a tree", "xqzv", "xqzv tree", "🦊", "a"]
    assert pieces(encoder, texts) == [1, 1, 4, 2.5, None, 1]
    del encoder.tokenize
    encoder.__class__ = type("Mute", (), {})
    assert pieces(encoder, texts[:1]) == [None]


def test_a_graph_judges_what_it_proposes(index, encoder):
    """`approximate_from` decides alone; without usearch's file every picture is compared."""
    exact = index.answer_text("cash", encoder, 10)
    with Index(index.path, approximate_from=10) as large:
        large.add(Shelf(ROWS), encoder)
        assert large.about().approximate == Recall(pictures=1.0, words=1.0)
        near = large.answer_text("cash", encoder, 10)
        assert near.relevant == exact.relevant and names(near.hits) == names(exact.hits)


def test_nothing_is_judged_where_words_are_all_there_is_or_a_picture_was_asked_for(index, tmp_path, encoder):
    for hits in (index.search(meaning("tree"), 5), index.similar(1, 5), index.browse(5)):
        assert {hit.relevant for hit in hits} == {None}
    assert {hit.relevant for hit in index.search_image(Shelf(ROWS)[0].image, encoder, 5)} == {None}
    with Index(tmp_path / "names.db") as blind:
        blind.add(Shelf(ROWS), Blind())
        answer = blind.answer_text("money bag", Blind(), 5)
        assert answer.relevant is None and [(hit.relevant, hit.named) for hit in answer.hits[:2]] == [
            (None, True),
            (None, False),
        ]
        assert not (tmp_path / "names.db-background").exists()


def test_words_may_have_an_encoder_of_their_own_and_pictures_one_that_reads_nothing(tmp_path):
    reader, looks = Knows("reader"), Knows("looks", reads_text=False)
    looks.encode_text = lambda texts: pytest.fail("it has no text tower")
    with Index(tmp_path / "two.db", words=lambda _: reader) as index:
        index.add(Shelf(ROWS), looks)
        answer = index.answer_text("payment", looks, 99)
        assert answer.relevant == 3 and set(names(answer.hits)[:3]) == {"wallet", "money", "money bag"}
    seeing, reader = Knows("seeing"), Knows("reader")
    seeing.encode_text = lambda texts: np.roll(Knows().encode_text(texts), 1, axis=1)
    seeing.encode_image = lambda images: np.roll(Knows().encode_image(images), 1, axis=1)
    with Index(tmp_path / "both.db", words=lambda _: reader) as index:
        index.add(Shelf(ROWS), seeing)
        assert set(probes()) <= set(reader.asked)
        answer = index.answer_text("payment", seeing, 99)
        assert set(names(answer.hits)[:4]) == {"wallet", "money", "money bag", "DSC-7"} and answer.relevant == 4


def test_the_probes_are_read_once_for_an_encoder_and_compared_again_where_the_library_changed(index, encoder):
    made = (index.path.parent / "j.db-background").read_bytes()
    encoder.asked.clear()
    index.add(Shelf(ROWS), encoder)
    assert (index.path.parent / "j.db-background").read_bytes() == made and encoder.asked == []
    index.add(Shelf([*ROWS, ("zebra", "cat", [])]), encoder)
    assert encoder.asked == ["zebra"] and (index.path.parent / "j.db-background").read_bytes() != made
    index.drop("/srv/shelf.tar")
    index.add(Shelf(ROWS), encoder)
    assert not set(encoder.asked) & set(probes())
    index.rebuild(Shelf(ROWS), Knows("other"))
    assert index.answer_text("cash", Knows("other")).relevant == 4


def test_a_search_makes_what_is_missing_where_that_is_cheap(index, encoder, monkeypatch):
    expected, kept = index.answer_text("cash", encoder), index.path.parent / "j.db-background"
    index.close()
    kept.write_bytes(kept.read_bytes()[:-1])
    monkeypatch.setattr(module, "PATIENCE", 1e9)
    assert index.answer_text("cash", encoder) == expected and len(kept.read_bytes()) > 4 * WIDTH
    for name, value in {"FEW": 10, "PATIENCE": 0.0}.items():
        with monkeypatch.context() as costly:
            costly.setattr(module, name, value)
            index.close()
            kept.unlink(missing_ok=True)
            unjudged = index.answer_text("cash", encoder)
            assert unjudged.relevant is None and not kept.exists()
            assert {hit.relevant for hit in unjudged.hits} == {None}


def test_a_library_that_grew_a_little_is_judged_as_before_and_one_that_grew_much_not(index, encoder, monkeypatch):
    monkeypatch.setattr(module, "FEW", 0)
    monkeypatch.setattr(module.BackgroundCache, "renew", lambda *given: None)
    index.add(Shelf([*ROWS, ("DSC-8", "money", [])]), encoder)
    assert index.answer_text("cash", encoder).relevant == 5
    index.add(Shelf([*ROWS, *((f"zebra {n}", "cat", []) for n in range(40))]), encoder)
    assert index.answer_text("cash", encoder).relevant is None


def test_an_index_whose_words_are_not_all_embedded_is_not_judged(index, encoder):
    with closing(connect(index.path)) as connection:
        connection.execute("DELETE FROM meta WHERE key = 'words_encoder'")
        connection.execute("UPDATE meta SET value = 'later' WHERE key = 'revision'")
    assert index.answer_text("cash", encoder).relevant is None
    index.add(Shelf(ROWS), encoder)
    assert index.answer_text("cash", encoder).relevant == 4


def test_a_folder_that_is_called_as_its_picture_is_no_folder_of_it(tmp_path):
    from sightline.data.sources.source import open_source
    from sightline.search.blind import Blind
    from sightline.search.index import Index

    drawing = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><circle cx="12" cy="12" r="9"/></svg>'
    for place in ("pictures/star/star.svg", "pictures/sky/star.svg"):
        (tmp_path / place).parent.mkdir(parents=True)
        (tmp_path / place).write_text(drawing)
    with Index(tmp_path / "i.db") as index:
        index.add(open_source(str(tmp_path / "pictures")), Blind())
        assert {hit.folders for hit in index.browse(9)} == {("pictures",), ("pictures", "sky")}
