import io

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from sightline.data.prepare.naflex_rule import NaFlexRule
from sightline.data.prepare.preprocess import Preprocess
from sightline.data.sample import Sample
from sightline.search.batcher import batcher_of
from sightline.search.fill.stream import stream
from sightline.towers.spec import NaFlexSpec, ViTSpec
from sightline.weights.batcher import TorchBatcher, bfloat16_pays, lowered
from sightline.weights.encoder import TorchEncoder
from sightline.weights.run_folder.joint import Joint

VIT = ViTSpec(size=32, patch=8, dim=32, depth=2, heads=2)


def encoder_of(spec, rule):
    torch.manual_seed(0)
    tower = spec.build()
    for value in tower.parameters():
        nn.init.normal_(value, std=0.1)
    model = Joint(tower, None, nn.Linear(32, 16, bias=False), nn.Identity(), torch.zeros(()), None)
    return TorchEncoder(model, preprocess=rule, tokenizer=None, dim=16, identity="random")


@pytest.fixture
def square():
    return encoder_of(VIT, Preprocess(size=32, resize="crop", mean=(0.48, 0.45, 0.4), std=(0.26, 0.27, 0.28)))


def photographs(count, sides=((160, 120), (300, 420), (64, 64))):
    """Smooth noise as JPEG, which has detail at every scale as a photograph has."""
    draw = np.random.default_rng(0)
    for number in range(count):
        width, height = sides[number % len(sides)]
        whole = np.zeros((height, width, 3))
        for level in (4, 8, 16, 32, 64):
            coarse = Image.fromarray(draw.integers(0, 255, (level, level, 3), np.uint8))
            whole += np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), np.float64) / level
        whole = 255 * (whole - whole.min()) / (whole.max() - whole.min())
        out = io.BytesIO()
        Image.fromarray(whole.astype(np.uint8)).save(out, "JPEG", quality=90)
        yield Sample(key=str(number), image=out.getvalue())


def vectors(encoder, samples, precision="float32", **how):
    done = stream(batcher_of(encoder, precision), samples, **how)
    return np.stack([views[0].vector for some in done for _, views in some.samples])


@pytest.mark.parametrize("how", [{}, {"batch": 2}, {"workers": 1}, {"batch": 3, "workers": 4}])
def test_the_stream_gives_what_encode_image_gives(square, how):
    samples = list(photographs(7))
    expected = square.encode_image([sample.image for sample in samples], normalize=True).numpy()
    np.testing.assert_allclose(vectors(square, samples, **how), expected, atol=1e-6)


def test_preparing_a_batch_is_equal_to_the_bit_to_preparing_one(square):
    samples = list(photographs(3))
    batcher = TorchBatcher(square, "float32")
    pixels = [square.rule.pixels(Image.open(io.BytesIO(sample.image))) for sample in samples]
    expected = torch.stack([square.preprocess(sample.image) for sample in samples])
    assert torch.equal(batcher._batch(pixels), expected)


def test_lowered_weights_compute_what_autocast_computes(square):
    images = torch.stack([square.preprocess(sample.image) for sample in photographs(4)])
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        expected = square.model.encode_image(images)
        got = lowered(square.model).encode_image(images)
    # two modules: which kernel rounds how is the processor's, one step of bfloat16 at the most
    assert got.dtype == expected.dtype and (got - expected).abs().max() <= expected.abs().max() / 2**8
    assert square.model.project_image.weight.dtype == torch.float32


def test_bfloat16_and_a_reduced_jpeg_stay_within_a_cosine_of_0_999(square):
    samples = list(photographs(12, sides=((640, 480), (480, 640), (1200, 900), (129, 300))))
    exact = vectors(square, samples)
    reduced = vectors(square, samples, reduce=True)
    assert not np.array_equal(exact, reduced)
    assert (exact * reduced).sum(1).min() >= 0.999
    assert (exact * vectors(square, samples, "bfloat16", reduce=True)).sum(1).min() >= 0.999


def test_naflex_pictures_meet_those_of_their_length_and_come_back_in_order():
    spec = NaFlexSpec(patch=8, dim=32, depth=2, heads=2, grid=4, length=24)
    encoder = encoder_of(spec, NaFlexRule(patch=8, length=24))
    samples = list(photographs(9, sides=((160, 40), (100, 100), (64, 300), (333, 200))))
    expected = encoder.encode_image([sample.image for sample in samples], normalize=True).numpy()
    np.testing.assert_allclose(vectors(encoder, samples, batch=2), expected, atol=2e-6)


def test_auto_is_what_this_machine_is_fast_in(square):
    assert batcher_of(square, "auto").precision in {"float32", "bfloat16"}
    assert isinstance(bfloat16_pays(torch.device("cpu")), bool)


def test_torch_has_its_threads_back_afterwards(square):
    before = torch.get_num_threads()
    vectors(square, photographs(3))
    assert torch.get_num_threads() == before
