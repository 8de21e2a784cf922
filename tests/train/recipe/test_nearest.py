"""Words of other programs and slips of the pen are answered with the setting that is meant."""

import pytest

from sightline.recipes.find import find
from sightline.train.recipe.nearest import OTHER_NAMES, nearest, settings_of
from sightline.train.recipe.override import override


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("lr", "optim.lr"),
        ("LR", "optim.lr"),
        ("learning-rate", "optim.lr"),
        ("batch-size", "batch"),
        ("batchsize", "batch"),
        ("weight_decay", "optim.weight_decay"),
        ("warmup", "schedule.warmup"),
        ("size", "data.size"),
        ("tokenizer.vocab", "data.tokenizer.vocab"),
        ("patience", "evaluation.patience"),
        ("optim.lrr", "optim.lr"),
        ("method.positive", "method.positives"),
        ("epoch", "epochs"),
    ],
)
def test_a_word_is_the_setting_whose_name_ends_so_or_nearly_so(said, meant):
    assert nearest(find("clip"), said)[0] == meant


def test_nothing_is_guessed_of_a_word_that_is_like_none():
    assert nearest(find("clip"), "zzz") == []


def test_every_other_name_leads_to_a_setting_that_there_is():
    known = set(settings_of(find("clip")))
    assert set(OTHER_NAMES.values()) <= known


def test_an_unknown_key_names_the_one_that_is_meant():
    with pytest.raises(
        ValueError, match=r"Recipe has no field 'lr' .in lr.; it has name, .*\. Did you mean optim.lr\?"
    ):
        override(find("clip"), ["lr=0.1"])


@pytest.mark.parametrize("recipe", ["clip.icons", "clip.small", "siglip.icons", "clip_shared.small"])
def test_a_setting_of_a_method_inside_another_is_reached_from_outside(recipe):
    made = override(find(recipe), ["method.positives=caption"]).method
    assert getattr(made, "pair", made).positives == "caption"


def test_the_outer_methods_own_setting_comes_first():
    made = override(find("clip.icons"), ["method.weight=0.25", "method.chunk=64"]).method
    assert (made.weight, made.pair.weight, made.pair.chunk) == (0.25, 0.5, 64)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("optim.lr=nan", "optim.lr is nan; it must be finite and positive"),
        ("optim.lr=inf", "optim.lr is inf; it must be finite and positive"),
        ("optim.lr=-inf", "optim.lr is -inf; it must be finite and positive"),
        ("optim.lr=1e999", "optim.lr is inf"),
        ("optim.lr=0", "optim.lr is 0.0; it must be finite and positive"),
        ("optim.lr=-1e-3", "optim.lr is -0.001; it must be finite and positive"),
        ("optim.weight_decay=NaN", "optim.weight_decay is nan; it must be finite"),
        ("optim.weight_decay=-0.1", "optim.weight_decay is -0.1; it must be finite, and 0 or more"),
        ("optim.betas=(0.9, 1.0)", "optim.betas is .*less than 1"),
        ("optim.eps=-1e-8", "optim.eps is -1e-08"),
        ("clip=inf", "clip is inf; it must be finite"),
        ("clip=-1", "clip must be finite and 0 .none. or more"),
        ("ema=1", "ema must be at least 0 .none. and less than 1, got 1"),
        ("ema=nan", "ema is nan"),
        ("epochs=nan", "epochs is nan"),
        ("epochs=-1", "a positive number of steps, got epochs=-1"),
        ("steps=0", "a positive number of steps, got steps=0"),
        ("batch=0", "batch must be at least 1"),
        ("seed=99999999999999999999", r"seed must be less than 2\*\*63"),
        ("batch=nan", "batch is 256; 'nan' is a float, and int"),
        ("micro=-1", "micro must be 0 or more"),
        ("seed=-1", "seed must be 0 or more"),
        ("data.size=0", "data.size is 0"),
        ("schedule.warmup=-5", "schedule.warmup is a number of steps, 0 or more"),
        ("schedule.floor=2", "schedule.floor is the last factor"),
        ("schedule.most=nan", "schedule.most is nan"),
        ("evaluation.every=-1", "evaluation.every must be 0 or more"),
        ("evaluation.samples=0", "evaluation.samples must be at least 1"),
        ("method.scale_init=nan", "method.scale_init is nan"),
    ],
)
def test_numbers_that_mean_nothing_are_refused(setting, words):
    with pytest.raises(ValueError, match=words):
        override(find("clip"), [setting])
