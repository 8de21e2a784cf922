import io

import numpy as np
import pytest
from PIL import Image

from sightline.data.prepare.tile import Box
from sightline.search.ask.region import part_of

PIXELS = np.random.default_rng(0).integers(0, 256, (30, 40, 3)).astype(np.uint8)
SVG = """<svg xmlns="http://www.w3.org/2000/svg" %s viewBox="0 0 24 24">
<rect width="12" height="12" fill="#f00"/><rect x="12" y="12" width="12" height="12" fill="#00f"/></svg>"""


def png(image=PIXELS, **more):
    saved = io.BytesIO()
    Image.fromarray(image).save(saved, "PNG", **more)
    return saved.getvalue()


def test_a_region_is_the_pixels_of_the_picture(tmp_path):
    (tmp_path / "a.png").write_bytes(png())
    for image in (png(), PIXELS, Image.fromarray(PIXELS), tmp_path / "a.png"):
        np.testing.assert_array_equal(part_of(image, Box(3, 5, 20, 10)), PIXELS[5:15, 3:23])
        np.testing.assert_array_equal(part_of(image, Box(0, 0, 40, 30)), PIXELS)


def test_it_is_upright_as_the_picture_is():
    saved = io.BytesIO()
    exif = Image.Exif()
    exif[274] = 6  # turned by a quarter to the right
    Image.fromarray(PIXELS).save(saved, "PNG", exif=exif)
    np.testing.assert_array_equal(part_of(saved.getvalue(), Box(0, 0, 10, 40)), np.rot90(PIXELS, -1)[:, :10])


@pytest.mark.parametrize("box", [Box(0, 0, 41, 30), Box(40, 0, 1, 1), Box(0, 29, 4, 2), Box(10**8, 0, 1, 1)])
def test_outside_the_picture_is_refused_with_its_size(box):
    with pytest.raises(ValueError, match="leaves the picture, which is 40 x 30 pixels"):
        part_of(png(), box)


def test_a_drawing_is_cut_in_its_own_units_and_drawn_large_enough():
    part = part_of((SVG % "").encode(), Box(12, 12, 6, 6))
    assert part.shape[0] >= 256 and (part[8:-8, 8:-8] == (0, 0, 255, 255)).all()
    part = part_of((SVG % 'width="48" height="48"').encode(), Box(0, 0, 24, 24))
    assert part.shape[0] >= 256 and (part[8:-8, 8:-8] == (255, 0, 0, 255)).all()
    with pytest.raises(ValueError, match="leaves the picture, which is 24 x 24 units"):
        part_of((SVG % "").encode(), Box(0, 0, 25, 24))
    with pytest.raises(ValueError, match="nothing in the region 14,2,6,6"):
        part_of((SVG % "").encode(), Box(14, 2, 6, 6))
