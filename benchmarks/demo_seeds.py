"""The demo on three splits of the icons: its figures are no luck of one split.

    python benchmarks/demo_seeds.py                 # about seven minutes on two cores; finished splits are reused

Prints one JSON row a split and the means, with word matching over the names alone (BM25) beside them.
"""

import argparse
import json
from pathlib import Path
from statistics import mean

from sightline.cli.demo import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--out", type=Path, default=Path("runs/demo-seeds"))
    options = parser.parse_args()
    rows = []
    for fold in options.folds:
        found = run(options.out / f"fold-{fold}", fold=fold)
        row = {"fold": fold, "train_seconds": found["seconds"]["train"]}
        for part in ("heldout", "library"):
            row |= {f"{part}_{k}": round(found[part]["text_to_image"][k], 3) for k in ("r1", "r10")}
            row[f"{part}_bm25_r10"] = round(found[part]["bm25"]["text_to_image"]["r10"], 3)
        for kind in ("bm25", "vectors", "fused"):
            row[f"synonyms_{kind}_r10"] = round(found["synonyms"][kind]["r10"], 3)
        print(json.dumps(row), flush=True)
        rows.append(row)
    print(json.dumps({"fold": "mean"} | {k: round(mean(r[k] for r in rows), 3) for k in rows[0] if k != "fold"}))


if __name__ == "__main__":
    main()
