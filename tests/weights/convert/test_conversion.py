"""What is converted is read by its peer and gives the same, there and back again."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

sys.path.insert(0, str(Path(__file__).parents[1] / "published" / "family"))

import peers
import peers_open_clip
import peers_vision

from sightline.data.prepare.preprocess import Preprocess
from sightline.text.tokenizer import Tokenizer
from sightline.towers import spec as s
from sightline.towers.shared import share
from sightline.weights.convert.conversion import convert
from sightline.weights.load import load
from sightline.weights.peers import readback
from sightline.weights.run_folder.joint import Joint
from sightline.weights.run_folder.run import save_encoder

ABSENT = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("einops", "jaxtyping", "torch", "torchvision", "transformers"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
"""


def python(code):
    """Runs code in a fresh interpreter that has no torch."""
    words = [sys.executable, "-c", ABSENT + textwrap.dedent(code)]
    return subprocess.run(words, capture_output=True, text=True, env=dict(os.environ))


PUBLISHED = {
    "clip": peers.clip_model,
    "siglip": peers.siglip_model,
    "siglip2": peers.siglip2_model,
    "dinov2": peers_vision.dinov2_model,
    "dinov2-registers": peers_vision.dinov2_registers,
    "dinov2-giant": peers_vision.dinov2_giant,
    "dinov3": peers_vision.dinov3_model,
    "dinov3-gated": peers_vision.dinov3_gated,
    "vit": peers_vision.vit_model,
    "mae": peers_vision.mae_model,
    "timm": peers_vision.timm_plain,
    "open_clip": peers_open_clip.open_clip_vit,
}


@pytest.mark.parametrize("family", PUBLISHED)
def test_to_sightline_and_to_its_own_family_and_back(tmp_path, family):
    PUBLISHED[family](tmp_path / "theirs")
    folder = next((tmp_path / "theirs").rglob("*.safetensors")).parent
    made = convert(folder, tmp_path / "ours", "sightline")
    assert load(tmp_path / "ours").identity == load(folder).identity  # the weights to the bit
    assert max(made.differences.values()) < 5e-6  # what two processors' kernels make of them
    made = convert(tmp_path / "ours", tmp_path / "again", "hf")
    assert made.read_by == "transformers" and max(made.differences.values()) < 1e-5


EXPORTED = PUBLISHED | {
    "open_clip-rn": peers_open_clip.open_clip_rn,
    "open_clip-siglip": peers_open_clip.open_clip_siglip,
    "openai": peers_open_clip.openai_state,
    "dino": peers_vision.dino_state,
    "dinov2-hub": peers_vision.dinov2_hub,
    "deit3": peers_vision.timm_deit3,
    "timm-siglip": peers_vision.timm_siglip,
    "clip-text": peers.clip_text,
}


def weights_in(folder):
    """What `load` takes: the first file of weights that a peer saved, or its folder."""
    file = sorted(path for path in folder.rglob("*") if path.suffix in (".safetensors", ".pt", ".pth"))[0]
    return file.parent if any(file.parent.glob("*.json")) else file


ALONE = {"dinov2-giant", "dinov3-gated", "open_clip-rn"}
"""between them every part that a family's graph is made of; tests/weights/onnx has the others, and NaFlex its own"""


@pytest.mark.parametrize(
    "family", [pytest.param(family, marks=[pytest.mark.slow] * (family not in ALONE)) for family in EXPORTED]
)
def test_both_towers_of_every_family_run_without_torch(tmp_path, family):
    EXPORTED[family](tmp_path / "theirs")
    where = weights_in(tmp_path / "theirs")
    made = convert(where, tmp_path / "light", "onnx")
    assert max(made.differences.values()) <= 1e-4
    names = {path.name for path in (tmp_path / "light" / "onnx").iterdir()}
    towers = load(where).model
    assert ("text.onnx" in names) == (towers.text is not None)
    assert ("image.onnx" in names) == (towers.image is not None)
    assert not (tmp_path / "light" / "model.safetensors").exists()


def torchvision_file(folder, name):
    """torchvision's own class, small and random, as its state dict."""
    from torchvision.models import AlexNet
    from torchvision.models.resnet import BasicBlock, ResNet

    folder.mkdir()
    if name == "resnet":
        peer = ResNet(BasicBlock, [1, 1, 1, 1], num_classes=3)
    else:
        peer, widths = AlexNet(num_classes=3), iter((3, 8, 12, 16, 12, 8))
        inner = next(widths)
        for number, layer in enumerate(peer.features):
            if isinstance(layer, nn.Conv2d):
                outer = next(widths)
                rest = dict(stride=layer.stride, padding=layer.padding)
                peer.features[number] = nn.Conv2d(inner, outer, layer.kernel_size, **rest)
                inner = outer
        peer.classifier[1], peer.classifier[4] = nn.Linear(8 * 36, 32), nn.Linear(32, 32)
        peer.classifier[6] = nn.Linear(32, 3)
    torch.save(peers.randomise(peer).state_dict(), folder / f"{name}.pth")
    return folder / f"{name}.pth"


