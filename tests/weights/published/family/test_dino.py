"""State dicts as DINO, iBOT, MAE and DINOv2 publish them: nestings, prefixes, heads; the numbers are timm's ViT's."""

from argparse import Namespace

import peers
import peers_vision
import pytest
import torch

import sightline


def heads(state, start):
    return {f"{start}{name}": torch.randn(3) for name in ("head.mlp.0.weight", "head.last_layer.weight_g")} | state


def under(state, start):
    return {f"{start}{name}": value for name, value in state.items()}


NESTS = {
    "bare": lambda s: s,
    "model": lambda s: {"model": s},
    "teacher": lambda s: {"teacher": heads(under(s, "backbone."), ""), "epoch": 3},
    "teacher, wrapped": lambda s: {"teacher": heads(under(s, "module.backbone."), "module.")},
    "iBOT": lambda s: {"state_dict": s | {"masked_embed": torch.zeros(1, 128), "head.mlp.0.weight": torch.zeros(3)}},
    "MAE": lambda s: {"model": s | {"decoder_blocks.0.norm1.weight": torch.zeros(3), "mask_token": torch.zeros(1)}},
    "DINOv2": lambda s: {"teacher": under(s, "backbone.") | {"dino_head.mlp.0.weight": torch.zeros(3)}},
}


def test_the_authors_layouts_equal_timm(tmp_path):
    peers.check("DINO, iBOT", tmp_path)


@pytest.mark.parametrize("nest", NESTS.values(), ids=NESTS.keys())
def test_every_nesting_is_the_same_encoder(tmp_path, nest):
    assert max(peers_vision.dino_state(tmp_path, nest).values()) < 1e-5


def test_the_student_is_read_where_there_is_no_teacher(tmp_path):
    peer = peers_vision.timm_vit()
    torch.save(under(heads(under(peer.state_dict(), "backbone."), ""), "student."), tmp_path / "x.pth")
    assert sightline.load(tmp_path / "x.pth", device="cpu").dim == 128


def test_a_whole_training_checkpoint_with_its_settings_is_read(tmp_path):
    state = dict(peers_vision.timm_vit().state_dict())
    student = {"student": under(state, "module.backbone."), "args": Namespace(lr=0.1, arch="vit_small"), "epoch": 3}
    torch.save(student | {"teacher": under(state, "backbone.")}, tmp_path / "checkpoint.pth")
    assert sightline.load(tmp_path / "checkpoint.pth", device="cpu").dim == 128


def test_pictures_are_prepared_as_the_authors_evaluate(tmp_path):
    peers_vision.dino_state(tmp_path)
    rule = sightline.load(tmp_path / "dino.pth", device="cpu").rule
    assert (rule.size, rule.short, rule.resize, rule.interpolation) == (32, 37, "crop", "bicubic")
    assert rule.mean == (0.485, 0.456, 0.406)


def test_a_block_that_is_missing_is_named(tmp_path):
    state = dict(peers_vision.timm_vit().state_dict())
    del state["blocks.1.attn.proj.bias"]
    torch.save(state, tmp_path / "dino.pth")
    with pytest.raises(ValueError, match=r"missing: blocks\.1\.attn\.proj\.bias"):
        sightline.load(tmp_path / "dino.pth", device="cpu")


def test_a_width_without_heads_of_64_is_refused(tmp_path):
    torch.save(dict(peers_vision.timm_vit(embed_dim=96).state_dict()), tmp_path / "dino.pth")
    with pytest.raises(ValueError, match="96 wide: expected a multiple of 64"):
        sightline.load(tmp_path / "dino.pth", device="cpu")
