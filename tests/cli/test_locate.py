"""`sightline locate` and `sightline caption`: what they print, draw and refuse."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from small_run import save_run

from sightline.cli.main import main
from sightline.data.prepare.preprocess import Preprocess
from sightline.data.prepare.seen import laid_over
from sightline.protocols import Kept
from sightline.text.load import BoxBPE
from sightline.towers.spec import BoxTokens, CaptionDecoderSpec, ViTSpec
from sightline.weights.regions.where import where
from sightline.weights.run_folder.run import save

WORDS = BoxBPE(vocab=320, length=10, bins=16).train(["a red star", "a blue gear"] * 3)
DECODER = {"vocab": WORDS.vocab, "length": 15, "dim": 8, "depth": 1, "heads": 2, "memory": 12, "end": 1}
SPECS = {
    "image": ViTSpec(size=16, patch=8, dim=12, depth=1, heads=2),
    "decoder": CaptionDecoderSpec(**DECODER, boxes=BoxTokens(bins=16)),
}


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Runs: one with a decoder, one of pictures and words; two pictures."""
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    parts = {name: spec.build() for name, spec in SPECS.items()}
    with torch.no_grad():
        edge = SPECS["decoder"].boxes.edge
        # the likeliest edges are 4 and whatever: top = left = bottom = right = 4 is the fifth bin
        parts["decoder"].head.weight.zero_()
        parts["decoder"].head.bias.zero_()
        parts["decoder"].head.bias[edge + 4] = 3.0
    kept = Kept(parts=parts, capabilities=("embeds", "captions", "locates"))
    save(tmp_path / "locca", kept, specs=SPECS, preprocess=Preprocess(size=16), tokenizer=WORDS, dim=12)
    save_run(tmp_path / "clip")
    Image.new("RGB", (64, 32), (200, 30, 30)).save("a.png")
    (tmp_path / "b.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><circle cx="6" cy="6" r="5"/></svg>'
    )
    return tmp_path


def test_a_decoders_box_is_printed_in_pixels_of_the_picture(place, capsys):
    assert main(["locate", "locca", "a.png", "star", "a gear"]) == 0
    lines = capsys.readouterr().out.splitlines()
    # bin 4 of 16 of a view of 64 x 64, whose picture begins at 16: x 16 to 20, y 0 to 4
    assert [line.split()[:4] for line in lines] == [["16", "0", "4", "4"]] * 2
    assert lines[0].endswith("star") and lines[1].endswith("a gear")


def test_json_says_what_was_asked_and_by_what(place, capsys):
    assert main(["locate", "locca", "a.png", "star", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["by"], said["size"]) == ("decoder", [64, 32])
    assert said["results"][0]["box"] == [16, 0, 4, 4] and said["results"][0]["shares"] == [0.25, 0, 0.0625, 0.125]
    assert main(["locate", "clip", "b.svg", "ball", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["by"] == "patches" and -1 <= said["results"][0]["score"] <= 1
    assert said["results"][0]["box"] is None or min(said["results"][0]["box"]) >= 0


def test_the_sheet_has_a_row_for_each_of_the_words(place):
    sizes = []
    for words in (["star"], ["star", "gear"]):
        assert main(["locate", "locca", "a.png", *words, "--out", "where.png"]) == 0
        with Image.open("where.png") as sheet:
            sizes.append(sheet.size)
    assert sizes[1][1] > 1.8 * sizes[0][1] and sizes[0][0] == sizes[1][0]


def test_without_a_decoder_the_patch_nearest_to_the_words_is_boxed():
    class Encoder:
        """A grid of 4 x 4 patches; the words are near to the two right of the top."""

        name, capabilities, reads_text, rule = "patches", ("embeds", "reads_text"), True, Preprocess(size=16)

        def patches_of(self, features, normalize):
            found = np.tile([1.0, 0.0], (1, 16, 1))
            found[0, 2:4] = [0.0, 1.0]
            return found

        def encode_text(self, texts, normalize):
            return np.array([[0.0, 1.0]] * len(texts))

        def features(self, images):
            return type("Features", (), {"grid": (4, 4)})

    (found,) = where(Encoder(), Image.new("RGB", (16, 16)), ["ball"])
    x, y, w, h = found.box
    assert found.score == 1 and abs(x - 0.5) < 0.07 and y == 0 and abs(x + w - 1) < 1e-6 and abs(h - 0.25) < 0.07


def test_a_heat_map_is_laid_where_the_view_was():
    heat = np.zeros((2, 2), np.float32)
    heat[0, 0] = 1
    whole = laid_over(heat, (0.0, 0.0, 1.0, 1.0), 40, 20)
    assert whole.shape == (20, 40) and whole[2, 5] > 0.9 and whole[15, 30] < 0.1
    # a padded view: of its left half nothing is the picture's
    right = laid_over(heat, (-1.0, 0.0, 2.0, 1.0), 40, 20)
    assert right.max() < 0.6


def test_captions_are_printed_a_line_each(place, capsys):
    assert main(["caption", "locca", "a.png", "b.svg", "--length", "2"]) == 0
    assert [line.split("  ")[-1] for line in capsys.readouterr().out.splitlines()] == ["a.png", "b.svg"]
    assert main(["caption", "locca", "a.png", "--json", "--temperature", "1"]) == 0
    assert [row["image"] for row in json.loads(capsys.readouterr().out)["results"]] == ["a.png"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["locate", "locca", "a.png"], "locate needs words"),
        (["locate", "locca", "a.png", "x", "--out", "x.jpg"], "written as .png"),
        (["locate", "locca", "none.png", "x"], "none.png"),
        (["caption", "locca"], "caption needs a picture"),
        (["caption", "clip", "a.png"], "clip cannot caption: it embeds and reads text"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(place, capsys, words, says):
    assert main(words) == 2
    err = capsys.readouterr().err
    assert says in err and err.count("\n") == 1
