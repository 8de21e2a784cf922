"""Nearest vectors among many: exact and approximate, against numpy, faiss and usearch; recall and latency in one run.

    python benchmarks/search/nearest.py                                         # 1,000 and 100,000 random vectors
    python benchmarks/search/nearest.py --sizes 1000000 --kinds exact           # 6 GB of memory
    python benchmarks/search/nearest.py --vectors icons.npz --json rows.json    # pictures (n, e) and words (q, e)

Random vectors are unit vectors of --dim numbers with nothing near them, the hardest a graph can meet: a picture-like
query is one of them with noise, a word-like one is a direction of its own that leans to one side, as words do. Real
ones come as an .npz of `pictures` and `words`, unit vectors of one encoder.

Every engine runs in a process of its own, on the same vectors; one query at a time, as a search asks. `p50` and `p95`
are milliseconds, recall@10 is against the exact product in float64, ties equal; `memory` is what the process grew by
and `disk` what is kept. Peers with a knob are run over its values. At the end every engine of ours stands against the
quickest peer of its kind that finds as many in the mean of both kinds of queries: a ratio of 2 is half the time.

Needs `pip install --group benchmarks`.
"""

import argparse
import json
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil

K, WARMING = 10, 5
EQUAL = 0.002
"""less recall than this is none"""
GRAPH = 20_000
"""vectors from which approximate search is measured"""
KINDS = {"exact", "approximate"}
Search = Callable[[np.ndarray], np.ndarray]
"""one unit vector (e,) -> the rows of its ten nearest"""


@dataclass(frozen=True)
class Row:
    engine: str
    kind: str
    """exact or approximate"""
    setting: str
    pictures: float
    """recall@10 of picture-like queries"""
    words: float
    p50: float
    p95: float
    build: float
    """seconds"""
    memory: float
    """MB"""
    disk: float
    """MB"""


@dataclass(frozen=True)
class Set:
    """Vectors and what is asked of them, as files that every process maps."""

    folder: Path

    def made(self, pictures: np.ndarray, asked: dict[str, np.ndarray]) -> "Set":
        np.save(self.folder / "pictures.npy", pictures)
        for name, queries in asked.items():
            np.save(self.folder / f"{name}.npy", queries)
            edges = [np.sort(pictures @ query)[-K] for query in queries.astype(np.float64).astype(np.float32)]
            np.save(self.folder / f"{name}-edge.npy", np.array(edges))
        return self

    def of(self, name: str) -> np.ndarray:
        return np.load(self.folder / f"{name}.npy")

    def recall(self, name: str, queries: np.ndarray, found: list[np.ndarray], pictures: np.ndarray) -> float:
        edges = self.of(f"{name}-edge")
        right = [
            min(K, int((pictures[np.asarray(rows)] @ query >= edge - 1e-5).sum())) / K
            for rows, query, edge in zip(found, queries, edges, strict=True)
        ]
        return float(np.mean(right))


def random_set(n: int, dim: int, queries: int, folder: Path) -> Set:
    random = np.random.default_rng(0)
    pictures = np.empty((n, dim), np.float32)
    for first in range(0, n, 50_000):
        pictures[first : first + 50_000] = unit(random.standard_normal((min(50_000, n - first), dim)))
    near = pictures[random.choice(n, queries)]
    lean = unit(random.standard_normal(dim))
    asked = {
        "pictures-asked": unit(near + 0.5 * unit(random.standard_normal(near.shape))),
        "words-asked": unit(unit(random.standard_normal((queries, dim))) + lean),
    }
    return Set(folder).made(pictures, {name: some.astype(np.float32) for name, some in asked.items()})


def real_set(file: Path, queries: int, folder: Path) -> Set:
    """Pictures asked for stand in the set and are found too, as for `more like this`."""
    with np.load(file) as held:
        pictures, words = (np.ascontiguousarray(unit(held[name]), np.float32) for name in ("pictures", "words"))
    random = np.random.default_rng(0)
    asked = {
        "pictures-asked": pictures[random.choice(len(pictures), min(queries, len(pictures)), replace=False)],
        "words-asked": words[random.choice(len(words), min(queries, len(words)), replace=False)],
    }
    return Set(folder).made(pictures, asked)


