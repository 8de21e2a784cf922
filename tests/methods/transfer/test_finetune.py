"""Classes from labels, and the parts of fine-tuning: each by its equation, and together."""

import copy
import math

import pytest
import torch
from torch import nn

import sightline
from sightline.data.prepare.preprocess import Preprocess
from sightline.methods.transfer.finetune import Config, FineTuned
from sightline.methods.transfer.supervised import HeadAlone, Supervised
from sightline.nn.head import ClassHead
from sightline.nn.state.lock import keep_locked, lock_named, locked
from sightline.nn.tag import rates_of
from sightline.protocols import Kept
from sightline.towers.sizes import vit_small
from sightline.towers.sizes_conv import common_resnet
from sightline.weights.capabilities import must_have_parts
from sightline.weights.run_folder.run import save

NAMES = ("cat", "dog", "owl")


def vit(config=Config(), depth=2):  # noqa: B008
    torch.manual_seed(0)
    tower = vit_small(16, 8, depth).build()
    return FineTuned(tower, ClassHead(tower.dim, NAMES), config)


def batch(labels=(0, 2, -1, 1), size=16):
    torch.manual_seed(1)
    return {"image": torch.randn(len(labels), 3, size, size), "label": torch.tensor(labels)}


def test_the_loss_is_the_mean_log_share_of_the_right_class_over_labelled_pictures():
    method = Supervised((tower := vit_small(16, 8, 1).build()), ClassHead(tower.dim, NAMES)).double()
    given = batch()
    given["image"] = given["image"].double()
    logits = method.classes(tower(given["image"]).pooled)
    expected = 0.0
    for row, label in zip(logits.tolist(), (0, 2, -1, 1), strict=True):
        if label >= 0:
            expected -= (row[label] - math.log(sum(map(math.exp, row)))) / 3
    assert method(given)["class"].item() == pytest.approx(expected, rel=1e-6)
    method(given | {"label": torch.full((4,), -1)})["class"].backward()
    assert all(p.grad is None or not p.grad.any() for p in method.parameters())


def test_one_class_is_refused():
    with pytest.raises(ValueError, match="at least two classes, and the data has 1"):
        Supervised(nn.Identity(), ClassHead(4, NAMES[:1]))


def stepped(method, steps=3):
    lock_named(method)
    optimizer = torch.optim.AdamW([p for p in method.parameters() if p.requires_grad], lr=0.01, weight_decay=0.1)
    for _ in range(steps):
        method.train()
        keep_locked(locked(method))
        optimizer.zero_grad()
        sum(method(batch(size=32))[name] for name in method(batch(size=32))).backward()
        optimizer.step()
    return method


def test_frozen_stages_and_their_statistics_stay_bit_for_bit():
    torch.manual_seed(0)
    tower = common_resnet().build()
    method = FineTuned(tower, ClassHead(tower.dim, NAMES), Config(freeze=2))
    before = copy.deepcopy(method.state_dict())
    after = stepped(method).state_dict()
    for name, x in before.items():
        held = name.startswith(("image.stem.", "image.stages.0.", "image.stages.1."))
        assert torch.equal(x, after[name]) == held, name


def test_the_head_alone_learns_in_the_first_phase_and_the_second_pulls_to_its_tower():
    torch.manual_seed(0)
    tower = common_resnet().build()
    first = stepped(HeadAlone(tower, ClassHead(tower.dim, NAMES)))
    before = copy.deepcopy(first.state_dict())
    second = FineTuned(common_resnet().build(), ClassHead(tower.dim, NAMES), Config(pull=0.5))
    second.load_state_dict(before, strict=False)
    second.begin_phase(before)
    assert second.pulled().item() == 0
    assert all(torch.equal(x, second.start.state_dict()[n]) for n, x in second.image.state_dict().items())


def test_l2sp_is_half_alpha_the_way_from_the_start_and_half_beta_the_head():
    method = vit(Config(pull=0.3, head_pull=0.2, freeze=1))
    with torch.no_grad():
        for p in method.parameters():
            if p.requires_grad:
                p.add_(0.01 * torch.randn_like(p))
    expected = 0.0
    for name, p in method.image.named_parameters():
        if p.requires_grad:
            expected += 0.15 * (p - method.start.get_parameter(name)).double().square().sum().item()
    expected += 0.1 * sum(p.double().square().sum().item() for p in method.classes.parameters())
    assert method.pulled().item() == pytest.approx(expected, rel=1e-5)
    assert set(method(batch())) == {"class", "pull"} and set(vit()(batch())) == {"class"}


