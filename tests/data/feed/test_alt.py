"""Alt text reaches a batch where a method asks for it."""

import numpy as np
import pytest

from sightline.data.feed.loader import Loader
from sightline.data.sample import Sample


class Pages:
    """Every other picture has two alt texts."""

    name, classes = "pages", ()

    def __init__(self, has=("image", "text", "alt")):
        self.has = frozenset(has)

    def __len__(self):
        return 8

    def __getitem__(self, index):
        alt = (f"one {index}", f"two {index}") if index % 2 else ()
        return Sample(f"k{index}", np.full((8, 8, 3), index, np.uint8), (f"caption {index}",), alt=alt)


def tokenize(texts):
    return np.array([[ord(letter) for letter in text.ljust(12)] for text in texts], np.int64)


def loader(source, fields):
    return Loader(source, batch=8, size=8, tokenize=tokenize, fields=fields)


def test_one_of_a_samples_alt_texts_is_drawn_and_its_caption_where_it_has_none():
    found = set()
    for step in range(12):
        batch = loader(Pages(), ("tokens", "alt")).batch(step)
        for index, row in zip(batch["index"].tolist(), batch["alt"].tolist(), strict=True):
            text = "".join(map(chr, row)).strip()
            assert text in ({f"one {index}", f"two {index}"} if index % 2 else {f"caption {index}"})
            found.add(text)
    assert len(found) == 4 + 2 * 4


def test_it_is_made_only_where_it_is_asked_for_and_refused_where_there_is_none():
    assert "alt" not in loader(Pages(), ("tokens",)).batch(0)
    with pytest.raises(ValueError, match="'pages' has image, text; needed besides: alt"):
        loader(Pages(("image", "text")), ("tokens", "alt"))
