"""Methods of metric learning against their equations written out, and what they refuse."""

import math
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from sightline.data.feed.labelled import PK, Episodes, Pairs
from sightline.losses.metric import CosineSimilarity, Hadsell, Hinge, LpDistance, SoftMargin
from sightline.methods.metric import prototypical
from sightline.methods.metric.histogram import Histogram
from sightline.methods.metric.imprinting import Generated, Imprinting, WeightGenerator, imprinted
from sightline.methods.metric.npair import NPair
from sightline.methods.metric.prototypical import Prototypical, logits, prototypes
from sightline.methods.metric.siamese import Config as SiameseConfig
from sightline.methods.metric.siamese import Siamese
from sightline.methods.metric.space import Free
from sightline.methods.metric.triplet import Config as TripletConfig
from sightline.methods.metric.triplet import Triplet
from sightline.nn.head import Projection, unit
from sightline.protocols import Features
from sightline.recipes.find import find
from sightline.train.recipe.override import override
from sightline.train.watch.monitor import Monitor


class Flat(nn.Module):
    """A picture of n numbers is its own vector; counts how often it is asked."""

    def __init__(self, dim=6):
        super().__init__()
        self.scale, self.dim, self.asked = nn.Parameter(torch.ones(dim)), dim, []

    def forward(self, image):
        x = image.flatten(1) * self.scale
        self.asked.append(len(x))
        return Features(pooled=x, tokens=x[:, None], prefix=x[:, None, :][:, :0], grid=(1, 1))


def batch(labels, seed=0):
    image = torch.randn(len(labels), 1, 2, 3, generator=torch.Generator().manual_seed(seed))
    return {"image": image, "label": torch.tensor(labels)}


def made(kind, *args, dim=4):
    torch.manual_seed(1)
    return kind(Flat(), Projection(6, dim), *args)


def vectors(method, given):
    return (given["image"].flatten(1) @ method.project_image.weight.T).detach()


def test_a_siamese_network_is_one_tower_called_twice():
    method, given = made(Siamese), batch([0, 0, 0, 1, 2, 2, 3, 1])
    loss = method(given)["pairs"]
    assert method.image.asked == [4, 4]
    x = unit(vectors(method, given))
    expected = []
    for a, b, same in zip(x[0::2], x[1::2], [True, False, True, False], strict=True):
        d = float((a - b).norm())
        expected.append(d**2 if same else max(0.0, 1 - d) ** 2)
    assert loss.item() == pytest.approx(sum(expected) / 4, abs=1e-6)
    seen = method.watched
    assert seen["positive"].item() == pytest.approx(float((x[[0, 4]] - x[[1, 5]]).norm(dim=1).mean()), abs=1e-6)


def test_pairs_of_which_one_has_no_label_do_not_count_and_forms_and_spaces_are_parts():
    config = SiameseConfig(form=Hadsell(margin=3.0), space=Free())
    method, given = made(Siamese, config), batch([0, 0, -1, -1, 1, -1, 1, 2])
    x = vectors(method, given)
    d = (x[0::2] - x[1::2]).norm(dim=1)
    expected = float(d[0] ** 2 / 2 + F.relu(3 - d[3]) ** 2 / 2) / 2
    assert method(given)["pairs"].item() == pytest.approx(expected, abs=1e-5)


def test_the_triplet_method_is_its_loss_on_the_unit_sphere_and_tells_what_is_active():
    config = TripletConfig(mining="all_valid", violation=Hinge(margin=0.5))
    method, given = made(Triplet, config), batch([0, 0, 1, 1, 2])
    d = torch.cdist(unit(vectors(method, given)), unit(vectors(method, given))) ** 2
    found = [
        0.5 + float(d[a, p] - d[a, n])
        for a, p, others in ((0, 1, (2, 3, 4)), (1, 0, (2, 3, 4)), (2, 3, (0, 1, 4)), (3, 2, (0, 1, 4)))
        for n in others
    ]
    losses = [max(0.0, value) for value in found]
    assert method(given)["triplet"].item() == pytest.approx(sum(losses) / len(losses), abs=1e-5)
    assert method.watched["active"].item() == pytest.approx(sum(v > 0 for v in losses) / len(losses))