def unit(some: np.ndarray) -> np.ndarray:
    return some / np.linalg.norm(some, axis=-1, keepdims=True)


Made = Iterator[tuple[str, str, Search, float]]
"""(kind, setting, search, MB on disk); what is before the first is building"""


def ours(vectors: np.ndarray, folder: Path, kinds: set[str]) -> Made:
    """As `Index` compares pictures: the layout of its cache, and its graph, which searches ask for 1,000 candidates."""
    from sightline.search.rank import near
    from sightline.search.rank.matrix import MANY, Vectors
    from sightline.search.rank.seen import Seen, compared, cosines_of
    from sightline.search.rank.stamped import Stamp

    ids = np.arange(1, len(vectors) + 1, dtype="<i8")
    stamp = Stamp("library", "encoder", vectors.shape[1], "1")
    laid = np.asfortranarray(vectors) if len(vectors) < MANY else vectors
    held = Vectors(stamp, ids, ids.astype("<u8"), laid)
    yield "exact", "", lambda query: compared(held, None, query, K).nearest(K), laid.nbytes / 1e6
    if len(vectors) < GRAPH or "approximate" not in kinds:
        return
    held = Vectors(stamp, ids, held.keys, vectors)  # as a library that has a graph lies
    near.update(folder / "near", held)
    graph = near.opened(folder / "near", stamp)
    for count in (64, 256, 1000):

        def search(query: np.ndarray, count: int = count) -> np.ndarray:
            rows = held.rows(np.sort(graph.candidates(query, count)))
            return Seen(rows, cosines_of(vectors[rows], query)).nearest(K)[:K]

        yield "approximate", f"{count:,} candidates", search, size(folder / "near")


def numpys(vectors: np.ndarray, folder: Path, kinds: set[str]) -> Made:
    def search(query: np.ndarray) -> np.ndarray:
        scores = vectors @ query
        return np.argpartition(scores, -K)[-K:]

    yield "exact", "", search, vectors.nbytes / 1e6


def faiss_flat(vectors: np.ndarray, folder: Path, kinds: set[str]) -> Made:
    import faiss

    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    yield "exact", "", lambda query: index.search(query[None], K)[1][0], vectors.nbytes / 1e6


def faiss_ivf(vectors: np.ndarray, folder: Path, kinds: set[str]) -> Made:
    import faiss

    lists = int(4 * np.sqrt(len(vectors)))
    if len(vectors) < GRAPH or "approximate" not in kinds:
        return
    index = faiss.index_factory(vectors.shape[1], f"IVF{lists},Flat", faiss.METRIC_INNER_PRODUCT)
    random = np.random.default_rng(0)
    index.train(vectors[random.choice(len(vectors), min(len(vectors), 40 * lists), replace=False)])
    index.add(vectors)
    faiss.write_index(index, str(folder / "ivf"))
    for share in (0.01, 0.03, 0.1, 0.3, 0.6):
        probes = max(1, int(share * lists))

        def search(query: np.ndarray, probes: int = probes) -> np.ndarray:
            index.nprobe = probes
            return index.search(query[None], K)[1][0]

        yield "approximate", f"{probes} of {lists} lists", search, size(folder / "ivf")


def usearch_graph(vectors: np.ndarray, folder: Path, kinds: set[str]) -> Made:
    from usearch.index import Index, MetricKind, ScalarKind

    if len(vectors) < GRAPH or "approximate" not in kinds:
        return
    index = Index(ndim=vectors.shape[1], metric=MetricKind.IP, dtype=ScalarKind.F32)
    index.add(np.arange(len(vectors), dtype=np.uint64), vectors, threads=1)
    index.save(str(folder / "usearch"))
    for expansion in (64, 256, 1000, 4000):

        def search(query: np.ndarray, expansion: int = expansion) -> np.ndarray:
            index.expansion_search = expansion
            return index.search(query, K).keys.astype(np.int64)

        yield "approximate", f"expansion {expansion}", search, size(folder / "usearch")


def usearch_exact(vectors: np.ndarray, folder: Path, kinds: set[str]) -> Made:
    from usearch.index import MetricKind, search

    def asked(query: np.ndarray) -> np.ndarray:
        return search(vectors, query, K, MetricKind.IP, exact=True).keys.astype(np.int64)

    yield "exact", "", asked, vectors.nbytes / 1e6


