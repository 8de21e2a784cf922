"""SigLIP 2 as the sum of what it is made of, what each term reaches, and the change from one phase to the other."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from sightline.data.views.beside import Beside
from sightline.data.views.kinds import MultiCrop
from sightline.methods.image_text import locca, siglip2
from sightline.methods.image_text.locca import LocCa
from sightline.methods.image_text.siglip import SigLIP
from sightline.methods.image_text.siglip2 import Config, SigLIP2, SigLIP2Taught
from sightline.methods.parts.teaching import Head
from sightline.protocols import Contrastive, Method
from sightline.recipes.image_text import siglip2 as recipes
from sightline.towers.spec import BoxTokens, CaptionDecoderSpec, Map, TransformerTextSpec, ViTSpec
from sightline.train.options import Options
from sightline.train.recipe.phase import in_phase
from sightline.train.run import fit
from sightline.weights.run_folder.joint import tensors_of

SIDE, WORDS, END = 16, 6, 1
HEAD = Head(prototypes=8, hidden=16, bottleneck=8)
CONFIG = Config(decoder=locca.Config(parallel=0), head=HEAD, patch_head=HEAD)


def method(kind=SigLIP2, config=CONFIG):
    torch.manual_seed(0)
    image = ViTSpec(size=SIDE, patch=4, dim=16, depth=1, heads=2, pool=Map()).build()
    text = TransformerTextSpec(vocab=30, length=WORDS, dim=12, depth=1, heads=2).build()
    spec = CaptionDecoderSpec(vocab=30, length=WORDS + 5, dim=16, depth=1, heads=2, memory=16, boxes=BoxTokens(bins=8))
    made = kind(SigLIP(image, text, 8), spec.build(), config)
    with torch.no_grad():
        for value in made.pair.image.parameters():
            value.add_(0.1 * torch.randn_like(value))
    return made


def rows(*shape):
    ids = torch.randint(13, 30, (*shape, WORDS))
    ids[..., 3], ids[..., 4:] = END, 0
    return ids


def batch(b=4):
    torch.manual_seed(1)
    mask = torch.zeros(b, 4, 4, dtype=torch.bool)
    mask[:, :2] = True
    return {
        "image": torch.randn(b, 3, SIDE, SIDE),
        "views": [torch.randn(b, 3, SIDE, SIDE), *(torch.randn(b, 3, 8, 8) for _ in range(2))],
        "masks": [mask, mask],
        "tokens": rows(b),
        "regions": rows(b, 2),
        "region_ids": torch.zeros(b, 2, dtype=torch.long),
        "boxes": [torch.tensor([[2.0, 4, 8, 10]])] * b,
        "box_ids": [torch.zeros(1, dtype=torch.long)] * b,
    }


def test_both_phases_are_what_the_trainer_expects():
    for kind in (SigLIP2, SigLIP2Taught):
        made = method(kind)
        assert isinstance(made, Method) and not isinstance(made, Contrastive) and made.needs_whole_batch
        assert made.kept().capabilities == ("embeds", "reads_text", "captions", "locates")
        assert "pair.image" not in "".join(tensors_of(made.kept()))
    assert {"views", "masks"} == SigLIP2Taught.needs - SigLIP2.needs


def test_the_first_phase_is_siglips_loss_and_loccas_of_one_look_at_the_picture():
    made, given = method(), batch()
    looks = []
    made.pair.image.register_forward_hook(lambda *_: looks.append(1))
    terms = made(given)
    assert list(terms) == ["sigmoid", "locca"] and len(looks) == 1
    torch.testing.assert_close(terms["sigmoid"], made.pair(given)["sigmoid"])
    alone = LocCa(made.pair.image, made.decoder, CONFIG.decoder)
    torch.testing.assert_close(terms["locca"], sum(alone(given).values()))


def test_the_last_phase_adds_two_terms_of_other_views_and_leaves_the_first_two():
    early, late, given = method(), method(SigLIP2Taught), batch()
    early.load_state_dict({name: value for name, value in late.state_dict().items() if name in early.state_dict()})
    terms = late(given)
    assert list(terms) == ["sigmoid", "locca", "consistency", "masked"]
    for name, value in early(given).items():
        torch.testing.assert_close(terms[name], value)
    other = late({**given, "image": torch.randn(4, 3, SIDE, SIDE)})
    moved = late({**given, "views": [torch.randn_like(view) for view in given["views"]]})
    for name in terms:
        beside = name in ("consistency", "masked")
        assert torch.equal(other[name], terms[name]) == beside and torch.equal(moved[name], terms[name]) != beside


def test_r_and_the_weights_scale_the_terms_of_the_last_phase():
    plain = method(SigLIP2Taught, replace(CONFIG, extra=1.0, consistency=1.0, masked=1.0))(batch())
    paper = method(SigLIP2Taught)(batch())
    torch.testing.assert_close(paper["consistency"], 0.25 * plain["consistency"])
    torch.testing.assert_close(paper["masked"], 0.25 * 0.25 * plain["masked"])


REACHED = {
    "sigmoid": {"pair.image", "pair.text", "pair.project_image", "pair.project_text", "pair.log_scale", "pair.bias"},
    "locca": {"pair.image", "decoder"},
    "consistency": {"pair.image", "crops"},
    "masked": {"pair.image", "patches", "token"},
}


@pytest.mark.parametrize("term", REACHED)
def test_the_gradient_of_each_term_reaches_what_it_should_and_nothing_else(term):
    made = method(SigLIP2Taught)
    with torch.no_grad():  # a teacher that is not the student
        for value in made.teacher.tower.module.parameters():
            value.add_(0.1 * torch.randn_like(value))
    made(batch())[term].backward()
    reached = {
        ".".join(name.split(".")[: 2 if name.startswith("pair") else 1])
        for name, p in made.named_parameters()
        if p.grad is not None and p.grad.any()
    }
    assert reached == REACHED[term]
    teachers = [p for name, p in made.named_parameters() if "teacher" in name]
    assert teachers and not any(p.requires_grad or p.grad is not None for p in teachers)


def test_masks_hide_the_large_crop_from_the_student_alone():
    made, given = method(SigLIP2Taught), batch()
    seen = []
    made.pair.image.stem.register_forward_hook(lambda _, image, out: seen.append(tuple(image[0].shape)))
    made(given)
    assert len(seen) == 3  # the picture, the small crops together, the large one masked
    made.pair.image.requires_grad_(False)
    with pytest.raises(ValueError, match="1 masks: there is a large crop"):
        made({**given, "masks": given["masks"][:1]})
    with pytest.raises(ValueError, match="1 views beside the picture"):
        made({**given, "views": given["views"][:1]})


def test_the_teacher_begins_as_the_student_is_at_the_change():
    early, late = method(), method(SigLIP2Taught)
    with torch.no_grad():
        for value in early.parameters():
            value.add_(1.0)
    late.load_state_dict(early.state_dict(), strict=False)
    late.begin_phase(early.state_dict())
    pairs = [(late.pair.image, late.teacher.tower.module), (late.crops.student, late.crops.teacher.module)]
    for student, teacher in [*pairs, (late.patches.student, late.patches.teacher.module)]:
        for ours, theirs in zip(student.parameters(), teacher.parameters(), strict=True):
            assert torch.equal(ours, theirs)


def test_the_views_are_the_picture_as_it_is_one_large_crop_and_the_small_ones():
    views = Beside(crops=MultiCrop(count=3))(64)
    assert [view.size for view in views] == [64, 64, 32, 32, 32]
    assert not any(hasattr(op, "mirrors") or hasattr(op, "scale") for op in views[0].ops)


def test_the_recipes_phases_are_four_fifths_and_one():
    for recipe in (recipes.tiny(), recipes.small(), recipes.b16()):
        first, last = (in_phase(recipe, number) for number in range(2))
        assert (first.build, last.build) == (recipes.build, recipes.build_taught)
        assert recipe.phases[0].steps == 0.8 and first.data.masks is None
        assert (last.data.masks.ratio, last.data.masks.views) == (0.5, 2)
    assert (siglip2.Config().extra, siglip2.Config().consistency, siglip2.Config().masked) == (0.25, 1.0, 0.25)
    recipes.build_taught(in_phase(recipes.small(), 1)).check(recipes.small().batch)


def test_every_parameter_of_the_last_phase_learns_and_what_is_kept_locates(tmp_path):
    options = Options(quiet=True, device="cpu", log_every=1, export=False)
    data = {"data": "scenes?n=32&size=32", "evaluation": "scenes:test?n=4&size=32"}
    fit(replace(recipes.tiny(), steps=5, batch=8), out=tmp_path, **data, options=options)
    rows = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    terms = [{"sigmoid", "locca", "consistency", "masked"} & row.keys() for row in rows if "loss" in row]
    assert [len(found) for found in terms] == [2, 2, 2, 2, 4]
    assert "located" in rows[-1]["evaluation"]
    state = torch.load(tmp_path / "state" / "last.pt", weights_only=True)
    assert state["method"]["token"].any()  # learnt from zero, in one step
    import sightline

    found = sightline.load(tmp_path, device="cpu").locate(torch.zeros(1, 3, 32, 32), "the star")
    assert len(found) == 1


SCRIPT = """
import sys
from dataclasses import replace
from sightline.recipes.image_text import siglip2
from sightline.train.options import Options
from sightline.train.run import fit
options = Options(quiet=True, device="cpu", log_every=1, export=False, save_every=0)
recipe = replace(siglip2.tiny(), steps=10, batch=8, ema=0.9)
fit(recipe, out=sys.argv[1], data="scenes?n=32&size=32", evaluation="scenes:test?n=4&size=32", options=options)
"""


def steps(out):
    file = out / "metrics.jsonl"
    lines = file.read_text().splitlines() if file.exists() else []
    return [json.loads(line) for line in lines if "loss" in json.loads(line)]


def run(out, kill_after=None):
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    started = subprocess.Popen([sys.executable, "-c", SCRIPT, str(out)], env=environment)
    while kill_after is not None and len(steps(out)) < kill_after:
        assert started.poll() is None
        time.sleep(0.002)
    if kill_after is not None:
        os.kill(started.pid, signal.SIGKILL)
    assert (started.wait() == 0) == (kill_after is None)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The run that nothing happens to."""
    out = tmp_path_factory.mktemp("whole") / "run"
    run(out)
    return out


@pytest.mark.slow
@pytest.mark.parametrize("after", [7, 8, 9], ids=["before", "at the border", "after"])
def test_a_run_killed_around_the_change_of_phase_ends_in_the_same_bits(whole, tmp_path, after):
    killed = tmp_path / "run"
    run(killed, kill_after=after)
    assert not (killed / "model.safetensors").exists()
    run(killed)
    one, other = (load_file(out / "model.safetensors") for out in (whole, killed))
    assert one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)
    assert [row["loss"] for row in steps(whole)] == [row["loss"] for row in steps(killed)]
