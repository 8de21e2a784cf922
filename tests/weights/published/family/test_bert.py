"""transformers' BERT pooled as sentence-transformers does: the same vectors and ids, what cannot be is refused."""

import json
import random

import numpy as np
import peers
import peers_bert
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import BertModel, BertTokenizer

import sightline
from sightline.towers.spec import FirstToken, MeanToken
from sightline.weights.published.checkpoint import read
from sightline.weights.published.family import bert
from sightline.weights.published.keymap import write

PIECES = "[PAD] [UNK] [CLS] [SEP] [MASK] red star ##s blue a ##b ##c caf ##e é naive 日 本 , : ! query ##123 2 the"
TEXTS = ["red stars, blue!", "RED  Café\tcafé", "日本 naïve", "abc " * 20, "", "the [SEP] star", "query: red", "xyz"]


@pytest.fixture
def folder(tmp_path):
    peers_bert.bert(tmp_path)
    peers_bert.sentence_files(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def odd():
    draw = random.Random(3)
    return ["".join(draw.choices("redstarbluc éÉ日,:!2\t\u200b", k=draw.randint(0, 40))) for _ in range(200)]


def vectors(where, ids=None):
    return sightline.load(where, device="cpu").encode_text(peers_bert.bert_ids() if ids is None else ids)


def vocabulary(folder, **settings):
    """vocab.txt and the settings of a BertTokenizer in `folder`, and transformers' own of them."""
    (folder / "vocab.txt").write_text("\n".join(PIECES.split()) + "\n", encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps(settings | {"tokenizer_class": "BertTokenizer"}))
    return BertTokenizer.from_pretrained(folder)


def peer_ids(peer, texts, length=12):
    return np.array(peer(list(texts), padding="max_length", truncation=True, max_length=length)["input_ids"])


@pytest.mark.parametrize("family", ["BERT", "ELECTRA"])
def test_it_equals_transformers(family, tmp_path):
    peers.check(family, tmp_path)


def test_padding_changes_nothing(folder):
    ids = peers_bert.bert_ids()[:1]
    torch.testing.assert_close(vectors(folder, ids[:, :3]), vectors(folder, ids), rtol=1e-5, atol=1e-6)


def test_the_rules_backwards_write_what_transformers_reads(folder, tmp_path):
    what, ids = read(folder), peers_bert.bert_ids()
    theirs = write(bert.rules(what.towers, {}), what.tensors)
    peer = BertModel.from_pretrained(folder, add_pooling_layer=False).eval()
    before = peers_bert.pooled(peer, ids, "mean")
    assert theirs.keys() == peer.state_dict().keys()
    peer.load_state_dict(theirs)
    assert peers.apart(before, peers_bert.pooled(peer, ids, "mean")) < 1e-6
    save_file({name: x.contiguous() for name, x in theirs.items()}, folder / "model.safetensors")
    again = read(folder)
    assert again.towers == what.towers
    assert all(torch.equal(again.tensors[name], x) for name, x in what.tensors.items())


def test_the_names_of_norms_in_berts_first_files_are_read(folder):
    before = vectors(folder)
    old = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}
    named = {}
    for name, value in load_file(folder / "model.safetensors").items():
        end = next((end for end in old if name.endswith(end)), "")
        named[f"bert.{name.removesuffix(end)}{old.get(end, '')}"] = value
    save_file(named | {"bert.embeddings.position_ids": torch.arange(12)}, folder / "model.safetensors")
    assert torch.equal(vectors(folder), before)


def test_it_reads_text_only_and_says_what_it_took_for_granted(folder):
    encoder = sightline.load(folder, device="cpu")
    assert encoder.capabilities == ("reads_text",) and not encoder.sees and encoder.notes == ()
    with pytest.raises(ValueError, match="embeds texts only: it has no image tower"):
        encoder.encode_image(np.zeros((8, 8, 3), np.uint8))
    (folder / "modules.json").unlink()
    assert "their mean is taken" in sightline.load(folder, device="cpu").notes[0]


@pytest.mark.parametrize(
    ("pooling", "expected"),
    [("mean", MeanToken()), ("cls_token", FirstToken()), (["mean"], MeanToken()), ("mean_tokens", MeanToken())],
)
def test_the_pooling_is_that_of_modules_json(folder, pooling, expected):
    peers_bert.sentence_files(folder, pooling)
    assert read(folder).towers.text.pool == expected


