"""Milliseconds of a search: cold from the shell, warm in one process and in the page; exact and approximate.

    python benchmarks/speed/search_latency.py RUN [--sizes 1500 100000 300000] [--names SRC] [--folder PATH]

RUN is a finished run with its export (`runs/demo`). The libraries hold pictures with random unit vectors and random
words, since only their number decides the time; the queries go through RUN's own text tower. Their words are of
forty, each in a quarter of all pictures, which is hard for the words; with --names they are the names, captions and
terms of a source (`iconify:PATH`), and so are the queries. Warm times are of 200 different queries after the first few,
median and 95th percentile; `cpu` is the median of the processor's time of the same, which other work on the machine
changes less; cold ones the median of 10 processes.

`page` is what a browser waits for: `sightline serve` as a process of its own, asked over one connection that is kept,
with the headers that Chromium sends, for as many results as the page asks for first; from the question to the answer
read and parsed. `inside` is the part of it that the answer itself states. `product` is one numpy matrix-vector product
over the same vectors in memory: what the machine needs to read them once. Libraries are kept in --folder, to be used
again.
"""

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import numpy as np

from sightline.data.sample import Sample
from sightline.data.sources.source import open_source
from sightline.search.encoder import open_encoder
from sightline.search.index import Index

QUERIES, WARMING, COLD, FIRST = 200, 3, 10, 48
BROWSER = {
    "Connection": "keep-alive",
    "sec-ch-ua-platform": '"Linux"',
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0",
    "sec-ch-ua": '"Chromium";v="140", "Not=A?Brand";v="24"',
    "sec-ch-ua-mobile": "?0",
    "Accept": "*/*",
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-Mode": "cors",
    "Sec-Fetch-Dest": "empty",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Accept-Language": "en-US,en;q=0.9",
}
WORDS = [f"{a}{b}" for a in "arrow card star cloud home user chart map bell lock".split() for b in ("", "s", "line", 2)]


class Random:
    """A library of `n` tiny pictures that differ, each called by three words."""

    has, classes = frozenset({"image", "text"}), ()

    def __init__(self, n):
        self.name, self.n = f"random-{n}", n

    def __len__(self):
        return self.n

    def queries(self):
        every = range(-WARMING, QUERIES)
        return [f"{WORDS[i % len(WORDS)]} {WORDS[(7 * i + 3) % len(WORDS)]} {i % 1000}" for i in every]

    def __getitem__(self, i):
        pixels = np.frombuffer(np.uint64([i]).tobytes() * 6, np.uint8).reshape(4, 4, 3)
        words = np.random.default_rng(i).choice(len(WORDS), 3)
        return Sample(key=f"{i:07}", image=pixels, captions=(" ".join(WORDS[w] for w in words),))


class Named(Random):
    """The names, captions, terms and sets of `n` samples of a source, spread over it; the pictures are as those."""

    def __init__(self, n, src):
        self.source = open_source(src)
        self.name, self.n = f"named-{n}", n
        if len(self.source) < n:
            raise SystemExit(f"{src} has {len(self.source):,} samples, fewer than {n:,}")

    def __getitem__(self, i):
        told = self.source[i * len(self.source) // self.n]
        return replace(told, image=super().__getitem__(i).image)

    def queries(self):
        """The captions of 203 samples, the first three words of each."""
        some = np.random.default_rng(0).integers(0, self.n, QUERIES + WARMING)
        return [" ".join(self[int(i)].captions[0].split()[:3]) for i in some]


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
    parser.add_argument("--names", help="a SRC whose names, captions and terms the pictures bear")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    encoder = open_encoder(args.run)
    heads = ("cold", "warm", "p95", "cpu", "page", "p95", "inside", "product")
    print(f"{'pictures':>9}", *(f"{head:>7}" for head in heads), "  ms; then where a cold search goes")
    for n in args.sizes:
        source = Named(n, args.names) if args.names else Random(n)
        db, query = args.folder / f"{source.name}.db", source.queries().__getitem__
        with Index(db) as index:
            if not db.exists() or index.about().pictures < n:
                index.add(source, Drawn(encoder), progress=tell(n))
            index.check(encoder)
            warm, recall = in_process(index, encoder, query), index.about().approximate
            cpu = in_process(index, encoder, query, time.process_time)
        page, inside = in_the_page(db, args.run, query)
        cold, split = from_the_shell(db, args.run)
        product = statistics.median(one_product(n, encoder.dim))
        kind = "exact" if recall is None else f"approximate, recall@10 {recall.pictures:.3f}"
        times = (cold, *middle_and_slow(warm), statistics.median(cpu), *middle_and_slow(page))
        times += (statistics.median(inside), product)
        print(f"{n:9,}", *(f"{ms:7.1f}" for ms in times), f"  {kind}; {split}", flush=True)


def in_process(index, encoder, query, clock=time.perf_counter):
    return timed(lambda i: index.search_text(query(i), encoder, FIRST), clock=clock)


def in_the_page(db, run, query):
    """Times of searches as a browser sends them, and what the answers say of themselves."""
    inside = []
    with serving(db, run) as address:
        kept = HTTPConnection(address.hostname, address.port, timeout=60)

        def ask(i):
            kept.request("GET", f"/api/search?{urlencode({'q': query(i), 'k': FIRST})}", headers=BROWSER)
            answer = json.loads(kept.getresponse().read())
            assert answer["count"] == FIRST
            inside.append(answer["ms"])

        times = timed(ask)
        kept.close()
    return times, inside[-QUERIES:]


@contextmanager
def serving(db, run):
    command = [sys.executable, "-m", "sightline", "serve", str(db), "--encoder", run, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield urlsplit(re.search(r"http://\S+", process.stdout.readline())[0])
        finally:
            process.terminate()


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
    return timed(lambda i: matrix @ vector, count=20)


def timed(work, count=QUERIES, clock=time.perf_counter):
    """Milliseconds of each of `count` calls; the first ones, which fill caches, are left out."""
    for i in range(WARMING):
        work(i)
    times = []
    for i in range(WARMING, WARMING + count):
        start = clock()
        work(i)
        times.append(1000 * (clock() - start))
    return times


def middle_and_slow(times):
    return statistics.median(times), statistics.quantiles(times, n=20)[-1]


def tell(n):
    last = [time.monotonic()]

    def say(done, total):
        if time.monotonic() - last[0] > 15:
            last[0] = time.monotonic()
            print(f"indexing {done:,} of {n:,}", file=sys.stderr)

    return say


if __name__ == "__main__":
    main()
