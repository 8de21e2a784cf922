"""Key maps: every rule's way out is the inverse of its way in, bit for bit, and what does not fit is named."""

import pytest
import torch

from sightline.weights.published.keymap import (
    Blank,
    ChannelsLast,
    ClassPosition,
    Divide,
    Ignore,
    Join,
    Rename,
    Reshape,
    SegmentPosition,
    Transpose,
    Zeros,
    read,
    write,
)


def numbers(*shape):
    return torch.randn(*shape)


RULES = {
    "rename": (Rename("a", "b"), {"a": (3, 4)}),
    "transpose": (Transpose("a", "b"), {"a": (3, 4)}),
    "reshape": (Reshape("a", "b", (5, 3, 2, 2), (5, 12)), {"a": (5, 3, 2, 2)}),
    "scalar": (Reshape("a", "b", (1,), ()), {"a": (1,)}),
    "channels last": (ChannelsLast("a", "b", 2, 3), {"a": (5, 12)}),
    "join": (Join(("q", "k", "v"), "qkv"), {"q": (4, 4), "k": (4, 4), "v": (4, 4)}),
    "join without a bias": (Join(("q", None, "v"), "qkv"), {"q": (4,), "v": (4,)}),
    "divide": (Divide("a", ("q", "kv"), (2, 4)), {"a": (6, 3)}),
    "zeros": (Zeros("b", (3,)), {}),
    "ignore": (Ignore("*.position_ids"), {}),
}


@pytest.mark.parametrize("name", RULES)
def test_writing_what_was_read_gives_the_same_bits(name):
    rule, shapes = RULES[name]
    theirs = {key: numbers(*shape) for key, shape in shapes.items()}
    back = write([rule], read([rule], theirs))
    assert back.keys() == theirs.keys()
    assert all(torch.equal(back[key], theirs[key]) and back[key].shape == theirs[key].shape for key in theirs)


def test_a_patch_convolution_is_flattened_channel_first():
    kernel = numbers(5, 3, 2, 2)
    ours = read([Reshape("a", "b", (5, 3, 2, 2), (5, 12))], {"a": kernel})["b"]
    image = numbers(1, 3, 2, 2)
    assert torch.allclose(torch.nn.functional.conv2d(image, kernel)[0, :, 0, 0], ours @ image.flatten())


def test_channels_last_is_a_permutation_of_the_columns():
    weight, patch = numbers(5, 12), numbers(2, 2, 3)
    ours = read([ChannelsLast("a", "b", 2, 3)], {"a": weight})["b"]
    assert torch.allclose(weight @ patch.flatten(), ours @ patch.permute(2, 0, 1).flatten(), atol=1e-6)


@pytest.mark.parametrize("registers", [None, "reg"])
@pytest.mark.parametrize("leads", [(0, 0), (2, 1)])
def test_a_class_position_folds_into_the_token_and_comes_back_as_zero(registers, leads):
    rule = ClassPosition("cls", "pos", "prefix", "position", leads[0], leads[1], registers)
    lead = [(1,) * count for count in leads]
    theirs = {"cls": numbers(*lead[0], 4), "pos": numbers(*lead[1], 10, 4)}
    theirs |= {registers: numbers(1, 2, 4)} if registers else {}
    ours = read([rule], theirs)
    assert ours["prefix"].shape == (1, 3 if registers else 1, 4) and ours["position"].shape == (9, 4)
    assert torch.equal(ours["prefix"][0, 0], theirs["cls"].flatten() + theirs["pos"].reshape(10, 4)[0])
    out = write([rule], ours)
    assert {key: value.shape for key, value in out.items()} == {key: value.shape for key, value in theirs.items()}
    assert not out["pos"].reshape(10, 4)[0].any()
    again = read([rule], out)
    assert all(torch.equal(again[key], ours[key]) for key in ours)
    assert all(torch.equal(value, write([rule], again)[key]) for key, value in out.items())


def test_the_first_segment_folds_into_the_positions_and_comes_back_as_zero():
    rule = SegmentPosition("segment", "table", "position", segments=2)
    theirs = {"segment": numbers(2, 4), "table": numbers(9, 4)}
    ours = read([rule], theirs)
    assert torch.equal(ours["position"], theirs["table"] + theirs["segment"][0])
    out = write([rule], ours)
    assert torch.equal(out["segment"], torch.zeros(2, 4)) and torch.equal(out["table"], ours["position"])
    assert torch.equal(read([rule], out)["position"], ours["position"])


def test_a_tensor_without_a_place_is_dropped_in_and_zero_out():
    rule = Blank("mask", (1, 4))
    assert read([rule], {"mask": numbers(1, 4)}) == {}
    assert torch.equal(write([rule], {})["mask"], torch.zeros(1, 4))


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_other_floats_become_float32_and_whole_numbers_stay(kind):
    ours = read([Rename("a", "b"), Rename("n", "m")], {"a": numbers(3).to(kind), "n": torch.tensor(5)})
    assert ours["b"].dtype == torch.float32 and ours["m"].dtype == torch.int64


def test_every_missing_extra_and_wrongly_shaped_key_is_named_once():
    rules = [Rename(f"layers.{i}.weight", f"l.{i}") for i in range(4)] + [Rename("head", "h"), Ignore("*.ids")]
    model = {f"l.{i}": torch.empty(2, 3, device="meta") for i in range(4)} | {"h": torch.empty(5, device="meta")}
    theirs = {
        "layers.0.weight": numbers(2, 3),
        "layers.1.weight": numbers(3, 2),
        "tail": numbers(1),
        "x.ids": numbers(1),
    }
    with pytest.raises(ValueError) as told:
        read(rules, theirs, model)
    assert "missing: head, layers.{2,3}.weight" in str(told.value)
    assert "extra: tail" in str(told.value) and "x.ids" not in str(told.value)
    assert "shape (3, 2) instead of (2, 3): layers.1.weight" in str(told.value)


def test_writing_names_what_no_rule_takes():
    with pytest.raises(ValueError, match="missing: b.*extra: c"):
        write([Rename("a", "b")], {"c": numbers(1)})


@pytest.mark.parametrize("rule", [Zeros("b", (3,)), Join((None,), "b")])
def test_a_bias_that_is_not_zero_has_no_place_in_their_layout(rule):
    with pytest.raises(ValueError, match="b is not zero.*--to sightline"):
        write([rule], {"b": torch.ones(3)})
