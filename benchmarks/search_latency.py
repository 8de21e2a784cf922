"""Milliseconds of a search: cold from the shell, warm in one process and over the page's API; exact and approximate.

    python benchmarks/search_latency.py RUN [--sizes 1500 100000 300000] [--folder PATH]

RUN is a finished run with its export (`runs/demo`). The libraries hold pictures with random unit vectors and random
words, since only their number decides the time; the queries go through RUN's own text tower. Warm times are medians of
200 different queries; cold ones of 10 processes. `product` is one numpy matrix-vector product over the same vectors in
memory: what the machine needs to read them once. Libraries are kept in --folder and used again.
"""

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from urllib.parse import quote

import numpy as np

from sightline.data.sample import Sample
from sightline.search.encoder import open_encoder
from sightline.search.index import Index

QUERIES, COLD = 200, 10
WORDS = [f"{a}{b}" for a in "arrow card star cloud home user chart map bell lock".split() for b in ("", "s", "line", 2)]


class Random:
    """A library of `n` tiny pictures that differ, each called by three words."""

    has, classes = frozenset({"image", "text"}), ()

    def __init__(self, n):
        self.name, self.n = f"random-{n}", n

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        pixels = np.frombuffer(np.uint64([i]).tobytes() * 6, np.uint8).reshape(4, 4, 3)
        words = np.random.default_rng(i).choice(len(WORDS), 3)
        return Sample(key=f"{i:07}", image=pixels, captions=(" ".join(WORDS[w] for w in words),))


class Drawn:
    """RUN's encoder with its image tower replaced by random vectors."""

    def __init__(self, encoder):
        self.encoder, self.draws = encoder, np.random.default_rng(0)

    def __getattr__(self, name):
        return getattr(self.encoder, name)

    def preprocess(self, picture):
        return np.zeros((1, 1, 1), np.float32)

    def encode_image(self, images, normalize=False):
        return self.draws.standard_normal((len(images), self.encoder.dim), dtype=np.float32)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1500, 100_000])
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "sightline-latency")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    encoder = open_encoder(args.run)
    print(f"{'pictures':>9}  {'cold':>7}  {'warm':>7}  {'page':>7}  {'product':>7}   ms; then where a cold search goes")
    for n in args.sizes:
        db = args.folder / f"{n}.db"
        with Index(db) as index:
            if not db.exists() or index.about().pictures < n:
                index.add(Random(n), Drawn(encoder), progress=tell(n))
            index.check(encoder)
            warm, recall = in_process(index, encoder), index.about().approximate
            paged = over_the_page(index, encoder)
        cold, split = from_the_shell(db, args.run)
        product = one_product(n, encoder.dim)
        kind = "exact" if recall is None else f"approximate, recall@10 {recall:.3f}"
        print(f"{n:9,}  {cold:7.0f}  {warm:7.1f}  {paged:7.1f}  {product:7.1f}   {kind}; {split}", flush=True)


def query(i):
    return f"{WORDS[i % len(WORDS)]} {WORDS[(7 * i + 3) % len(WORDS)]} {i}"


def in_process(index, encoder):
    return median(lambda i: index.search_text(query(i), encoder, 24))


def over_the_page(index, encoder):
    """A request of the page to its server on this machine, the answer read and parsed."""
    import uvicorn

    from sightline.web.app import make_app
    from sightline.web.server import listen

    bound = listen("127.0.0.1", 0)
    config = uvicorn.Config(make_app(index, encoder, "127.0.0.1"), log_level="error", ws="none", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    at = f"http://127.0.0.1:{bound.getsockname()[1]}/api/search?k=24&q="

    def ask(i):
        with urllib.request.urlopen(at + quote(query(i))) as answer:
            json.load(answer)

    try:
        return median(ask)
    finally:
        server.should_exit = True
        thread.join()


def from_the_shell(db, run):
    command = [sys.executable, "-m", "sightline", "search", str(db), "star", "--encoder", run, "--timing"]
    times, splits = [], []
    for _ in range(COLD + 1):
        start = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        times.append(1000 * (time.perf_counter() - start))
        splits.append([int(ms) for ms in re.findall(r"(\d+) ms[,;]", done.stderr)])
    names = ("import", "index", "encoder", "query")
    parts = [statistics.median(column) for column in zip(*splits[1:], strict=True)]
    return statistics.median(times[1:]), ", ".join(f"{n} {p:.0f}" for n, p in zip(names, parts, strict=True))


def one_product(n, dim):
    matrix = np.random.default_rng(0).standard_normal((n, dim), dtype=np.float32)
    vector = matrix[0].copy()
    return median(lambda i: matrix @ vector, count=20)


def median(work, count=QUERIES):
    for i in range(3):
        work(-1 - i)
    times = []
    for i in range(count):
        start = time.perf_counter()
        work(i)
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def tell(n):
    last = [time.monotonic()]

    def say(done, total):
        if time.monotonic() - last[0] > 15:
            last[0] = time.monotonic()
            print(f"indexing {done:,} of {n:,}", file=sys.stderr)

    return say


if __name__ == "__main__":
    main()
