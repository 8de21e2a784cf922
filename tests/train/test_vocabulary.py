import hashlib

from sightline.data.prepare.preprocess import Preprocess
from sightline.data.sample import BadSample, Sample
from sightline.data.scenes import Scenes
from sightline.data.sources.sides import split_draws
from sightline.probes.heldout.prepared import Prepared
from sightline.text.load import BPE, Subwords
from sightline.train.vocabulary import corpus, shared_terms, some, tokenizer_of


class Words:
    name, has, classes = "words", frozenset({"image", "text"}), ()
    samples = [
        Sample("0", b"", ("credit card",), ("money", "buy"), name="card"),
        Sample("1", b"", ("credit card",), ("money",), name="card"),
        Sample("2", b"", ("cart",), ("buy", "shop"), name="cart"),
        None,
    ]

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, index):
        if self.samples[index] is None:
            raise BadSample("cut")
        return self.samples[index]


def test_the_corpus_is_every_caption_and_term_in_order():
    read = corpus(some(Words(), 0, 20))
    assert list(read) == ["credit card", "money", "buy", "credit card", "money", "cart", "buy", "shop"]


def test_a_sample_that_fails_in_any_way_is_passed_over():
    class Odd(Words):
        def __getitem__(self, index):
            return Words.__getitem__(self, index) if index else {}["caption"]

    assert [sample.key for sample in some(Odd(), 0, 20)] == ["1", "2"]
    assert len(Prepared(Odd(), Preprocess(size=8), samples=9, seed=0)) == 0  # b"" is no picture either


def test_a_shared_term_stands_on_two_names_not_on_two_drawings_of_one():
    assert shared_terms(Words(), 0) == ["buy"]


class Late:
    """Captions of one word, each word in four samples: more samples, more words."""

    name, has, classes = "late", frozenset({"image", "text"}), ()

    def __init__(self, n):
        self.n, self.read = n, 0

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        self.read += 1
        return Sample(str(index), b"", (hashlib.md5(b"%d" % (index // 4)).hexdigest()[:6],))


def test_a_vocabulary_is_trained_on_as_many_captions_as_fill_it(monkeypatch):
    monkeypatch.setattr("sightline.train.vocabulary.LIMIT", 20)
    monkeypatch.setattr("sightline.train.vocabulary.EACH", 0)
    said = []
    full = tokenizer_of(BPE(vocab=500), source := Late(600), 0, said.append)
    assert full.vocab == 500 and source.read > 80
    assert said[0].endswith("of 500 tokens; it is trained on up to 80 samples")
    small, source = Late(50), Late(50)
    assert tokenizer_of(BPE(vocab=4000), small, 0, said.append).vocab < 4000  # all there are
    made = tokenizer_of(BPE(vocab=4000), source, 0, said.append)
    once = BPE(vocab=4000).train(corpus(some(source, 0, 50)))
    assert made.vocab == once.vocab and (made(["some words"]) == once(["some words"])).all()
    monkeypatch.setattr("sightline.train.vocabulary.MOST", 40)
    tokenizer_of(BPE(vocab=4000), Late(600), 0, said.append)
    assert said[-1].endswith("no more than 40 samples are read for it")


def test_what_is_not_trained_reads_nothing():
    source = Late(50)
    tokenizer_of(Subwords(), source, 0, print)
    assert source.read == 0


def test_nothing_is_drawn_for_its_words():
    class Undrawn(Scenes):
        def __getitem__(self, index):
            raise AssertionError("a picture was drawn")

    source = Undrawn(n=5, size=64)
    assert len(list(some(source, 0, 20))) == 5
    assert len(split_draws(source, 0)) == 5