def test_older_folders_keep_the_transformer_one_below(tmp_path):
    peer, ids = peers_bert.bert(tmp_path / "0_Transformer"), peers_bert.bert_ids()
    peers_bert.sentence_files(tmp_path, "cls_token", inner="0_Transformer")
    assert peers.apart(peers_bert.pooled(peer, ids, "cls"), vectors(f"local-dir:{tmp_path}")) < 1e-5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"position_embedding_type": "relative_key"}, "position_embedding_type is 'relative_key'"),
        ({"is_decoder": True}, "read from left to right"),
        ({"hidden_act": "mish"}, "hidden_act is 'mish'; known are gelu"),
        ({"num_hidden_layers": 3}, "missing: encoder.layer.2.attention.output.LayerNorm.bias"),
    ],
)
def test_what_a_config_asks_and_ours_cannot_is_refused(folder, change, message):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ValueError, match=message):
        sightline.load(folder, device="cpu")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"pooling": "max"}, "pooled by max; towers of ours pool by one of mean, cls"),
        ({"pooling": ["mean_tokens", "max_tokens"]}, "pooled by mean and max"),
        ({"modules": [{"type": "a.Transformer", "path": ""}, {"type": "b.Dense", "path": "2"}]}, "has a step Dense"),
        ({"modules": []}, "lists no modules"),
        ({"modules": {}}, "holds no JSON list"),
    ],
)
def test_steps_and_poolings_that_ours_has_not_are_refused(folder, files, message):
    peers_bert.sentence_files(folder, **files)
    with pytest.raises(ValueError, match=message):
        sightline.load(folder, device="cpu")


@pytest.mark.parametrize(
    "settings",
    [{}, {"do_lower_case": False}, {"do_lower_case": False, "strip_accents": True}, {"tokenize_chinese_chars": False}],
    ids=str,
)
@pytest.mark.parametrize("form", ["vocab.txt", "tokenizer.json"])
def test_texts_become_the_ids_of_transformers_own_tokenizer(folder, odd, settings, form):
    peer = vocabulary(folder, **settings)
    if form == "tokenizer.json":
        peer.save_pretrained(folder)
        (folder / "vocab.txt").unlink(missing_ok=True)
    encoder = sightline.load(folder, device="cpu")
    for texts in (TEXTS, odd):
        assert np.array_equal(encoder.tokenize(texts).numpy(), peer_ids(peer, texts))
    real = encoder.tokenize(TEXTS) != 0
    assert not real.all() and real.any(1).all()


def test_the_length_is_what_sentence_transformers_says_and_what_there_is_room_for(folder):
    lengths = []
    vocabulary(folder, model_max_length=9)
    lengths.append(sightline.load(folder, device="cpu").tokenizer.length)
    for most in (7, 100, None):
        peers_bert.sentence_files(folder, sentence_bert_config={"max_seq_length": most})
        lengths.append(sightline.load(folder, device="cpu").tokenizer.length)
    assert lengths == [9, 7, 12, 9]


def test_sentence_transformers_lower_case_is_kept(folder):
    peer = vocabulary(folder, do_lower_case=False)
    peers_bert.sentence_files(folder, sentence_bert_config={"do_lower_case": True})
    ids = sightline.load(folder, device="cpu").tokenize(["RED Star"])
    assert np.array_equal(ids.numpy(), peer_ids(peer, ["red star"]))


def test_a_default_prompt_stands_before_every_text(folder):
    peer = vocabulary(folder)
    said = {"prompts": {"query": "query: ", "other": "the "}, "default_prompt_name": "query"}
    peers_bert.sentence_files(folder, config_sentence_transformers=said)
    ids = sightline.load(folder, device="cpu").tokenize(TEXTS)
    assert np.array_equal(ids.numpy(), peer_ids(peer, [f"query: {text}" for text in TEXTS]))
    peers_bert.sentence_files(folder, config_sentence_transformers=said | {"default_prompt_name": None})
    assert np.array_equal(sightline.load(folder, device="cpu").tokenize(TEXTS).numpy(), peer_ids(peer, TEXTS))


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"prompts": {"a": "the"}, "default_prompt_name": "a"}, "the prompt 'the' runs into the text"),
        ({"prompts": {"a": "the "}, "default_prompt_name": "b"}, "default_prompt_name is 'b', and prompts are a"),
    ],
)
def test_a_prompt_that_cannot_be_is_refused(folder, said, message):
    vocabulary(folder)
    peers_bert.sentence_files(folder, config_sentence_transformers=said)
    with pytest.raises(ValueError, match=message):
        sightline.load(folder, device="cpu")


def test_padding_is_the_tokenizers(folder):
    """Multilingual BERTs have another model's vocabulary, whose padding is another id than the config's."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    words = Tokenizer(models.WordLevel({w: i for i, w in enumerate(["<s>", "<pad>", "</s>", "red"])}, "<pad>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    words.add_special_tokens(["<s>", "<pad>", "</s>"])
    ends = [("<s>", 0), ("</s>", 2)]
    words.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=ends)
    words.save(str(folder / "tokenizer.json"))
    (folder / "special_tokens_map.json").write_text(json.dumps({"pad_token": {"content": "<pad>"}}))
    encoder = sightline.load(folder, device="cpu")
    assert encoder.tokenize("red").tolist() == [[0, 3, 2] + [1] * 9] and encoder.model.text.pad == 1
    torch.testing.assert_close(encoder.encode_text("red"), encoder.encode_text(torch.tensor([[0, 3, 2]])))


def test_a_folder_without_a_vocabulary_reads_ids_alone(folder):
    with pytest.raises(ValueError, match="has no tokenizer beside its weights"):
        sightline.load(folder, device="cpu").encode_text("red")
