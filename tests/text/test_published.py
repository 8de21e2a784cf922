"""Published tokenizers give the ids of the peers' own, token by token."""

import json
import pickle
import random

import numpy as np
import open_clip.tokenizer
import pytest
import tokenizers
from tokenizers import decoders, models, pre_tokenizers, processors
from transformers import CLIPTokenizer, PreTrainedTokenizerFast, Siglip2Tokenizer

from sightline.text.load import load_tokenizer
from sightline.text.published import clip, open_clip_vocabulary, read_vocabulary, siglip, siglip2

TEXTS = [
    "a photo of a cat",
    "Two  RED\tstars, one blue!",
    "it's 12,345.6 o'clock & <b>late</b>",
    "naïve café ΣΑΣ İstanbul",
    "日本語 😀 x²",
    "snake_case",
    "",
    "   ",
    "word " * 100,
]
MERGES = ["a t</w>", "c at</w>", "t h", "th e</w>", "r e", "re d</w>", "s t", "st a", "sta r"]


@pytest.fixture(scope="module")
def odd():
    """200 strings of letters, digits, signs, entities, emoji and white space."""
    draw = random.Random(3)
    alphabet = list("abcXYZ  '’“”&;<>#_-0123456789éüßИя中日😀\t\nﬁＡ!?.") + ["&amp;", "&lt;", "'s", "'LL", "don't"]
    return ["".join(draw.choices(alphabet, k=draw.randint(0, 60))) for _ in range(200)]


@pytest.fixture(scope="module")
def clip_files(tmp_path_factory):
    """A folder with transformers' CLIPTokenizer of few merges, written by itself and as vocab.json and merges.txt."""
    folder = tmp_path_factory.mktemp("clip")
    letters = list(open_clip.tokenizer.bytes_to_unicode().values())
    merges = [tuple(merge.split()) for merge in MERGES]
    tokens = [*letters, *(f"{x}</w>" for x in letters), *("".join(m) for m in merges)]
    vocab = {token: i for i, token in enumerate([*tokens, "<|startoftext|>", "<|endoftext|>"])}
    peer = CLIPTokenizer(vocab=vocab, merges=merges)
    peer.save_pretrained(folder / "fast")
    (folder / "slow").mkdir()
    (folder / "slow" / "vocab.json").write_text(json.dumps(vocab))
    lines = ["#version: 0.2", *(" ".join(m) for m in merges)]
    (folder / "slow" / "merges.txt").write_text("\n".join(lines) + "\n")
    return folder, peer


def peer_ids(peer, texts, length):
    given = peer(list(texts), padding="max_length", truncation=True, max_length=length)
    return np.array(given["input_ids"])


@pytest.mark.parametrize("kind", ["fast", "slow"])
def test_clip_equals_transformers(clip_files, odd, kind):
    folder, peer = clip_files
    vocabulary = read_vocabulary(folder / kind)
    assert vocabulary is not None
    ours = clip(vocabulary, length=20, pad=peer.pad_token_id)
    texts = TEXTS + odd + ["<|endoftext|> again", "x<|startoftext|>y"]
    assert (ours(texts) == peer_ids(peer, texts, 20)).all()
    assert (ours.eot, ours.vocab, ours.length) == (peer.eos_token_id, len(peer), 20)


def test_clip_equals_open_clips_own(odd):
    peer = open_clip.tokenizer.SimpleTokenizer()
    ours = clip(open_clip_vocabulary(), length=77, pad=0, clean="repaired")
    texts = TEXTS + odd + ["<start_of_text> x <END_OF_TEXT> y"]
    assert (ours(texts) == peer(texts).numpy()).all()
    assert (ours.eot, ours.pad, ours.vocab, ours.length) == (49407, 0, 49408, 77)
    assert ours.decode(ours("A red Star!")[0]) == "a red star !"


def test_a_cut_text_keeps_its_end():
    rows = clip(open_clip_vocabulary(), length=8, pad=0)(["one two three four five six seven eight nine"])
    assert rows.shape == (1, 8) and rows[0, -1] == 49407 and rows[0, 0] == 49406


def unigram():
    """A vocabulary in the manner of SigLIP's: </s> is 1, the start of a word is marked."""
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("\u2581", -2.0)]
    pieces += [(f"\u2581{word}", -3.0) for word in ("a", "photo", "of", "cat", "red", "star", "two")]
    pieces += [(letter, -6.0 - i / 50) for i, letter in enumerate("abcdefghijklmnopqrstuvwxyz0123456789.,'<>/é")]
    inner = tokenizers.Tokenizer(models.Unigram(pieces, unk_id=2))
    inner.pre_tokenizer = pre_tokenizers.Metaspace(replacement="\u2581", prepend_scheme="always")
    inner.decoder = decoders.Metaspace(replacement="\u2581", prepend_scheme="always")
    inner.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    inner.add_special_tokens(["</s>", "<unk>"])
    return inner


