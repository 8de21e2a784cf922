"""One table says of every key of a batch what it needs, how its rows are joined and how it is cut."""

from functools import partial

import numpy as np
import pytest
import torch

from sightline.data import batch as table
from sightline.data.batch import (
    KEYS,
    Key,
    check_known,
    chunks_of,
    lacking,
    listed,
    loaded,
    missing,
    rows_of,
    samples_in,
)
from sightline.data.decode import record
from sightline.data.decode.record import collate, read
from sightline.data.sample import Sample
from sightline.protocols import Batch


def whole(b=5):
    def boxes():
        return [torch.rand(n, 4) for n in range(b)]

    return {
        "image": torch.randn(b, 3, 4, 4),
        "views": [torch.randn(b, 3, 4, 4), torch.randn(b, 3, 2, 2)],
        "masks": [torch.rand(b, 2, 2) < 0.5],
        "tokens": torch.randint(9, (b, 7)),
        "terms": torch.randint(9, (2, 7)),
        "has_term": torch.rand(b, 2) < 0.5,
        "text": list("abcde")[:b],
        "boxes": boxes(),
        "view_targets": [{"boxes": boxes(), "mask": torch.zeros(b, 2, 2)}, {"boxes": boxes()}],
        "index": torch.arange(b),
    }


def test_the_table_has_the_keys_of_a_batch_in_their_order():
    assert list(KEYS) == [key for key in Batch.__annotations__]
    assert all((rule.join is None) == (rule.maker != "record") for rule in KEYS.values())


@pytest.mark.parametrize("size", [1, 2, 5, 9])
def test_chunks_laid_end_to_end_are_the_batch(size):
    batch = whole()
    parts = list(chunks_of(batch, size))
    assert [n for _, n in parts] == [samples_in(part) for part, _ in parts] and sum(n for _, n in parts) == 5
    assert all(part.keys() == batch.keys() for part, _ in parts)
    for key in ("image", "tokens", "has_term", "index"):
        assert torch.equal(torch.cat([part[key] for part, _ in parts]), batch[key])
    for view in range(2):
        assert torch.equal(torch.cat([part["views"][view] for part, _ in parts]), batch["views"][view])
        joined = [row for part, _ in parts for row in part["view_targets"][view]["boxes"]]
        assert all(row is other for row, other in zip(joined, batch["view_targets"][view]["boxes"], strict=True))
    assert [text for part, _ in parts for text in part["text"]] == batch["text"]
    assert all(torch.equal(part["terms"], batch["terms"]) for part, _ in parts)


def test_a_key_that_no_batch_has_is_refused_with_those_it_may_have():
    with pytest.raises(ValueError, match="clip.x asks for imge, tokns, which no batch has; it may have image, size"):
        check_known({"imge", "tokns", "label"}, "clip.x")
    with pytest.raises(ValueError, match="codes.*which no batch has"):
        samples_in({"codes": torch.zeros(3)})
    with pytest.raises(ValueError, match="terms has no rows"):
        samples_in({"terms": torch.zeros(3)})


def test_what_a_source_lacks_follows_from_what_it_has():
    assert missing({"image", "tokens", "views", "boxes", "has_negative"}, {"image", "boxes"}) == [
        "has_negative",
        "tokens",
    ]
    assert lacking({"image", "tokens", "terms", "mask"}, {"image"}) == ["mask", "text"]
    assert loaded({"image", "views"}, {"negatives", "depth"}, {"image", "depth"}) == {"image", "depth"}
    assert loaded({"mask"}, (), ()) == {"mask"}  # what is needed is asked for, and then refused


def test_a_new_key_is_a_line_in_the_table_and_its_maker(monkeypatch):
    """`extra` stands for any: of two samples one has it; it is joined, cut and refused like the rest."""
    monkeypatch.setitem(KEYS, "extra", Key(needs="extra", asked=True, join=partial(listed, empty=np.zeros((0, 2)))))
    made = [
        record.Record(Sample("a", b""), np.zeros((3, 4, 4), np.uint8), {"extra": np.ones((3, 2))}),
        record.Record(Sample("b", b""), np.zeros((3, 2, 4), np.uint8)),
    ]
    assert "extra" not in collate(made)
    joined = collate(made, frozenset({"extra"}))
    assert [row.shape for row in joined["extra"]] == [(3, 2), (0, 2)]
    assert rows_of(joined, slice(1, 2))["extra"][0].shape == (0, 2)
    assert missing({"extra"}, {"image"}) == ["extra"] and not missing({"extra"}, {"extra"})


def test_targets_are_read_where_asked_for_and_let_go_of_in_the_words():
    picture, numbers = np.zeros((8, 6, 3), np.uint8), np.arange(48).reshape(8, 6)
    sample = Sample("a", picture, mask=numbers, depth=numbers.astype(np.float32), boxes=np.array([[0, 0, 6, 8]]))
    found = read(sample, 6, frozenset({"mask", "boxes"}))
    assert found.targets.keys() == {"mask", "boxes"} and np.array_equal(found.targets["mask"], numbers)
    assert found.sample.image == b"" and found.sample.mask is found.sample.depth is found.sample.boxes is None
    assert found.bytes == 1024 + picture.nbytes + numbers.nbytes + 16
    assert set(record.TARGETS) <= {key for key, rule in table.KEYS.items() if rule.asked}
