"""ACID: a teacher chooses, the student alone learns, from the chosen alone, on any number of ranks; what it refuses."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from sightline import dist
from sightline.data.prepare.preprocess import Preprocess
from sightline.losses.sigmoid import sigmoid_pairs
from sightline.methods.image_text import siglip
from sightline.methods.image_text.acid import Acid, Config, Reference
from sightline.methods.image_text.clip import CLIP
from sightline.methods.image_text.siglip import SigLIP
from sightline.protocols import Contrastive, Method
from sightline.recipes.find import find, train
from sightline.towers.spec import Map, TransformerTextSpec, ViTSpec
from sightline.weights.encoder import TorchEncoder
from sightline.weights.run_folder.joint import joint_of

VIEW, TWO = Preprocess(size=8), Config(chunks=2)
QUICK = dict(device="cpu", quiet=True, export=False, data="icons?n=48", evaluation="icons:test?n=6")


class Words:
    """A tokenizer of its own: the letters' numbers, and the end."""

    length = 4

    def __call__(self, texts):
        return np.array([[*(2 + ord(c) % 10 for c in text[:3]), 1] for text in texts])


def pair(seed, size=8, kind=SigLIP):
    torch.manual_seed(seed)
    image = ViTSpec(size=size, patch=4, dim=8, depth=1, heads=2, pool=Map()).build()
    return kind(image, TransformerTextSpec(vocab=12, length=4, dim=8, depth=1, heads=2).build(), 6)


def reference(teacher, rule=VIEW, identity="it"):
    encoder = TorchEncoder(joint_of(teacher.kept()), preprocess=rule, tokenizer=None, dim=6, identity=identity)
    return Reference(encoder, VIEW)


def method(config=TWO, identity="it"):
    return Acid(pair(0), reference(pair(1), identity=identity), config)


def batch(m=8, seed=2):
    generator = torch.Generator().manual_seed(seed)
    image = torch.randn(m, 3, 8, 8, generator=generator)
    tokens = torch.randint(2, 12, (m, 4), generator=generator)
    tokens[:, 3] = 1
    return {"image": image, "tokens": tokens, "text": [f"{i} thing" for i in range(m)]}


def test_it_is_what_the_trainer_expects_and_keeps_the_student():
    made = method()
    assert isinstance(made, Method) and not isinstance(made, Contrastive) and made.needs_whole_batch
    assert made.kept().capabilities == ("embeds", "reads_text") and made.kept().parts["image"] is made.pair.image
    assert all(name.startswith("pair.") for name, _ in made.named_parameters())
    assert copy.deepcopy(made).teacher is made.teacher  # an average has no second one


def test_what_is_to_be_learnt_is_the_students_loss_of_a_pair_less_the_teachers():
    made, given = method(), batch()
    found, teacher = made.scores(given), pair(1)
    for part, sign in ((made.pair, 1), (teacher, -1)):
        v, u = part.embed(given)
        found = found - sign * sigmoid_pairs(v, u, part.log_scale.exp(), part.bias)
    torch.testing.assert_close(found, torch.zeros(8, 8), rtol=0, atol=1e-5)


def test_the_loss_is_siglips_of_the_chosen_half_and_its_gradient_the_students_alone():
    made, given = method(), batch()
    given["image"].requires_grad_()
    torch.manual_seed(5)
    chosen = made.chosen(made.scores(given))
    torch.manual_seed(5)
    losses = made(given)
    assert list(losses) == ["sigmoid"] and len(chosen) == 4
    half = {key: given[key][chosen] for key in ("image", "tokens")}
    torch.testing.assert_close(losses["sigmoid"], made.pair(half)["sigmoid"])
    losses["sigmoid"].backward()
    seen = given["image"].grad.flatten(1).any(1)
    assert seen.nonzero()[:, 0].tolist() == chosen.tolist()
    assert all(p.grad is not None for p in made.parameters() if p.requires_grad)
    teachers = list(made.teacher.encoder.model.parameters())
    assert teachers and all(p.grad is None for p in teachers)