@pytest.mark.parametrize("name", [pytest.param("resnet", marks=pytest.mark.slow), "alexnet"])
def test_a_tower_of_torchvision_runs_without_torch(tmp_path, name):
    file = torchvision_file(tmp_path / "theirs", name)
    made = convert(file, tmp_path / "light", "onnx")
    with torch.no_grad():
        largest = load(file, device="cpu").encode_image(peers.pictures(size=(224, 224))).abs().max()
    assert made.differences["image"] <= 1e-4 * max(1.0, float(largest))


@pytest.fixture
def picture(tmp_path_factory):
    """A file of a colour picture, wider than high."""
    path = tmp_path_factory.mktemp("pictures") / "a.png"
    pixels = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    Image.fromarray(pixels).resize((80, 60), Image.Resampling.BICUBIC).save(path)
    return path


@pytest.mark.parametrize("make", [peers_open_clip.open_clip_vit, peers_open_clip.open_clip_rn])
def test_open_clip_to_sightline_to_open_clip(tmp_path, make):
    import open_clip

    make(tmp_path / "theirs")
    convert(tmp_path / "theirs", tmp_path / "ours", "sightline")
    made = convert(tmp_path / "ours", tmp_path / "again", "open_clip")
    assert made.read_by == "open_clip"
    first, last = (open_clip.create_model(f"local-dir:{tmp_path / name}").eval() for name in ("theirs", "again"))
    side = first.visual.image_size
    side = side[0] if isinstance(side, tuple) else side
    images, ids = peers.pictures(size=(side, side)), peers.clip_ids()
    with torch.no_grad():
        assert peers.apart(first.encode_image(images), last.encode_image(images)) < 1e-5
        assert peers.apart(first.encode_text(ids), last.encode_text(ids)) < 1e-5
        assert peers.apart(first.get_logits(images, ids)[0], last.get_logits(images, ids)[0]) < 1e-4


@pytest.mark.parametrize("layout", ["clip", "siglip"])
def test_transformers_to_sightline_to_transformers(tmp_path, layout):
    import transformers

    PUBLISHED[layout](tmp_path / "theirs")
    convert(tmp_path / "theirs", tmp_path / "ours", "sightline")
    convert(tmp_path / "ours", tmp_path / "again", "hf")
    first, last = (transformers.AutoModel.from_pretrained(tmp_path / name).eval() for name in ("theirs", "again"))
    images, ids = peers.pictures(), peers.clip_ids() if layout == "clip" else peers.full_ids()
    with torch.no_grad():
        left, right = (model(input_ids=ids, pixel_values=images).logits_per_image for model in (first, last))
    assert peers.apart(left, right) < 1e-5


VIT = dict(size=32, patch=8, dim=32, depth=2, heads=2, pool=s.Cls(), entry=s.Norm(eps=1e-5), norm=s.Norm(eps=1e-5))


def own(folder, resize="crop", tie=False, image=None, text=None, biased=False):
    """A run of ours whose shape fits CLIP's, with a vocabulary of its own."""
    words = Tokenizer.train(["a red star", "a blue circle on a green square"] * 4, vocab=300, length=12)
    image = image or s.ViTSpec(**VIT)
    text = text or s.TransformerTextSpec(
        vocab=words.vocab, length=12, dim=32, depth=2, heads=2, reading=s.Causal(eot=words.eot)
    )
    eyes, reader = image.build(), text.build()
    if tie:
        share(eyes, reader)
    heads = (nn.Linear(32, 16, bias=biased), nn.Linear(32, 16, bias=False))
    model = Joint(eyes, reader, *heads, torch.tensor(2.5), None)
    for tower in model.children():
        if all(value.numel() for value in tower.parameters()):  # without a prefix there is nothing to draw
            peers.randomise(tower)
    rule = Preprocess(size=32, resize=resize)
    described = dict(image_spec=image, text_spec=text, preprocess=rule, tokenizer=words, dim=16)
    save_encoder(folder, model, **described, extra={"recipe": "clip.mine", "trained_on": "photos"})
    return model


