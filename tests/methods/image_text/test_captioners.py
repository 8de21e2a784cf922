"""CapPa and LocCa against their texts written out one by one, and what each term's gradient reaches."""

import pytest
import torch
from torch import nn

from sightline.methods.image_text import cappa, locca
from sightline.methods.image_text.cappa import CapPa
from sightline.methods.image_text.locca import LocCa
from sightline.methods.parts.regions import drawn_boxes
from sightline.protocols import Contrastive, Method
from sightline.towers.spec import BoxTokens, CaptionDecoderSpec, Mean, ViTSpec
from sightline.weights.run_folder.joint import tensors_of

END, PAD, WORDS, SIDE = 1, 0, 6, 16
TOKENS = BoxTokens(bins=8)  # ids 2 to 12; words begin at 13


def decoder(boxes=TOKENS):
    made = CaptionDecoderSpec(vocab=30, length=WORDS + 5, dim=16, depth=2, heads=2, memory=12, boxes=boxes).build()
    with torch.no_grad():
        for value in made.parameters():
            value.add_(0.2 * torch.randn_like(value))
    return made


class Counting(nn.Module):
    """A tower that counts how often it is asked."""

    def __init__(self):
        super().__init__()
        self.tower = ViTSpec(size=SIDE, patch=8, dim=12, depth=1, heads=2, pool=Mean()).build()
        self.dim, self.asked = 12, 0

    def forward(self, image):
        self.asked += 1
        return self.tower(image)


def rows(*shape):
    """Rows of a tokenizer: one to WORDS - 1 words, the end token, padding."""
    ids = torch.randint(13, 30, (*shape, WORDS))
    for number, row in enumerate(ids.view(-1, WORDS)):
        last = 1 + number % (WORDS - 1)
        row[last], row[last + 1 :] = END, PAD
    return ids


def batch(b=4):
    """The second picture has lost the box to find, the third has none at all."""
    boxes = [torch.tensor([[2.0, 4, 8, 10], [0, 0, 5, 4], [9, 1, 6, 15]])] * b
    ids = [torch.arange(3)] * b
    boxes[1], ids[1] = boxes[1][1:], ids[1][1:]
    boxes[2], ids[2] = torch.zeros(0, 4), torch.zeros(0, dtype=torch.long)
    chosen = torch.tensor([[2, 0], [0, 1], [-1, -1], [1, 1]])
    image = torch.randn(b, 3, SIDE, SIDE)
    return {
        "image": image,
        "tokens": rows(b),
        "boxes": boxes,
        "box_ids": ids,
        "regions": rows(b, 2),
        "region_ids": chosen,
    }


def words(row):
    return row.tolist()[: row.tolist().index(END)]


def paid(made, memory, text, start):
    """-1/n sum log p of a text, one token after the other, alone."""
    ids = torch.tensor([text])
    told = made(ids, memory[None], start=start).double().log_softmax(-1)[0]
    return -told[torch.arange(len(text)), ids[0]].mean()


def test_methods_are_what_the_trainer_expects():
    for method, can in (
        (CapPa(Counting(), decoder(None)), ("embeds", "captions")),
        (LocCa(Counting(), decoder()), ("embeds", "captions", "locates")),
    ):
        assert isinstance(method, Method) and not isinstance(method, Contrastive)
        assert method.kept().capabilities == can
        assert tensors_of(method.kept()).keys() == method.state_dict().keys()


def test_cap_is_the_mean_of_what_each_caption_costs_token_by_token():
    method, given = CapPa(Counting(), decoder(None), cappa.Config(parallel=0)), batch()
    memory = method.image(given["image"]).tokens
    each = [paid(method.decoder, m, [*words(row), END], END) for m, row in zip(memory, given["tokens"], strict=True)]
    torch.testing.assert_close(method(given)["caption"].double(), sum(each) / 4, rtol=1e-5, atol=1e-6)


def test_what_is_predicted_at_once_is_told_by_nothing_of_the_text():
    method, given = CapPa(Counting(), decoder(None), cappa.Config(parallel=1)), batch()
    memory = method.image(given["image"]).tokens
    blank = method.decoder(torch.zeros(4, WORDS, dtype=torch.long), memory, at_once=torch.ones(4, dtype=torch.bool))
    told = blank.double().log_softmax(-1)
    each = []
    for i, row in enumerate(given["tokens"]):
        text = [*words(row), END]
        each.append(-sum(told[i, k, token] for k, token in enumerate(text)) / len(text))
    torch.testing.assert_close(method(given)["caption"].double(), sum(each) / 4, rtol=1e-5, atol=1e-6)


def test_a_share_of_the_captions_is_parallel_and_another_one_every_time():
    method, seen = CapPa(Counting(), decoder(None), cappa.Config(parallel=0.75)), []
    method.decoder.register_forward_hook(lambda _, given, named, out: seen.append(named["at_once"]), with_kwargs=True)
    given = {"image": torch.randn(1, 3, SIDE, SIDE).expand(64, -1, -1, -1), "tokens": rows(64)}
    with torch.no_grad():
        for _ in range(20):
            method(given)
    share = torch.stack(seen).float()
    assert abs(float(share.mean()) - 0.75) < 0.04 and not torch.equal(seen[0], seen[1])