def test_a_teacher_of_another_size_and_other_words_is_asked_in_its_own():
    rule = Preprocess(size=16, mean=(0.2, 0.3, 0.4), std=(0.1, 0.2, 0.3))
    teacher = reference(pair(1, size=16), rule)
    teacher.encoder.tokenizer = Words()
    given = batch()
    mean, std = (torch.tensor(x)[:, None, None] for x in (rule.mean, rule.std))
    shown = F.interpolate((given["image"] / 2 + 0.5 - mean) / std, (16, 16), mode="bilinear", antialias=True)
    torch.testing.assert_close(teacher.prepared(given["image"]), shown, rtol=1e-5, atol=1e-5)
    v, u = teacher(given)
    torch.testing.assert_close(v, teacher.encoder.encode_image(shown, normalize=True), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(u, teacher.encoder.encode_text(given["text"], normalize=True))
    assert reference(pair(1)).prepared(given["image"]) is given["image"]


def test_a_teacher_without_sigmoids_or_words_is_refused():
    with pytest.raises(ValueError, match="by softmax. Give a run of siglip"):
        reference(pair(1, kind=CLIP))
    teacher = pair(1)
    alone = joint_of(replace(teacher.kept(), parts={"image": teacher.image}, capabilities=("embeds",)))
    with pytest.raises(ValueError, match="this one embeds, by sigmoid"):
        Reference(TorchEncoder(alone, preprocess=VIEW, tokenizer=None, dim=8), VIEW)


def test_a_super_batch_that_leaves_too_few_is_refused():
    made = method(Config(filter_ratio=0.75))
    assert made.count(8) == 2
    made.check(8)
    with pytest.raises(ValueError, match="of 4 pictures filter_ratio=0.75 leaves 1, for 1 processes"):
        made.check(4)
    for wrong in ({"filter_ratio": 1.0}, {"filter_ratio": -0.1}, {"chunks": 0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            Config(**wrong)


def test_a_run_goes_on_with_the_teacher_it_began_with():
    began, other = method(), method(identity="another")
    began.before_step(0, 1)
    other.load_state_dict(began.state_dict())
    with pytest.raises(ValueError, match="another teacher than the one this run began with"):
        other.before_step(0, 1)


def gradients(m):
    """(loss, gradients) of a step with a super-batch of m over all ranks."""
    made, given = method(), batch(m)
    made.check(m)
    b = m // dist.world()
    mine = {key: value[dist.offset(b) :][:b] for key, value in given.items()}
    torch.manual_seed(7)  # as the trainer seeds all ranks alike
    loss = made(mine)["sigmoid"]
    loss.backward()
    dist.all_reduce_gradients(list(made.parameters()))
    return float(dist.mean(loss.detach())), {name: p.grad for name, p in made.named_parameters()}


def test_two_ranks_choose_and_learn_as_one(ranks):
    loss, grads = gradients(12)
    for theirs, found in ranks.run(__file__, "gradients", 12):
        assert theirs == pytest.approx(loss, rel=1e-5)
        for name, grad in grads.items():
            torch.testing.assert_close(found[name], grad, rtol=1e-3, atol=2e-5)


def rows(m):
    """The scores that this rank makes and what all choose, with captions that come twice."""
    made, given = method(Config(chunks=3, pair=siglip.Config(positives="caption"))), batch(m)
    given["tokens"][m // 2 :] = given["tokens"][: m // 2]
    b = m // dist.world()
    scores = made.scores({key: value[dist.offset(b) :][:b] for key, value in given.items()})
    torch.manual_seed(7)
    return scores, made.chosen(scores)


def test_a_rank_scores_its_own_pictures_and_all_choose_the_same(ranks):
    (scores, chosen), (upper, lower) = rows(8), ranks.run(__file__, "rows", 8)
    assert upper[0].shape == lower[0].shape == (4, 8)
    torch.testing.assert_close(torch.cat([upper[0], lower[0]]), scores)
    assert upper[1].tolist() == lower[1].tolist() == chosen.tolist()


def test_a_student_goes_on_from_its_run_taught_by_another(tmp_path):
    few = ["steps=3", "batch=8"]
    for name in ("student", "teacher"):
        train("siglip.tiny", out=tmp_path / name, overrides=[*few, f"seed={len(name)}"], **QUICK)
    taught = [*few, f"method.teacher={tmp_path / 'teacher'}"]
    train("acid.tiny", out=tmp_path / "acid", init=str(tmp_path / "student"), overrides=taught, **QUICK)
    state = torch.load(tmp_path / "acid" / "state" / "last.pt", weights_only=True)["method"]
    assert all(name.startswith("pair.") or name == "taught_by" for name in state)
    with pytest.raises(ValueError, match=r"name one, method.teacher=RUN, a finished run of siglip"):
        train("acid", out=tmp_path / "none", **QUICK)


def test_the_recipes_have_what_the_paper_says():
    small, paper = find("acid.small"), find("acid.b32")
    for recipe in (small, paper):
        assert recipe.optim.lr == 1e-5 and recipe.optim.weight_decay == 0
    assert Config().filter_ratio == 0.5 and paper.method.filter_ratio == 0.75
    assert round(paper.batch * 0.25) == find("siglip.b32").batch
    assert small.parts == find("acid.student").parts and small.steps == find("acid.student").steps / 10
