"""Who is measured: an encoder with its store, raw pixels, random towers, controls."""

from pathlib import Path

import numpy as np
import pytest
import torch
from small_run import save_run

import sightline
from sightline.measure.pictures import Pictures, Texts
from sightline.measure.subject.controls import BagOfWords, Constant, Oracle, PositionCodes, Shuffled
from sightline.measure.subject.encoder import EncoderSubject
from sightline.measure.subject.pixels import GRID, SIDE, PixelSubject
from sightline.measure.subject.random_tower import randomised, shape_of
from sightline.measure.subject.store import Store
from sightline.measure.subject.subject import Lacks
from sightline.towers.spec import ResNetSpec
from sightline.weights.encoder import TorchEncoder


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "clip"
    sightline.train("clip.tiny", out=out, data="scenes?n=32&size=32", overrides=["steps=2"], export=False, quiet=True)
    return out


def pictures(count: int = 5, seed: int = 0) -> Pictures:
    return Pictures([*np.random.default_rng(seed).integers(0, 256, (count, 40, 40, 3), dtype=np.uint8)])


def test_equal_content_has_one_digest_and_another_order_another() -> None:
    some = pictures()
    assert some.digest == pictures().digest == some.told(vectors=np.zeros((5, 2))).digest
    assert some.digest != Pictures(some.items[::-1]).digest != pictures(seed=1).digest
    assert Texts(["a", "b"]).digest != Texts(["ab", ""]).digest


def test_an_encoder_is_asked_once_for_equal_pictures_and_never_again_after_an_interruption(
    run: Path, tmp_path: Path
) -> None:
    first = EncoderSubject(sightline.load(run), Store(tmp_path))
    vectors, tokens, patches = first.vectors(pictures()), first.tokens(pictures()), first.patches(pictures())
    assert vectors.shape == (5, 32) and tokens.shape[:3] == (5, 4, 4) and patches.shape == (5, 4, 4, 32)
    assert first.store.made == 15
    first.vectors(pictures())
    again = EncoderSubject(sightline.load(run), Store(tmp_path))
    assert (again.vectors(pictures()) == vectors).all() and (again.patches(pictures()) == patches).all()
    assert first.store.made == 15 and again.store.made == 0


def test_what_is_kept_and_cannot_be_read_is_made_again(run: Path, tmp_path: Path) -> None:
    subject = EncoderSubject(sightline.load(run), Store(tmp_path))
    vectors = subject.vectors(pictures())
    for file in tmp_path.glob("*.npy"):
        file.write_bytes(file.read_bytes()[:100])
    again = EncoderSubject(sightline.load(run), Store(tmp_path))
    assert (again.vectors(pictures()) == vectors).all() and again.store.made == 5


def test_a_random_tower_has_the_encoders_shape_and_none_of_its_weights(run: Path) -> None:
    encoder = sightline.load(run)
    drawn, again, other = randomised(encoder, 0), randomised(encoder, 0), randomised(encoder, 1)
    assert shape_of(drawn) == shape_of(encoder)
    named = dict(encoder.model.named_parameters())
    learnt = {name: value for name, value in named.items() if value.ndim >= 2}
    for name, value in drawn.model.named_parameters():
        assert torch.equal(value, dict(again.model.named_parameters())[name])
        if name in learnt:
            assert not torch.equal(value, learnt[name]), name
            assert not torch.equal(value, dict(other.model.named_parameters())[name]), name
    before = torch.random.get_rng_state()
    randomised(encoder, 0)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_deep_random_tower_that_normalises_over_batches_still_tells_pictures_apart(tmp_path: Path) -> None:
    deep = ResNetSpec(depths=(3, 4, 6, 3), width=8, block="bottleneck")
    encoder = sightline.load(save_run(tmp_path, deep))
    assert isinstance(encoder, TorchEncoder)
    made, again = randomised(encoder, 0), randomised(encoder, 0)
    vectors = made.encode_image(list(pictures(8).items), normalize=True)
    assert float((vectors @ vectors.T).min()) < 0.999
    torch.testing.assert_close(vectors, again.encode_image(list(pictures(8).items), normalize=True), rtol=0, atol=0)
    norm = next(part for part in made.model.modules() if isinstance(part, torch.nn.BatchNorm2d))
    assert not norm.training and norm.momentum == 0.1 and float(norm.running_var.std()) > 0


def test_pixels_are_pictures_and_tokens_are_their_patches() -> None:
    some = pictures(3)
    subject = PixelSubject()
    assert subject.vectors(some).shape == (3, SIDE * SIDE * 3)
    tokens, whole = subject.tokens(some), subject.vectors(some).reshape(3, SIDE, SIDE, 3)
    side = SIDE // GRID
    assert (tokens[1, 2, 5].reshape(side, side, 3) == whole[1, 2 * side : 3 * side, 5 * side : 6 * side]).all()
    with pytest.raises(Lacks, match="no text tower"):
        subject.texts(Texts(["a"]))


def test_controls_answer_as_they_say() -> None:
    ideal = np.arange(10.0).reshape(5, 2)
    some = pictures().told(vectors=ideal, captions=["a red star", "a blue star", "a star", "x", "y"])
    assert (Oracle().vectors(some) == ideal).all()
    mixed = Shuffled(Oracle()).vectors(some)
    assert sorted(mixed[:, 0]) == sorted(ideal[:, 0]) and (mixed != ideal).any()
    assert np.ptp(Constant().vectors(some), axis=0).max() == 0
    words = BagOfWords()
    assert words.vectors(some)[0] @ words.texts(Texts(["star red a"]))[0] == 3
    codes = PositionCodes().tokens(some)
    assert (codes[0] == codes[1]).all() and np.unique(codes[0].reshape(36, -1), axis=0).shape[0] == 36
    with pytest.raises(Lacks, match="does not say"):
        Oracle().tokens(some)
