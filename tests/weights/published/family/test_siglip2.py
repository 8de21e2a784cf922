"""transformers' SigLIP 2 NaFlex: pictures of any aspect ratio, several in a batch, from patches and from files."""

import numpy as np
import peers
import pytest
import torch
from PIL import Image
from torch.utils.data import default_collate

import sightline
from sightline.towers.naflex import Patches


@pytest.fixture
def folder(tmp_path):
    peers.siglip2_model(tmp_path)
    return tmp_path


def photographs():
    draw = np.random.default_rng(0)
    shapes = ((50, 70), (64, 33), (20, 90), (40, 40))
    return [Image.fromarray(draw.integers(0, 256, (*shape, 3), dtype=np.uint8)) for shape in shapes]


def test_siglip2_equals_transformers(tmp_path):
    peers.check("SigLIP 2 NaFlex", tmp_path)


def test_pictures_are_cut_as_transformers_cuts_them(folder):
    from transformers import Siglip2ImageProcessorPil, Siglip2Model

    processor = Siglip2ImageProcessorPil(patch_size=8, max_num_patches=30)
    processor.save_pretrained(folder)
    encoder, pictures = sightline.load(folder, device="cpu"), photographs()
    theirs = processor(pictures, return_tensors="pt")
    ours = default_collate([encoder.preprocess(picture) for picture in pictures])
    assert torch.equal(ours.grid, theirs["spatial_shapes"]) and torch.equal(
        ours.mask, theirs["pixel_attention_mask"] > 0
    )
    assert torch.allclose(ours.patches, theirs["pixel_values"], atol=1e-5)
    with torch.no_grad():
        vectors = Siglip2Model.from_pretrained(folder).get_image_features(**theirs).pooler_output
    assert peers.apart(vectors, encoder.encode_image(pictures)) < 1e-5
    torch.testing.assert_close(encoder.encode_image(ours), encoder.encode_image(pictures), rtol=1e-5, atol=1e-6)


def test_files_arrays_and_one_picture_are_read_alike(folder, tmp_path):
    encoder, picture = sightline.load(folder, device="cpu"), photographs()[0]
    picture.save(tmp_path / "a.png")
    whole = encoder.encode_image(picture)
    assert whole.shape == (1, 64)
    for form in (tmp_path / "a.png", [str(tmp_path / "a.png")], np.asarray(picture), (tmp_path / "a.png").read_bytes()):
        torch.testing.assert_close(encoder.encode_image(form), whole, rtol=1e-5, atol=1e-6)


def test_a_tensor_of_pictures_is_cut_without_resizing(folder):
    encoder, images = sightline.load(folder, device="cpu"), peers.pictures(size=(16, 40))
    features = encoder.features(images)
    assert features.tokens.shape == (3, 10, 64) and features.grid.tolist() == [[2, 5]] * 3
    with pytest.raises(ValueError, match="does not divide into patches of 8"):
        encoder.encode_image(peers.pictures(size=(16, 41)))


def test_what_stands_in_the_padding_changes_nothing(folder):
    encoder = sightline.load(folder, device="cpu")
    patches, mask, grids = peers.naflex_batch()
    other = torch.where(mask[..., None], patches, 100.0)
    one, two = (encoder.encode_image(Patches(patches=x, mask=mask, grid=grids)) for x in (patches, other))
    torch.testing.assert_close(one, two, rtol=1e-5, atol=1e-6)


def test_batches_do_not_change_the_vectors(folder):
    encoder, pictures = sightline.load(folder, device="cpu"), photographs()
    whole = encoder.encode_image(pictures)
    encoder.batch_size = 2
    assert torch.allclose(encoder.encode_image(pictures), whole, atol=1e-6)


def test_a_picture_that_cannot_be_read_is_named(folder, tmp_path):
    (tmp_path / "b.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"picture 1 \(.*b.png\) cannot be used"):
        sightline.load(folder, device="cpu").encode_image([photographs()[0], tmp_path / "b.png"])


def test_the_rule_is_kept_in_plain_values(folder):
    from sightline.data.prepare.naflex_rule import rule_from_json

    rule = sightline.load(folder, device="cpu").rule
    assert rule_from_json(rule.to_json()) == rule
    with pytest.raises(ValueError, match="kind 'tiles'"):
        rule_from_json({"kind": "tiles"})


def test_saved_as_a_run_it_is_the_same_encoder(folder, tmp_path):
    """Equal identities: what was indexed with one is searched with the other."""
    from tokenizers import Tokenizer, models

    from sightline.weights.published.checkpoint import read
    from sightline.weights.run_folder.run import save_encoder

    Tokenizer(models.WordLevel({"<pad>": 0, "<eos>": 1, "cat": 2}, unk_token="<pad>")).save(
        str(folder / "tokenizer.json")
    )
    encoder, what = sightline.load(folder, device="cpu"), read(folder)
    assert what.preprocess and what.tokenizer
    sizes = {"image_spec": what.towers.image, "text_spec": what.towers.text, "dim": what.towers.dim}
    rules = {"preprocess": what.preprocess, "tokenizer": what.tokenizer}
    save_encoder(tmp_path / "run", encoder.model, **sizes, **rules)
    again = sightline.load(tmp_path / "run", device="cpu")
    assert again.identity == encoder.identity
    torch.testing.assert_close(
        again.encode_image(photographs()), encoder.encode_image(photographs()), rtol=1e-5, atol=1e-6
    )
    torch.testing.assert_close(again.encode_text("cat"), encoder.encode_text("cat"), rtol=1e-5, atol=1e-6)
