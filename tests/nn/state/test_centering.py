import copy

import torch
from lightly.loss import DINOLoss

from sightline.nn.state.centering import Center


def test_the_center_moves_after_use_as_lightlys_does():
    mine, peer = Center(8, 0.9), DINOLoss(output_dim=8, center_momentum=0.9)
    for _ in range(3):
        raw = torch.randn(2, 5, 8) + 1
        before = mine.center.clone()
        torch.testing.assert_close(mine(raw, 0.04), ((raw - before) / 0.04).softmax(-1))
        mine.observe(raw)
        torch.testing.assert_close(mine.center, before, rtol=0, atol=0)
        mine.update()
        peer.update_center(raw)
        torch.testing.assert_close(mine.center, peer.center[0, 0])


def test_parts_of_a_step_count_by_their_rows():
    whole, parts, rows = Center(8), Center(8), torch.randn(7, 8)
    whole.observe(rows)
    parts.observe(rows[:2])
    parts.observe(rows[2:])
    for center in (whole, parts):
        center.update()
    torch.testing.assert_close(whole.center, parts.center)


def test_a_step_without_logits_leaves_it_and_a_momentum_of_one_keeps_zero():
    center, still = Center(8), Center(8, momentum=1.0)
    center.update()
    still.observe(torch.ones(3, 8))
    still.update()
    for one in (center, still):
        assert not one.center.any()


def test_an_empty_observation_holds_the_center():
    center = Center(8)
    center.observe(torch.ones(3, 8))
    center.update()
    before = center.center.clone()
    center.observe(torch.ones(0, 8))
    center.update()
    torch.testing.assert_close(center.center, before, rtol=0, atol=0)


def test_the_center_is_its_whole_state():
    center = Center(8)
    center.observe(torch.randn(4, 8))
    center.update()
    assert list(center.state_dict()) == ["center"]
    again = copy.deepcopy(center)
    torch.testing.assert_close(again.center, center.center)
