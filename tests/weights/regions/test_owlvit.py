"""OWL-ViT of transformers answers through the adapter as by its own forward and post-processing, to the bit."""

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import importlib.util

import numpy as np
import pytest
import torch
import transformers
from PIL import Image

from sightline.weights.regions.named import detector_of
from sightline.weights.regions.owlvit import OwlViT

LETTERS = "abcdefghijklmnopqrstuvwxyz"
VOCAB = [*LETTERS, *(f"{letter}</w>" for letter in LETTERS), "<|startoftext|>", "<|endoftext|>"]
WORDS = {"vocab_size": len(VOCAB), "bos_token_id": 52, "eos_token_id": 53, "pad_token_id": 53}
SIZES = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
PHRASES = ["red star", "a gear of many more letters than there are places", "x"]


def saved(folder, kind):
    """A peer of random weights, saved as its own save_pretrained does."""
    torch.manual_seed(0)
    config = getattr(transformers, f"{kind}Config")(
        text_config={**SIZES, **WORDS, "max_position_embeddings": 16},
        vision_config={**SIZES, "image_size": 32, "patch_size": 8},
        projection_dim=16,
    )
    model = getattr(transformers, f"{kind}ForObjectDetection")(config).eval()
    with torch.no_grad():
        for value in model.parameters():
            value.add_(0.3 * torch.randn_like(value))
    tokenizer = transformers.CLIPTokenizer(
        vocab={word: number for number, word in enumerate(VOCAB)}, merges=[], model_max_length=16
    )
    images = getattr(transformers, f"{kind}ImageProcessor")(size={"height": 32, "width": 32})
    processor = getattr(transformers, f"{kind}Processor")(images, tokenizer)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return model, processor


@pytest.fixture(params=["OwlViT", "Owlv2"])
def peer(request, tmp_path):
    return tmp_path, *saved(tmp_path, request.param)


def picture(width=50, height=30):
    return Image.fromarray(np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8))


def test_boxes_and_scores_are_the_peers_own(peer):
    folder, model, processor = peer
    detector = detector_of(f"local-dir:{folder}", device="cpu")
    assert isinstance(detector, OwlViT) and detector.least == 0.3
    given = processor(images=picture(), text=[PHRASES], truncation=True, return_tensors="pt")
    with torch.no_grad():
        out = model(**given)
    for threshold in (0.0, 0.3, 0.5):
        (own,) = processor.image_processor.post_process_object_detection(out, threshold, target_sizes=[(30, 50)])
        boxes, scores, labels = (own[key].numpy() for key in ("boxes", "scores", "labels"))
        seen = 0
        for number, found in enumerate(detector.detect(picture(), PHRASES)):
            taken = found.scores > threshold
            mine = boxes[labels == number]
            assert (found.scores[taken] == scores[labels == number]).all()
            np.testing.assert_array_equal(found.boxes[taken], np.c_[mine[:, :2], mine[:, 2:] - mine[:, :2]])
            seen += taken.sum()
        assert seen == len(scores)
        assert seen or threshold


def test_a_picture_with_alpha_is_seen_on_what_shows_it(peer):
    detector = detector_of(peer[0], device="cpu")
    clear = picture().convert("RGBA")
    for one, other in zip(detector.detect(clear, ["x"]), detector.detect(picture(), ["x"]), strict=True):
        np.testing.assert_array_equal(one.scores, other.scores)


def test_its_identity_is_that_of_its_files(tmp_path):
    saved(tmp_path / "a", "OwlViT")
    saved(tmp_path / "b", "OwlViT")
    one, other = detector_of(tmp_path / "a", "cpu"), detector_of(f"transformers:{tmp_path / 'b'}", "cpu")
    assert one.identity == other.identity != ""
    (tmp_path / "b" / "config.json").write_text((tmp_path / "b" / "config.json").read_text() + "\n")
    assert detector_of(tmp_path / "b", "cpu").identity != one.identity


def test_what_cannot_be_read_is_said_in_one_line(tmp_path, monkeypatch):
    (tmp_path / "config.json").write_text('{"model_type": "owlvit"}')
    with pytest.raises(ValueError, match="cannot be read by transformers .*save_pretrained"):
        detector_of(tmp_path)
    monkeypatch.setattr(
        "sightline.weights.regions.owlvit.find_spec", lambda name: None if name == "transformers" else importlib.util
    )
    with pytest.raises(ValueError, match="needs transformers: pip install transformers"):
        detector_of(f"local-dir:{tmp_path}")
