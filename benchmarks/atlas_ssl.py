"""What every self-supervised method learns in its fifteen minutes: weighted kNN and a linear probe, beside references.

    SIGHTLINE_DATA=... python benchmarks/atlas_ssl.py --methods pixels random:simclr
    SIGHTLINE_DATA=... python benchmarks/atlas_ssl.py --methods simclr byol          # about 20 minutes each
    SIGHTLINE_DATA=... python benchmarks/atlas_ssl.py --table

A method's `small` recipe is its row. It is trained on the `train` pictures without their labels; then the vectors of
`sightline.load(RUN)`, without augmentation, are judged by kNN (k = 20, temperature 0.07, unit vectors, all training
pictures as memory) and by multinomial logistic regression (its C chosen on a tenth of the training pictures) on the
`test` pictures. Beside each method stand raw pixels and its own tower untrained, at three seeds (`random:METHOD`;
methods with equal towers share the rows), and `pca`: 64 principal components, as many numbers as the autoencoder's
code, with the share of the test pictures' variance that they `explain`. Rows are appended to rows.jsonl and finished
ones skipped, runs are resumed, so this may be stopped and given again. Labels of `emoji` are its nine groups: no
concept is in both parts, and errors are by concept family.
"""

import argparse
import time
from typing import Any

import numpy as np
import torch

from _atlas import (
    PLAIN,
    Rows,
    arguments,
    difference,
    encoded_by,
    error,
    figure,
    grouped,
    is_trained,
    jobs,
    markdown,
    note,
    part,
    pictures,
    recipe_of,
    reference,
    spec_of,
    spread,
    title,
    work,
)
from sightline.probes.knn import KNN
from sightline.probes.linear import LinearProbe
from sightline.probes.rankme import rankme

METHODS = (
    "autoencoder",
    "autoencoder.denoising",
    "relative_position",
    "exemplar",
    "instance_discrimination",
    "simclr",
    "simclr.vit",
    "byol",
    "dino",
    "dino.resnet",
    "ibot",
    "dinov2",
    "mae",
)
SETS = ("cifar10", "caltech101", "emoji", "fashion_mnist_mini")
SCORES = ("knn", "linear")
KEYS = ("method", "set", "seed", "overrides")


def main() -> None:
    parser = arguments(__doc__, "runs/atlas-ssl", [*PLAIN, *METHODS])
    parser.add_argument("--set", default="cifar10", choices=SETS)
    options = parser.parse_args()
    rows = Rows(options.folder, KEYS)
    if options.table:
        print(table(rows, options.set))
    else:
        wanted = (begun(method, seed, options) for method, seed in jobs(options.methods, options.seeds))
        work(rows, wanted, one, options)


def begun(method: str, seed: int, options: argparse.Namespace) -> dict[str, Any]:
    """What a row is known by."""
    said = " ".join(options.overrides) if method not in PLAIN else ""
    spec = spec_of(recipe_of(method, options.overrides))
    return {"method": method, "set": options.set, "seed": seed, "overrides": said, "spec": spec}


def one(rows: Rows, row: dict[str, Any], options: argparse.Namespace) -> None:
    """Trains where needed, embeds, probes, and adds the row."""
    method, seed = row["method"], row["seed"]
    print(f"{method} on {options.set}, seed {seed}", flush=True)
    run, recipe = options.folder / "runs" / rows.name(row), recipe_of(method, options.overrides)
    encoder, said = encoded_by(method, recipe, seed, run, options.set, options.overrides, options.precision)
    row |= said
    began = time.monotonic()
    parts = [part(options.set, split, encoder.rule) for split in ("train", "test")]
    vectors, tested = (pictures(encoder.rule, p.pixels, encoder.vectors) for p in parts)
    row |= {"dim": vectors.shape[1], "memory": len(vectors), "n": len(tested)}
    row["embed_seconds"] = round(time.monotonic() - began)
    print(f"embedded in {row['embed_seconds']} s; probing", flush=True)
    names = sorted(set(parts[0].classes))
    labels, truth = (p.labels(names) for p in parts)
    began = time.monotonic()
    knn = KNN().fit(vectors, labels).predict(tested)
    probe = LinearProbe(seed=seed).fit(vectors, labels)
    hits = np.stack([knn == truth, probe.predict(tested) == truth]).astype(float)
    families = parts[1].families
    for name, right in zip(SCORES, hits, strict=True):
        row |= {name: float(right.mean()), f"{name}_error": error(right, families)}
    row |= {"C": probe.C_, "rankme": None if method == "pixels" else rankme(tested[:2000])}
    row |= {"probe_seconds": round(time.monotonic() - began), "precision": encoder.precision}
    row |= {"torch": torch.__version__, "threads": torch.get_num_threads()}
    rows.add(row, hits, families)


def table(rows: Rows, name: str) -> str:
    """Mean over seeds, its standard error over test pictures, and the paired differences to both references."""
    found = grouped([row for row in rows.all() if row["set"] == name], "method", "overrides")
    lines, families = [], None
    for members in found.values():
        first = members[0]
        hits, families = rows.hits(members), rows.families(first)
        line = [title(first), first["tower"], str(len(members))]
        for score, right in zip(SCORES, hits, strict=True):
            line.append(figure(right, families) + spread(members, score))
        beside = is_trained(first["method"])
        drawn = reference(found, first["spec"]) if beside else []
        pixels = found.get(("pixels", ""), []) if first["method"] != "pixels" else []
        for score in range(len(SCORES)):
            for other in (pixels, drawn):
                line.append(difference(hits[score], rows.hits(other)[score], families) if other else "")
        seconds, ranks = first.get("train_seconds"), [m["rankme"] for m in members if m["rankme"] is not None]
        line += ["" if seconds is None else f"{seconds / 60:.1f}", f"{np.mean(ranks):.0f}" if ranks else ""]
        lines.append(line)
    head = ["method", "tower", "seeds", *SCORES]
    head += [f"{score} - {other}" for score in SCORES for other in ("pixels", "random tower")]
    return markdown([*head, "minutes", "RankMe"], lines) + "\n\n" + note(families is not None)


if __name__ == "__main__":
    main()
