"""Judging lines and pictures apart gives what judging every picture by the better of both gives."""

import numpy as np
import pytest

from sightline.data.array import unit
from sightline.search.rank import lines as module
from sightline.search.rank.lines import lines_of
from sightline.search.rank.matrix import Vectors
from sightline.search.rank.relevance import background, best_matches, evidence, relevant
from sightline.search.rank.seen import Seen, compared
from sightline.search.rank.stamped import Stamp
from sightline.search.rank.verdict import relevant_rows

STAMP, WIDTH = Stamp("library", "e", 32, "1"), 32


@pytest.fixture(params=[20_000, 50], ids=["few lines", "many lines"])
def library(request, monkeypatch):
    """Ninety pictures, of every third nothing said, the others of one to three of 60 lines."""
    monkeypatch.setattr(module, "FEW", request.param)
    monkeypatch.setattr(module, "CANDIDATES", 60)
    draw = np.random.default_rng(0)
    pictures, texts = unit(draw.normal(size=(90, WIDTH))), unit(draw.normal(size=(60, WIDTH)))
    ids = np.arange(100, 190)
    own = {int(id): draw.choice(60, draw.integers(1, 4), replace=False) for id in ids if id % 3}
    first = np.cumsum([0, *map(len, own.values())])
    lines = lines_of(STAMP, np.array(list(own)), first, np.concatenate(list(own.values())), np.arange(1, 61), texts)
    made_up = unit(draw.normal(size=(385, WIDTH)))
    known = background(made_up, best_matches(made_up, pictures), best_matches(made_up, texts))
    vectors = Vectors(STAMP, ids, np.zeros(90, np.uint64), pictures.astype(np.float32))
    return vectors, lines, own, known, draw


def test_the_verdict_is_that_of_every_picture_by_the_better_of_its_look_and_its_lines(library):
    vectors, lines, own, known, draw = library
    some = 0
    for number in range(30):
        start = (vectors.matrix[number] if number % 2 else lines.matrix[number]) + 0.15 * draw.normal(size=WIDTH)
        vector = unit(start[None]).astype(np.float32)[0]
        seen, there = compared(vectors, None, vector, 10), np.arange(0, 90, 2) if number % 3 == 0 else None
        heard = lines.heard(vector, None if there is None else vectors.ids[there])
        found = relevant_rows(known, vectors, seen, lines, heard, there)
        said = np.array(
            [max((lines.matrix[at] @ vector for at in own.get(int(id), ())), default=-np.inf) for id in vectors.ids]
        )
        rows = np.arange(90) if there is None else there
        value = evidence(seen.cosines[rows], said.astype(np.float32)[rows], vector, known)
        assert found.tolist() == rows[relevant(value)].tolist()
        some += len(found)
    assert some > 20


def test_of_a_graph_only_what_it_proposes_is_judged_by_its_look(library):
    vectors, _, _, known, _ = library
    seen = Seen(np.array([3, 5, 8]), np.array([0.1, 0.99, 0.98], np.float32))
    assert relevant_rows(known, vectors, seen, None, None).tolist() == [5, 8]


def test_nothing_is_judged_without_a_background_or_anything_compared(library):
    vectors, lines, _, known, _ = library
    seen = compared(vectors, None, vectors.matrix[0], 10)
    assert relevant_rows(None, vectors, seen, lines, None) is None
    assert relevant_rows(known, vectors, None, None, None) is None
    none = background(known.probes, None, None)
    assert relevant_rows(none, vectors, seen, lines, lines.heard(vectors.matrix[0])) is None
    no_words = background(known.probes, best_matches(known.probes, vectors.matrix), None)
    assert 0 in relevant_rows(no_words, vectors, seen, lines, lines.heard(vectors.matrix[0]))
