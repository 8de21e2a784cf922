import numpy as np

from sightline.data.draw import uniform
from sightline.data.feed.loader import Loader
from sightline.data.feed.regions import NONE, called, drawn, referring
from sightline.data.sample import Sample
from sightline.data.sources.source import open_source
from sightline.text.load import BoxBPE

GOOD = np.array([[0, 0, 4, 4], [4, 4, 2, 2], [1, 1, 5, 5]], np.float32)
FIELDS = frozenset({"image", "tokens", "boxes", "regions", "region_ids"})


def sample(**extra):
    return Sample(key="a", image=b"", extra=extra)


def test_a_box_is_called_by_its_phrase_or_by_the_fields_of_its_object():
    assert called(sample(phrases=[("a red ball", (0, 0, 1, 1)), ("a cube", (0, 0, 2, 2))])) == ["a red ball", "a cube"]
    objects = [{"category": "ball", "color": "red", "size": 3}, {"mask_value": 2}, {"name": "cup"}]
    assert called(sample(objects=objects)) == ["red ball", "", "cup"]
    assert called(sample()) == []


def test_only_words_that_one_box_has_refer():
    assert referring(["a", "b", "a", "", ""]) == [1]


def test_the_phrases_of_scenes_all_refer():
    source = open_source("scenes?level=3&n=30")
    assert all(referring(called(source[i])) == list(range(len(source[i].boxes))) for i in range(30))


def test_every_region_is_drawn_alike_and_one_without_an_area_never():
    told = sample(phrases=[("a", 0), ("b", 0), ("b", 0)])
    u = uniform(0, 0, np.arange(3000), "region", 2)
    found = [drawn(told, GOOD, row) for row in u]
    assert {one for one, _ in found} == {("a", 0)}  # the other two share their words
    assert np.allclose(np.bincount([number for _, (_, number) in found]) / 3000, 1 / 3, atol=0.03)
    flat = GOOD.copy()
    flat[0, 2] = 0
    assert {tuple(number for _, number in drawn(told, flat, row)) for row in u} == {(NONE, 1), (NONE, 2)}


def test_boxes_without_words_or_of_another_number_name_nothing():
    nothing = [("", NONE)] * 2
    u = np.zeros(2)
    assert drawn(sample(), GOOD, u) == nothing
    assert drawn(sample(phrases=[("a", 0)]), GOOD, u) == nothing
    assert drawn(sample(phrases=[("a", 0)]), None, u) == nothing
    assert drawn(sample(phrases=[]), np.zeros((0, 4), np.float32), u) == nothing


def loader(**changed):
    source = open_source("scenes?level=1&n=24&size=32")
    tokenizer = BoxBPE(vocab=600, length=16, bins=16).train(
        [words for i in range(24) for words in (*source[i].captions, *called(source[i]))]
    )
    settings = dict(batch=12, size=32, stored=32, tokenize=tokenizer, fields=FIELDS)
    return source, tokenizer, Loader(source, **settings | changed)


def test_the_loader_gives_words_and_numbers_of_two_boxes_the_same_on_two_ranks():
    source, tokenizer, whole = loader()
    batch = whole.batch(3)
    for index, ids, rows in zip(batch["index"], batch["region_ids"], batch["regions"], strict=True):
        for number, row in zip(ids.tolist(), rows.numpy(), strict=True):
            assert tokenizer.decode(row) == called(source[int(index)])[number]
    parts = [loader(rank=rank, world=2)[2].batch(3) for rank in range(2)]
    for key in ("regions", "region_ids"):
        assert np.array_equal(np.concatenate([part[key] for part in parts]), batch[key])
    assert not np.array_equal(whole.batch(4)["region_ids"], batch["region_ids"])


def test_a_mirrored_picture_has_the_words_of_the_other_side():
    source, tokenizer, mirrored = loader(mirrored=lambda step, indices: np.ones(len(indices), bool))
    _, _, plain = loader()
    turned, straight = mirrored.batch(0), plain.batch(0)
    assert np.array_equal(turned["region_ids"], straight["region_ids"])
    pairs = [
        (tokenizer.decode(a), tokenizer.decode(b))
        for a, b in zip(turned["tokens"].numpy(), straight["tokens"].numpy(), strict=True)
    ]
    assert any("left" in a and "right" in b for a, b in pairs)
