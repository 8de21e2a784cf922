"""Approximate search, and the exact one that it is measured against."""

import subprocess
import sys

import numpy as np
import pytest
from usearch.index import MetricKind, search

from sightline.data.sample import Sample
from sightline.probes.nearest import top_k
from sightline.search.index import Index
from sightline.search.rank import near
from sightline.search.rank.matrix import Vectors
from sightline.search.rank.stamped import Stamp


def vectors(ids, seed=0, dim=16, revision="r1", library="l", data=None):
    """A vector for each id, the same for an id in every call."""
    table = np.random.default_rng(seed).standard_normal((5000, dim)).astype(np.float32)
    matrix = table[np.asarray(ids)] if data is None else data
    matrix = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
    ids = np.asarray(ids, "<i8")
    return Vectors(Stamp(library, "enc", dim, revision), ids, ids.astype("<u8") * 7 + 1, matrix)


@pytest.mark.parametrize("kind", ["random", "ties", "duplicates"])
def test_exact_search_is_usearchs_exact_search(kind):
    """Recall 1.0 of either against the other: every place has the same cosine, so ties are all that can differ."""
    random = np.random.default_rng(1)
    data = random.standard_normal((3000, 32)).astype(np.float32)
    if kind == "ties":
        data = np.sign(data)[:, :8].repeat(4, axis=1)
    if kind == "duplicates":
        data = data[random.integers(0, 40, 3000)]
    data /= np.linalg.norm(data, axis=1, keepdims=True)
    for query in data[:20]:
        found = search(data, query, 50, MetricKind.IP, exact=True)
        mine = top_k(np.round(data @ query, 6), 50)
        np.testing.assert_allclose(data[mine] @ query, 1 - found.distances, atol=2e-6)
        edge = (data[mine] @ query).min() + 1e-5
        assert set(np.flatnonzero(data @ query > edge)) <= set(mine.tolist()) & set(found.keys.tolist())


def test_a_graph_finds_nearly_all_and_says_how_many(tmp_path):
    all_ = vectors(range(1, 4000))
    seen = []
    near.update(tmp_path / "n", all_, lambda *counts: seen.append(counts))
    graph = near.opened(tmp_path / "n", all_.stamp)
    assert graph is not None and seen[-1] == (3999, 3999)
    assert graph.recall == near.recall_of(tmp_path / "n", all_.stamp) and 0.95 <= graph.recall.pictures <= 1.0
    assert graph.recall.words is None
    query = all_.matrix[17]
    assert set(all_.ids[top_k(all_.matrix @ query, 10)]) <= set(graph.candidates(query).tolist())


def test_recall_of_words_is_that_of_the_vectors_given(tmp_path):
    all_ = vectors(range(3000))
    words = all_.matrix[:40] - all_.matrix.mean(0) * 3  # beside the pictures
    words /= np.linalg.norm(words, axis=1, keepdims=True)
    near.update(tmp_path / "n", all_, words=words)
    graph = near.opened(tmp_path / "n", all_.stamp)
    assert graph is not None and graph.recall.words is not None
    found = [set(all_.ids[top_k(all_.matrix @ q, 10)]) & set(graph.candidates(q).tolist()) for q in words]
    assert graph.recall.words == pytest.approx(np.mean([len(some) / 10 for some in found]), abs=1e-9)


def test_changes_are_made_to_the_graph_that_is_there(tmp_path):
    path, seen = tmp_path / "n", []
    near.update(path, vectors(range(1000)))
    # removed: 0..99; new: 1000..1199; changed: 500 is now what its key says, another picture
    later = vectors(range(100, 1200), revision="r2")
    later.keys[later.rows(np.array([500]))] = 1
    later.matrix[later.rows(np.array([500]))] = later.matrix[0]
    near.update(path, later, lambda *counts: seen.append(counts))
    assert seen == [(201, 201)]
    assert near.opened(path, vectors([0]).stamp) is None  # the revision before
    graph = near.opened(path, later.stamp)
    assert graph is not None and len(graph.native) == 1100
    found = graph.candidates(later.matrix[0], 1100)
    assert sorted(found.tolist()) == later.ids.tolist() and 500 in graph.candidates(later.matrix[0], 5)


@pytest.mark.parametrize(
    "other", [vectors(range(1000), library="other"), vectors(range(600, 1600)), vectors(range(1000), dim=8)]
)
def test_a_graph_of_another_library_or_mostly_gone_is_built_anew(tmp_path, other):
    near.update(tmp_path / "n", vectors(range(1000), revision="r0"))
    seen = []
    near.update(tmp_path / "n", other, lambda *counts: seen.append(counts))
    assert seen == [(1000, 1000)] and near.opened(tmp_path / "n", other.stamp) is not None


def test_nothing_changed_is_nothing_done(tmp_path):
    near.update(tmp_path / "n", vectors(range(100)))
    before = (tmp_path / "n").stat().st_mtime_ns
    near.update(tmp_path / "n", vectors(range(100)), lambda *_: pytest.fail("it was built again"))
    assert (tmp_path / "n").stat().st_mtime_ns == before


