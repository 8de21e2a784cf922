"""transformers' SigLIP: the same vectors, tokens, similarities; texts of 64 places and no other number."""

import json

import numpy as np
import peers
import pytest
import tokenizers
import torch
from PIL import Image
from tokenizers import models, pre_tokenizers

import sightline


@pytest.fixture
def folder(tmp_path):
    peers.siglip_model(tmp_path)
    return tmp_path


def vocabulary(folder, *special):
    """tokenizer.json of whole words, special tokens first."""
    words = [*special, "<unk>", "a", "cat", "red", "A"]
    inner = tokenizers.Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    inner.add_special_tokens(list(special))
    inner.save(str(folder / "tokenizer.json"))


def test_siglip_equals_transformers(tmp_path):
    peers.check("SigLIP", tmp_path)


def test_the_scale_and_the_bias_are_the_files(folder):
    from safetensors.torch import load_file

    state, encoder = load_file(folder / "model.safetensors"), sightline.load(folder, device="cpu")
    assert encoder.logit_bias is not None
    assert (float(encoder.logit_scale), float(encoder.logit_bias)) == (
        float(state["logit_scale"]),
        float(state["logit_bias"]),
    )


@pytest.mark.parametrize("length", [16, 63, 65])
def test_a_text_of_another_length_is_refused_with_the_reason(folder, length):
    encoder = sightline.load(folder, device="cpu")
    with pytest.raises(ValueError, match="64" if length < 64 else "65 tokens reached a text tower of length 64"):
        encoder.encode_text(peers.full_ids(length=length))


def test_texts_lose_case_and_punctuation_and_are_filled_with_the_end(folder):
    vocabulary(folder, "<pad>", "</s>")
    encoder = sightline.load(folder, device="cpu")
    ids = encoder.tokenize(["A cat!", "a RED, cat"])
    assert ids.tolist() == [[3, 4] + [1] * 62, [3, 5, 4] + [1] * 61]
    torch.testing.assert_close(encoder.encode_text("A cat!"), encoder.encode_text(ids[:1]), rtol=1e-5, atol=1e-6)


def test_the_vocabulary_of_siglip_2_brings_its_rules(folder):
    """Checkpoints of SigLIP 2 for one resolution are SiglipModels; their texts are padded with 0 and keep signs."""
    vocabulary(folder, "<pad>", "<eos>")
    ids = sightline.load(folder, device="cpu").tokenize(["A cat", "a cat!"])
    assert ids.tolist() == [[3, 4, 1] + [0] * 61, [3, 4, 2, 1] + [0] * 60]


def test_without_a_head_the_mean_of_the_tokens_stands_for_the_picture(tmp_path):
    from transformers import SiglipVisionConfig, SiglipVisionModel

    peers.quiet()
    peer = peers.randomise(SiglipVisionModel(SiglipVisionConfig(**peers.VISION, vision_use_head=False)))
    peer.save_pretrained(tmp_path)
    encoder, images = sightline.load(tmp_path, device="cpu"), peers.pictures()
    with torch.no_grad():
        tokens = peer(images).last_hidden_state
    assert peers.apart(tokens, encoder.features(images).tokens) < 1e-5
    assert peers.apart(tokens.mean(1), encoder.encode_image(images)) < 1e-5


def test_pictures_are_squashed_as_the_folder_says(folder):
    from transformers import SiglipImageProcessorPil

    peer = SiglipImageProcessorPil(size={"height": 32, "width": 32})
    peer.save_pretrained(folder)
    encoder = sightline.load(folder, device="cpu")
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (50, 70, 3), dtype=np.uint8))
    theirs = torch.as_tensor(np.asarray(peer(picture)["pixel_values"][0]))
    assert torch.allclose(encoder.preprocess(picture), theirs, atol=1e-5)


@pytest.mark.parametrize(
    "part, changes, said",
    [
        ("text_config", {"projection_size": 32}, "pictures get vectors of 64 .* texts of 32"),
        ("vision_config", {"layer_norm_eps": 1e-5}, "layer_norm_eps is 1e-05"),
        ("text_config", {"max_position_embeddings": 32}, r"\(64, 64\) instead of \(32, 64\): .*position_embedding"),
        ("vision_config", {"vision_use_head": False}, "extra: vision_model.head.attention.in_proj_bias"),
    ],
)
def test_a_config_that_disagrees_is_refused(folder, part, changes, said):
    path = folder / "config.json"
    config = json.loads(path.read_text())
    config[part] |= changes
    path.write_text(json.dumps(config))
    with pytest.raises(ValueError, match=said):
        sightline.load(folder, device="cpu")


def test_a_picture_of_one_patch_has_its_own_vector_as_patch(folder):
    """SigLIP pools by attention, whose values and MLP a patch goes through as the picture does."""
    encoder, images = sightline.load(folder, device="cpu"), peers.pictures(size=(8, 8))
    picture, patches = encoder.encode_image(images, normalize=True), encoder.encode_patches(images, normalize=True)
    torch.testing.assert_close(patches, picture[:, None], rtol=1e-5, atol=1e-5)
    many = encoder.encode_patches(peers.pictures())
    tokens = encoder.features(peers.pictures()).tokens
    assert many.shape == tokens.shape and not torch.allclose(many, tokens, atol=0.1)
