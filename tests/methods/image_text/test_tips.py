"""TIPS: its terms, what each of them teaches, its towers and loss beside transformers' Tipsv2Model, its refusals."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from transformers import Tipsv2Config, Tipsv2Model

from sightline.data.sources.source import open_source
from sightline.losses.contrastive import info_nce
from sightline.losses.distillation import cross_entropy_to
from sightline.losses.hard import hard_negative
from sightline.methods.image_text.tips import TIPS, Config
from sightline.methods.parts.follower import Following
from sightline.methods.parts.targets import Sinkhorn
from sightline.methods.parts.teaching import Head
from sightline.protocols import Method
from sightline.recipes.find import find
from sightline.towers import TipsTextSpec, ViTSpec
from sightline.towers.spec import Cls, LearnedSpec, Norm, SecondCls
from sightline.train.stage import check_needs
from sightline.weights.published.family.dinov2 import rules
from sightline.weights.published.family.protocol import Towers
from sightline.weights.published.keymap import read
from sightline.weights.published.layouts.layout import transformers_blocks
from sightline.weights.run_folder.joint import joint_of

B, D = 4, 12
IMAGE = ViTSpec(size=16, patch=4, dim=D, depth=1, heads=2, pool=Cls(registers=1))
TEXT = TipsTextSpec(vocab=20, length=6, dim=D, depth=1, heads=2)


def method(image=IMAGE, text=TEXT, **numbers):
    head = Head(prototypes=10, hidden=8, bottleneck=6)
    config = Config(head=head, patch_head=head, teaching=Following(momentum=0.9, freeze=0.0), **numbers)
    made = TIPS(image.build(), text.build(), config)
    for part in (made.teacher, made.heads.teacher, made.patch_heads.teacher):
        for parameter in part.parameters():
            parameter.data += 0.1 * torch.randn_like(parameter)
    return made


def batch(small=3):
    masks = torch.rand(B, 4, 4) < 0.5
    masks[1] = False
    return {
        "image": torch.randn(B, 3, 16, 16),
        "views": [torch.randn(B, 3, 8, 8) for _ in range(small)],
        "masks": [masks],
        "tokens": torch.randint(1, 20, (B, 6)),
        "alt": torch.randint(1, 20, (B, 6)),
    }


def test_each_class_token_has_the_text_that_is_its_and_both_one_temperature():
    made, given = method(), batch()
    prefix, scale = F.normalize(made.image(given["image"]).prefix, dim=-1), made.log_scale.exp()
    terms = made(given)
    for token, name, key in ((0, "alt", "alt"), (1, "full", "tokens")):
        text = F.normalize(made.text(given[key]), dim=-1)
        logits = scale * prefix[:, token] @ text.T
        rows = range(B)
        to_text = -sum(logits[i].log_softmax(0)[i] for i in rows) / B
        to_image = -sum(logits[:, i].log_softmax(0)[i] for i in rows) / B
        torch.testing.assert_close(terms[name], (to_text + to_image) / 4, rtol=1e-5, atol=1e-6)


def test_small_crops_and_masked_patches_say_what_the_teacher_sees_of_the_large_crop():
    made, given = method(distill_weight=0.5, mask_weight=3.0), batch()
    terms, seen, mask = made(given), made.teacher(given["image"]), given["masks"][0].flatten(1)
    told = ((made.heads.teacher(seen.prefix[:, 0]) - made.heads.targets.center) / 0.04).softmax(-1)
    said = [made.heads.student(made.image(view).prefix[:, 0]) for view in given["views"]]
    pairs = [cross_entropy_to(told, logits, 0.1).mean() for logits in said]
    torch.testing.assert_close(terms["distill"], 0.5 * sum(pairs) / 3)
    told = ((made.patch_heads.teacher(seen.tokens) - made.patch_heads.targets.center) / 0.04).softmax(-1)
    hidden = made.image.masked(given["image"], given["masks"][0], made.token).tokens
    each = cross_entropy_to(told, made.patch_heads.student(hidden), 0.1)
    expected = sum(each[i][mask[i]].mean() for i in range(B) if mask[i].any()) / B
    torch.testing.assert_close(terms["mask"], 3.0 * expected)


def test_each_term_teaches_what_it_should_and_nothing_else():
    made, given = (
        method(),
        batch()
        | {
            "negatives": torch.randint(1, 20, (B, 6)),
            "has_negative": torch.tensor([True, False, True, True]),
        },
    )
    torch.nn.init.normal_(made.token)

    def taught(term):
        made.zero_grad()
        made(given)[term].backward()
        return {n for n, p in made.named_parameters() if p.grad is not None and p.grad.any()}

    names = {n for n, _ in made.named_parameters()}
    image, text = ({n for n in names if n.startswith(tower)} for tower in ("image.", "text."))
    trunk, words = {n for n in image if ".attn." in n}, {n for n in text if ".attn." in n}
    for term in ("alt", "full", "negatives"):
        assert trunk | words | {"log_scale", "image.prefix"} <= taught(term) <= image | text | {"log_scale"}
    heads = {n for n in names if n.startswith("heads.student.")}
    assert trunk | heads <= taught("distill") <= image | heads
    patches = {n for n in names if n.startswith("patch_heads.student.")}
    assert trunk | patches | {"token"} <= taught("mask") <= image | patches | {"token"}
    assert not any(p.requires_grad for n, p in made.named_parameters() if "teacher" in n)


def test_the_class_token_of_one_text_hears_nothing_of_the_other():
    made, given = method(), batch()
    for term, token in (("alt", 0), ("full", 1)):
        seen = []
        hook = made.image.register_forward_hook(lambda _, inputs, out, seen=seen: seen.append(out.prefix))
        loss = made(given)[term]
        hook.remove()
        (gradient,) = torch.autograd.grad(loss, seen[0])
        assert gradient[:, token].any() and not gradient[:, 1 - token].any()


def test_false_captions_are_told_by_the_second_class_token():
    made, given = method(), batch()
    given |= {"negatives": torch.randint(1, 20, (B, 6)), "has_negative": torch.tensor([True, False, True, True])}
    v = F.normalize(made.image(given["image"]).prefix[:, 1], dim=-1)
    full, false = made.encode_text(given["tokens"]), made.encode_text(given["negatives"])
    expected = hard_negative(v, full, false, made.log_scale.exp(), given["has_negative"]) / 2
    torch.testing.assert_close(made(given)["negatives"], expected)


def test_towers_and_loss_are_those_of_transformers():
    """The same random weights: both class tokens, patches, texts, both directions of the loss, and their gradients."""
    sizes = dict(hidden_size=D, num_hidden_layers=2, num_attention_heads=2)
    peer = Tipsv2Model(
        Tipsv2Config(
            vision_config=sizes | dict(image_size=20, patch_size=5, layerscale_value=0.5),
            text_config=sizes | dict(intermediate_size=24, vocab_size=30, max_position_embeddings=7),
        )
    ).eval()
    for parameter in peer.parameters():
        parameter.data += 0.2 * torch.randn_like(parameter)
    peer.temperature.data.fill_(0.05)
    position = LearnedSpec(resample="bilinear_antialias")
    image = replace(IMAGE, size=20, patch=5, depth=2, layer_scale=1.0, position=position)
    text = replace(TEXT, vocab=30, length=7, depth=2, mlp=24, norm=Norm(eps=1e-5))
    made = method(image, text, scale_init=20.0)
    state = peer.vision_model.state_dict()
    ours = read(rules(Towers(image=image, text=None, dim=D), {n: tuple(x.shape) for n, x in state.items()}), state)
    made.image.load_state_dict({name.removeprefix("image."): x for name, x in ours.items()})
    state = {name: x for name, x in peer.text_model.state_dict().items() if name.startswith("encoder.")}
    ours = read(transformers_blocks("encoder.layers", "text.stack.blocks", 2), state)
    ours |= {
        "text.embed.weight": peer.text_model.embeddings.token_embedding.weight,
        **{f"text.stack.norm.{n}": x for n, x in peer.text_model.final_layer_norm.state_dict().items()},
    }
    made.text.load_state_dict({name.removeprefix("text."): x for name, x in ours.items()})

    pictures, ids = torch.randn(3, 3, 20, 20), torch.tensor([[4, 9, 0, 0, 0, 0, 0], [3, 8, 7, 29, 1, 2, 5], [6] * 7])
    mask = torch.rand(3, 4, 4) < 0.5
    theirs = peer(ids, pictures, attention_mask=(ids != 0).long(), return_loss=True)
    features = made.image(pictures)
    near = dict(rtol=1e-4, atol=1e-5)
    whole = torch.cat([features.prefix, features.tokens], 1)
    torch.testing.assert_close(whole, theirs.vision_model_output.last_hidden_state, **near)
    torch.testing.assert_close(made.text(ids), theirs.text_model_output.pooler_output, **near)
    v, u = F.normalize(features.prefix[:, 0], dim=-1), made.encode_text(ids)
    loss = info_nce(v, u, made.log_scale.exp())
    torch.testing.assert_close(loss, theirs.loss, **near)
    loss.backward()
    theirs.loss.backward()
    torch.testing.assert_close(
        made.image.stem.proj.weight.grad,
        peer.vision_model.embeddings.patch_embeddings.projection.weight.grad.flatten(1),
        **near,
    )
    torch.testing.assert_close(
        made.text.embed.weight.grad, peer.text_model.embeddings.token_embedding.weight.grad, **near
    )
    hidden = peer.vision_model(pictures, bool_masked_pos=mask.flatten(1)).last_hidden_state[:, 2:]
    token = peer.vision_model.embeddings.mask_token[0]
    torch.testing.assert_close(made.image.masked(pictures, mask, token).tokens, hidden, **near)
    small = torch.randn(2, 3, 10, 10)  # positions resampled as they do
    torch.testing.assert_close(made.image(small).tokens, peer.vision_model(small).last_hidden_state[:, 2:], **near)


def test_which_class_token_is_the_pictures_vector_is_the_towers_pooling():
    x = torch.randn(2, 3, 16, 16)
    one, other = method(), method(replace(IMAGE, pool=SecondCls()))
    other.load_state_dict(one.state_dict())
    prefix = one.image(x).prefix
    for made, token in ((one, 0), (other, 1)):
        torch.testing.assert_close(joint_of(made.kept()).encode_image(x), prefix[:, token])
    given = batch()
    ours, theirs = one(given), other(given)
    assert ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert one.kept().parts.keys() == {"image", "text"}


def test_the_teacher_follows_and_the_scale_is_held():
    made = method()
    assert isinstance(made, Method)
    old = {n: p.clone() for n, p in made.named_parameters()}
    with torch.no_grad():
        made.log_scale.fill_(9.0)
    made.before_step(99, 100)
    made(batch())
    made.after_step()
    assert made.log_scale.exp() <= 200.01
    assert made.heads.targets.center.any() and made.patch_heads.targets.center.any()
    for name, value in made.teacher.tower.module.named_parameters():
        expected = 0.9 * old[f"teacher.tower.module.{name}"] + 0.1 * old[f"image.{name}"]
        torch.testing.assert_close(value, expected, rtol=1e-5, atol=1e-6)


def test_towers_and_batches_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"has 1 tokens before its patches: set image\.pool=SecondCls"):
        method(replace(IMAGE, pool=Cls()))
    with pytest.raises(
        ValueError, match=r"class tokens of 12 with texts of 8 as they are: set image\.dim and text\.dim"
    ):
        method(text=replace(TEXT, dim=8))
    with pytest.raises(ValueError, match=r"Set method\.head\.prototypes=8, or batch=2, or method\.targets=Centering"):
        method(targets=Sinkhorn()).check(1)


def test_a_source_of_one_text_is_refused_before_the_first_step_with_what_would_work():
    recipe = find("tips.tiny")
    made, icons = recipe.build(recipe), open_source("icons?n=8")
    with pytest.raises(
        ValueError, match=r"tips\.tiny needs alt.*give alt text beside the captions.*silc learns from one"
    ):
        check_needs(recipe, made, icons)
    check_needs(recipe, made, open_source("scenes?n=8&alt=0.3"))


def test_every_recipe_has_two_class_tokens_and_a_batch_that_balances():
    for name in ("tips.tiny", "tips.small", "tips.described"):
        recipe = find(name)
        made = recipe.build(recipe)
        assert made.image.prefix.shape[1] == 2
        made.check(recipe.batch)
    recipe = find("tips.b14")
    recipe.method.targets.check(recipe.method.head.prototypes, recipe.batch)
