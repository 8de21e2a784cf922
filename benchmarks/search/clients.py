"""Many at once before one library: errors, milliseconds, and whether the server's memory stays.

    python benchmarks/search/clients.py icons.db [--clients 50] [--seconds 60]

The library is served by a process of its own. Every client keeps one connection, as a browser does, and asks without
a pause: words, what comes nearest to a picture, a page of the library, thumbnails and files. Memory is the server's, in
MB after the first tenth of the time and at the end: a leak shows between them. Anything but 200 counts as an error.
"""

import argparse
import random
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import numpy as np
import psutil

WORDS = "arrow heart credit card home user chart map bell lock cloud star camera music file warning".split()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("db", type=Path)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--encoder", help="as of sightline serve")
    options = parser.parse_args()
    own = ["--encoder", options.encoder] if options.encoder else []
    command = [sys.executable, "-m", "sightline", "serve", str(options.db), "--port", "0", *own]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            address = urlsplit(re.search(r"http://\S+", process.stdout.readline())[0])
            measure(address, psutil.Process(process.pid), options.clients, options.seconds)
        finally:
            process.terminate()


def measure(address, server, clients, seconds):
    took, errors = {}, Counter()
    end = time.monotonic() + seconds
    threads = [threading.Thread(target=client, args=(address, i, end, took, errors)) for i in range(clients)]
    for thread in threads:
        thread.start()
    time.sleep(seconds / 10)
    early = server.memory_info().rss / 1e6
    for thread in threads:
        thread.join()
    late = server.memory_info().rss / 1e6
    print("| asked | answers | p50 ms | p95 ms |\n|---|---|---|---|")
    for kind, times in sorted(took.items()):
        p50, p95 = np.percentile(times, [50, 95])
        print(f"| {kind} | {len(times):,} | {p50:.1f} | {p95:.1f} |")
    total = sum(map(len, took.values()))
    print(f"\n{clients} clients, {total:,} answers in {seconds:.0f} s ({total / seconds:.0f} a second)")
    print(f"errors: {sum(errors.values())} {dict(errors) or ''}")
    print(f"memory: {early:.0f} MB after {seconds / 10:.0f} s, {late:.0f} MB at the end")


def client(address, number, end, took, errors):
    draw = random.Random(number)
    kept = HTTPConnection(address.hostname, address.port, timeout=60)
    kept.request("GET", "/api/pictures?k=1")
    first = int(re.search(rb'"id":\s*(\d+)', kept.getresponse().read())[1])
    while time.monotonic() < end:
        id = first + draw.randrange(200)
        kind, path = draw.choice(
            [
                ("words", "/api/search?" + urlencode({"q": " ".join(draw.sample(WORDS, 2)), "k": 48})),
                ("similar", f"/api/pictures/{id}/similar?k=24"),
                ("page", f"/api/pictures?after={first + draw.randrange(200)}&k=60"),
                ("thumb", f"/api/pictures/{id}/thumb"),
                ("file", f"/api/pictures/{id}/file"),
            ]
        )
        start = time.perf_counter()
        try:
            kept.request("GET", path)
            answer = kept.getresponse()
            answer.read()
        except OSError as error:
            errors[type(error).__name__] += 1
            kept.close()
            continue
        took.setdefault(kind, []).append(1000 * (time.perf_counter() - start))
        if answer.status != 200:
            errors[f"{kind} {answer.status}"] += 1
    kept.close()


if __name__ == "__main__":
    main()
