"""An encoder and the one it began from, averaged: tensor by tensor, nothing of either lost."""

from dataclasses import replace

import pytest
import torch
from torch import nn

import sightline
from sightline.data.prepare.preprocess import Preprocess
from sightline.nn.head import ClassHead
from sightline.protocols import Kept
from sightline.towers.sizes import resnet_small
from sightline.towers.spec import ViTSpec
from sightline.weights.average import average
from sightline.weights.run_folder.joint import dim_of
from sightline.weights.run_folder.run import save

VIT = ViTSpec(size=16, patch=8, dim=24, depth=1, heads=2)


def saved(folder, spec=VIT, *, seed=0, **parts):
    torch.manual_seed(seed)
    kept = Kept(
        parts={"image": spec.build(), **parts}, capabilities=("embeds", *(("classifies",) * ("classes" in parts)))
    )
    for part in kept.parts.values():
        for x in part.state_dict().values():
            if x.is_floating_point():
                x.normal_()
    save(folder, kept, specs={"image": spec}, preprocess=Preprocess(size=16), tokenizer=None, dim=dim_of(kept))
    return sightline.load(folder)


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_every_tensor_lies_on_the_line_between_both(tmp_path, weight):
    start = saved(tmp_path / "a", project_image=nn.Linear(24, 6))
    run = saved(tmp_path / "b", seed=1, classes=ClassHead(24, ("cat", "dog", "owl")))
    done = average(tmp_path / "a", tmp_path / "b", tmp_path / "c", weight=weight)
    made = sightline.load(tmp_path / "c")
    ours, a, b = (one.model.image.state_dict() for one in (made, start, run))
    for name, x in ours.items():
        torch.testing.assert_close(x, (1 - weight) * a[name] + weight * b[name], rtol=1e-6, atol=1e-6)
    assert done.tensors == len(ours) and done.alone == ("classes", "project_image")
    assert torch.equal(made.parts["classes"].weight, run.parts["classes"].weight)
    assert torch.equal(made.parts["project_image"].weight, start.parts["project_image"].weight)
    assert made.capabilities == ("embeds", "classifies") and made.dim == 6


def test_counts_of_batches_are_the_runs_own(tmp_path):
    spec = replace(resnet_small(), depths=(1, 1), width=8)
    saved(tmp_path / "a", spec)
    run = saved(tmp_path / "b", spec, seed=1)
    average(tmp_path / "a", tmp_path / "b", tmp_path / "c")
    made = sightline.load(tmp_path / "c").model.image.state_dict()
    assert made["stem.1.num_batches_tracked"] == run.model.image.state_dict()["stem.1.num_batches_tracked"]


def test_what_does_not_belong_together_is_refused(tmp_path):
    saved(tmp_path / "a")
    saved(tmp_path / "b", replace(VIT, dim=48))
    with pytest.raises(ValueError, match="image towers of .* differ in more than their weights"):
        average(tmp_path / "a", tmp_path / "b", tmp_path / "c")
    assert not (tmp_path / "c").exists()
    with pytest.raises(ValueError, match="expected the share of .*b, 0 to 1"):
        average(tmp_path / "a", tmp_path / "b", tmp_path / "c", weight=1.5)
    with pytest.raises(ValueError, match="is there and not empty"):
        average(tmp_path / "a", tmp_path / "a", tmp_path / "b")


@pytest.mark.parametrize("names", [("ant", "bee", "fly"), ("cat", "dog"), ("cat",)])
def test_heads_of_other_classes_are_not_averaged(tmp_path, names):
    saved(tmp_path / "a", classes=ClassHead(24, ("cat", "dog", "owl")))
    saved(tmp_path / "b", seed=1, classes=ClassHead(24, names))
    with pytest.raises(ValueError, match=r"the classes of .* differ in more than their weights.*'owl'"):
        average(tmp_path / "b", tmp_path / "a", tmp_path / "c")
    assert not (tmp_path / "c").exists()