def test_adapters_learn_alone_and_are_merged_in_what_is_kept():
    method = vit(Config(rank=2, scale=0.5))
    assert method.kept().parts["image"] is method.image
    before = copy.deepcopy(method.image.state_dict())
    names = {n.partition(".")[0] for n, p in method.named_parameters() if p.requires_grad}
    assert names == {"adapters", "classes"}
    nn.init.normal_(method.adapters.up[0], std=0.1)
    method.eval()
    x = batch()["image"]
    torch.testing.assert_close(method.kept().parts["image"](x).pooled, method.pooled(x), rtol=1e-5, atol=1e-5)
    assert all(torch.equal(before[n], value) for n, value in method.image.state_dict().items())
    losses = method(batch())
    losses["class"].backward()
    assert all(p.grad is not None for p in method.parameters() if p.requires_grad)
    must_have_parts(method.kept())


def test_rates_fall_by_layer_and_the_head_and_the_adapters_follow_theirs():
    rates = rates_of(vit(Config(layer_decay=0.5, head_rate=10.0)))
    assert rates["image.stem.layers.0.weight"] == 0.125 and rates["image.stack.blocks.1.mlp.fc1.weight"] == 0.5
    assert rates["classes.weight"] == rates["classes.bias"] == 10
    rates = rates_of(vit(Config(layer_decay=0.5, rank=2)))
    assert sorted({*rates.values()}) == [0.25, 0.5, 1.0] and not any(name.startswith("image") for name in rates)


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ({"freeze": -1}, "method.freeze is -1; expected 0"),
        ({"head_rate": 0.0}, "method.head_rate is 0.0; expected a number above 0"),
        ({"rank": 2, "pull": 0.1}, "method.pull=0.1 has nothing to pull"),
    ],
)
def test_numbers_that_mean_nothing_are_refused(numbers, said):
    with pytest.raises(ValueError, match=said):
        Config(**numbers)


def test_more_blocks_than_there_are_cannot_be_frozen():
    with pytest.raises(ValueError, match="ViT has 2 blocks, stages or convolutions, and 3 are to be held"):
        vit(Config(freeze=3))


def test_a_run_that_is_loaded_names_the_likeliest_classes(tmp_path):
    torch.manual_seed(0)
    spec = vit_small(16, 8, 1)
    method = Supervised(spec.build(), ClassHead(spec.dim, NAMES))
    kept = method.kept()
    with torch.no_grad():
        kept.parts["classes"].bias.copy_(torch.tensor([0.0, 3.0, 1.0]))
    save(tmp_path, kept, specs={"image": spec}, preprocess=Preprocess(size=16), tokenizer=None, dim=spec.dim)
    encoder = sightline.load(tmp_path)
    pictures = torch.randn(2, 3, 16, 16)
    [first, second] = encoder.classify(pictures, top=3)
    assert [name for name, _ in first] == [name for name, _ in second] == ["dog", "owl", "cat"]
    expected = method.eval().classes(method.image(pictures).pooled).softmax(1)[0].sort(descending=True).values
    assert [share for _, share in first] == pytest.approx(expected.tolist(), rel=1e-5)
    assert [[name] for name in ("dog", "dog")] == [[name for name, _ in one] for one in encoder.classify(pictures)]
    with pytest.raises(ValueError, match="top is 4; .* has 3 classes: expected 1 to 3"):
        encoder.classify(pictures, top=4)


def test_what_trains_no_classes_cannot_classify(tmp_path):
    spec = vit_small(16, 8, 1)
    kept = Kept(parts={"image": spec.build()}, capabilities=("embeds",))
    save(tmp_path, kept, specs={"image": spec}, preprocess=Preprocess(size=16), tokenizer=None, dim=spec.dim)
    with pytest.raises(ValueError, match="cannot classify: it embeds"):
        sightline.load(tmp_path).classify(torch.zeros(1, 3, 16, 16))