def test_a_run_of_ours_goes_to_transformers_with_its_processor(tmp_path, picture):
    from transformers import AutoModel, AutoProcessor

    own(tmp_path / "run")
    made = convert(tmp_path / "run", tmp_path / "hf", "hf")
    assert made.layout == "clip" and made.read_by == "transformers"
    encoder, peer = load(tmp_path / "run", device="cpu"), AutoModel.from_pretrained(tmp_path / "hf").eval()
    processor = AutoProcessor.from_pretrained(tmp_path / "hf")
    texts = ["A red  STAR, blue", "a blue circle " * 20, "x"]
    padded = {"padding": "max_length", "truncation": True, "return_tensors": "pt"}
    given = processor(text=texts, images=Image.open(picture), **padded)
    assert torch.equal(given["input_ids"], encoder.tokenize(texts))
    with torch.no_grad():
        theirs = peer.get_text_features(given["input_ids"]).pooler_output
        seen = peer.get_image_features(given["pixel_values"]).pooler_output
    assert peers.apart(theirs, encoder.encode_text(texts)) < 1e-5
    assert float((seen - encoder.encode_image(picture)).abs().max()) < 0.05  # two libraries' bicubic
    again = load(tmp_path / "hf", device="cpu")
    assert torch.equal(again.tokenize(texts), encoder.tokenize(texts))


def test_a_run_of_ours_goes_to_open_clip_padding_and_all(tmp_path):
    import open_clip

    own(tmp_path / "run", resize="pad")
    assert convert(tmp_path / "run", tmp_path / "oc", "open_clip").read_by == "open_clip"
    encoder, words = load(tmp_path / "run", device="cpu"), open_clip.get_tokenizer(f"local-dir:{tmp_path / 'oc'}")
    assert torch.equal(words(["a red star"]), encoder.tokenize(["a red star"]))
    assert load(tmp_path / "oc").rule == encoder.rule


def test_shared_towers_are_stored_once_and_load_tied(tmp_path):
    plain = {k: v for k, v in VIT.items() if k != "entry"}
    own(tmp_path / "run", tie=True, image=s.ViTSpec(**plain))
    assert json.loads((tmp_path / "run" / "encoder.json").read_text())["shared"] is True
    encoder = load(tmp_path / "run")
    assert encoder.model.text.stack is encoder.model.image.stack
    convert(tmp_path / "run", tmp_path / "copy", "sightline")
    again = load(tmp_path / "copy")
    assert again.identity == encoder.identity and again.model.text.stack is again.model.image.stack
    convert(tmp_path / "run", tmp_path / "oc", "open_clip")
    torch.testing.assert_close(
        load(tmp_path / "oc").encode_text(["a star"]), encoder.encode_text(["a star"]), rtol=1e-5, atol=1e-6
    )


def test_a_run_keeps_what_it_says_of_itself(tmp_path):
    own(tmp_path / "run")
    convert(tmp_path / "run", tmp_path / "copy", "sightline")
    described = json.loads((tmp_path / "copy" / "encoder.json").read_text())
    assert described["recipe"] == "clip.mine" and described["trained_on"] == "photos"


@pytest.mark.parametrize(
    ("changes", "to", "said"),
    [
        ({"resize": "pad"}, "hf", "pads pictures to a square"),
        ({"biased": True}, "hf", "a CLIP's projections have no bias"),
        ({"biased": True}, "open_clip", "ends in a projection without a bias"),
        ({"image": s.ViTSpec(**VIT | {"pool": s.Mean()})}, "hf", "fits no layout of transformers.*class token"),
        ({"text": s.BagSpec(vocab=300, length=12, dim=32)}, "hf", "text transformer"),
        ({"image": s.ResNetSpec(depths=(1,), width=32)}, "open_clip", "ViT or CLIP's ResNet, not ResNetSpec"),
    ],
)
def test_what_has_no_place_is_refused_and_nothing_is_left(tmp_path, changes, to, said):
    own(tmp_path / "run", **changes)
    with pytest.raises(ValueError, match=said):
        convert(tmp_path / "run", tmp_path / "out", to)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_only_its_own_work_is_replaced(tmp_path):
    own(tmp_path / "run")
    for to in ("sightline", "hf", "open_clip"):
        with pytest.raises(ValueError, match="run holds .* and was not made by this command"):
            convert(tmp_path / "run", tmp_path / "run", to)
        for _ in range(2):
            convert(tmp_path / "run", tmp_path / to, to)
        with pytest.raises(ValueError, match="holds encoder.json"):
            (tmp_path / "full").mkdir(exist_ok=True)
            (tmp_path / "full" / "encoder.json").write_text("{}")
            convert(tmp_path / "run", tmp_path / "full", to)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_conversion_that_its_reader_does_not_confirm_is_not_kept(tmp_path, monkeypatch):
    own(tmp_path / "run")
    wrong = {"image": torch.zeros(3, 16), "text": torch.zeros(4, 16)}
    monkeypatch.setattr(readback, "of_transformers", lambda *_: wrong)
    with pytest.raises(ValueError, match="transformers computes another image vector"):
        convert(tmp_path / "run", tmp_path / "out", "hf")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_without_the_peers_our_own_reader_confirms_and_is_named(tmp_path, monkeypatch):
    own(tmp_path / "run")
    monkeypatch.setattr(readback, "installed", lambda _: False)
    for to, peer in (("hf", "transformers"), ("open_clip", "open_clip")):
        assert convert(tmp_path / "run", tmp_path / to, to).read_by == f"sightline ({peer} is not installed)"


