import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sightline.data.prepare.preprocess import Preprocess
from sightline.data.sample import Sample
from sightline.data.sources.caption import from_name

COLOURS = {"red": (220, 30, 30), "green": (30, 200, 40), "blue": (30, 40, 220), "black": (0, 0, 0), "white": (255,) * 3}


class Colours:
    """An encoder that knows colours: a picture is its mean colour, a text the colour it names. Counts its work."""

    logit_scale, logit_bias = 0.0, None
    dim = 3

    def __init__(self, identity="colours", name="colours", turn=0):
        self.identity, self.name, self.turn = identity, name, turn
        self.seen = 0
        self.rule = Preprocess(size=8)

    def preprocess(self, picture):
        return self.rule(picture)

    def tokenize(self, texts):
        return np.zeros((len(texts), 1), np.int64)

    def encode_image(self, images, normalize=False):
        if isinstance(images, list):
            images = np.stack([self.preprocess(image) for image in images])
        self.seen += len(images)
        return np.roll(images.mean(axis=(2, 3)), self.turn, axis=1)

    def encode_text(self, texts, normalize=False):
        named = [next((c for word, c in COLOURS.items() if word in text), (9, 8, 7)) for text in texts]
        return np.roll(np.array(named, dtype=np.float32) / 127.5 - 1, self.turn, axis=1)

    def features(self, images):
        raise NotImplementedError


class Listed:
    """A source over the files of a folder as they are now."""

    has, classes = frozenset({"image", "text"}), ()

    def __init__(self, folder):
        self.name = str(folder)
        self.files = sorted(p for p in Path(folder).rglob("*") if p.is_file())

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        file = self.files[index]
        return Sample(key=file.name, image=file, captions=(from_name(file.stem),))


def paint(path, colour, shade=0):
    """A picture of one colour; `shade` makes the bytes of equal colours differ."""
    pixels = np.full((12, 16, 3), COLOURS[colour], np.uint8)
    pixels[0, 0] = shade
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, format="PNG")
    return path


@pytest.fixture
def encoder():
    return Colours()


@pytest.fixture
def folder(tmp_path):
    """Five pictures, one a colour."""
    for number, colour in enumerate(COLOURS):
        paint(tmp_path / "pictures" / f"{colour}-square.png", colour, shade=number)
    yield tmp_path / "pictures"
    shutil.rmtree(tmp_path / "pictures", ignore_errors=True)


@pytest.fixture
def listed():
    return Listed


@pytest.fixture
def painted():
    return paint


@pytest.fixture
def colours():
    return Colours