def test_siglip_cleans_ends_and_pads_with_the_end():
    ours = siglip(unigram())
    peer = PreTrainedTokenizerFast(tokenizer_object=unigram(), eos_token="</s>", pad_token="</s>")
    canonical = ["a photo of a cat", "two red stars one blue", "", "snakecase", "a cat " * 80]
    written = ["A photo, of a CAT!", "Two  RED\tstars: (one) blue.", " ?! ", "snake_case", "A cat. " * 80]
    rows = ours(written)
    assert (rows == peer_ids(peer, canonical, 64)).all()
    assert rows.shape == (5, 64) and (rows[:, -1] == 1).all() and ours.pad == ours.eot == 1
    assert (rows[2] == 1).all(), "an empty text is the end alone"


def gemma(folder):
    """transformers' own tokenizer of SigLIP 2 with few pieces, saved, and what it gives."""
    tokens = [
        "<pad>",
        "<eos>",
        "<bos>",
        "<unk>",
        "<mask>",
        "\u2581",
        *"abcdefghijklmnopqrstuvwxyz0123456789.,!?'<>/",
        "at",
        "cat",
    ]
    tokens += [f"<0x{byte:02X}>" for byte in range(256)]
    vocab = {token: i for i, token in enumerate(tokens)}
    peer = Siglip2Tokenizer(vocab=vocab, merges=[("a", "t"), ("c", "at")], padding_side="right")
    ends = processors.TemplateProcessing(single="$A <eos>", special_tokens=[("<eos>", 1)])
    peer.backend_tokenizer.post_processor = ends
    peer.save_pretrained(folder)
    return peer


def test_siglip2_lowers_ends_and_pads_on_the_right(tmp_path, odd):
    peer = gemma(tmp_path)
    vocabulary = read_vocabulary(tmp_path)
    assert vocabulary is not None
    ours = siglip2(vocabulary)
    texts = TEXTS + odd
    rows = ours(texts)
    assert (rows == peer_ids(peer, texts, 64)).all()
    assert (ours.pad, ours.eot) == (0, 1) and rows[TEXTS.index("word " * 100), -1] == 1
    assert (ours(["A CAT"]) == ours(["a cat"])).all()


@pytest.mark.parametrize("clean", ["none", "repaired"])
def test_a_saved_tokenizer_says_the_same(tmp_path, clean):
    ours = clip(open_clip_vocabulary(), length=16, pad=0, clean=clean)
    ours.save(tmp_path / "tokenizer.json")
    for again in (load_tokenizer(tmp_path / "tokenizer.json"), pickle.loads(pickle.dumps(ours))):
        assert (again(TEXTS) == ours(TEXTS)).all()
        assert (again.length, again.pad, again.eot, again.vocab) == (ours.length, ours.pad, ours.eot, ours.vocab)
        assert again.to_bytes() == ours.to_bytes()


def test_half_a_surrogate_is_a_question_mark():
    ours = clip(open_clip_vocabulary(), length=8, pad=0)
    assert (ours(["\ud800"]) == ours(["?"])).all()


@pytest.mark.parametrize(
    "make, said", [(clip, r"<\|startoftext\|>"), (siglip2, "<pad> and <eos>")], ids=["clip", "siglip2"]
)
def test_another_vocabulary_is_refused_by_name(make, said):
    given = {"length": 8, "pad": 0} if make is clip else {}
    with pytest.raises(ValueError, match=said):
        make(tokenizers.Tokenizer(models.BPE()), **given)


def test_a_cut_vocabulary_is_named(tmp_path):
    (tmp_path / "tokenizer.json").write_text('{"model": ')
    with pytest.raises(ValueError, match=r"tokenizer.json is no tokenizer"):
        read_vocabulary(tmp_path)


def test_a_sentencepiece_model_alone_says_how_to_go_on(tmp_path):
    (tmp_path / "spiece.model").write_bytes(b"x")
    with pytest.raises(ValueError, match=r"spiece.model has no tokenizer.json.*save_pretrained"):
        read_vocabulary(tmp_path)
    (tmp_path / "spiece.model").unlink()
    assert read_vocabulary(tmp_path) is None