def test_loccas_three_terms_are_its_three_texts_written_out_and_the_picture_is_seen_once():
    method, given = LocCa(Counting(), decoder(), locca.Config(parallel=0)), batch()
    terms = method(given)
    assert list(terms) == ["caption", "refer", "describe"] and method.image.asked == 1
    memory = method.image(given["image"]).tokens

    def box(picture, number):
        at = given["box_ids"][picture].tolist().index(number)
        return TOKENS.ids(given["boxes"][picture][at : at + 1] / SIDE)[0].tolist()

    found = given["regions"]
    refer = {
        i: [*words(found[i, 0]), TOKENS.colon, *box(i, number), END] for i, number in ((0, 2), (3, 1))
    }  # the second picture shows it no longer
    describe = {i: [*box(i, number), TOKENS.colon, *words(found[i, 1]), END] for i, number in ((0, 0), (1, 1), (3, 1))}
    for name, texts, start in (("refer", refer, TOKENS.refer), ("describe", describe, TOKENS.describe)):
        each = [paid(method.decoder, memory[i], text, start) for i, text in texts.items()]
        torch.testing.assert_close(terms[name].double(), sum(each) / 4, rtol=1e-5, atol=1e-6)


def test_a_region_is_the_box_of_its_number_in_shares_of_the_view():
    boxes, there = drawn_boxes(batch())
    assert there.tolist() == [[True, True], [False, True], [False, False], [True, True]]
    assert boxes[0, 1].tolist() == [2 / 16, 4 / 16, 8 / 16, 10 / 16] and boxes[1, 1].tolist() == [0, 0, 5 / 16, 4 / 16]


def test_each_term_reaches_tower_and_decoder_and_only_parallel_captions_the_mask_token():
    for term in ("caption", "refer", "describe"):
        method = LocCa(Counting(), decoder(), locca.Config(parallel=1))
        method(batch())[term].backward()
        grads = {name: p.grad is not None and bool(p.grad.any()) for name, p in method.named_parameters()}
        assert grads["decoder.blank"] == (term == "caption")
        unreached = {name for name, there in grads.items() if not there}
        # nobody reads an embedding in parallel; the tower has no class token
        allowed = {"decoder.blank", "decoder.embed.weight"} | {n for n in grads if n.endswith(("prefix", "kv.bias"))}
        assert unreached <= allowed, (term, unreached)


def test_pictures_without_regions_teach_nothing_of_places():
    method, given = LocCa(Counting(), decoder()), batch()
    given["region_ids"] = torch.full((4, 2), -1)
    terms = method(given)
    assert terms["refer"] == 0 and terms["describe"] == 0 and terms["caption"] > 0


def test_shares_outside_of_0_to_1_and_decoders_without_boxes_are_refused():
    with pytest.raises(ValueError, match="parallel=1.5"):
        cappa.Config(parallel=1.5)
    with pytest.raises(ValueError, match=r"give it boxes=BoxTokens\(bins=64\)"):
        LocCa(Counting(), decoder(None))


def test_in_a_mirror_the_box_is_the_mirrored_one_and_its_words_name_the_other_side():
    from dataclasses import replace

    from sightline.data.augment import Background, Fit, Flip
    from sightline.data.sources.source import open_source
    from sightline.recipes.image_text import locca as recipes
    from sightline.train.feed import Feed
    from sightline.train.options import Options
    from sightline.train.vocabulary import tokenizer_of

    source, recipe, made = open_source("scenes?level=3&n=16&size=64"), recipes.tiny(), {}
    words = tokenizer_of(recipe.data.tokenizer, source, 0, print)
    for name, ops in (("plain", [Fit(), Background()]), ("mirrored", [Fit(), Flip(p=1.0), Background()])):
        views = replace(recipe, data=replace(recipe.data, views=lambda size, ops=ops: ops))
        feed = Feed(views, source, words, LocCa(Counting(), decoder()), Options(quiet=True))
        made[name] = feed.augment(next(feed.batches(0, 1)), 0, torch.device("cpu"))
    (plain, there), (mirrored, _) = (drawn_boxes(made[name]) for name in ("plain", "mirrored"))
    x, y, w, h = plain[there].unbind(-1)
    torch.testing.assert_close(mirrored[there], torch.stack([1 - x - w, y, w, h], -1), rtol=0, atol=1e-6)
    said = [[words.decode(row) for row in made[name]["regions"].flatten(0, 1)] for name in ("plain", "mirrored")]
    sided = [(a, b) for a, b in zip(*said, strict=True) if "left" in a or "right" in a]
    assert all(a != b and len(a.split()) == len(b.split()) for a, b in sided)
    assert all(a == b for a, b in zip(*said, strict=True) if (a, b) not in sided)
