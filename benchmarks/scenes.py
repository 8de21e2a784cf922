"""Scenes a second on one process, 96 px, parts warm: `python benchmarks/scenes.py`.

Each figure is the best of three passes over fresh scenes with everything a sample carries (picture, captions, masks,
phrases, depth order, text). The first pass, which makes the parts, is printed as `cold`.
"""

import argparse
import time

from sightline.data.scenes import Scenes

WANTED = {(1, "parts"): 2000, (3, "parts"): 1000, (1, "svg"): 300, (3, "svg"): 300}


def rate(source: Scenes, first: int, count: int) -> float:
    start = time.perf_counter()
    for index in range(first, first + count):
        source[index]
    return count / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int, default=4000, help="scenes in one pass of the parts renderer")
    parser.add_argument("--size", type=int, default=96)
    count = parser.parse_args().scenes
    size = parser.parse_args().size
    print(f"{'level':>5} {'renderer':>8} {'cold/s':>8} {'warm/s':>8} {'wanted/s':>8}")
    for level in (1, 2, 3):
        for renderer in ("parts", "svg"):
            each = count if renderer == "parts" else max(1, count // 10)
            source = Scenes(level, n=10 * count, seed=1, size=size, renderer=renderer)
            cold = rate(source, 0, each)
            warm = max(rate(source, each * k, each) for k in (1, 2, 3))
            wanted = WANTED.get((level, renderer), "")
            print(f"{level:>5} {renderer:>8} {cold:>8.0f} {warm:>8.0f} {wanted:>8}")


if __name__ == "__main__":
    main()
