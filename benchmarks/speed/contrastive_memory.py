"""Peak memory of the two contrastive losses, forward and backward, against the batch size: whole and in chunks.

    python benchmarks/speed/contrastive_memory.py    batches of 1,024 to 8,192, width 256, chunks of 256
    python benchmarks/speed/contrastive_memory.py --batches 512 1024    --chunk 64

Every figure is from a process of its own: the growth of the resident set above what it held before the loss, in MiB.
Whole, memory doubles twice when the batch doubles; in chunks once.
"""

import argparse
import json
import subprocess
import sys
import time

LOSSES = ("info_nce", "sigmoid")


def peak_mib() -> float:
    """The largest resident set of this process so far."""
    import resource  # not on Windows

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def measure(loss: str, batch: int, width: int, chunk: int | None) -> dict[str, float]:
    """Growth in MiB and seconds of one loss and its gradient; a small one first, so that libraries are loaded."""
    import torch
    from torch.nn.functional import normalize

    from sightline.losses import info_nce, sigmoid_contrastive

    def once(b: int) -> float:
        image, text = (normalize(torch.randn(b, width), dim=1).requires_grad_() for _ in range(2))
        scale, bias = torch.tensor(10.0, requires_grad=True), torch.tensor(-10.0, requires_grad=True)
        before, began = peak_mib(), time.perf_counter()
        if loss == "info_nce":
            info_nce(image, text, scale, chunk=chunk).backward()
        else:
            sigmoid_contrastive(image, text, scale, bias, chunk=chunk).backward()
        seconds.append(time.perf_counter() - began)
        return peak_mib() - before

    seconds: list[float] = []
    torch.set_num_threads(2)
    once(64)
    return {"mib": once(batch), "seconds": seconds[-1]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, nargs="+", default=[1024, 2048, 4096, 8192])
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--chunk", type=int, default=256)
    parser.add_argument("--one", nargs=3, metavar=("LOSS", "BATCH", "CHUNK"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        loss, batch, chunk = args.one
        print(json.dumps(measure(loss, int(batch), args.width, int(chunk) or None)))
        return
    print(f"| loss | batch | whole MiB | chunks of {args.chunk} MiB | whole s | chunks s |")
    print("|---|---|---|---|---|---|")
    for loss in LOSSES:
        for batch in args.batches:
            whole, chunked = (
                json.loads(
                    subprocess.run(
                        [sys.executable, __file__, "--width", str(args.width), "--one", loss, str(batch), str(chunk)],
                        check=True,
                        capture_output=True,
                        text=True,
                    ).stdout
                )
                for chunk in (0, args.chunk)
            )
            row = f"{whole['mib']:.0f} | {chunked['mib']:.0f} | {whole['seconds']:.2f} | {chunked['seconds']:.2f}"
            print(f"| {loss} | {batch} | {row} |", flush=True)


if __name__ == "__main__":
    main()
