import math

import pytest
import torch
import torch.nn.functional as F

from sightline.methods.pictures.relative_position import Config, RelativePosition, channels_shuffled
from sightline.protocols import Features, Method
from sightline.towers.spec import ResNetSpec


class Flat(torch.nn.Module):
    """Pixels as they are: a trunk whose embedding can be foretold."""

    dim = 3 * 4 * 4

    def forward(self, image):
        pooled = image.flatten(1)
        return Features(pooled=pooled, tokens=pooled[:, None], prefix=pooled[:, None][:, :0], grid=(1, 1))


def batch(b=5, views=8, size=4):
    torch.manual_seed(0)
    made = [torch.randn(b, 3, size, size) for _ in range(1 + views)]
    return {"image": made[0], "views": made[1:]}


def method(trunk=None, **changes):
    torch.manual_seed(0)
    return RelativePosition(trunk or Flat(), Config(hidden=16, **changes), samples=20)


def test_the_loss_equals_the_loop_over_pairs_in_value_and_gradient():
    made, data = method(), batch()
    losses = made(data)
    losses["position"].backward()
    slope = made.head[0].weight.grad.clone()
    made.zero_grad()
    total, right = torch.zeros(()), 0
    for i in range(5):
        for k in range(8):
            pair = torch.cat([data["image"][i].flatten(), data["views"][k][i].flatten()])
            logits = made.head(pair)
            total = total - F.log_softmax(logits, 0)[k]
            right += int(logits.argmax() == k)
    (total / 40).backward()
    torch.testing.assert_close(losses["position"], total / 40)
    torch.testing.assert_close(made.head[0].weight.grad, slope)
    assert made.watched["accuracy"].item() == pytest.approx(right / 40)
    assert made.accuracy(data) == pytest.approx(right / 40)


def test_it_is_what_the_trainer_expects_and_every_parameter_learns():
    made = method(ResNetSpec(depths=(1, 1), width=8).build())
    assert isinstance(made, Method) and made.needs == {"image", "views"}
    made(batch(size=8))["position"].backward()
    assert [name for name, p in made.named_parameters() if p.grad is None] == []
    assert made.kept().parts == {"image": made.image}


def test_an_untold_place_costs_ln_8():
    made = method()
    torch.nn.init.zeros_(made.head[2].weight)
    torch.nn.init.zeros_(made.head[2].bias)
    assert made(batch())["position"].item() == pytest.approx(math.log(8), rel=1e-6)


def test_pairs_with_a_flat_patch_are_left_out():
    data = batch()
    data["image"][0] = 0.3  # all eight pairs of this picture
    data["views"][2][1] = -0.5  # one pair
    made = method()
    loss = made(data)["position"]
    kept = [(i, k) for i in range(1, 5) for k in range(8) if (i, k) != (1, 2)]
    total = sum(
        -F.log_softmax(made.head(torch.cat([data["image"][i].flatten(), data["views"][k][i].flatten()])), 0)[k]
        for i, k in kept
    )
    torch.testing.assert_close(loss, total / len(kept))
    nothing = {"image": torch.zeros(3, 3, 4, 4), "views": [torch.zeros(3, 3, 4, 4)] * 8}
    assert made(nothing)["position"].item() == 0 and method(flat=0.0)(nothing)["position"].item() > 1


def test_too_few_views_are_refused():
    needs = "9 views; got 2: take data.views of sightline.data.views.patch_pairs.Neighbours"
    with pytest.raises(ValueError, match=needs):
        method()(batch(views=1))


def test_the_accuracy_of_the_first_epoch_is_watched_until_every_picture_was_seen():
    made, data = method(), batch()  # 20 samples, 5 a step
    for step, watched in ((0, True), (3, True), (4, False)):
        made.before_step(step, 10)
        made(data)
        assert ("accuracy_first_epoch" in made.watched) == watched


def places(b, fringe):
    """Patches that show their place k by the amplitude of a pattern, in red alone (a fringe) or in all channels."""
    pattern = torch.linspace(-1, 1, 4)[:, None].expand(4, 4)
    made = []
    for k in range(9):
        view = 0.1 * torch.randn(b, 3, 4, 4)
        view[:, 0 if fringe else slice(None)] += k * pattern
        made.append(view)
    return {"image": made[0], "views": made[1:]}


@pytest.mark.parametrize("fringe", [True, False])
def test_shuffled_channels_tell_a_colour_shortcut_from_a_reading_of_the_patch(fringe):
    torch.manual_seed(0)
    made = method(flat=0.0)
    if fringe:
        # reads one channel only, as a net that lives on fringes does
        mask = torch.zeros(2, 3, 16)
        mask[:, 0] = 1
        with torch.no_grad():
            made.head[0].weight *= mask.flatten()
        made.head[0].weight.register_hook(lambda slope: slope * mask.flatten())
    optimizer = torch.optim.Adam(made.parameters(), lr=3e-2)
    for _ in range(400):
        optimizer.zero_grad()
        made(places(32, fringe))["position"].backward()
        optimizer.step()
    data = places(64, fringe)
    plain, shuffled = made.accuracy(data), made.accuracy(channels_shuffled(data))
    assert plain > 0.9
    assert shuffled < 0.5 if fringe else shuffled > 0.9


def test_shuffling_moves_whole_channels_and_nothing_else():
    data = batch()
    made = channels_shuffled(data)
    for before, after in zip([data["image"], *data["views"]], [made["image"], *made["views"]], strict=True):
        torch.testing.assert_close(before.sum(1), after.sum(1))
        for row, other in zip(before, after, strict=True):
            assert sorted(c.sum().item() for c in row) == pytest.approx(sorted(c.sum().item() for c in other))
    assert not torch.equal(made["image"], data["image"])
