"""Regions: boxes fall on the things that words name, are found once, and are refused where there can be none."""

import tarfile

import numpy as np
import pytest
from perfect import BOXES
from PIL import Image
from small_run import save_run, save_seer

import sightline
from sightline.data.boxes import box_iou
from sightline.data.feed.regions import called
from sightline.data.sample import Sample, Source
from sightline.data.sources.mixture import Mixture
from sightline.data.sources.source import Asked, open_source, parse
from sightline.search.fill.place import absolute
from sightline.weights.capabilities.locates import Place
from sightline.weights.regions.by_encoder import PEAK, ByEncoder, peak
from sightline.weights.regions.source import regions


class Told:
    """One picture with a red box of pixels, a caption, and a box of the source's own."""

    name, has, classes = "told", frozenset({"image", "text", "boxes"}), ()

    def __init__(self, encoder, caption):
        self.caption, self.pixels = caption, np.full((64, 64, 3), 255, np.uint8)
        self.pixels[8:24, 8:40] = encoder.COLOURS["red"]

    def __len__(self):
        return 1

    def __getitem__(self, index):
        extra = {"objects": [{"name": "cat"}], "licence": "free"}
        return Sample("x", self.pixels, captions=(self.caption,), boxes=np.ones((1, 4)), extra=extra)


def test_boxes_fall_on_what_the_words_name(folder, perfect):
    found = regions(open_source(str(folder)), perfect)
    assert isinstance(found, Source) and found.has >= {"image", "text", "boxes"}
    for sample in (found[at] for at in range(3)):
        colour, box = BOXES[sample.key.removesuffix(".png")]
        assert colour in called(sample)[0] and len(sample.boxes) == 1
        assert box_iou(sample.boxes[0], np.array(box, float)) > 0.55, sample.key
        (words, told), (score,) = sample.extra["phrases"][0], sample.extra["scores"]
        assert words == f"{colour} box" and np.allclose(told, sample.boxes[0]) and score >= PEAK
    assert "perfect found 3 boxes in 3 of 3 pictures" in found.notes[-1]


def test_scenes_are_boxed_where_a_perfect_map_is_hot(perfect):
    scenes = open_source("scenes?level=1&n=40&size=64")
    found, ious = regions(scenes, perfect), []
    for at in range(len(scenes)):
        factors = scenes[at].extra["factors"]
        for words, box in found[at].extra["phrases"]:
            alone = [k for k, f in enumerate(factors) if f["colour"] == words.split()[0]]
            if len(alone) == 1:
                ious.append(float(box_iou(np.array(box), scenes[at].boxes[alone[0]].astype(float))))
    assert len(ious) > 10 and np.mean(ious) > 0.5


def test_the_peak_is_measured_where_the_picture_is():
    assert peak(np.array([0.0, 0, 0, 4])) == pytest.approx(3 / np.sqrt(3))
    assert peak(np.array([1.0, 1.0])) == peak(np.zeros(0)) == 0.0


def test_what_was_found_is_found_again_without_looking(folder, perfect):
    once = regions(open_source(str(folder)), perfect)
    assert perfect.seen == 3
    again = regions(open_source(str(folder)), perfect)
    assert perfect.seen == 3 and again.found == once.found and again.fingerprint == once.fingerprint
    (folder / "a.txt").write_text("the red thing")
    third = regions(open_source(str(folder)), perfect)
    assert perfect.seen == 4 and called(third[0]) == ["red thing"] and third.fingerprint != once.fingerprint
    assert regions(open_source(str(folder)), perfect, least=2.5) is not None and perfect.seen == 7
    perfect.identity = ""
    regions(open_source(str(folder)), perfect)
    regions(open_source(str(folder)), perfect)
    assert perfect.seen == 13


def test_a_search_that_was_interrupted_goes_on_where_it_stopped(folder, perfect):
    class Stopped(type(perfect)):
        def encode_text(self, texts, normalize):
            if self.seen == 2:
                raise KeyboardInterrupt
            return super().encode_text(texts, normalize)

    stopped = Stopped()
    with pytest.raises(KeyboardInterrupt):
        regions(open_source(str(folder)), stopped)
    found = regions(open_source(str(folder)), perfect)
    assert perfect.seen == 2 and len(found) == 3 and all(found.found)


def test_a_cache_that_is_no_cache_costs_time_alone(folder, perfect, cache):
    first = regions(open_source(str(folder)), perfect)
    (file,) = (cache / "regions").glob("*.db")
    file.write_bytes(b"no database at all, and long enough to be looked at" * 100)
    assert regions(open_source(str(folder)), perfect).found == first.found and perfect.seen == 6
    assert regions(open_source(str(folder)), perfect).found == first.found and perfect.seen == 6


