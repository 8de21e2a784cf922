"""Near-identical pictures folded: how many planted ones are found, and how much of what is folded was planted.

    python benchmarks/search/folded.py builtin:icons --data FOLDER

Of every fourth of `--pictures` (solid icons; or emoji, caltech101, in FOLDER, $SIGHTLINE_DATA) copies are planted: the
same bytes, the same pixels (PNG as TIFF), three quarters of the size, a JPEG of quality 80 on white, 2 % cut off each
side, and 10 % brighter. Each of these is asked for by itself, with 50 results, folded; its copies should stand behind
it and nothing else. A row for each way to tell: the cosine alone, mean colours alone, and both, at several thresholds.

    recall      share of planted copies that are folded; by kind too
    precision   share of what is folded that was planted
    whole       share of the pictures asked for that fold nothing foreign
"""

import argparse
import io
import json
import os
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from sightline.data.decode.picture import colours, decode
from sightline.data.sources.source import open_source
from sightline.search.encoder import open_encoder
from sightline.search.index import Index
from sightline.search.rank import fold

EVERY, RESULTS = 4, 50
OFF = {"cosine": 2.0, "levels": -1}
"""thresholds that nothing reaches"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("encoder")
    parser.add_argument("--on", choices=("icons", "emoji", "caltech101"), default="icons")
    parser.add_argument("--data", type=Path, default=os.environ.get("SIGHTLINE_DATA"))
    parser.add_argument("--cosines", type=float, nargs="+", default=[0.93, 0.95, 0.97, 0.98, 0.99])
    parser.add_argument("--levels", type=int, nargs="+", default=[4, 8, 10, 12, 16])
    parser.add_argument("--pictures", type=int, default=600)
    options = parser.parse_args()
    source = open_source("icons?set=solid" if options.on == "icons" else f"{options.data}/{options.on}:test")
    with tempfile.TemporaryDirectory() as folder, Index(Path(folder) / "a.db") as index:
        planted = plant(source, options.pictures, Path(folder) / "pictures")
        encoder = open_encoder(options.encoder)
        index.add(open_source(str(Path(folder) / "pictures")), encoder)
        told = {hit.name: hit.id for hit in index.browse(10**6)}
        print(json.dumps({"on": options.on, "pictures": len(told), "planted": sum(map(len, planted.values()))}))
        ways = [("cosine", cosine, OFF["levels"]) for cosine in options.cosines]
        ways += [("colours", OFF["cosine"], levels) for levels in options.levels]
        ways += [("both", cosine, fold.LEVELS) for cosine in options.cosines]
        for name, cosine, levels in ways:
            row = {"by": name, "cosine": cosine, "levels": levels}
            print(json.dumps(row | judged(index, encoder, told, planted, float(cosine), int(levels))), flush=True)


def plant(source: Any, most: int, folder: Path) -> dict[str, dict[str, str]]:
    """Writes the pictures; from the name of each that has copies to what each copy, by its name, is."""
    folder.mkdir()
    planted: dict[str, dict[str, str]] = {}
    step = max(1, len(source) // most)
    for number in range(min(most, len(source))):
        pixels = decode(source[number * step].image, 256)
        name = f"p{number:04}"
        (folder / f"{name}.png").write_bytes(saved(pixels, "PNG"))
        if number % EVERY:
            continue
        planted[name] = {}
        for kind, (data, ending) in copies(pixels).items():
            (folder / f"{name}-{kind}.{ending}").write_bytes(data)
            planted[name][f"{name}-{kind}"] = kind
    return planted


def copies(pixels: np.ndarray) -> dict[str, tuple[bytes, str]]:
    image = colours(Image.fromarray(pixels))
    white = Image.new("RGBA", image.size, "white")
    white.alpha_composite(image.convert("RGBA"))
    flat, (w, h) = np.asarray(white.convert("RGB")), image.size
    brighter = pixels.copy()
    brighter[..., :3] = np.clip(pixels[..., :3] * 1.1 + 3, 0, 255)
    edge = max(1, round(0.02 * min(w, h)))
    return {
        "bytes": (saved(pixels, "PNG"), "png"),
        "pixels": (saved(pixels, "TIFF"), "tiff"),
        "smaller": (saved(np.asarray(image.resize((3 * w // 4, 3 * h // 4), Image.Resampling.LANCZOS)), "PNG"), "png"),
        "jpeg": (saved(flat, "JPEG", quality=80), "jpg"),
        "cut": (saved(pixels[edge:-edge, edge:-edge], "PNG"), "png"),
        "brighter": (saved(brighter, "PNG"), "png"),
    }


def saved(pixels: np.ndarray, kind: str, **more: Any) -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(out, kind, **more)
    return out.getvalue()


def judged(
    index: Index, encoder: Any, told: dict[str, int], planted: dict[str, dict[str, str]], cosine: float, levels: int
) -> dict[str, Any]:
    fold.LEVELS = levels
    right, foreign, whole = Counter(), 0, 0
    for name, mine in planted.items():
        hits = index.answer(f"id:{told[name]}", encoder, RESULTS, fold=cosine).hits
        # the first is the picture itself, or a copy of equal vector
        group = {hits[0].name, *(one.name for one in hits[0].folded)} - {name}
        right.update(mine[one] for one in group if one in mine)
        strange = len([one for one in group if one not in mine])
        foreign, whole = foreign + strange, whole + (strange == 0)
    found, n = right.total(), len(planted)
    return {
        "recall": round(found / sum(map(len, planted.values())), 4),
        "precision": round(found / max(found + foreign, 1), 4),
        "whole": round(whole / n, 4),
        "by_kind": {kind: round(right[kind] / n, 3) for kind in next(iter(planted.values())).values()},
    }


if __name__ == "__main__":
    main()
