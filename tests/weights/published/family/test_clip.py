"""transformers' CLIP: the same vectors, tokens, similarities and ids; every layout it was ever written in."""

import json

import numpy as np
import peers
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

import sightline


@pytest.fixture
def folder(tmp_path):
    peers.clip_model(tmp_path)
    return tmp_path


def config(folder, **changes):
    path = folder / "config.json"
    said = json.loads(path.read_text())
    said |= {k: v for k, v in changes.items() if not isinstance(v, dict)}
    for part, values in changes.items():
        if isinstance(values, dict):
            said[part] = (said.get(part) or {}) | values
    path.write_text(json.dumps(said))


def vectors(where):
    encoder = sightline.load(where, device="cpu")
    return encoder.encode_image(peers.pictures()), encoder.encode_text(peers.clip_ids())


def same(left, right):
    return all(torch.allclose(a, b, rtol=1e-5, atol=1e-6) for a, b in zip(left, right, strict=True))


def test_clip_equals_transformers(tmp_path):
    peers.check("CLIP", tmp_path)


@pytest.mark.parametrize("act", ["gelu", "gelu_pytorch_tanh", "quick_gelu"])
def test_the_activation_is_the_configs(tmp_path, act):
    assert max(peers.clip_model(tmp_path, act=act).values()) < 1e-5


def test_configs_of_before_the_end_token_read_at_the_largest_id(tmp_path):
    assert max(peers.clip_model(tmp_path, eos=2).values()) < 1e-5


def test_the_activations_differ_enough_for_that_to_mean_something(folder):
    before = vectors(folder)
    config(folder, vision_config={"hidden_act": "gelu"}, text_config={"hidden_act": "gelu"})
    assert not any(torch.allclose(a, b, atol=1e-4) for a, b in zip(before, vectors(folder), strict=True))


def test_older_layouts_read_the_same(folder):
    """position_ids among the weights; the whole in torch's own format; shards; names under vision_model for a half."""
    before, path = vectors(folder), folder / "model.safetensors"
    state = load_file(path)
    save_file(state | {"vision_model.embeddings.position_ids": torch.arange(17)[None]}, path)
    assert same(before, vectors(folder))
    path.unlink()
    torch.save(state, folder / "pytorch_model.bin")
    assert same(before, vectors(folder))
    (folder / "pytorch_model.bin").unlink()
    names = {key: f"model-{i % 2}.safetensors" for i, key in enumerate(state)}
    for file in set(names.values()):
        save_file({key: state[key] for key in names if names[key] == file}, folder / file)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": names}))
    assert same(before, vectors(folder))


