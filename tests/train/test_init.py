"""A run that starts from an encoder: it begins with the encoder's own vectors, and locked towers stay as they are."""

import json

import pytest
import torch
from safetensors.torch import load_file

import sightline
from sightline.data.source import open_source
from sightline.recipes.find import train
from sightline.train import init as starting

QUICK = ["steps=2", "batch=8"]
STILL = [*QUICK, "optim.lr=0"]
TEXTS = ["a red thing", "arrow", "credit card"]


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """A run trained here for two steps."""
    out = tmp_path_factory.mktemp("first")
    train("clip.tiny", out=out, overrides=QUICK, device="cpu", quiet=True, export=False)
    return out


@pytest.fixture(scope="module")
def siglip(tmp_path_factory):
    """transformers' SigLIP, small and random, with a vocabulary: nothing projects pictures, texts a map with a bias."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import SiglipConfig, SiglipModel

    folder = tmp_path_factory.mktemp("siglip")
    small = dict(hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64)
    text = small | dict(vocab_size=60, max_position_embeddings=64, bos_token_id=0, eos_token_id=1, pad_token_id=1)
    vision = small | dict(image_size=32, patch_size=8)
    torch.manual_seed(0)
    SiglipModel(SiglipConfig(text_config=text, vision_config=vision)).save_pretrained(folder)
    words = Tokenizer(
        models.WordLevel({w: i for i, w in enumerate(["<pad>", "</s>", "<unk>", "red", "arrow"])}, "<unk>")
    )
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    words.add_special_tokens(["<pad>", "</s>"])
    words.save(str(folder / "tokenizer.json"))
    return folder


def vectors(name):
    encoder = sightline.load(name, device="cpu")
    icons = open_source("icons?n=4")
    pictures = torch.stack([encoder.preprocess(icons[i].image) for i in range(4)])
    return encoder.encode_image(pictures), encoder.encode_text(TEXTS)


def go(out, start, *overrides, recipe="clip.tiny", **options):
    return train(
        recipe, out=out, overrides=overrides, init=str(start), device="cpu", quiet=True, export=False, **options
    )


def test_a_run_begins_with_the_encoders_own_vectors(first, tmp_path):
    go(tmp_path, first, *STILL)
    for before, after in zip(vectors(first), vectors(tmp_path), strict=True):
        assert torch.equal(before, after)


def test_a_published_encoder_is_continued_with_its_tokenizer_and_its_projections(siglip, tmp_path):
    go(tmp_path, siglip, *STILL, recipe="siglip.tiny")
    for before, after in zip(vectors(siglip), vectors(tmp_path), strict=True):
        assert torch.equal(before, after)
    old, new = sightline.load(siglip, device="cpu"), sightline.load(tmp_path, device="cpu")
    assert torch.equal(old.tokenize(TEXTS), new.tokenize(TEXTS)) and new.rule == old.rule
    assert torch.equal(old.logit_bias, new.logit_bias) and torch.equal(old.logit_scale, new.logit_scale)


def test_a_scale_of_another_loss_is_not_taken(siglip, tmp_path):
    go(tmp_path, siglip, *STILL)
    assert float(sightline.load(tmp_path, device="cpu").logit_scale.exp()) == pytest.approx(1 / 0.07)


@pytest.mark.parametrize("lock", ["image", "text", "both"])
def test_locked_towers_do_not_move_and_others_do(first, tmp_path, lock):
    go(tmp_path, first, *QUICK, lock=lock)
    before, after = load_file(first / "model.safetensors"), load_file(tmp_path / "model.safetensors")
    moved = {name.split(".")[0] for name in before if not torch.equal(before[name], after[name])}
    assert moved == {"project_image", "project_text", "log_scale", "image", "text"} - set(
        ("image", "text") if lock == "both" else (lock,)
    )


def test_a_locked_batchnorm_keeps_its_statistics(tmp_path):
    train("clip.icons", out=tmp_path / "a", data="icons?n=32", overrides=QUICK, device="cpu", quiet=True, export=False)
    go(tmp_path / "b", tmp_path / "a", *QUICK, recipe="clip.icons", data="icons?n=32", lock="image")
    before, after = (load_file(tmp_path / name / "model.safetensors") for name in "ab")
    assert any("running_mean" in name for name in before)
    assert all(torch.equal(before[name], after[name]) for name in before if name.startswith("image."))


def test_the_start_is_recorded_and_not_read_again(first, tmp_path, monkeypatch):
    go(tmp_path, first, *QUICK, lock="image")
    said = json.loads((tmp_path / "config.json").read_text())["init"]
    assert said["encoder"] == str(first) and said["lock"] == "image"
    assert said["identity"] == sightline.load(first, device="cpu").identity
    before = (tmp_path / "model.safetensors").read_bytes()

    def never(name):
        raise AssertionError(name)

    monkeypatch.setattr(starting, "_opened", never)
    assert go(tmp_path, first, *QUICK, lock="image").finished
    assert (tmp_path / "model.safetensors").read_bytes() == before


def test_another_start_in_the_same_folder_is_refused(first, tmp_path):
    go(tmp_path, first, *QUICK, lock="image")
    with pytest.raises(ValueError, match="init.lock was 'image' and is 'text'"):
        go(tmp_path, first, *QUICK, lock="text")
    with pytest.raises(ValueError, match="init.encoder was .* and is None"):
        train("clip.tiny", out=tmp_path, overrides=QUICK, device="cpu", quiet=True)


def test_an_encoder_of_pictures_alone_gets_the_recipes_own_words(tmp_path):
    """What self-supervision taught goes on under CLIP: the image tower, with new projections, tokenizer and text."""
    from transformers import Dinov2Config, Dinov2Model

    config = Dinov2Config(hidden_size=32, num_hidden_layers=1, num_attention_heads=2, image_size=32, patch_size=8)
    Dinov2Model(config).save_pretrained(tmp_path / "dino")
    for lock in ("image", "none"):
        out = tmp_path / lock
        go(out, tmp_path / "dino", *QUICK, "dim=24", lock=lock)
        before = dict(sightline.load(tmp_path / "dino", device="cpu").model.state_dict())
        after = load_file(out / "model.safetensors")
        kept = [torch.equal(before[name], after[name]) for name in before if name.startswith("image.")]
        assert all(kept) == (lock == "image") and len(kept) > 5
        pictures, texts = vectors(out)
        assert pictures.shape[1] == texts.shape[1] == 24
    assert go(tmp_path / "image", tmp_path / "dino", *QUICK, "dim=24", lock="image").finished  # again, as it is
    with pytest.raises(ValueError, match="--lock both: --init .*dino has no text tower, that of clip.tiny is new"):
        go(tmp_path / "run", tmp_path / "dino", *QUICK, lock="both")
    assert not (tmp_path / "run" / "config.json").exists()


@pytest.mark.parametrize("key", ["dim=64", "image.depth=2", "data.size=48"])
def test_what_comes_from_the_encoder_cannot_be_set(first, tmp_path, key):
    with pytest.raises(ValueError, match=f"{key.split('=')[0]} comes from --init"):
        go(tmp_path, first, *QUICK, key)


def test_a_lock_needs_an_encoder(tmp_path):
    with pytest.raises(ValueError, match="name the encoder with --init"):
        train("clip.tiny", out=tmp_path, overrides=QUICK, lock="image", device="cpu", quiet=True)