ENGINES = {
    "sightline": ours,
    "numpy": numpys,
    "faiss flat": faiss_flat,
    "faiss IVF": faiss_ivf,
    "usearch": usearch_exact,
    "usearch graph": usearch_graph,
}


def size(path: Path) -> float:
    return path.stat().st_size / 1e6


def measured(engine: str, folder: str, kinds: set[str]) -> list[Row]:
    """Of one engine, in the process that calls it."""
    held = Set(Path(folder))
    pictures = held.of("pictures")
    asked = {name: held.of(name) for name in ("pictures-asked", "words-asked")}
    before, begun, rows = psutil.Process().memory_info().rss, time.perf_counter(), []
    for kind, setting, search, disk in ENGINES[engine](pictures, Path(folder), kinds):
        build = time.perf_counter() - begun
        took, recall = [], {}
        for name, queries in asked.items():
            found = []
            for query in [*queries[:WARMING], *queries]:
                start = time.perf_counter()
                found.append(search(query))
                took.append(1e3 * (time.perf_counter() - start))
            took = took[: -len(found)] + took[-len(queries) :]
            recall[name] = held.recall(name, queries, found[WARMING:], pictures)
        memory = (psutil.Process().memory_info().rss - before) / 1e6
        p50, p95 = np.percentile(took, [50, 95])
        rows.append(Row(engine, kind, setting, *recall.values(), float(p50), float(p95), build, memory, disk))
        begun = time.perf_counter()
    return rows


def in_process(engine: str, folder: Path, kinds: set[str]) -> list[Row]:
    """In a process of its own: its memory is its own, and no library's threads disturb another's."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(measured, (engine, str(folder), kinds))


def against(rows: list[Row]) -> Iterator[str]:
    """Ours by the quickest peer that finds as many."""
    for mine in (row for row in rows if row.engine == "sightline"):
        wanted = (mine.pictures + mine.words) / 2 - EQUAL
        peers = [row for row in rows if row.engine != "sightline" and (row.pictures + row.words) / 2 >= wanted]
        peers = [row for row in peers if mine.kind != "exact" or row.kind == "exact"]
        if peers:
            best = min(peers, key=lambda row: row.p50)
            names = f"{mine.kind} {mine.setting}".strip(), f"{best.engine} {best.setting}".strip()
            yield (
                f"{names[0]}: {best.p50 / mine.p50:.2f} times as fast as {names[1]} "
                f"({mine.p50:.2f} ms against {best.p50:.2f}, recall {wanted + EQUAL:.3f})"
            )


def table(rows: list[Row]) -> str:
    names = ["engine", "", "recall@10 pictures", "words", "p50 ms", "p95 ms", "build s", "memory MB", "disk MB"]
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    for row in rows:
        shown = [f"{row.pictures:.3f}", f"{row.words:.3f}", f"{row.p50:.2f}", f"{row.p95:.2f}", f"{row.build:.1f}"]
        shown += [f"{row.memory:,.0f}", f"{row.disk:,.0f}"]
        lines.append("| " + " | ".join([row.engine, row.setting or row.kind, *shown]) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 100_000])
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--queries", type=int, default=200, help="of each kind")
    parser.add_argument("--vectors", type=Path, nargs="*", default=[], help=".npz of pictures and words, instead")
    parser.add_argument("--engines", nargs="+", default=list(ENGINES), choices=list(ENGINES))
    parser.add_argument("--kinds", nargs="+", default=sorted(KINDS), choices=sorted(KINDS))
    parser.add_argument("--json", type=Path, help="also write the rows here")
    options = parser.parse_args()
    every: dict[str, Any] = {}
    for what in options.vectors or options.sizes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            if isinstance(what, Path):
                real_set(what, options.queries, folder)
            else:
                random_set(what, options.dim, options.queries, folder)
            rows: list[Row] = []
            for engine in options.engines:
                rows += in_process(engine, folder, {*options.kinds})
        print(f"\n{what if isinstance(what, Path) else f'{what:,} random vectors of {options.dim}'}\n\n{table(rows)}\n")
        print("\n".join(against(rows)), flush=True)
        every[str(what)] = [asdict(row) for row in rows]
        if options.json:
            options.json.write_text(json.dumps(every, indent=1) + "\n")


if __name__ == "__main__":
    main()
