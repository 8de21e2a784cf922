"""Milliseconds per augmentation, batched here and picture by picture with torchvision, in one run on the same pictures.

    python benchmarks/speed/augment.py [--batch 256] [--threads N] [--device cpu]

Time is wall time, the best of several rounds, ours and theirs in turns: other work on the machine only ever adds to it.
"""

import argparse
import time

import numpy as np
import torch
import torchvision.transforms.v2.functional as reference

from sightline.data.augment import (
    Affine,
    Augment,
    AugmentViews,
    Background,
    Blur,
    ColorJitter,
    CropResize,
    Fit,
    Foreground,
    Gray,
    Solarize,
    caption_views,
    colour,
    drawing_views,
    evaluation,
    resized_crop,
)
from sightline.data.augment.draws import Draws
from sightline.data.augment.pictures import unpack
from sightline.data.views.kinds import ByolViews, MaeView, MultiCrop, TwoViews

STORED, SIZE = 83, 64


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    print(
        f"{args.batch} pictures, {STORED} -> {SIZE} px, {args.device}, {args.threads} threads; milliseconds a batch\n"
    )

    print(f"{'whole lists':<26}{'RGBA':>8}{'RGB':>8}{'black':>8}")
    batches = [batch(args.batch, kind, args.device) for kind in ("rgba", "rgb", "black")]
    for views in (caption_views, drawing_views, evaluation):
        augment = Augment(views(SIZE), size=SIZE)
        times = [best(lambda given=given, augment=augment: augment(given, 0, 0)) for given in batches]
        print(f"{views.__name__:<26}" + "".join(f"{t:8.1f}" for t in times))

    print(f"\n{'sets of views at 32 px':<26}{'RGBA':>8}{'RGB':>8}{'black':>8}   images/s")
    stored32 = [batch(args.batch, kind, args.device, 42) for kind in ("rgba", "rgb", "black")]
    for views in (TwoViews(), ByolViews(), MultiCrop(), MaeView(), TwoViews("graphics"), MultiCrop("graphics")):
        augment = AugmentViews(views(32))
        times = [best(lambda given=given, augment=augment: augment(given, 0, 0)) for given in stored32]
        name = f"{type(views).__name__} {views.kind}"
        print(f"{name:<26}" + "".join(f"{1e3 * args.batch / t:8.0f}" for t in times))

    draws = Draws(0, 0, np.arange(args.batch))
    stored = unpack(batches[0]["image"], batches[0]["size"].cpu().numpy(), SIZE)
    fitted = Fit()(stored, draws)
    opaque = Background()(fitted, draws)
    print(f"\n{'operation':<26}{'RGBA':>8}")
    print(f"{'unpack':<26}{best(lambda: unpack(batches[0]['image'], stored.size, SIZE)):8.1f}")
    for given, ops in (
        (stored, [CropResize(), Fit(), Affine(translate=0.1), Affine(rotate=8)]),
        (fitted, [Foreground(0.1), Background(), Background(random=0.1, checker=0.05)]),
        (opaque, [ColorJitter(0.8, 0.8, 0.8, 0.2), Gray(1), Blur(7, p=1), Solarize(p=1)]),
    ):
        for op in ops:
            print(f"{shown(op):<26}{best(lambda op=op, given=given: op(given, draws)):8.1f}")

    compare(opaque.image.contiguous(), unpack(batches[1]["image"], stored.size, SIZE).image)


def compare(images, stored):
    """The same parameters for both; torchvision's functions take one set at a time, so they run in a loop."""
    print(f"\n{'same parameters, RGB':<26}{'ours':>8}{'loop':>8}{'ratio':>8}")
    generator = np.random.default_rng(0)
    extent = generator.integers(30, STORED + 1, (len(images), 2))
    corner = (generator.random((len(images), 2)) * (STORED - extent + 1)).astype(int)
    boxes = np.concatenate([corner, extent], 1)
    u = torch.rand(len(images), device=images.device)
    pairs = {
        "resized_crop": (
            lambda: resized_crop(stored, boxes, SIZE),
            lambda: [
                reference.resized_crop(i, *b, [SIZE, SIZE], antialias=True)
                for i, b in zip(stored, boxes.tolist(), strict=True)
            ],
        ),
        "gaussian_blur": (
            lambda: colour.gaussian_blur(images, 7, u + 0.1),
            lambda: [
                reference.gaussian_blur(i, [7, 7], [s, s]) for i, s in zip(images, (u + 0.1).tolist(), strict=True)
            ],
        ),
    }
    for name in ("adjust_brightness", "adjust_contrast", "adjust_saturation", "adjust_hue", "solarize"):
        values = u - 0.5 if name == "adjust_hue" else u
        pairs[name] = (
            lambda name=name, values=values: getattr(colour, name)(images, values),
            lambda name=name, values=values: [
                getattr(reference, name)(i, v) for i, v in zip(images, values.tolist(), strict=True)
            ],
        )
    for name, (ours, theirs) in pairs.items():
        mine, loop = float("inf"), float("inf")
        for _ in range(5):
            mine, loop = min(mine, timed(ours)), min(loop, timed(theirs))
        print(f"{name:<26}{mine:8.1f}{loop:8.1f}{loop / mine:8.1f}")


def batch(n, kind, device, side=STORED):
    image = torch.randint(0, 256, (n, 4, side, side), dtype=torch.uint8)
    if kind == "black":
        image[:, :3] = 0
    image = image[:, :3].contiguous() if kind == "rgb" else image
    size = torch.full((n, 2), side)
    return {"image": image.to(device), "size": size, "index": torch.arange(n)}


def shown(op):
    given = {"CropResize": "", "Affine": " turn" if getattr(op, "rotate", 0) else " move"}
    random = " random" if getattr(op, "random", 0) else ""
    return type(op).__name__ + given.get(type(op).__name__, random)


def best(work, rounds=7):
    work()
    return min(timed(work) for _ in range(rounds))


def timed(work):
    begun = time.perf_counter()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return (time.perf_counter() - begun) * 1e3


if __name__ == "__main__":
    main()
