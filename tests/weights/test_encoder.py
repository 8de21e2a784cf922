import numpy as np
import pytest
import torch
from beartype.roar import BeartypeCallHintViolation
from PIL import Image

from sightline.methods.image_text.clip import CLIP
from sightline.weights.encoder import TorchEncoder
from sightline.weights.load import load
from sightline.weights.run_folder.run import save_encoder

# the checker of the test run refuses a wrong type before our own words do
REFUSED = (TypeError, ValueError, BeartypeCallHintViolation)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><rect width="4" height="8" fill="red"/></svg>'


@pytest.fixture
def encoder(run):
    return load(run, device="cpu")


@pytest.fixture
def picture(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    return tmp_path / "a.png"


def test_a_picture_gives_the_same_vector_in_whatever_form_it_comes(encoder, picture):
    opened = Image.open(picture)
    forms = [picture, str(picture), picture.read_bytes(), opened, np.asarray(opened), encoder.preprocess(opened)]
    one = encoder.encode_image(forms[0])
    assert one.shape == (1, 16)
    for form in forms:
        torch.testing.assert_close(encoder.encode_image(form), one, rtol=1e-5, atol=1e-6)
        if form is not forms[-1]:
            torch.testing.assert_close(encoder.encode_image([form, form]), one.expand(2, 16))
    torch.testing.assert_close(
        encoder.encode_image(encoder.preprocess(opened)[None].numpy()), one, rtol=1e-5, atol=1e-6
    )
    torch.testing.assert_close(encoder.encode_image([encoder.preprocess(opened)] * 2), one.expand(2, 16))


def test_batches_are_a_matter_of_memory_only(encoder, picture):
    many = [picture, SVG] * 5
    whole = encoder.encode_image(many)
    encoder.batch_size = 3
    torch.testing.assert_close(encoder.encode_image(many), whole)
    torch.testing.assert_close(encoder.encode_text(["a"] * 7), encoder.encode_text("a").expand(7, 16))
    assert encoder.encode_image([]).shape == encoder.encode_text([]).shape == (0, 16)


def test_normalize_divides_by_the_length(encoder, picture):
    plain, unit = encoder.encode_image(picture), encoder.encode_image(picture, normalize=True)
    torch.testing.assert_close(unit, plain / plain.norm())
    plain, unit = encoder.encode_text("a"), encoder.encode_text("a", normalize=True)
    torch.testing.assert_close(unit, plain / plain.norm())


def test_texts_may_be_tokens_long_or_emoji(encoder):
    texts = ["a red star", "x" * 10_000, "🦊" * 300, ""]
    vectors = encoder.encode_text(texts)
    assert vectors.isfinite().all()
    tokens = encoder.tokenize(texts)
    assert tokens.dtype == torch.int64 and tokens.shape == (4, 12)
    torch.testing.assert_close(encoder.encode_text(tokens), vectors)
    with pytest.raises(REFUSED):
        encoder.encode_text([3])
    with pytest.raises(TypeError, match="must be an int tensor"):
        encoder.encode_text(torch.zeros(2, 12))


def test_features_are_the_towers_and_patches_go_through_the_projection(encoder, picture):
    features = encoder.features([picture, SVG])
    assert features.pooled.shape == (2, 16) and features.tokens.shape == (2, 4, 16) and features.grid == (2, 2)
    pixels = torch.stack([encoder.preprocess(picture), encoder.preprocess(SVG)])
    with torch.no_grad():
        torch.testing.assert_close(features.tokens, encoder.model.image(pixels).tokens)
        expected = encoder.model.project_image(features.tokens)
    torch.testing.assert_close(encoder.encode_patches([picture, SVG]), expected)
    norms = encoder.encode_patches(SVG, normalize=True).norm(dim=-1)
    torch.testing.assert_close(norms, torch.ones(1, 4))


def test_patches_of_another_width_than_the_projection_are_refused(encoder, picture):
    encoder.model.project_image = torch.nn.Linear(24, 16)
    with pytest.raises(ValueError, match="no patch vectors in the joint space: its tokens are 16 wide"):
        encoder.encode_patches(picture)


def test_an_encoder_without_a_text_tower_says_so(made, tmp_path):
    model, described = made()
    model.text, model.project_text = None, torch.nn.Identity()
    save_encoder(tmp_path / "mute", model, **described | {"text_spec": None, "tokenizer": None})
    encoder = load(tmp_path / "mute")
    assert encoder.encode_image(SVG).shape == (1, 16) and not encoder.reads_text
    for call in (encoder.encode_text, encoder.tokenize):
        with pytest.raises(ValueError, match="embeds pictures only"):
            call("a")
    with pytest.raises(ValueError, match="a part that reads words"):
        save_encoder(tmp_path / "half", model, **described | {"text_spec": None})


def test_a_picture_that_cannot_be_used_is_named(encoder, tmp_path, picture):
    (tmp_path / "cut.png").write_bytes(picture.read_bytes()[:100])
    with pytest.raises(ValueError, match=r"picture 1 \(.*cut.png\) cannot be used"):
        encoder.encode_image([picture, tmp_path / "cut.png"])
    with pytest.raises(ValueError, match=r"picture 0 \(.*gone.png\)"):
        encoder.encode_image(tmp_path / "gone.png")
    with pytest.raises(TypeError, match="must be preprocessed"):
        encoder.encode_image(torch.zeros(1, 3, 16, 16, dtype=torch.uint8))
    with pytest.raises(TypeError, match=r"float \(b, 3, y, x\)"):
        encoder.encode_image(torch.zeros(1, 4, 16, 16))


def test_a_probe_can_be_trained_on_what_comes_back(encoder, picture):
    head = torch.nn.Linear(16, 2)
    (head(encoder.encode_image(picture)).sum() + head(encoder.encode_patches(picture)).sum()).backward()
    assert head.weight.grad is not None and not encoder.encode_text("a").requires_grad


def test_bfloat16_is_asked_for_and_returns_float32_close_by(run, encoder, picture):
    half = load(run, device="cpu", precision="bfloat16")
    got = half.encode_image(picture, normalize=True)
    assert got.dtype == torch.float32
    assert float((got * encoder.encode_image(picture, normalize=True)).sum()) > 0.99
    with pytest.raises(REFUSED):
        load(run, precision="int8")


def test_a_method_in_training_can_be_used_without_saving(made):
    model, described = made("resnet", CLIP)
    encoder = TorchEncoder(model, preprocess=described["preprocess"], tokenizer=described["tokenizer"], dim=16)
    assert encoder.encode_image(SVG).shape == encoder.encode_text("a").shape == (1, 16)
    assert encoder.reads_text and encoder.identity == ""