def test_the_text_of_a_source_opens_one_with_regions(folder, tmp_path):
    save_run(tmp_path / "clip", words=("red", "green", "blue", "box"))
    src = f"regions({folder}, {tmp_path / 'clip'})?least=-1&most=2"
    found = open_source(src)
    assert found.name == src and len(found) == 3 and found[0].boxes.shape[1] == 4
    direct = regions(open_source(str(folder)), sightline.load(tmp_path / "clip"), least=-1, most=2)
    assert found.found == direct.found
    mixed = open_source(f"regions({folder}::{folder}?weight=2, {tmp_path / 'clip'})?least=-1::scenes?n=4&weight=3")
    assert isinstance(mixed, Mixture) and mixed.weights == [1.0, 3.0] and "boxes" in mixed.has
    assert isinstance(mixed.parts[0], Mixture) and mixed.parts[0].weights == [1.0, 2.0]


def test_parentheses_hold_a_source_together(tmp_path, monkeypatch):
    one, two = parse("regions(a?exclude=x,y::b:test, runs/x)?least=0.5&weight=2::scenes:test?level=2")
    assert isinstance(one, Asked) and (one.source, one.encoder) == ("a?exclude=x,y::b:test", "runs/x")
    assert (one.name, one.split, one.options) == ("a", None, {"least": "0.5", "weight": "2"}) and two.name == "scenes"
    (nested,) = parse("regions(regions(icons:train, e), f)")
    assert (nested.name, nested.split, nested.source) == ("icons", "train", "regions(icons:train, e)")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir()
    whole = absolute("regions(a:train::icons, run)?most=3")
    assert whole == f"regions({tmp_path}/a:train::icons, {tmp_path}/run)?most=3"
    (tmp_path / "regions(a, b)").mkdir()
    assert not isinstance(parse("regions(a, b)")[0], Asked)  # what exists on disk wins


@pytest.mark.parametrize(
    ("src", "says"),
    [
        ("regions(icons, x", "is not closed; expected regions"),
        ("regions(icons)", "expected regions.SRC, ENCODER"),
        ("regions(, x)", "expected regions.SRC, ENCODER"),
        ("regions(icons, x)y", "expected .key=value"),
        ("regions(icons, x)?n=3", "regions have no option 'n'.*least, most, overlap, weight.*within the parentheses"),
        ("regions(icons?n=4, builtin:icons)", "builtin:icons comes without weights for torch"),
    ],
)
def test_a_text_that_means_nothing_is_refused(src, says):
    with pytest.raises(ValueError, match=says):
        open_source(src)


def test_where_there_can_be_no_regions_it_is_said(folder, tmp_path, perfect):
    silent = open_source(str(folder))
    silent.has = silent.has - {"text"}
    with pytest.raises(ValueError, match="by the words of captions, and .* has none"):
        regions(silent, perfect)
    save_seer(tmp_path / "seer")
    with pytest.raises(ValueError, match="cannot locate words: it has no decoder .* and no text tower"):
        regions(open_source(str(folder)), str(tmp_path / "seer"))
    with pytest.raises(ValueError, match="vectors of whole pictures"):
        regions(open_source(str(folder)), sightline.load("builtin:icons"))
    with pytest.raises(ValueError, match=r"found no box in any of the 3 pictures .*the best score is .*least="):
        regions(open_source(str(folder)), perfect, least=1000)
    with pytest.raises(ValueError, match="1 have no words to look for; no phrase of a caption has a place"):
        regions(Told(perfect, "on the left of it"), perfect)
    with tarfile.open(tmp_path / "0.tar", "w") as tar:
        tar.add(folder / "a.png", "a.png")
    with pytest.raises(ValueError, match="is streamed"):
        open_source(f"regions({(tmp_path / '0.tar').as_uri()}, x)")


def test_drawings_and_broken_pictures_have_no_boxes_and_are_counted(folder, perfect):
    (folder / "d.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"><title>a red circle</title></svg>')
    (folder / "e.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    (folder / "e.txt").write_text("a red star")
    found = regions(open_source(str(folder)), perfect)
    boxes = {found[at].key: found[at].boxes for at in range(len(found))}
    assert boxes["d.svg"] is None and boxes["e.png"] is None and boxes["a.png"] is not None
    assert found.notes[-1].endswith("2 of them cannot be read, or are drawings, which have no pixels of their own")


def test_boxes_of_the_source_itself_are_replaced(perfect):
    sample = regions(Told(perfect, "a red thing"), perfect)[0]
    assert called(sample) == ["red thing"] and sample.extra["licence"] == "free" and sample.boxes[0, 2] > 10


def test_an_encoder_with_a_decoder_is_asked_for_its_boxes():
    class Decodes:
        name, identity, capabilities, rule = "locca", "", ("embeds", "locates"), None

        tokenizer = type("Words", (), {"cut": staticmethod(lambda texts: [len(text) > 3 for text in texts])})

        def locate(self, pictures, words):
            places = [(0.25, 0.5, 0.5, 0.25), None]
            return [Place(box, 0.7, np.zeros((2, 2))) for box, _ in zip(places, words, strict=True)]

    picture = Image.new("RGB", (40, 20))
    long, one, other = ByEncoder(Decodes()).detect(picture, ["too long", "a", "b"])
    assert one.boxes.tolist() == [[10, 10, 20, 5]] and one.scores.tolist() == [0.7]
    assert len(long.boxes) == len(other.boxes) == 0 and len(ByEncoder(Decodes()).detect(picture, ["too long"])) == 1
