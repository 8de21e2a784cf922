"""Pictures of any number of bands in a training batch: as colours where there are three, and refused where they are not
what the tower reads."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from sightline.data.augment.alpha import Background
from sightline.data.augment.bands import AugmentBands
from sightline.data.augment.crop import CropResize, Flip
from sightline.data.augment.pipeline import AugmentViews, View
from sightline.data.decode.bands import reduced
from sightline.data.decode.record import attempt, collate
from sightline.data.feed.banded import Banded
from sightline.data.sample import BadSample, Sample
from sightline.data.views.kinds import MaeView
from sightline.recipes.find import find, train


def stored(b=6, c=3, y=20, x=26):
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, (b, c, y, x)).astype(np.uint8))


def batch(image):
    size = torch.tensor([[image.shape[2] - i, image.shape[3] - 2 * i] for i in range(len(image))])
    return {"image": image, "size": size, "index": torch.arange(len(image)) + 3}


OPS = [CropResize((0.3, 0.9), flip=0.5), Flip(0.5)]


def test_three_bands_are_cropped_mirrored_and_normalised_as_colours_are():
    rule = dict(mean=(0.1, 0.2, 0.3), std=(0.5, 0.6, 0.7))
    colours = AugmentViews([View([*OPS, Background()], 12)], **rule)(batch(stored()), 1, 2)[0]
    bands = AugmentBands([View(OPS, 12)], **rule)(batch(stored().float() / 255), 1, 2)[0]
    torch.testing.assert_close(bands, colours, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("count", [2, 4, 5])
def test_every_band_goes_the_same_way_whatever_is_beside_it(count):
    image = stored(c=count).float() * 7
    rule = dict(mean=[3.0] * count, std=[2.0] * count)
    both = AugmentBands(MaeView(kind="bands")(12), **rule)(batch(image), 0, 5)[0]
    assert both.shape == (6, count, 12, 12)
    three = AugmentBands(MaeView(kind="bands")(12), mean=[3.0] * 3, std=[2.0] * 3)
    for band in range(count):
        alone = three(batch(image[:, band : band + 1].expand(-1, 3, -1, -1).contiguous()), 0, 5)[0]
        torch.testing.assert_close(both[:, band], alone[:, 0], rtol=1e-5, atol=1e-3)  # of values up to 900
    torch.testing.assert_close(
        AugmentBands(MaeView(kind="bands")(12), **rule).restored(both), both * 2 + 3, rtol=1e-5, atol=1e-3
    )


def test_operations_on_colours_and_other_numbers_of_bands_are_refused():
    with pytest.raises(ValueError, match="Background is made for colours, and these pictures have bands"):
        AugmentBands([View([CropResize(), Background()], 12)], mean=[0] * 4, std=[1] * 4)
    with pytest.raises(ValueError, match="views of bands begin with a crop"):
        AugmentBands([View([Flip()], 12)], mean=[0] * 4, std=[1] * 4)
    with pytest.raises(ValueError, match="pictures of 3 bands, and means and deviations of 4"):
        AugmentBands([View(OPS, 12)], mean=[0] * 4, std=[1] * 4)(batch(stored().float()), 0, 0)
    with pytest.raises(ValueError, match="4 means: colours have one of grey or three"):
        AugmentViews([View(OPS, 12)], mean=[0] * 4, std=[1] * 4)


def test_grey_is_the_luma_of_the_view():
    ops = [*OPS, Background()]
    grey = AugmentViews([View(ops, 12)], mean=(0.0,), std=(1.0,))(batch(stored()), 1, 2)[0]
    rgb = AugmentViews([View(ops, 12)], mean=(0.0,) * 3, std=(1.0,) * 3)(batch(stored()), 1, 2)[0]
    expected = 0.299 * rgb[:, 0] + 0.587 * rgb[:, 1] + 0.114 * rgb[:, 2]
    torch.testing.assert_close(grey[:, 0], expected, rtol=1e-3, atol=1e-3)


class Fields:
    """Four bands of which the last alone tells the class; the others are noise."""

    name, classes, has = "fields", ("dry", "wet"), frozenset({"image", "label"})

    def __init__(self, n=64, first=0, bands=4):
        self.n, self.first, self.bands = n, first, bands

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        drawn = np.random.default_rng(index + self.first)
        picture = drawn.integers(0, 40_000, (24, 20 + index % 3, self.bands)).astype(np.uint16)
        picture[..., -1] = 60_000 if index % 2 else 5_000
        return Sample(key=str(index), image=picture, label=index % 2)


def test_a_batch_of_bands_keeps_their_numbers_and_names_pictures_of_others():
    source = Banded(Fields(3), 4)
    records = [attempt(source[i], 16) for i in range(3)]
    made = collate(records)
    assert made["image"].dtype == np.float32 and made["image"].shape[1] == 4
    assert made["size"].min(1).tolist() == [16, 16, 16] and list(source.labels()) == [0, 1, 0]
    np.testing.assert_allclose(made["image"][1, 3, :16, :16], 60_000 / 65_535, rtol=1e-6)
    with pytest.raises(BadSample, match="a picture of 5 bands .* where 4 are expected"):
        Banded(Fields(3, bands=5), 4)[0]
    strip = np.zeros((4, 400, 5), np.float32)
    assert reduced(strip, 4, 2).shape == (1, 8, 5) and reduced(strip[:, :8], 4, 2).shape == (4, 8, 5)


def test_a_fourth_band_that_carries_the_answer_is_learnt(tmp_path):
    settings = [
        "image.channels=4",
        "data.preprocess=Preprocess(channels=4, mean=(0.3, 0.3, 0.3, 0.5), std=(0.2, 0.2, 0.2, 0.4))",
        "data.size=16",
        "image.depth=3",
        "steps=30",
    ]
    recipe = find("supervised.tiny")
    recipe = replace(recipe, data=replace(recipe.data, views=MaeView(kind="bands")))
    done = train(recipe, out=tmp_path / "run", data=Fields(), evaluation=Fields(24, 1000), overrides=settings, **QUIET)
    assert done.scores["accuracy"] == 1.0
    with pytest.raises(ValueError, match="data.preprocess has channels=4 and the tower 3; set image.channels=4"):
        train(recipe, out=tmp_path / "other", data=Fields(), overrides=settings[1:], **QUIET)


QUIET = dict(device="cpu", export=False, quiet=True)
