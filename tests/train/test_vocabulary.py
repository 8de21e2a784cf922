from sightline.data.sample import BadSample, Sample
from sightline.train.vocabulary import corpus, shared_terms


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
    assert list(corpus(Words(), 0)) == ["credit card", "money", "buy", "credit card", "money", "cart", "buy", "shop"]


def test_a_shared_term_stands_on_two_names_not_on_two_drawings_of_one():
    assert shared_terms(Words(), 0) == ["buy"]
