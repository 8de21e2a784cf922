import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import default_collate

import sightline
from sightline.text.load import BoxBPE
from sightline.towers.spec import BoxTokens, CaptionDecoderSpec, ViTSpec
from sightline.weights.capabilities.locates import shapes_of
from sightline.weights.naflex import Cut

WORDS = BoxBPE(vocab=320, length=10, bins=16).train(["a red star", "a blue gear"] * 3)
SPECS = {
    "image": ViTSpec(size=16, patch=8, dim=12, depth=1, heads=2),
    "decoder": CaptionDecoderSpec(
        vocab=WORDS.vocab, length=15, dim=8, depth=2, heads=2, memory=12, end=1, boxes=BoxTokens(bins=16)
    ),
}
TEXTS = ["a red star", "gear", "a blue gear", "star"]


@pytest.fixture
def locator(keeping):
    folder, _ = keeping(["image", "decoder"], ("embeds", "captions", "locates"), SPECS, WORDS)
    return sightline.load(folder, device="cpu")


def pictures(count=4, shape=(16, 16)):
    return list(np.random.default_rng(0).integers(0, 256, (count, *shape, 3), dtype=np.uint8))


def naive(encoder, picture, text):
    """Edge after edge, everything computed anew: (x, y, w, h) of the likeliest edges, None where that is no box."""
    decoder, tokens = encoder.parts["decoder"], encoder.parts["decoder"].boxes
    memory = encoder.features([picture]).tokens
    ids = [*encoder.tokenizer([text])[0].tolist()]
    ids = [*ids[: ids.index(decoder.end)], tokens.colon]
    for _ in range(4):
        with torch.no_grad():
            logits = decoder(torch.tensor([[*ids, 0]]), memory, start=tokens.refer)[0, -1]
        ids.append(tokens.edge + int(logits[tokens.edge : tokens.edge + tokens.bins].argmax()))
    box, valid = tokens.boxes(torch.tensor([ids[-4:]]))
    return tuple(box[0].tolist()) if valid[0] else None


def test_places_equal_a_naive_loop_over_the_decoder_however_many_at_a_time(locator):
    given, texts = pictures(12), TEXTS * 3
    expected = [naive(locator, picture, text) for picture, text in zip(given, texts, strict=True)]
    assert None in expected and len({*expected}) > 3
    for size in (1, 5, 12):
        locator.batch_size = size
        found = locator.locate(given, texts)
        for place, box in zip(found, expected, strict=True):
            assert (place.box is None) == (box is None)
            assert box is None or place.box == pytest.approx(box, abs=1e-6)


def test_a_picture_asked_for_many_words_passes_the_tower_once(locator):
    one, other = pictures(2)
    given, texts = [one, other, one, one], TEXTS
    alone = [locator.locate([picture], text)[0] for picture, text in zip(given, texts, strict=True)]
    seen, tower = [], locator.parts["image"]
    hook = tower.register_forward_pre_hook(lambda tower, batch: seen.append(len(batch[0])))
    for size in (1, 3):
        locator.batch_size = size
        for place, expected in zip(locator.locate(given, texts), alone, strict=True):
            assert place.box == pytest.approx(expected.box, abs=1e-6)
            assert place.score == pytest.approx(expected.score, abs=1e-6)
    hook.remove()
    assert sum(seen) == 2 * 2


def test_a_place_has_the_chance_of_its_edges_and_a_heat_map_of_what_lies_within(locator):
    (place,) = locator.locate(pictures(1), "star")
    assert 0 < place.score < 1
    assert place.heat.shape == (16, 16) and place.heat.min() >= 0 and place.heat.max() <= 1


@pytest.mark.parametrize(("width", "height"), [(64, 32), (32, 64)])
def test_a_box_is_told_in_shares_of_the_picture_not_of_its_padded_view(locator, width, height):
    picture = Image.fromarray(pictures(1, (height, width))[0])
    view = locator.preprocess(picture)[None]
    for text in TEXTS:
        (shown,), (told,) = locator.locate(view, text), locator.locate([picture], text)
        if shown.box is None:
            continue
        x, y, w, h = shown.box
        # the view pads the shorter side to a square of the longer
        x0, x1 = (x * max(width, height) - (max(width, height) - width) / 2) / width, 0
        x1 = x0 + w * max(width, height) / width
        y0 = (y * max(width, height) - (max(width, height) - height) / 2) / height
        y1 = y0 + h * max(width, height) / height
        low, high = np.clip([x0, y0], 0, 1), np.clip([x1, y1], 0, 1)
        if (high > low).all():
            assert told.box == pytest.approx((*low, *(high - low)), abs=1e-5)
        else:
            assert told.box is None


def test_pictures_may_be_given_as_everywhere(locator, tmp_path):
    Image.new("RGB", (20, 10)).save(tmp_path / "a.png")
    drawing = '<svg xmlns="http://www.w3.org/2000/svg" width="30" height="10"><rect width="9" height="9"/></svg>'
    (tmp_path / "a.svg").write_text(drawing)
    paths = [str(tmp_path / "a.png"), tmp_path / "a.svg"]
    assert shapes_of(paths[:1]) == [(10, 20)] and shapes_of(torch.zeros(2, 3, 16, 16)) == [None, None]
    cut = Cut(torch.zeros(4, 192), torch.ones(4, dtype=torch.bool), torch.tensor([2, 2]))
    assert shapes_of(cut) == [None] and shapes_of([cut, paths[0]]) == [None, (10, 20)]
    assert shapes_of(default_collate([cut, cut, cut])) == [None] * 3
    assert len(locator.locate(paths, ["star", "gear"])) == 2 and locator.locate([], []) == []


def test_what_cannot_be_asked_is_refused(locator, keeping):
    with pytest.raises(ValueError, match="got 1 texts and 4 pictures"):
        locator.locate(pictures(), "star")
    with pytest.raises(ValueError, match="1 of 1 texts have none"):
        locator.locate(pictures(1), "  ")
    with pytest.raises(ValueError, match="more than the 9 tokens"):
        locator.locate(pictures(1), "xyz " * 9)
    blind = {**SPECS, "decoder": CaptionDecoderSpec(vocab=320, length=15, dim=8, depth=1, heads=2, memory=12)}
    folder, _ = keeping(["image", "decoder"], ("embeds", "locates"), blind, WORDS)
    with pytest.raises(ValueError, match="writes no boxes: locca and siglip2"):
        sightline.load(folder, device="cpu").locate(pictures(1), "star")
