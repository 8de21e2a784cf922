import pytest
import torch

from sightline.nn.text_decoder import CaptionDecoder
from sightline.towers.spec import BoxTokens, CaptionDecoderSpec, TextDecoderSpec, from_json, to_json

SPEC = CaptionDecoderSpec(vocab=20, length=6, dim=16, depth=2, heads=2, memory=12)


def decoder(**changed):
    made = CaptionDecoderSpec(**{**vars(SPEC), **changed}).build()
    with torch.no_grad():
        for value in made.parameters():
            value.add_(0.2 * torch.randn_like(value))
    return made


def given():
    return torch.randint(2, 20, (3, 6)), torch.randn(3, 5, 12)


def test_token_by_token_it_is_the_text_decoder_at_the_same_weights():
    made, plain = decoder(), TextDecoderSpec(**{k: v for k, v in vars(SPEC).items() if k != "boxes"}).build()
    plain.load_state_dict({name: value for name, value in made.state_dict().items() if name != "blank"})
    ids, memory = given()
    assert torch.equal(made(ids, memory), plain(ids, memory))
    real = torch.tensor([[True] * 5, [True] * 3 + [False] * 2, [True] * 5])
    assert torch.equal(made(ids, memory, real), plain(ids, memory, real))


def test_at_once_the_text_is_not_looked_at_and_places_differ_by_their_position_alone():
    made = decoder()
    ids, memory = given()
    other, _ = given()
    whole = torch.ones(3, dtype=torch.bool)
    logits = made(ids, memory, at_once=whole)
    assert torch.equal(logits, made(other, memory, at_once=whole))
    assert not torch.allclose(logits, made(ids, memory[:, :1], at_once=whole))
    with torch.no_grad():
        made.position.zero_()
    same = made(ids, memory, at_once=whole)
    torch.testing.assert_close(same, same[:, :1].expand_as(same), rtol=1e-4, atol=1e-5)


def test_a_batch_of_both_kinds_is_what_each_is_alone():
    made = decoder()
    ids, memory = given()
    mixed = made(ids, memory, at_once=torch.tensor([True, False, True]))
    torch.testing.assert_close(mixed[1], made(ids, memory)[1], rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(
        mixed[0], made(ids, memory, at_once=torch.ones(3, dtype=torch.bool))[0], rtol=1e-5, atol=1e-6
    )


def test_only_what_stands_before_a_token_is_looked_at_and_the_start_by_all():
    made = decoder()
    ids, memory = given()
    changed = ids.clone()
    changed[:, 3] = (changed[:, 3] + 1) % 20
    before, after = made(ids, memory), made(changed, memory)
    assert torch.equal(before[:, :4], after[:, :4]) and not torch.allclose(before[:, 4:], after[:, 4:])
    assert not torch.allclose(before[:, 0], made(ids, memory, start=7)[:, 0])
    assert torch.equal(before, made(ids, memory, start=made.end))


def test_a_spec_with_boxes_goes_to_json_and_back_and_fits_a_tokenizer_with_as_many_bins():
    class Words:
        vocab, length, eot, pad, bins = 99, 8, 1, 0, 16

    spec = CaptionDecoderSpec(**{**vars(SPEC), "boxes": BoxTokens(bins=16, order="xyxy")})
    assert from_json(to_json(spec)) == spec and from_json(to_json(SPEC)) == SPEC
    fitted = spec.fitted(64, Words())
    assert (fitted.vocab, fitted.length) == (99, 13)  # a colon and four edges more
    assert isinstance(fitted.build(), CaptionDecoder) and fitted.build().boxes == spec.boxes
    assert SPEC.fitted(64, Words()).length == 8
    with pytest.raises(ValueError, match=r"32 bins a side, and its tokenizer has 16: set data.tokenizer.bins=32"):
        CaptionDecoderSpec(**{**vars(SPEC), "boxes": BoxTokens(bins=32)}).fitted(64, Words())
