"""What is written in a published layout is read by its peer and gives the same; what does not fit is refused."""

from dataclasses import replace

import peers
import peers_open_clip
import pytest
import torch
from safetensors.torch import load_file

from sightline.towers.spec import Cls, ConvStemSpec, Mean, Norm
from sightline.weights.convert.write import write
from sightline.weights.published.checkpoint import build, read


@pytest.mark.parametrize("layout", ["clip", "siglip"])
def test_transformers_reads_what_is_written(tmp_path, layout):
    import transformers

    peers.quiet()
    make = {"clip": peers.clip_model, "siglip": peers.siglip_model}[layout]
    make(tmp_path / "theirs")
    what = read(tmp_path / "theirs")
    write(tmp_path / "ours", layout, what.towers, what.tensors)
    kind = {"clip": transformers.CLIPModel, "siglip": transformers.SiglipModel}[layout]
    first = kind.from_pretrained(tmp_path / "theirs").eval()
    again, told = kind.from_pretrained(tmp_path / "ours", output_loading_info=True)
    assert not told["missing_keys"] and not told["unexpected_keys"] and not told["mismatched_keys"]
    ids, images = (peers.clip_ids() if layout == "clip" else peers.full_ids()), peers.pictures()
    with torch.no_grad():
        left, right = (model.eval()(input_ids=ids, pixel_values=images) for model in (first, again))
    assert peers.apart(left.image_embeds, right.image_embeds) < 1e-6
    assert peers.apart(left.logits_per_image, right.logits_per_image) < 1e-6
    reread = read(tmp_path / "ours")
    assert reread.towers == what.towers
    assert all(torch.equal(reread.tensors[name], value) for name, value in what.tensors.items())


@pytest.mark.parametrize("half", ["bare", "projected"])
@pytest.mark.parametrize("make", [peers.clip_vision, peers.clip_text], ids=["vision", "text"])
def test_halves_come_back_key_by_key(tmp_path, make, half):
    make(tmp_path)
    what = read(tmp_path / half)
    write(tmp_path / "out", "clip", what.towers, what.tensors)
    before, after = (load_file(tmp_path / name / "model.safetensors") for name in (half, "out"))
    assert before.keys() == after.keys()
    assert read(tmp_path / "out").towers == what.towers


def test_siglips_keys_come_back_bit_for_bit(tmp_path):
    """Nothing is folded in SigLIP, so writing is the exact inverse of reading; both halves and NaFlex too."""
    peers.siglip_model(tmp_path / "siglip")
    peers.siglip_halves(tmp_path / "halves")
    peers.siglip2_model(tmp_path / "siglip2")
    for folder, layout in (
        ("siglip", "siglip"),
        ("halves/vision", "siglip"),
        ("halves/text", "siglip"),
        ("siglip2",) * 2,
    ):
        what = read(tmp_path / folder)
        write(tmp_path / "out" / folder, layout, what.towers, what.tensors)
        before, after = (load_file(tmp_path / at / folder / "model.safetensors") for at in (".", "out"))
        assert before.keys() == after.keys()
        assert all(torch.equal(before[key], after[key]) for key in before), folder
        assert read(tmp_path / "out" / folder).towers == what.towers


@pytest.mark.parametrize("vision", [{}, {"pool_type": "avg"}, {"no_ln_pre": True}, {"ls_init_value": 0.1}], ids=str)
def test_open_clip_reads_what_is_written(tmp_path, vision):
    import open_clip

    peers_open_clip.open_clip_vit(tmp_path / "theirs", vision | {"mlp_ratio": 3.7362})
    what = read(tmp_path / "theirs")
    said = {"preprocess_cfg": {"mean": [0.5] * 3, "std": [0.5] * 3}}
    write(tmp_path / "ours", "open_clip", what.towers, what.tensors, said)
    with torch.no_grad():
        left, right = (
            open_clip.create_model(f"local-dir:{tmp_path / name}")
            .eval()
            .get_logits(peers.pictures(), peers.clip_ids())[0]
            for name in ("theirs", "ours")
        )
    assert peers.apart(left, right) < 1e-6
    assert read(tmp_path / "ours").towers == what.towers


def test_open_clips_resnet_comes_back(tmp_path):
    peers_open_clip.open_clip_rn(tmp_path / "theirs")
    what = read(tmp_path / "theirs")
    write(tmp_path / "ours", "open_clip", what.towers, what.tensors)
    before, after = (load_file(tmp_path / name / "open_clip_model.safetensors") for name in ("theirs", "ours"))
    assert before.keys() == after.keys() and all(torch.equal(before[key], after[key]) for key in before)
    assert read(tmp_path / "ours").towers == what.towers


def test_a_clip_goes_from_one_layout_to_the_other(tmp_path):
    peers_open_clip.open_clip_vit(tmp_path / "open_clip")
    what = read(tmp_path / "open_clip")
    write(tmp_path / "clip", "clip", what.towers, what.tensors)
    again = read(tmp_path / "clip")
    with torch.no_grad():
        left, right = (build(found.towers, found.tensors).encode_image(peers.pictures()) for found in (what, again))
    torch.testing.assert_close(left, right, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"pool": Mean()}, "pools by its class token"),
        ({"pool": Cls(registers=4)}, "without registers"),
        ({"entry": None}, "a norm before its blocks"),
        ({"entry": Norm(eps=0.1)}, "alike the last one"),
        ({"stem": ConvStemSpec(kernels=(8,), strides=(8,), widths=(64,))}, "one linear map of each patch"),
        ({"layer_scale": 0.1}, "no layer scale"),
        ({"act": "swiglu"}, "no swiglu"),
    ],
    ids=str,
)
def test_what_the_layout_has_no_word_for_is_refused_before_writing(tmp_path, changes, said):
    peers.clip_model(tmp_path / "theirs")
    what = read(tmp_path / "theirs")
    towers = replace(what.towers, image=replace(what.towers.image, **changes))
    with pytest.raises(ValueError, match=said):
        write(tmp_path / "ours", "clip", towers, what.tensors)
    assert not (tmp_path / "ours").exists()


def test_a_bias_that_was_trained_has_no_place(tmp_path):
    peers.clip_model(tmp_path / "theirs")
    what = read(tmp_path / "theirs")
    tensors = what.tensors | {"image.stem.proj.bias": torch.ones(64)}
    with pytest.raises(ValueError, match="image.stem.proj.bias is not zero.*--to sightline"):
        write(tmp_path / "ours", "clip", what.towers, tensors)
    with pytest.raises(ValueError, match="unknown layout 'flax'; known are clip, siglip"):
        write(tmp_path / "ours", "flax", what.towers, tensors)


def test_a_cut_disk_leaves_the_old_files(tmp_path, monkeypatch):
    peers.clip_model(tmp_path / "theirs")
    what = read(tmp_path / "theirs")
    write(tmp_path / "ours", "clip", what.towers, what.tensors)
    before = (tmp_path / "ours" / "model.safetensors").read_bytes()

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sightline.weights.convert.write.save_file", full)
    with pytest.raises(OSError):
        write(tmp_path / "ours", "clip", what.towers, what.tensors)
    assert (tmp_path / "ours" / "model.safetensors").read_bytes() == before
    assert len(list((tmp_path / "ours").iterdir())) == 2
