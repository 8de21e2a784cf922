"""The file of a background: read as it was written, passed over where it is of something else."""

from dataclasses import replace

import numpy as np
import pytest

from sightline.data.array import unit
from sightline.search.query import Readers
from sightline.search.rank.background import BackgroundCache, Shelf
from sightline.search.rank.matrix import Vectors
from sightline.search.rank.relevance import background, best_matches, probes
from sightline.search.rank.stamped import Stamp

STAMP = Stamp("library", "looks -", 16, "1")


class Reads:
    dim, name, logit_scale, logit_bias = 16, "reads", 0.0, None

    def __init__(self, identity="reads"):
        self.identity, self.count = identity, 0

    def encode_text(self, texts, normalize=False):
        self.count += len(texts)
        return np.stack([np.random.default_rng(list(text.encode())).normal(size=16) for text in texts])


def shelf(count=40, stamp=STAMP, parts=0):
    draw = np.random.default_rng(0)

    def some(number):
        matrix = unit(draw.normal(size=(number, 16))).astype(np.float32)
        return Vectors(stamp, np.arange(number), np.zeros(number, np.uint64), matrix)

    return Shelf(stamp, tuple(some(number) for number in (count, parts) if number), None)


@pytest.fixture
def cache(tmp_path):
    return BackgroundCache(tmp_path / "a.db")


def test_what_is_kept_is_what_the_probes_find_in_pictures_and_their_parts(cache):
    reads, shown = Reads(), shelf(parts=30)
    cache.renew(shown, Readers(reads, None))
    vectors = unit(reads.encode_text(list(probes()))).astype(np.float32)
    every = np.concatenate([some.matrix for some in shown.pictures])
    expected, found = background(vectors, best_matches(vectors, every), None), cache.at(shown, Readers(reads, None))
    assert found.said is None and found.seen.middle == pytest.approx(expected.seen.middle, abs=1e-6)
    assert found.seen.spread == pytest.approx(expected.seen.spread, abs=1e-6)
    np.testing.assert_allclose(found.probes, vectors, atol=1e-6)
    assert cache.path.stat().st_size == 1024 + vectors.nbytes
    assert reads.count == 2 * len(probes())  # ours and the file's: it is read, not made again


def test_another_library_or_encoder_or_a_cut_file_is_passed_over_and_made_anew(cache):
    cache.renew(shelf(), Readers(Reads(), None))
    whole = cache.path.read_bytes()
    for other in (replace(STAMP, library="other"), replace(STAMP, encoder="other -")):
        reads = Reads()
        BackgroundCache.renew(cache, shelf(stamp=other), Readers(reads, None))
        assert reads.count == len(probes())
    for damaged in (
        whole[:-1],
        whole[:500],
        b"",
        b"X" + whole[1:],
        whole + b"\0\0\0\0",
        whole.replace(b'"seen"', b'"sown"'),
    ):
        cache.path.write_bytes(damaged)
        reads = Reads()
        cache.renew(shelf(), Readers(reads, None))
        assert reads.count == len(probes()) and cache.path.read_bytes() == whole


def test_without_encoders_it_is_brought_up_to_date_by_the_probes_that_are_kept(cache):
    later = replace(STAMP, revision="2")
    cache.renew(shelf(stamp=later), None)
    assert not cache.path.exists()
    cache.renew(shelf(), Readers(Reads(), None))
    cache.renew(shelf(90, later), None)
    reads = Reads()
    found = cache.at(shelf(90, later), Readers(reads, None))
    assert reads.count == 0
    assert found.seen == BackgroundCache(cache.path.with_name("b.db")).at(shelf(90, later), Readers(reads, None)).seen


def test_an_empty_library_and_encoders_that_read_nothing_have_none(cache):
    assert cache.at(Shelf(STAMP, (), None), Readers(Reads(), None)) is None
    cache.renew(shelf(), Readers(None, None))
    assert cache.at(shelf(), Readers(None, None)) is None and not cache.path.exists()
