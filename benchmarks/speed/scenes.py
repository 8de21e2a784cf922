"""Scenes a second in one process, with all that a sample carries: `python benchmarks/speed/scenes.py`.

`cold` is the first pass, which makes the parts; `warm` the best of three passes over fresh scenes; `cpu` the same
counted in processor time, which says what an idle machine would do when this one is busy.
"""

import argparse
import time

from sightline.data.scenes import Scenes

WANTED = {(1, "parts"): "2000", (3, "parts"): "1000", (1, "svg"): "300", (3, "svg"): "300"}


def rates(source: Scenes, first: int, count: int) -> tuple[float, float]:
    wall, processor = time.perf_counter(), time.process_time()
    for index in range(first, first + count):
        source[index]
    return count / (time.perf_counter() - wall), count / (time.process_time() - processor)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int, default=4000, help="scenes in one pass of the parts renderer")
    parser.add_argument("--size", type=int, default=96, help="pixels along one side")
    options = parser.parse_args()
    print(f"{'level':>5} {'renderer':>8} {'cold/s':>8} {'warm/s':>8} {'cpu/s':>8} {'wanted':>8}")
    for level in (1, 2, 3, 4):
        for renderer, count in (("parts", options.scenes), ("svg", max(1, options.scenes // 10))):
            source = Scenes(level, n=4 * count, seed=1, size=options.size, renderer=renderer)
            cold, _ = rates(source, 0, count)
            passes = [rates(source, count * k, count) for k in (1, 2, 3)]
            warm, processor = max(p[0] for p in passes), max(p[1] for p in passes)
            wanted = WANTED.get((level, renderer), "")
            print(f"{level:>5} {renderer:>8} {cold:>8.0f} {warm:>8.0f} {processor:>8.0f} {wanted:>8}")


if __name__ == "__main__":
    main()