def test_cut_and_foreign_files_are_not_used(tmp_path):
    some, path = vectors(range(300)), tmp_path / "n"
    near.update(path, some)
    whole = path.read_bytes()
    tail = len(whole) - whole.rindex(b'{"stamp"')
    for data in (b"", b"x", whole[: len(whole) // 2], whole[:-1], whole[-tail:], whole[1000:], b"\0" * 4000):
        path.write_bytes(data)
        assert near.opened(path, some.stamp) is None
        near.update(path, some)
        assert near.opened(path, some.stamp) is not None


class Drawn:
    """Pictures of noise; each is its own vector nearly."""

    has, classes, name = frozenset({"image"}), (), "drawn"

    def __init__(self, numbers):
        self.numbers = list(numbers)

    def __len__(self):
        return len(self.numbers)

    def __getitem__(self, index):
        number = self.numbers[index]
        pixels = np.random.default_rng(number).integers(0, 255, 3).astype(np.uint8)
        return Sample(key=str(number), image=np.tile(pixels, (4, 4, 1)), name=f"n{number}")


def same(one, other):
    """The same answer: equal pictures at equal scores, where scores tie in any order."""
    assert [hit.score for hit in one] == pytest.approx([hit.score for hit in other], abs=2e-6)
    edge = other[-1].score + 1e-5
    assert {h.id for h in one if h.score > edge} == {h.id for h in other if h.score > edge}


def test_above_the_limit_the_graph_answers_as_exact_search_does(tmp_path, encoder, monkeypatch):
    monkeypatch.setattr("sightline.search.rank.rank.DEPTH", 60)
    queries = np.random.default_rng(3).standard_normal((20, 3))
    with Index(tmp_path / "a.db", approximate_from=300) as index, Index(tmp_path / "a.db") as exact:
        index.add(Drawn(range(299)), encoder)
        assert index.about().approximate is None and not (tmp_path / "a.db-near").exists()
        index.add(Drawn(range(20, 400)), encoder)
        recall = index.about().approximate
        assert recall is not None and recall.pictures > 0.95 and recall.words is not None
        assert exact.about().approximate is None
        used = []
        plain = near.Graph.candidates
        monkeypatch.setattr(near.Graph, "candidates", lambda self, *a: used.append(1) or plain(self, *a))
        for query in queries:
            same(index.search(query, 10), exact.search(query, 10))
        assert len(used) == len(queries)
        assert len(index.search(queries[0], 380)) == 380  # more than the graph gives: exact
        assert index.search_text("n77", encoder)[0].name == "n77"
        assert index.similar(index.browse(1)[0].id, 5) == exact.similar(index.browse(1)[0].id, 5)


def test_a_stale_or_missing_graph_means_exact_search(tmp_path, encoder):
    with Index(tmp_path / "a.db", approximate_from=100) as index:
        index.add(Drawn(range(150)), encoder)
        with Index(tmp_path / "a.db") as other:  # knows of no limit, so it leaves the graph as it is
            other.add(Drawn(range(160)), encoder)
        assert index.about().approximate is None
        assert len(index.search(np.ones(3), 200)) == 160
        index.add(Drawn(range(160)), encoder)
        assert index.about().approximate is not None
        (tmp_path / "a.db-near").unlink()
        assert index.about().approximate is None
        assert Index(tmp_path / "a.db", approximate_from=100).search(np.ones(3), 3)


def test_words_are_embedded_for_recall_only_where_the_graph_is_made(tmp_path, encoder, monkeypatch):
    with Index(tmp_path / "a.db", approximate_from=100) as index:
        index.add(Drawn(range(150)), encoder)
        recall, plain, read = index.about().approximate, encoder.encode_text, []
        monkeypatch.setattr(encoder, "encode_text", lambda texts, **more: read.extend(texts) or plain(texts, **more))
        index.add(Drawn(range(150)), encoder)
        assert read == [] and index.about().approximate == recall
        (tmp_path / "a.db-near").unlink()
        index.add(Drawn(range(150)), encoder)
        assert 0 < len(read) <= near.QUERIES and index.about().approximate == recall


def test_small_libraries_do_not_import_usearch(tmp_path):
    script = """
import sys, numpy as np
from sightline.search.index import Index
from sightline.search.schema import connect
connection = connect(__import__("pathlib").Path(sys.argv[1]))
connection.execute("INSERT INTO encoder VALUES (1, 'e', 'e', 3)")
connection.execute("INSERT INTO meta VALUES ('encoder', '1')")
assert Index(sys.argv[1]).search(np.ones(3)) == []
assert not [name for name in sys.modules if name.split(".")[0] in {"usearch", "torch", "numkong"}]
"""
    done = subprocess.run([sys.executable, "-c", script, tmp_path / "a.db"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