@pytest.mark.parametrize("violation", [Hinge(margin=0.2), SoftMargin()])
def test_a_collapsed_batch_hard_run_is_told_by_the_monitor(violation):
    method, given = made(Triplet, TripletConfig(mining="batch_hard", violation=violation)), batch([0, 0, 1, 1])
    given["image"] = torch.ones_like(given["image"])
    loss = method(given)["triplet"].item()
    assert loss == pytest.approx(violation.margin or math.log(2), abs=1e-6)
    monitor = Monitor(4)
    told = [t for step in range(200) for t in monitor.observe(step, {"triplet": loss}, method.watched)]
    assert len([t for t in told if "the triplet loss stands at" in t]) == 1


def test_n_pair_reads_anchors_and_positives_row_by_row_and_keeps_norms_small():
    method, given = made(NPair), batch([0, 0, 1, 1, 2, 2])
    x = vectors(method, given)
    terms = method(given)
    scores = x[0::2] @ x[1::2].T
    assert terms["npair"].item() == pytest.approx(F.cross_entropy(scores, torch.arange(3)).item(), abs=1e-5)
    assert terms["norms"].item() == pytest.approx(2e-3 * float(x.square().sum()) / 3, abs=1e-6)


def test_prototypes_are_means_and_support_and_queries_go_through_one_forward():
    order = Episodes(ways=3, shots=2, queries=4)
    method = Prototypical(Flat(), order)
    labels = [*[0, 0, 1, 1, 2, 2], *[k for k in range(3) for _ in range(4)]] * 2
    given = batch(labels)
    loss = method(given)["episode"].item()
    assert method.image.asked == [36]
    found = []
    for episode in given["image"].flatten(1).unflatten(0, (2, 18)):
        centres = episode[:6].unflatten(0, (3, 2)).mean(1)
        for i, z in enumerate(episode[6:]):
            d = [float((z - c).square().sum()) for c in centres]
            found.append(d[i // 4] + math.log(sum(math.exp(-v) for v in d)))
    assert loss == pytest.approx(sum(found) / 24, abs=1e-4)


def test_a_prototype_is_a_row_of_a_linear_classifier():
    """-|z - c|^2 = 2 c.z - |c|^2 - |z|^2."""
    z, support = torch.randn(5, 6, dtype=torch.float64), torch.randn(3, 2, 6, dtype=torch.float64)
    c = prototypes(support)
    linear = 2 * z @ c.T - c.square().sum(1) - z.square().sum(1, keepdim=True)
    torch.testing.assert_close(logits(z, c), linear)
    cosine = prototypical.Config(distance=CosineSimilarity(), scale=5.0)
    torch.testing.assert_close(logits(z, c, cosine), 5 * F.cosine_similarity(z[:, None], c[None], dim=2))


def test_a_query_alone_is_answered_as_among_others_in_evaluation_mode():
    recipe = find("prototypical.tiny")
    tower = recipe.parts.image.build().eval()
    image = torch.randn(7, 3, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(tower(image).pooled[2:3], tower(image[2:3]).pooled, rtol=1e-4, atol=1e-5)


def test_the_cosine_classifier_is_the_peers_normalised_softmax():
    from pytorch_metric_learning.losses import NormalizedSoftmaxLoss

    method, given = made(Imprinting, 5), batch([0, 4, 2, 2])
    peer = NormalizedSoftmaxLoss(num_classes=5, embedding_size=4, temperature=1 / 10)
    peer.W.data = method.classes.weight.detach().T.clone()
    assert method(given)["class"].item() == pytest.approx(peer(vectors(method, given), given["label"]).item(), abs=1e-5)


def test_pictures_without_a_label_are_left_out_and_one_class_is_refused():
    method = made(Imprinting, 3)
    some, all_of = batch([0, -1, 2, -1]), batch([0, 1, 2, 0])
    known = {key: value[[0, 2]] for key, value in some.items()}
    assert method(some)["class"].item() == pytest.approx(method(known)["class"].item(), abs=1e-6)
    assert method(all_of)["class"].item() != pytest.approx(method(known)["class"].item(), abs=1e-3)
    with pytest.raises(ValueError, match="at least two classes, and the data has 1: give a folder"):
        made(Imprinting, 1)


def test_imprinted_weights_are_unit_means_of_unit_vectors():
    x = torch.randn(6, 4) * torch.arange(1, 7)[:, None]
    weights = imprinted(x, torch.tensor([1, 0, 0, 1, 2, 1]), 3)
    torch.testing.assert_close(weights.norm(dim=1), torch.ones(3))
    torch.testing.assert_close(weights[1], F.normalize(sum(F.normalize(x[i], dim=0) for i in (0, 3, 5)), dim=0))
    torch.testing.assert_close(weights[2], F.normalize(x[4], dim=0))
    with pytest.raises(ValueError, match="class 1 of 3 has no example to be imprinted from"):
        imprinted(x, torch.tensor([0, 0, 0, 0, 2, 2]), 3)


def test_a_generated_weight_is_the_average_and_what_attention_finds_among_other_classes():
    torch.manual_seed(0)
    generator, base = WeightGenerator(4, 5), torch.randn(5, 4)
    with torch.no_grad():
        generator.attention.normal_()
        generator.average.normal_()
    support = unit(torch.randn(2, 3, 4))
    known = torch.tensor([0, 2, 3])
    made_weights = generator(support, base, known)
    for k in range(2):
        attended = torch.zeros(4)
        for z in support[k]:
            q = F.normalize(generator.query(z), dim=0)
            looks = torch.stack([10 * q @ F.normalize(generator.keys[b], dim=0) for b in known]).softmax(0)
            attended += sum(a * F.normalize(base[b], dim=0) for a, b in zip(looks, known, strict=True)) / 3
        expected = generator.average * support[k].mean(0) + generator.attention * attended
        torch.testing.assert_close(made_weights[k], expected)


def test_the_generator_learns_from_classes_played_as_new_and_the_tower_stays():
    order = Episodes(ways=4, shots=2, queries=3)
    method = made(Generated, 6, order)
    of = torch.tensor([5, 1, 0, 3])
    labels = [*of.repeat_interleave(2).tolist(), *of.repeat_interleave(3).tolist()]
    given = batch(labels)
    loss = method(given)["class"]
    loss.backward()
    assert loss.isfinite() and method.frozen == ("image", "project_image")
    assert all(p.grad is not None and p.grad.any() for p in method.generator.parameters())
    grads = method.classes.weight.grad.abs().sum(1)
    assert grads[[0, 3]].min() > 0  # the episode's base classes
    with torch.no_grad():  # weights of classes played as new are not looked at
        method.classes.weight[[5, 1]] = 7.0
    assert method(given)["class"].item() == pytest.approx(loss.item(), abs=1e-6)


def test_orders_that_a_method_cannot_read_are_refused_with_what_fits():
    def build(name, *settings):
        recipe = override(find(name), settings)
        return recipe.build(replace(recipe, classes=9))

    with pytest.raises(ValueError, match=r"one example a class, and a picture is no positive for itself.*samples=2"):
        build("triplet.tiny", "data.order=PK(classes=8, samples=1)")
    with pytest.raises(ValueError, match="one example a class"):
        build("histogram.tiny", "data.order=PK(classes=8, samples=1)")
    with pytest.raises(
        ValueError, match=r"an anchor and a positive of each class.*PK\(classes=2, samples=2\)' batch=4"
    ):
        build("npair.tiny", "data.order=PK(classes=2, samples=4)")
    with pytest.raises(
        ValueError, match=r"as Episodes lays them out, and data.order is PK.*data.order=Episodes\(ways=20"
    ):
        build("prototypical.tiny", "data.order=PK(classes=4, samples=2)")
    with pytest.raises(ValueError, match="semihard negatives lie within the margin"):
        TripletConfig(violation=SoftMargin())
    with pytest.raises(ValueError, match="sees pairs, and 7 pictures are none"):
        made(Siamese).check(7)
    assert build("siamese.tiny", "data.order=Pairs(same=1, different=3)").config.distance == LpDistance()
    assert isinstance(build("triplet.tiny", "data.order=Epochs"), Triplet)


def test_what_is_chosen_on_the_command_line_is_a_value():
    recipe = override(
        find("triplet.tiny"),
        ["method.mining=batch_hard", "method.violation=SoftMargin(margin=0.0)", "method.distance=LpDistance(power=1)"],
    )
    assert recipe.method == TripletConfig(mining="batch_hard", violation=SoftMargin(), distance=LpDistance())
    assert find("siamese").data.order == Pairs() and find("npair").data.order == PK(classes=32, samples=2)


def test_the_histogram_method_compares_cosines():
    method, given = made(Histogram), batch([0, 0, 1, 1])
    longer = {**given, "image": given["image"] * torch.tensor([1.0, 5, 2, 9])[:, None, None, None]}
    assert method(given)["histogram"].item() == pytest.approx(method(longer)["histogram"].item(), abs=1e-6)
