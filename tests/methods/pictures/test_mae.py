from dataclasses import replace

import numpy as np
import pytest
import torch

from sightline.data.augment.draws import Draws
from sightline.data.masks import BlockMask, ElementMask, RandomMask
from sightline.losses.pixels import NormalisedPixels, RawPixels, patchify, unpatchify
from sightline.methods.pictures.mae import MAE, Config
from sightline.nn.decoder import visible_places
from sightline.protocols import Method
from sightline.towers.spec import Cls, Mean, SinCosSpec, ViTSpec
from sightline.weights.run_folder.joint import dim_of, joint_of

SMALL = ViTSpec(size=16, patch=4, dim=16, depth=2, heads=2, pool=Mean(registers=1), position=SinCosSpec(layout="mae"))
CONFIG = Config(dim=8, depth=1, heads=2)


def method(spec=SMALL, **changes):
    torch.manual_seed(0)
    return MAE(spec.build(), replace(CONFIG, **changes))


def batch(b=3, ratio=0.75, size=16, grid=4):
    torch.manual_seed(1)
    order = torch.rand(b, grid * grid).argsort(1)
    mask = torch.zeros(b, grid * grid, dtype=torch.bool).scatter_(1, order[:, : int(ratio * grid * grid)], True)
    return {"image": torch.randn(b, 3, size, size), "masks": [mask.view(b, grid, grid)]}


def randomised(module):
    """No tensor stays at a value (0, 1) that would hide a wrong place."""
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return module


def peer(normalised):
    """transformers' class with random weights, and ours with the same."""
    from transformers import ViTMAEConfig, ViTMAEForPreTraining

    config = ViTMAEConfig(
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        image_size=16,
        patch_size=4,
        decoder_hidden_size=8,
        decoder_num_hidden_layers=1,
        decoder_num_attention_heads=2,
        decoder_intermediate_size=32,
        mask_ratio=0.75,
        norm_pix_loss=normalised,
        layer_norm_eps=1e-6,
    )
    theirs = randomised(ViTMAEForPreTraining(config))
    ours = method(target=NormalisedPixels() if normalised else RawPixels())
    with torch.no_grad():
        # fixed tables in the paper, one row for the class token, which is zero
        for table, dim in ((theirs.vit.embeddings.position_embeddings, 16), (theirs.decoder.decoder_pos_embed, 8)):
            table.copy_(torch.cat([torch.zeros(1, dim), ours.image.position.table((4, 4), dim)])[None])
    ours.load_state_dict(renamed(theirs.state_dict()))
    return theirs, ours


BLOCK = {
    "layernorm_before": "norm1",
    "layernorm_after": "norm2",
    "attention.o_proj": "attn.proj",
    "mlp.fc1": "mlp.fc1",
    "mlp.fc2": "mlp.fc2",
}


def renamed(state):
    """Their names to ours; q, k and v become one matrix."""
    made = {}
    for theirs, ours in (("vit.layers", "image.stack.blocks"), ("decoder.decoder_layers", "decoder.stack.blocks")):
        for number in {key.removeprefix(theirs + ".").split(".")[0] for key in state if key.startswith(theirs)}:
            for kind in ("weight", "bias"):
                for a, b in BLOCK.items():
                    made[f"{ours}.{number}.{b}.{kind}"] = state[f"{theirs}.{number}.{a}.{kind}"]
                three = [state[f"{theirs}.{number}.attention.{x}_proj.{kind}"] for x in "qkv"]
                made[f"{ours}.{number}.attn.qkv.{kind}"] = torch.cat(three)
    plain = {
        "vit.layernorm": "image.stack.norm",
        "decoder.decoder_embed": "decoder.embed",
        "decoder.decoder_norm": "decoder.stack.norm",
        "decoder.decoder_pred": "decoder.head",
    }
    for a, b in plain.items():
        for kind in ("weight", "bias"):
            made[f"{b}.{kind}"] = state[f"{a}.{kind}"]
    made["image.prefix"] = state["vit.embeddings.cls_token"]
    made["image.stem.proj.weight"] = state["vit.embeddings.patch_embeddings.projection.weight"].flatten(1)
    made["image.stem.proj.bias"] = state["vit.embeddings.patch_embeddings.projection.bias"]
    made["decoder.token"] = state["decoder.mask_token"][0, 0]
    return made


@pytest.mark.parametrize("normalised", [True, False])
def test_mask_loss_and_gradients_equal_transformers_from_the_same_noise(normalised):
    torch.manual_seed(0)
    theirs, ours = peer(normalised)
    image, noise = torch.randn(3, 3, 16, 16), torch.rand(3, 16)
    mask = (noise.argsort(1).argsort(1) >= 4).view(3, 4, 4)  # the paper keeps the first quarter of the shuffled
    answer = theirs(image, noise=noise)
    answer.loss.backward()
    assert torch.equal(answer.mask.bool(), mask.flatten(1))
    (loss,) = ours({"image": image, "masks": [mask]}).values()
    loss.backward()
    torch.testing.assert_close(loss, answer.loss, rtol=1e-5, atol=1e-6)
    slopes = renamed({name: p.grad for name, p in theirs.named_parameters()})
    named = dict(ours.named_parameters())
    assert set(named) == set(slopes)
    for name, slope in slopes.items():
        torch.testing.assert_close(named[name].grad, slope, rtol=1e-4, atol=1e-5, msg=name)


