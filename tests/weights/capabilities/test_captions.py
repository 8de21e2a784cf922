import numpy as np
import pytest
import torch

import sightline
from sightline.data.draw import uniform
from sightline.weights.capabilities.captions import chosen


@pytest.fixture
def captioner(keeping):
    folder, _ = keeping(["image", "decoder"], ("embeds", "captions"))
    return sightline.load(folder, device="cpu")


def pictures(count):
    return np.random.default_rng(0).integers(0, 256, (count, 16, 16, 3), dtype=np.uint8)


def naive(encoder, picture, choose):
    """One picture, one token after another, everything computed anew."""
    decoder, memory = encoder.parts["decoder"], encoder.features([picture]).tokens
    ids = []
    with torch.no_grad():
        while len(ids) < decoder.length:
            row = torch.tensor([[*ids, 0]])  # the last id is what is asked for: it is not looked at
            ids.append(choose(decoder(row, memory)[0, -1], len(ids)))
            if ids[-1] == decoder.end:
                break
    return encoder.tokenizer.decode(ids)


def test_captions_equal_a_naive_loop_over_the_decoder(captioner):
    given = list(pictures(5))
    captioner.batch_size = 2
    assert captioner.caption(given) == [naive(captioner, one, lambda logits, _: int(logits.argmax())) for one in given]


def test_drawn_captions_equal_a_naive_loop_with_the_same_draws_however_many_at_a_time(captioner):
    given, found = list(pictures(5)), {}
    for size in (1, 2, 5):
        captioner.batch_size = size
        found[size] = captioner.caption(given, temperature=1.5, seed=3)
    draws = uniform(3, 0, np.arange(5), "caption", captioner.parts["decoder"].length)

    def drawn(number):
        def choose(logits, place):
            shares = (logits.double() / 1.5).softmax(0).cumsum(0)
            return int((shares <= draws[number, place]).sum())

        return choose

    assert found[1] == found[2] == found[5] == [naive(captioner, one, drawn(i)) for i, one in enumerate(given)]
    assert captioner.caption(given, temperature=1.5, seed=4) != found[1]


def test_tokens_are_drawn_as_often_as_they_are_likely():
    logits = torch.tensor([0.0, 1.0, 2.0]).expand(20_000, 3)
    draws = torch.from_numpy(uniform(0, 0, np.arange(20_000), "x")[:, 0])
    counts = torch.bincount(chosen(logits, draws, 0.5), minlength=3) / 20_000
    torch.testing.assert_close(counts, (logits[0] / 0.5).softmax(0), rtol=0, atol=0.01)
    assert torch.equal(chosen(logits, draws, 1e-6), chosen(logits, draws, 0))


def test_a_caption_stops_at_its_end_and_at_the_length_asked_for(captioner):
    decoder = captioner.parts["decoder"]
    longest = captioner.caption(pictures(1)[0])
    short = captioner.caption(pictures(1)[0], length=2)
    assert len(short) == 1 and longest[0].startswith(short[0]) and short != longest
    with torch.no_grad():
        decoder.head.bias[decoder.end] = 1e4
    assert captioner.caption(list(pictures(3))) == ["", "", ""]
    assert captioner.caption([]) == []


def test_what_cannot_be_asked_is_refused(captioner):
    with pytest.raises(ValueError, match="temperature is -1"):
        captioner.caption(pictures(1)[0], temperature=-1)
    for length in (0, 11):
        with pytest.raises(ValueError, match="writes 1 to 10 tokens"):
            captioner.caption(pictures(1)[0], length=length)
