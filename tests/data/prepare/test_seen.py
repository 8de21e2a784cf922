import numpy as np
import pytest
from PIL import Image

from sightline.data.prepare.preprocess import Preprocess
from sightline.data.prepare.seen import onto_picture, onto_view, seen_part

RULES = [
    Preprocess(size=48),
    Preprocess(size=48, resize="squash"),
    Preprocess(size=48, resize="crop"),
    Preprocess(size=40, resize="crop", short=48),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.resize}{rule.short}")
@pytest.mark.parametrize("shape", [(96, 96), (96, 192), (180, 90)])
def test_what_is_drawn_in_a_picture_is_found_where_its_view_says(rule, shape):
    height, width = shape
    box = np.array([[0.4, 0.45, 0.2, 0.15]])
    image = np.full((height, width, 3), 255, np.uint8)
    x, y, w, h = (box[0] * [width, height, width, height]).round().astype(int)
    image[y : y + h, x : x + w] = 0
    dark = rule.canvas(Image.fromarray(image)).mean(2) < 128
    down, across = np.nonzero(dark.any(1))[0], np.nonzero(dark.any(0))[0]
    seen = np.array([[across[0], down[0], len(across), len(down)]]) / rule.size
    part = seen_part(rule, shape)
    np.testing.assert_allclose(onto_view(box, part), seen, atol=1.5 / rule.size)
    np.testing.assert_allclose(onto_picture(onto_view(box, part), part), box, atol=1e-9)


def test_what_lies_in_the_padding_is_cut_off():
    part = seen_part(Preprocess(size=48), (50, 100))
    assert part == (0, -0.5, 1, 2)
    assert onto_picture(np.array([[0.5, 0.0, 0.5, 0.5]]), part).tolist() == [[0.5, 0.0, 0.5, 0.5]]
    assert onto_picture(np.array([[0.0, 0.0, 1.0, 0.2]]), part).tolist() == [[0.0, 0.0, 1.0, 0.0]]
