import subprocess
import sys

import numpy as np
import pytest

from sightline.text.tokenizer import Tokenizer

CAPTIONS = [
    f"a {c} {s} on a {b} background" for c in ("red", "Blue") for s in ("heart", "star") for b in ("striped", "plain")
]


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer.train(CAPTIONS, vocab=320, length=12)


def test_rows_are_tokens_then_one_end_then_padding(tokenizer):
    ids = tokenizer(["a red heart", ""])
    assert ids.shape == (2, 12) and ids.dtype == np.int64
    assert ids[0].tolist().index(tokenizer.eot) == 3 and set(ids[0, 4:]) == {tokenizer.pad}
    assert ids[1].tolist() == [tokenizer.eot] + [tokenizer.pad] * 11
    assert tokenizer.pad == 0 and tokenizer.vocab <= 320


def test_truncation_keeps_the_end(tokenizer):
    ids = tokenizer("red star " * 50)
    assert ids[0, -1] == tokenizer.eot and tokenizer.eot not in ids[0, :-1]


def test_one_text_gives_one_row_and_none_gives_none(tokenizer):
    assert np.array_equal(tokenizer("a red heart"), tokenizer(["a red heart"]))
    assert tokenizer([]).shape == (0, 12)


def test_case_width_and_white_space_do_not_matter(tokenizer):
    plain = tokenizer("a red heart")
    for other in ("A RED\theart ", "a  red\nheart", "ａ ｒｅｄ heart", "\u00a0a red heart"):
        assert np.array_equal(tokenizer(other), plain)


def test_a_word_is_the_same_token_wherever_it_stands(tokenizer):
    assert tokenizer("heart")[0, 0] == tokenizer("a red heart")[0, 2]


@pytest.mark.parametrize("text", ["💳❤️🏳️‍🌈", "x" * 10_000, "кредитная карта", "\ud83d half a pair", "\x00\ufffd", "   "])
def test_any_text_is_encoded(tokenizer, text):
    ids = tokenizer(text)[0]
    assert (ids == tokenizer.eot).sum() == 1 and ids.max() < tokenizer.vocab


def test_special_tokens_in_a_caption_are_text(tokenizer):
    ids = tokenizer("<eot> red <pad> heart")[0].tolist()
    assert (
        ids.count(tokenizer.eot) == 1
        and ids.index(tokenizer.eot) > 4
        and tokenizer.pad not in ids[: ids.index(tokenizer.eot)]
    )


def test_decoding_gives_the_text_back(tokenizer):
    assert tokenizer.decode(tokenizer("A red  heart!")[0]) == "a red heart!"


def test_saved_and_loaded_it_is_the_same(tokenizer, tmp_path):
    tokenizer.save(tmp_path / "tokenizer.json")
    again = Tokenizer.load(tmp_path / "tokenizer.json")
    texts = [*CAPTIONS, "<eot> unknown", "💳"]
    assert np.array_equal(again(texts), tokenizer(texts))
    assert (again.vocab, again.length, again.pad, again.eot) == (tokenizer.vocab, 12, 0, tokenizer.eot)
    assert [p.name for p in tmp_path.iterdir()] == ["tokenizer.json"]


@pytest.mark.parametrize("damage", ["cut", "other"])
def test_a_damaged_file_is_named(tokenizer, tmp_path, damage):
    path = tmp_path / "tokenizer.json"
    tokenizer.save(path)
    path.write_text(path.read_text()[:500] if damage == "cut" else '{"version": "1.0"}')
    with pytest.raises(ValueError, match=r"tokenizer\.json is no tokenizer"):
        Tokenizer.load(path)


def test_training_is_the_same_in_every_process(tokenizer, tmp_path):
    code = (
        "import sys; from sightline.text.tokenizer import Tokenizer;"
        f"Tokenizer.train({CAPTIONS!r}, vocab=320, length=12).save(sys.argv[1])"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "b.json")], check=True)
    tokenizer.save(tmp_path / "a.json")
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_impossible_sizes_are_refused():
    with pytest.raises(ValueError, match="at least 258"):
        Tokenizer.train(["a"], vocab=100)
    with pytest.raises(ValueError, match="length 1"):
        Tokenizer.train(["a"], length=1)


def test_what_does_not_fit_is_told_and_its_end_token_stays(tokenizer):
    texts = ["a red heart", "red " * 40]
    assert tokenizer.cut(texts).tolist() == [False, True]
    assert (tokenizer(texts) == tokenizer.eot).sum(1).tolist() == [1, 1]


def test_boxes_have_tokens_after_the_end_and_no_text_is_read_as_one(tmp_path):
    known = Tokenizer.train(CAPTIONS, vocab=400, length=12, bins=16)
    known.save(tmp_path / "tokenizer.json")
    for made in (known, Tokenizer.load(tmp_path / "tokenizer.json")):
        assert (made.bins, made.pad, made.eot) == (16, 0, 1)
        spelt = made(["<loc003> <refer> <:> <describe>"])[0]
        assert not ((spelt > 1) & (spelt < 2 + 3 + 16)).any()
        assert made.decode([2, 5, 6, 20]) == ""  # what is no word is not said
    assert Tokenizer.train(CAPTIONS, vocab=320, length=12).bins == 0
    with pytest.raises(ValueError, match="at least 325 tokens, got 320"):
        Tokenizer.train(CAPTIONS, vocab=320, bins=64)
