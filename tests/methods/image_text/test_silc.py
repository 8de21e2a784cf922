"""SILC: its two terms, what each of them teaches, and what it refuses."""

import pytest
import torch

from sightline.losses.distillation import cross_entropy_to
from sightline.methods.image_text import clip, siglip
from sightline.methods.image_text.clip import CLIP
from sightline.methods.image_text.siglip import SigLIP
from sightline.methods.image_text.silc import SILC, Config
from sightline.methods.parts.follower import Following
from sightline.methods.parts.targets import Sinkhorn
from sightline.methods.parts.teaching import Head
from sightline.protocols import Contrastive, Method
from sightline.recipes.find import find
from sightline.towers import ViTSpec
from sightline.towers.spec import BagSpec, Map

B = 4
PAIRS = {"contrastive": (CLIP, clip.Config()), "sigmoid": (SigLIP, siglip.Config())}


def method(name="contrastive", **numbers):
    kind, config = PAIRS[name]
    image = ViTSpec(size=16, patch=4, dim=12, depth=1, heads=2, pool=Map()).build()
    pair = kind(image, BagSpec(vocab=20, length=6, dim=8).build(), 8, config)
    head = Head(prototypes=10, hidden=8, bottleneck=6)
    made = SILC(pair, Config(pair=config, head=head, teaching=Following(momentum=0.9, freeze=0.0), **numbers))
    for parameter in (*made.teacher.parameters(), *made.heads.teacher.parameters()):
        parameter.data += 0.1 * torch.randn_like(parameter)
    return made


def batch(small=3):
    return {
        "image": torch.randn(B, 3, 16, 16),
        "views": [torch.randn(B, 3, 16, 16), *(torch.randn(B, 3, 8, 8) for _ in range(small))],
        "tokens": torch.randint(1, 20, (B, 6)),
    }


@pytest.mark.parametrize("name", PAIRS)
def test_words_are_compared_with_each_large_crop_alone_at_the_batch_as_it_is(name):
    made, given = method(name), batch()
    alone = [made.pair(given | {"image": view})[name] for view in (given["image"], given["views"][0])]
    torch.testing.assert_close(made(given)[name], sum(alone) / 2)


@pytest.mark.parametrize("name", PAIRS)
def test_small_crops_say_what_the_teacher_says_of_both_large_ones(name):
    made, given = method(name, weight=0.5), batch()
    large, small = [given["image"], given["views"][0]], given["views"][1:]
    center, teacher = made.heads.targets.center, made.heads.teacher
    told = [((teacher(made.teacher(view).pooled) - center) / 0.04).softmax(-1) for view in large]
    said = [made.heads.student(made.pair.image(view).pooled) for view in small]
    pairs = [cross_entropy_to(p, z, 0.1).mean() for p in told for z in said]
    torch.testing.assert_close(made(given)["consistency"], 0.5 * sum(pairs) / 6)


@pytest.mark.parametrize("name", PAIRS)
def test_each_term_teaches_what_it_should_and_nothing_else(name):
    made, given = method(name), batch()

    def taught(term):
        made.zero_grad()
        made(given)[term].backward()
        return {n for n, p in made.named_parameters() if p.grad is not None and p.grad.any()}

    every = {n for n, p in made.named_parameters() if p.requires_grad}
    heads = {n for n in every if n.startswith("heads.student.")}
    image = {n for n in every if n.startswith("pair.image.")}
    words = every - heads
    assert image and heads and {n for n in words if n.startswith("pair.text.")} and "pair.log_scale" in words
    assert words - taught(name) <= {"pair.image.pool.kv.bias"} and taught(name) <= words
    assert taught("consistency") <= image | heads and heads <= taught("consistency")
    assert {n for n in image if n.startswith("pair.image.stack.blocks.0.attn")} <= taught("consistency")


def test_a_caption_is_encoded_once():
    made, given, calls = method(), batch(), []
    made.pair.text.register_forward_hook(lambda *_: calls.append(1))
    made(given)
    assert len(calls) == 1


def test_false_captions_are_told_from_true_ones_on_both_large_crops():
    made, given = method(), batch()
    given |= {"negatives": torch.randint(1, 20, (B, 6)), "has_negative": torch.tensor([True, False, True, True])}
    alone = [made.pair(given | {"image": view})["negatives"] for view in (given["image"], given["views"][0])]
    torch.testing.assert_close(made(given)["negatives"], sum(alone) / 2)


def test_the_teacher_follows_the_words_tower_at_one_speed_and_the_scale_is_held():
    made = method()
    assert isinstance(made, Method) and not isinstance(made, Contrastive)
    old = {n: p.clone() for n, p in made.named_parameters()}
    with torch.no_grad():
        made.pair.log_scale.fill_(9.0)
    made.before_step(99, 100)
    made(batch())
    made.after_step()
    assert made.pair.log_scale.exp() <= 100.01 and made.heads.targets.center.any()
    for name, value in made.teacher.tower.module.named_parameters():
        expected = 0.9 * old[f"teacher.tower.module.{name}"] + 0.1 * old[f"pair.image.{name}"]
        torch.testing.assert_close(value, expected, rtol=1e-5, atol=1e-6)


def test_the_student_is_kept_with_its_words():
    made = method()
    assert made.kept().parts["image"] is made.pair.image and made.kept().capabilities == ("embeds", "reads_text")


def test_views_without_small_crops_and_prototypes_without_pictures_are_refused():
    with pytest.raises(ValueError, match=r"this recipe makes 2 views: set data\.views\.count=4"):
        method()(batch(small=0))
    with pytest.raises(ValueError, match=r"Set method\.head\.prototypes=8, or batch=2, or method\.targets=Centering"):
        method(targets=Sinkhorn()).check(1)


def test_every_recipe_builds_the_pair_it_names():
    for name, kind in (("silc.tiny", CLIP), ("silc.small", CLIP), ("silc.sigmoid", SigLIP)):
        recipe = find(name)
        made = recipe.build(recipe)
        assert isinstance(made, SILC) and type(made.pair) is kind
        made.check(recipe.batch)