def test_it_is_what_the_trainer_expects_and_every_parameter_learns():
    made = method()
    assert isinstance(made, Method) and made.needs == {"image", "masks"}
    losses = made(batch())
    assert list(losses) == ["pixels"] and losses["pixels"].ndim == 0
    losses["pixels"].backward()
    assert [name for name, p in made.named_parameters() if p.grad is None] == []


def test_what_is_masked_does_not_reach_the_prediction_and_what_is_seen_has_no_loss():
    made, data = method(target=RawPixels()), batch()
    image = data["image"].requires_grad_()
    keep = visible_places(data["masks"][0].flatten(1))
    seen = made.image.visible(image, keep)
    made.decoder(seen.tokens, seen.prefix, keep, (4, 4)).square().sum().backward()
    hidden = data["masks"][0].repeat_interleave(4, 1).repeat_interleave(4, 2)[:, None].expand_as(image)
    assert not image.grad[hidden].any() and image.grad[~hidden].all()
    # other pixels as the target of the visible patches change nothing
    changed = torch.where(hidden, image, image + 0.0)
    torch.testing.assert_close(made(data | {"image": changed})["pixels"], made(data)["pixels"])


def test_predicting_zero_costs_one_of_normalised_targets():
    made, data = method(), batch()
    torch.nn.init.zeros_(made.decoder.head.weight)
    # the unbiased variance of 48 numbers leaves a mean square of 47 / 48
    assert made(data)["pixels"].item() == pytest.approx(47 / 48, rel=1e-4)


@pytest.mark.parametrize("counts", [(4, 5), (0, 0), (16, 16)])
def test_pictures_that_keep_different_numbers_none_or_all_are_refused(counts):
    mask = torch.zeros(2, 16, dtype=torch.bool)
    for row, count in zip(mask, counts, strict=True):
        row[:count] = True
    with pytest.raises(ValueError, match="one number, above none and below all"):
        method()({"image": torch.randn(2, 3, 16, 16), "masks": [mask.view(2, 4, 4)]})


def test_places_are_the_unmasked_in_order():
    mask = torch.tensor([[True, False, True, False], [False, True, True, False]])
    assert visible_places(mask).tolist() == [[1, 3], [0, 3]]


def test_a_flat_patch_may_weigh_less_and_both_kinds_are_watched():
    data = batch(b=2)
    mask = data["masks"][0]
    hidden = mask.flatten(1).nonzero()
    rows = torch.randn(2, 16, 48)
    for i, n in hidden[::2]:
        rows[i, n] = 0.3
    data["image"] = unpatchify(rows, (4, 4), 4)
    even = method(target=RawPixels())
    flat, edge = (v.item() for v in (even(data)["pixels"] * 0, even(data)["pixels"]))
    flat, edge = even.watched["loss_flat"].item(), even.watched["loss_edge"].item()
    assert even(data)["pixels"].item() == pytest.approx((flat + edge) / 2, rel=1e-4)
    less = method(target=RawPixels(), flat_weight=0.25)
    assert less(data)["pixels"].item() == pytest.approx((0.25 * flat + edge) / 1.25, rel=1e-4)


def test_the_kept_encoder_is_the_tower_with_nothing_masked_read_by_the_mean():
    made, image = method().eval(), torch.randn(2, 3, 16, 16)
    kept = made.kept()
    assert kept.parts == {"image": made.image} and kept.capabilities == ("embeds",)
    torch.testing.assert_close(joint_of(kept).encode_image(image), made.image(image).tokens.mean(1))


def test_under_autocast_the_loss_is_float32_and_close():
    made, data = method(), batch()
    with torch.autocast("cpu", torch.bfloat16):
        loss = made(data)["pixels"]
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, made(data)["pixels"], rtol=0.05, atol=0.05)


@pytest.mark.parametrize("target", [RawPixels(), NormalisedPixels()])
def test_a_reconstruction_keeps_what_is_seen_and_guesses_the_rest_from_it(target):
    made, given = method(target=target).eval(), batch()
    image, mask = given["image"], given["masks"][0]
    made.decoder.forward = lambda *_: target(patchify(image, 4))  # a perfect guess
    torch.testing.assert_close(made.reconstruct(image, mask), image)
    del made.decoder.forward
    hidden = mask.repeat_interleave(4, 1).repeat_interleave(4, 2)[:, None].expand_as(image)
    guessed = made.reconstruct(image, mask)
    assert torch.equal(guessed[~hidden], image[~hidden]) and not torch.equal(guessed, image)
    errors = (target(patchify(guessed, 4)) - target(patchify(image, 4))).square().mean(-1)
    if isinstance(target, RawPixels):  # what was guessed is what the loss is of
        torch.testing.assert_close(errors[mask.flatten(1)].mean(), made(given)["pixels"])


@pytest.mark.parametrize("kind", [RandomMask, BlockMask, ElementMask])
def test_every_kind_of_mask_with_one_ratio_fits(kind):
    pictures = torch.rand(3, 3, 16, 16)
    mask = kind(ratio=0.75)(pictures, (4, 4), Draws(0, 0, np.arange(3)))
    assert method()({"image": pictures, "masks": [mask]})["pixels"].isfinite()


def test_a_class_token_is_carried_through_the_decoder():
    with_token, without = method(), method(replace(SMALL, pool=Mean()))
    assert with_token.image.prefix.shape[1] == 1 and without.image.prefix.shape[1] == 0
    assert without(batch())["pixels"].isfinite()
    assert dim_of(method(replace(SMALL, pool=Cls())).kept()) == 16
