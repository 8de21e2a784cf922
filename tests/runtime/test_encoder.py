import threading

import numpy as np
import pytest
from beartype.roar import BeartypeCallHintViolation
from PIL import Image

from sightline.runtime.load import load
from sightline.search.query import Embedder
from sightline.weights.load import load as load_torch
from sightline.weights.onnx.export import export_onnx

# the checker of the test run refuses a wrong type before our own words do
REFUSED = (TypeError, ValueError, BeartypeCallHintViolation)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><rect width="4" height="8" fill="red"/></svg>'


@pytest.fixture
def encoder(run):
    return load(run)


@pytest.fixture
def picture(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    return tmp_path / "a.png"


def test_both_engines_are_one_encoder(run, encoder, picture):
    torchs = load_torch(run, device="cpu")
    assert isinstance(encoder, Embedder)
    for name in ("identity", "name", "dim", "reads_text", "similarity"):
        assert getattr(encoder, name) == getattr(torchs, name)
    assert encoder.similarity == "sigmoid"
    assert torchs.logit_bias is not None and encoder.logit_bias == float(torchs.logit_bias)
    assert encoder.logit_scale == float(torchs.logit_scale)
    assert np.array_equal(encoder.preprocess(picture), torchs.preprocess(picture).numpy())
    texts = ["a red star", "", "🦊" * 300]
    assert np.array_equal(encoder.tokenize(texts), torchs.tokenize(texts).numpy())
    for normalize in (False, True):
        ours = encoder.encode_image([picture, SVG], normalize), encoder.encode_text(texts, normalize)
        theirs = torchs.encode_image([picture, SVG], normalize), torchs.encode_text(texts, normalize)
        for got, expected in zip(ours, theirs, strict=True):
            assert got.dtype == np.float32
            np.testing.assert_allclose(got, expected.numpy(), rtol=0, atol=1e-4)


def test_a_picture_gives_the_same_vector_in_whatever_form_it_comes(encoder, picture):
    opened = Image.open(picture)
    ready = encoder.preprocess(opened)
    one = encoder.encode_image(picture)
    assert one.shape == (1, 12)
    forms = [str(picture), picture.read_bytes(), opened, np.asarray(opened), ready, ready[None], [ready]]
    for form in [*forms, ready.astype(np.float64), np.asfortranarray(ready)]:
        np.testing.assert_allclose(encoder.encode_image(form), one, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(encoder.encode_image([picture, opened]), one.repeat(2, 0), atol=1e-6)


def test_batches_are_a_matter_of_memory_only(encoder, picture):
    many, texts = [picture, SVG] * 5, ["a", "credit card", "x" * 100] * 3
    pictures, words = encoder.encode_image(many), encoder.encode_text(texts)
    encoder.batch_size = 3
    np.testing.assert_allclose(encoder.encode_image(many), pictures, atol=1e-6)
    np.testing.assert_allclose(encoder.encode_text(texts), words, atol=1e-6)
    np.testing.assert_allclose(encoder.encode_text(encoder.tokenize(texts)), words, atol=1e-6)
    assert encoder.encode_image([]).shape == encoder.encode_text([]).shape == (0, 12)


def test_a_search_by_words_never_opens_the_image_tower(encoder):
    (encoder.image.path).unlink()
    assert encoder.encode_text("a star").shape == (1, 12)
    with pytest.raises(ValueError, match=r"image\.onnx is missing"):
        encoder.encode_image(SVG)


def test_threads_share_one_encoder(encoder):
    texts = [f"word {i}" for i in range(8)]
    expected, found = encoder.encode_text(texts), {}

    def ask(row):
        found[row] = encoder.encode_text(texts[row])[0]

    threads = [threading.Thread(target=ask, args=(row,)) for row in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_allclose(np.stack([found[row] for row in range(8)]), expected, atol=1e-6)


def test_what_is_no_picture_or_text_is_refused(encoder, picture, tmp_path):
    (tmp_path / "cut.png").write_bytes(picture.read_bytes()[:100])
    with pytest.raises(ValueError, match=r"picture 1 \(.*cut.png\) cannot be used"):
        encoder.encode_image([picture, tmp_path / "cut.png"])
    with pytest.raises(TypeError, match=r"must be preprocessed: float \(b, 3, y, x\)"):
        encoder.encode_image(np.zeros((1, 4, 16, 16), np.float32))
    with pytest.raises(ValueError, match=r"image\.onnx takes image of shape \(b, 3, 16, 16\); got \(1, 3, 20, 20\)"):
        encoder.encode_image(np.zeros((1, 3, 20, 20), np.float32))
    with pytest.raises(TypeError, match="must be an int tensor"):
        encoder.encode_text(np.zeros((2, 12)))
    with pytest.raises(TypeError, match="must be an int tensor"):
        encoder.encode_text(np.zeros((2, 12, 1), np.int64))
    with pytest.raises(REFUSED):
        encoder.encode_text([3])
    with pytest.raises(ValueError, match=r"text\.onnx cannot embed tokens"):
        encoder.encode_text(np.full((1, 4), 10_000))
    with pytest.raises(ValueError, match=r"features of a picture need the training part, pip install"):
        encoder.features(picture)


def test_an_encoder_of_pictures_only_says_so(saved, tmp_path):
    export_onnx(saved(tmp_path, text=None))
    assert sorted(p.name for p in (tmp_path / "onnx").iterdir()) == ["image.onnx", "onnx.json"]
    encoder = load(tmp_path)
    assert encoder.encode_image(SVG).shape == (1, 12) and not encoder.reads_text
    assert encoder.identity == load_torch(tmp_path).identity and encoder.similarity == "softmax"
    for call in (encoder.encode_text, encoder.tokenize):
        with pytest.raises(ValueError, match="embeds pictures only"):
            call("a")
