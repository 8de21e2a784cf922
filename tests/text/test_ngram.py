import pickle

import numpy as np
import pytest

from sightline.text.load import BPE, Subwords, load_tokenizer
from sightline.text.ngram import NGrams


def pieces(tokenizer, text):
    row = tokenizer(text)[0]
    return set(row[row != tokenizer.pad].tolist()) - {tokenizer.eot}


def test_a_word_is_itself_and_its_ngrams_between_marks():
    tokenizer = NGrams(buckets=1 << 20, sizes=(3,))
    # <ca car ar> and the word; "<car>" itself is no 3-gram
    assert len(pieces(tokenizer, "car")) == 4
    assert pieces(tokenizer, "cart") & pieces(tokenizer, "car") == pieces(tokenizer, "car") & pieces(tokenizer, "cart")
    assert len(pieces(tokenizer, "batteries") & pieces(tokenizer, "battery")) >= 4
    assert not pieces(tokenizer, "sun") & pieces(tokenizer, "credit")


def test_case_order_and_marks_do_not_matter_as_a_set():
    tokenizer = NGrams(buckets=1 << 20)
    assert pieces(tokenizer, "Credit Card") == pieces(tokenizer, "card  credit")


@pytest.mark.parametrize("text", ["", "   ", "🎉", "é", "x" * 10_000, "a " * 10_000, "\ud800"])
def test_every_text_has_ids_of_the_right_length(text):
    tokenizer = NGrams(buckets=64, length=16)
    ids = tokenizer(text)
    assert ids.shape == (1, 16) and ids.dtype == np.int64
    assert ids[0, 0] == tokenizer.eot and ids.min() >= 0 and ids.max() < 64


def test_what_is_saved_is_read_back_by_kind(tmp_path):
    subwords = Subwords(buckets=128, length=32, sizes=(2, 3)).train([])
    subwords.save(tmp_path / "a.json")
    bpe = BPE(vocab=300, length=8).train(["a cat", "a cat"])
    bpe.save(tmp_path / "b.json")
    for path, tokenizer in ((tmp_path / "a.json", subwords), (tmp_path / "b.json", bpe)):
        again = load_tokenizer(path)
        assert type(again) is type(tokenizer)
        assert np.array_equal(again(["a cat", "dog"]), tokenizer(["a cat", "dog"]))
    assert np.array_equal(pickle.loads(pickle.dumps(subwords))("cat"), subwords("cat"))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"kind": "ngrams"}'])
def test_a_cut_tokenizer_is_named(tmp_path, text):
    (tmp_path / "tokenizer.json").write_text(text)
    with pytest.raises(ValueError, match="tokenizer.json is no tokenizer"):
        load_tokenizer(tmp_path / "tokenizer.json")


def test_impossible_sizes_are_refused():
    with pytest.raises(ValueError, match="buckets"):
        NGrams(buckets=2)