def test_a_name_that_cannot_be_fetched_leaves_nothing(tmp_path):
    with pytest.raises(ValueError, match="cannot be had from timm"):
        convert("timm:vit_tiny_patch16_224", tmp_path / "light", "hf")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("half", ["bare", "projected"])
@pytest.mark.parametrize("make", [peers.clip_vision, peers.clip_text])
def test_halves_go_there_and_back(tmp_path, make, half):
    make(tmp_path / "theirs")
    convert(tmp_path / "theirs" / half, tmp_path / "ours", "sightline")
    assert convert(tmp_path / "ours", tmp_path / "again", "hf").layout == "clip"


def siglip_words(folder):
    """A small tokenizer.json with SigLIP's end, as transformers keeps one."""
    import tokenizers

    pieces = [("<unk>", 0.0), ("</s>", 0.0), ("▁", -2.0), *((letter, -3.0) for letter in "abcdefghijklmnopqrstuvwxyz")]
    inner = tokenizers.Tokenizer(tokenizers.models.Unigram(pieces, unk_id=0, byte_fallback=False))
    inner.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace()
    inner.add_special_tokens(["</s>"])
    inner.save(str(folder / "tokenizer.json"))


def test_a_published_siglip_is_searched_by_words_without_torch(tmp_path, picture):
    PUBLISHED["siglip"](tmp_path / "theirs")
    siglip_words(tmp_path / "theirs")
    convert(tmp_path / "theirs", tmp_path / "light", "onnx")
    encoder = load(tmp_path / "theirs", device="cpu")
    code = f"""
        import json
        from sightline.runtime.load import load
        encoder = load({str(tmp_path / "light")!r})
        text, image = encoder.encode_text(["A cat, two dogs!"]), encoder.encode_image({str(picture)!r})
        print(json.dumps([text.tolist(), image.tolist(), encoder.identity, encoder.similarity]))
    """
    done = python(code)
    assert done.returncode == 0, done.stderr
    text, image, identity, similarity = json.loads(done.stdout)
    assert peers.apart(torch.tensor(text), encoder.encode_text(["A cat, two dogs!"])) < 1e-4
    assert peers.apart(torch.tensor(image), encoder.encode_image(picture)) < 1e-4
    assert identity == encoder.identity and similarity == "sigmoid"


def test_a_siglip_keeps_its_words_through_sightline_and_transformers(tmp_path):
    PUBLISHED["siglip"](tmp_path / "theirs")
    siglip_words(tmp_path / "theirs")
    convert(tmp_path / "theirs", tmp_path / "ours", "sightline")
    assert convert(tmp_path / "ours", tmp_path / "again", "hf").read_by == "transformers"
    texts = ["A cat, two dogs!", "x", "long " * 90]
    first, last = (load(tmp_path / name, device="cpu") for name in ("theirs", "again"))
    assert torch.equal(first.tokenize(texts), last.tokenize(texts))


def test_weights_trained_on_since_are_not_replaced(tmp_path):
    from transformers import CLIPModel

    own(tmp_path / "run")
    convert(tmp_path / "run", tmp_path / "hf", "hf")
    CLIPModel.from_pretrained(tmp_path / "hf").save_pretrained(tmp_path / "hf")
    with pytest.raises(ValueError, match="was not made by this command"):
        convert(tmp_path / "run", tmp_path / "hf", "hf")


@pytest.mark.parametrize("to", ["hf", "open_clip"])
def test_a_trained_bias_of_the_patches_moves_into_their_positions(tmp_path, to):
    model = own(tmp_path / "run")
    assert model.image.stem.proj.bias.any()
    convert(tmp_path / "run", tmp_path / "out", to)
    first, last = (load(tmp_path / name, device="cpu") for name in ("run", "out"))
    for size in ((32, 32), (48, 40)) if to == "open_clip" else ((32, 32),):  # transformers resizes otherwise
        assert (
            peers.apart(first.encode_image(peers.pictures(size=size)), last.encode_image(peers.pictures(size=size)))
            < 1e-5
        )
