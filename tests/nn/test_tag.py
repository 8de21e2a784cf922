import torch
from torch import nn

from sightline.nn.tag import decayed, groups, tag, tags


def module():
    m = nn.Module()
    m.linear, m.norm = nn.Linear(3, 2), nn.LayerNorm(2)
    m.position = tag(nn.Parameter(torch.zeros(4, 3)), "no_decay")
    m.frozen = nn.Parameter(torch.zeros(2, 2), requires_grad=False)
    return m


def test_only_untagged_matrices_decay():
    assert decayed(module()) == {"linear.weight"}


def test_groups_hold_every_trainable_parameter_once():
    m = module()
    with_decay, without = groups(m, 0.1)
    assert (with_decay["weight_decay"], without["weight_decay"]) == (0.1, 0.0)
    assert [id(p) for p in with_decay["params"]] == [id(m.linear.weight)]
    assert {id(p) for p in without["params"]} == {id(p) for p in (m.linear.bias, *m.norm.parameters(), m.position)}


def test_names_taken_before_the_parameters_were_wrapped_still_serve():
    m = module()
    names = decayed(m)
    m.position = nn.Parameter(m.position.data)  # what sharding does: a new parameter, no tag
    assert decayed(m) != names
    assert len(groups(m, 0.1, names)[0]["params"]) == 1


def test_tags_add_up():
    assert tags(tag(tag(nn.Parameter(torch.zeros(1)), "a"), "b")) == {"a", "b"}