def test_a_lone_tower_under_its_old_name_reads_the_same(tmp_path):
    peers.clip_vision(tmp_path)
    folder = tmp_path / "bare"
    before = sightline.load(folder, device="cpu").encode_image(peers.pictures())
    path = folder / "model.safetensors"
    save_file({f"vision_model.{key}": value for key, value in load_file(path).items()}, path)
    torch.testing.assert_close(
        before, sightline.load(folder, device="cpu").encode_image(peers.pictures()), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("kind, tolerance", [(torch.float16, 0.02), (torch.bfloat16, 0.2)])
def test_half_precision_files_become_float32(folder, kind, tolerance):
    before, path = vectors(folder), folder / "model.safetensors"
    save_file({key: value.to(kind) for key, value in load_file(path).items()}, path)
    encoder = sightline.load(folder, device="cpu")
    assert {p.dtype for p in encoder.model.parameters()} == {torch.float32}
    assert all(torch.allclose(a, b, atol=tolerance) for a, b in zip(before, vectors(folder), strict=True))


def test_what_a_config_leaves_out_is_the_default_of_transformers(folder):
    """OpenAI's own folders hold little; older ones hold it in text_config_dict."""
    before, path = vectors(folder), folder / "config.json"
    said = json.loads(path.read_text())
    from transformers import CLIPTextConfig, CLIPVisionConfig

    for part, kind in (("text_config", CLIPTextConfig), ("vision_config", CLIPVisionConfig)):
        plain = kind().to_dict()
        said[f"{part}_dict"] = {k: v for k, v in said[part].items() if k != "model_type" and plain.get(k) != v}
        said[part] = {"model_type": said[part]["model_type"]}
    path.write_text(json.dumps(said))
    assert same(before, vectors(folder))


def test_texts_go_through_the_tokenizer_of_the_folder(folder):
    from transformers import CLIPTokenizer

    letters = [*"abcdefghijklmnopqrstuvwxyz", *(f"{x}</w>" for x in "abcdefghijklmnopqrstuvwxyz")]
    vocab = {token: i for i, token in enumerate([*letters, "a b</w>", "<|startoftext|>", "<|endoftext|>"])}
    while len(vocab) < 60:
        vocab[f"<{len(vocab)}>"] = len(vocab)
    peer = CLIPTokenizer(vocab=vocab, merges=[])
    peer.save_pretrained(folder)
    config(folder, text_config={"eos_token_id": peer.eos_token_id})
    encoder = sightline.load(folder, device="cpu")
    texts = ["A cat", "two   dogs and a very long tail of words"]
    ids = peer(texts, padding="max_length", truncation=True, max_length=12, return_tensors="pt").input_ids
    assert torch.equal(encoder.tokenize(texts), ids)
    torch.testing.assert_close(encoder.encode_text(texts), encoder.encode_text(ids), rtol=1e-5, atol=1e-6)


def test_texts_without_a_tokenizer_are_refused_and_ids_are_not(folder):
    encoder = sightline.load(folder, device="cpu")
    with pytest.raises(ValueError, match="no tokenizer beside its weights: give token ids"):
        encoder.encode_text(["a cat"])
    assert not encoder.reads_text and encoder.encode_text(peers.clip_ids()).shape == (4, 48)


def test_pictures_are_prepared_as_the_folder_says(folder):
    from transformers import CLIPImageProcessorPil

    size = {"shortest_edge": 40}
    peer = CLIPImageProcessorPil(size=size, crop_size={"height": 32, "width": 32}, image_mean=[0.4, 0.5, 0.6])
    peer.save_pretrained(folder)
    encoder = sightline.load(folder, device="cpu")
    draw = np.random.default_rng(0)
    for shape in ((50, 70, 3), (64, 33, 3), (20, 30, 3)):
        picture = Image.fromarray(draw.integers(0, 256, shape, dtype=np.uint8))
        theirs = torch.as_tensor(np.asarray(peer(picture)["pixel_values"][0]))
        assert torch.allclose(encoder.preprocess(picture), theirs, atol=1e-5)


def test_without_a_file_pictures_are_prepared_as_clip_does(folder):
    rule = sightline.load(folder, device="cpu").rule
    assert (rule.size, rule.resize, rule.interpolation) == (32, "crop", "bicubic")
    assert rule.mean == (0.48145466, 0.4578275, 0.40821073) and rule.std == (0.26862954, 0.26130258, 0.27577711)


@pytest.mark.parametrize(
    "changes, said",
    [
        (
            {"vision_config": {"hidden_size": 32}},
            r"shape \(64,\) instead of \(32,\): vision_model.embeddings.class_embedding",
        ),
        (
            {"vision_config": {"patch_size": 16}},
            r"instead of \(64, 3, 16, 16\): vision_model.embeddings.patch_embedding.weight",
        ),
        ({"vision_config": {"image_size": 64}}, r"\(17, 64\) instead of \(65, 64\): .*position_embedding.weight"),
        ({"vision_config": {"num_hidden_layers": 3}}, r"missing: vision_model.encoder.layers.2.layer_norm1.bias"),
        ({"text_config": {"num_hidden_layers": 1}}, r"extra: text_model.encoder.layers.1.layer_norm1.bias"),
        ({"text_config": {"vocab_size": 99}}, r"\(60, 64\) instead of \(99, 64\): .*token_embedding.weight"),
        ({"projection_dim": 7}, r"instead of \(7, 64\): text_projection.weight"),
        ({"vision_config": {"hidden_act": "mish"}}, "hidden_act is 'mish'; known are gelu"),
        ({"vision_config": {"image_size": [32, 64]}}, r"image_size is \[32, 64\].*square"),
        ({"vision_config": {"num_attention_heads": 5}}, "width 64 cannot have 5 heads"),
    ],
)
def test_a_config_that_disagrees_with_the_weights_is_refused(folder, changes, said):
    config(folder, **changes)
    with pytest.raises(ValueError, match=said) as told:
        sightline.load(folder, device="cpu")
    assert "config.json with model.safetensors" in str(told.value)


def test_half_a_model_says_what_it_cannot_do(tmp_path):
    peers.clip_vision(tmp_path / "eyes")
    peers.clip_text(tmp_path / "words")
    eyes = sightline.load(tmp_path / "eyes" / "bare", device="cpu")
    words = sightline.load(tmp_path / "words" / "bare", device="cpu")
    assert not eyes.reads_text and eyes.sees and not words.sees
    with pytest.raises(ValueError, match="embeds pictures only"):
        eyes.encode_text(["a cat"])
    with pytest.raises(ValueError, match="embeds texts only: it has no image tower"):
        words.encode_image(peers.pictures())


def test_the_name_is_what_was_typed_and_the_identity_what_was_read(folder):
    first, again = sightline.load(f"local-dir:{folder}", device="cpu"), sightline.load(folder, device="cpu")
    assert first.name == f"local-dir:{folder}" and first.identity == again.identity
    config(folder, vision_config={"hidden_act": "gelu"})
    other_rules = sightline.load(folder, device="cpu").identity
    path = folder / "model.safetensors"
    state = load_file(path)
    state["logit_scale"] += 1
    save_file(state, path)
    assert len({first.identity, other_rules, sightline.load(folder, device="cpu").identity}) == 3


def test_weight_decay_still_knows_its_parameters(folder):
    from sightline.nn.tag import decayed

    names = decayed(sightline.load(folder, device="cpu").model)
    assert "image.stack.blocks.0.attn.qkv.weight" in names
    assert not {"image.prefix", "image.position.weight", "text.position"} & names


def test_words_added_to_the_vocabulary_do_not_move_the_end(tmp_path):
    """Textual inversion adds tokens after the end token; "the largest id", as old configs say, would be one of them."""
    from transformers import CLIPTokenizer

    peers.clip_model(tmp_path, eos=2)
    letters = [*"abcdefghijklmnopqrstuvwxyz", *(f"{x}</w>" for x in "abcdefghijklmnopqrstuvwxyz")]
    tokens = [*letters, "<|startoftext|>", "<|endoftext|>"]
    peer = CLIPTokenizer(vocab={token: i for i, token in enumerate(tokens)}, merges=[])
    peer.add_tokens(["<mine>"])
    peer.save_pretrained(tmp_path)
    encoder = sightline.load(tmp_path, device="cpu")
    ids = encoder.tokenize(["a <mine> cat"])
    end = tokens.index("<|endoftext|>")
    assert end in ids[0] and int(ids.max()) > end
    with torch.no_grad():
        state = encoder.model.text
        again = state.stack(state.embed(ids) + state.position, mask=state.reading.mask(state.position[None]))
    place = ids[0].tolist().index(end)
    assert torch.allclose(encoder.encode_text(ids), encoder.model.project_text(again[:, place]), atol=1e-6)


def test_a_processor_of_transformers_5_is_one_file(folder):
    from transformers import CLIPImageProcessorPil

    said = CLIPImageProcessorPil(image_mean=[0.1, 0.2, 0.3]).to_dict()
    (folder / "processor_config.json").write_text(
        json.dumps({"image_processor": said, "processor_class": "CLIPProcessor"})
    )
    assert sightline.load(folder, device="cpu").rule.mean == (0.1, 0.2, 0.3)


@pytest.mark.parametrize(
    "said, reason",
    [
        ({"do_normalize": False}, "do_normalize is off"),
        ({"rescale_factor": 1.0}, "rescale_factor is 1.0"),
        ({"resample": 0}, "resample is 0; known are"),
    ],
)
def test_a_preparation_that_we_do_not_do_is_refused(folder, said, reason):
    (folder / "preprocessor_config.json").write_text(json.dumps(said))
    with pytest.raises(ValueError, match=f"preprocessor_config.json: {reason}"):
        sightline.load(folder, device="cpu")
