import json

import pytest
import torch
from torch import nn

from sightline.nn.conv.codec import ConvCodec
from sightline.text.tokenizer import Tokenizer
from sightline.towers.spec import ConvCodecSpec, LinearSpec, TextDecoderSpec, fitted, from_json, to_json

DECODER = TextDecoderSpec(vocab=20, length=6, dim=8, depth=2, heads=2, memory=12)
SPECS = [DECODER, TextDecoderSpec(vocab=20, length=6, dim=8, depth=1, heads=2), LinearSpec(inner=4, out=3, bias=False),
         ConvCodecSpec(widths=(4, 8), code=3)]  # fmt: skip


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: type(spec).__name__)
def test_a_part_that_is_no_tower_survives_json_and_builds_the_same(spec):
    again = from_json(json.loads(json.dumps(to_json(spec))))
    assert again == spec
    again.build().load_state_dict(spec.build().state_dict())


def test_wrong_files_are_refused_by_name():
    with pytest.raises(ValueError, match="text_decoder.memory cannot be '12'"):
        from_json(to_json(DECODER) | {"memory": "12"})
    with pytest.raises(ValueError, match="linear.bias cannot be 1"):
        from_json(to_json(SPECS[2]) | {"bias": 1})


def randomised(spec):
    torch.manual_seed(0)
    made = spec.build().eval()
    with torch.no_grad():
        for value in made.parameters():
            value.add_(0.3 * torch.randn_like(value))
    return made


def test_a_token_is_predicted_from_those_before_it_alone_and_from_the_memory():
    decoder, memory = randomised(DECODER), torch.randn(2, 5, 12)
    ids = torch.randint(0, 20, (2, 6))
    changed = ids.clone()
    changed[:, 3] = (ids[:, 3] + 1) % 20
    with torch.no_grad():
        first, second = decoder(ids, memory), decoder(changed, memory)
        assert torch.equal(first[:, :4], second[:, :4]) and not torch.allclose(first[:, 4:], second[:, 4:])
        assert not torch.allclose(first, decoder(ids, memory + 1))
        # what is not real is not looked at
        real = torch.tensor([[True, True, True, False, False]] * 2)
        torch.testing.assert_close(decoder(ids, memory, real), decoder(ids, memory[:, :3]))


def test_a_decoder_takes_its_vocabulary_and_end_from_the_tokenizer():
    words = Tokenizer.train(["a star", "a gear"], vocab=260, length=9)
    made = fitted(DECODER, 32, words)
    assert (made.vocab, made.length, made.end) == (words.vocab, 9, words.eot)


def test_a_decoder_refuses_a_memory_it_was_not_made_for_and_texts_that_are_too_long():
    ids = torch.zeros(1, 3, dtype=torch.long)
    with pytest.raises(ValueError, match="width 12 was given one of width None"):
        DECODER.build()(ids)
    with pytest.raises(ValueError, match="width None was given one of width 4"):
        SPECS[1].build()(ids, torch.zeros(1, 2, 4))
    with pytest.raises(ValueError, match="texts of 7 tokens"):
        SPECS[1].build()(torch.zeros(1, 7, dtype=torch.long))


def test_a_codec_halves_by_its_widths_and_gives_pictures_of_the_size_that_came():
    class Doubled(nn.Module):
        def forward(self, codes):
            return 2 * codes

    codec, x = randomised(SPECS[3]), torch.randn(2, 3, 16, 8)
    with torch.no_grad():
        codes = codec.encode(x)
        assert codes.shape == (2, 3, 4, 2) and codec(x).shape == x.shape
        torch.testing.assert_close(codec(x), codec.decode(codes))
        between = ConvCodec((4, 8), 3, Doubled()).eval()
        between.load_state_dict(codec.state_dict())
        torch.testing.assert_close(between(x), codec.decode(2 * codes))
    with pytest.raises(ValueError, match="multiples of 4"):
        codec.encode(torch.randn(1, 3, 10, 8))
