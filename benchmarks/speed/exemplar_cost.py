"""What telling n pictures apart costs a step: learned classes beside a memory bank, against n.

    python benchmarks/speed/exemplar_cost.py    1,000 to 256,000 pictures, batch 256, 128 numbers each
    python benchmarks/speed/exemplar_cost.py --counts 1000 --batch 64 --out cost.jsonl

`exemplar` is Exemplar-CNN's softmax layer with SGD and momentum, as its recipes have it: weights, gradients and a
momentum for every picture, and n logits a row. `bank` is instance discrimination with the full softmax: one remembered
vector a picture, and n logits a row. `nce` compares with 4,096 of the remembered vectors instead. The tower is left
out, being the same for all three.

A row is a process of its own: milliseconds of forward, backward, optimiser and bank (the median of `--steps`);
`state_mb` the numbers kept between steps, `peak_mb` how far the resident set grew above what it was before. One JSON
line a row is appended to `--out`; rows found there are not measured again.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

FORMS = ("exemplar", "bank", "nce")
COUNTS = (1_000, 4_000, 16_000, 64_000, 256_000)


def peak_mb() -> float:
    """The largest resident set of this process so far."""
    import resource  # not on Windows

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


class Cost:
    """One form at one size: `step()` does all that a training step does for it."""

    def __init__(self, form: str, count: int, batch: int, dim: int) -> None:
        import torch

        from sightline.losses.instance import instance_nce, instance_softmax
        from sightline.methods.pictures.exemplar import LinearClasses
        from sightline.nn.head import unit
        from sightline.nn.state.bank import MemoryBank
        from sightline.nn.tag import decayed
        from sightline.recipes.pictures import exemplar

        features = torch.randn(batch, dim, requires_grad=True)
        kept = LinearClasses(dim, count) if form == "exemplar" else MemoryBank(count, dim)
        weights = list(kept.parameters())
        optimizer = exemplar.small().optim.build(kept, decayed(kept)) if weights else None
        log_z = torch.tensor(float(count)).log()

        def step() -> None:
            index = torch.randint(count, (batch,))
            if optimizer is not None:
                loss = torch.nn.functional.cross_entropy(kept(features), index)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                return
            v = unit(features)
            if form == "bank":
                loss = instance_softmax(v, kept.entries, index, 0.07)
            else:
                noise = kept.read(torch.randint(count, (4096,)))
                loss = instance_nce(v, kept.read(index), noise, 0.07, log_z=log_z, count=count)
            loss.backward()
            kept.write(index, v)

        self.step = step
        self.state = [*kept.state_dict().values()] * (2 if weights else 1)  # the momentum


def measure(form: str, count: int, batch: int, dim: int, steps: int, threads: int) -> dict[str, float]:
    import torch

    torch.set_num_threads(threads)
    Cost(form, 512, batch, dim).step()  # libraries are loaded and threads started
    before = peak_mb()
    cost = Cost(form, count, batch, dim)
    cost.step()
    seconds = []
    for _ in range(steps):
        began = time.perf_counter()
        cost.step()
        seconds.append(time.perf_counter() - began)
    state = sum(tensor.numel() * tensor.element_size() for tensor in cost.state) / 1e6
    return {"ms": 1000 * statistics.median(seconds), "state_mb": state, "peak_mb": peak_mb() - before}


def finished(out: Path) -> list[dict]:
    return [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--counts", type=int, nargs="+", default=list(COUNTS))
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--steps", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("runs/exemplar_cost.jsonl"))
    parser.add_argument("--one", nargs=2, metavar=("FORM", "COUNT"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        form, count = args.one
        print(json.dumps(measure(form, int(count), args.batch, args.dim, args.steps, args.threads)))
        return
    args.out.parent.mkdir(parents=True, exist_ok=True)
    fixed = {"batch": args.batch, "dim": args.dim, "threads": args.threads}
    rows = {}
    for count in args.counts:
        for form in FORMS:
            key = {"form": form, "n": count, "optimizer": "SGD" if form == "exemplar" else "none"} | fixed
            row = next((row for row in finished(args.out) if key.items() <= row.items()), None)
            if row is None:
                settings = [part for name, value in fixed.items() for part in (f"--{name}", str(value))]
                command = [sys.executable, __file__, *settings, "--steps", str(args.steps), "--one", form, str(count)]
                said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
                row = key | {name: round(value, 2) for name, value in json.loads(said).items()}
                with args.out.open("a") as file:
                    file.write(json.dumps(row) + "\n")
            rows[count, form] = row
    print("| pictures | " + " | ".join(f"{form} ms | {form} kept MB | {form} peak MB" for form in FORMS) + " |")
    print("|---" * (1 + 3 * len(FORMS)) + "|")
    for count in args.counts:
        cells = [f"{rows[count, f][k]:.{d}f}" for f in FORMS for k, d in (("ms", 1), ("state_mb", 1), ("peak_mb", 0))]
        print(f"| {count:,} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
