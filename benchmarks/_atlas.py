"""What the atlas benchmarks share: the sets, the encoders they compare (trained, random, pixels), and rows on disk."""

import argparse
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import torch

import sightline
from sightline.data.prepare.preprocess import Preprocess, opened
from sightline.data.sample import Sample
from sightline.data.sources.source import open_source
from sightline.probes.paired import interval
from sightline.protocols import Kept
from sightline.recipes.find import find, train
from sightline.train.options import Summary
from sightline.train.recipe.override import override
from sightline.train.recipe.recipe import Recipe, fitted
from sightline.weights.encoder import TorchEncoder
from sightline.weights.run_folder.joint import joint_of

SIZE = 32
"""of the pictures that are taken as vectors themselves"""
RANDOM = "random:"
"""before a method's name: its own tower, never trained"""
PCA, COMPONENTS = "pca", 64
"""the row beside the autoencoder's code of as many numbers"""
PLAIN = ("pixels", PCA)
"""rows without a tower"""
DRAWS = (0, 1, 2)
"""seeds of random towers"""
SPLITS = ("train", "test")


def data_folder() -> Path:
    if "SIGHTLINE_DATA" not in os.environ:
        raise SystemExit("set SIGHTLINE_DATA to the folder that holds cifar10/, emoji/ and the other sets")
    return Path(os.environ["SIGHTLINE_DATA"])


def shards(name: str, split: str) -> str:
    """The SRC of a part of a set."""
    return f"{data_folder() / name}:{split}"


@dataclass(frozen=True, eq=False)
class Part:
    """A part of a set, decoded: pixels uint8 (n, y, x, 3) as the evaluation view leaves them, and the records' json."""

    pixels: np.ndarray
    classes: np.ndarray
    """(n,) names of the labels"""
    said: list[dict[str, Any]]

    def __len__(self) -> int:
        return len(self.pixels)

    def labels(self, names: Sequence[str]) -> np.ndarray:
        """(n,) places in `names`, -1 for a class that is not among them."""
        place = {name: at for at, name in enumerate(names)}
        return np.array([place.get(name, -1) for name in self.classes])

    def column(self, name: str) -> np.ndarray:
        return np.array([words[name] for words in self.said])

    @property
    def families(self) -> np.ndarray | None:
        """(n,) what each picture shares its luck with: the concept family of emoji, None where there is none."""
        return self.column("family") if self.said and "family" in self.said[0] else None


@cache
def part(name: str, split: str, view: Preprocess) -> Part:
    source: Any = open_source(shards(name, split))
    samples: list[Sample] = [source[i] for i in range(len(source))]
    pixels = np.stack([view.pixels(opened(s.image, view.size)) for s in samples])
    # the concept families of emoji are disjoint between the parts; their nine groups are not
    classes = [
        s.extra["group"] if name == "emoji" else "" if s.label is None else source.classes[s.label] for s in samples
    ]
    return Part(pixels, np.array(classes), [s.extra for s in samples])


class Pixels:
    """The pictures themselves as vectors."""

    tower, precision, rule = "pixels", "float32", Preprocess(size=SIZE)

    def vectors(self, pictures: np.ndarray) -> np.ndarray:
        return pictures.reshape(len(pictures), -1)


class Principal(Pixels):
    """The pictures' `count` principal components, of the training part: the best linear code of as many numbers."""

    tower = "pca"

    def __init__(self, name: str, count: int) -> None:
        train, test = (part(name, split, self.rule).pixels for split in SPLITS)
        rows = pictures(self.rule, train, super().vectors)
        self.mean = rows.mean(axis=0)
        rows -= self.mean
        self.axes = np.linalg.eigh(rows.T @ rows)[1][:, -count:]
        tested = pictures(self.rule, test, super().vectors) - self.mean
        self.explained = float(np.square(tested @ self.axes).sum() / np.square(tested).sum())

    def vectors(self, pictures: np.ndarray) -> np.ndarray:
        return (super().vectors(pictures) - self.mean) @ self.axes


class Tower:
    """An image encoder in torch, `vectors` of normalised pictures (n, 3, y, x)."""

    def __init__(self, encoder: TorchEncoder, tower: str, precision: Any) -> None:
        self.encoder, self.tower, self.rule, self.precision = encoder, tower, encoder.rule, precision
        encoder.batch_size, encoder.precision = 250, precision

    def vectors(self, pictures: np.ndarray) -> np.ndarray:
        return self.encoder.encode_image(torch.from_numpy(pictures)).cpu().numpy()


def pictures(rule: Any, pixels: np.ndarray, work: Callable[[np.ndarray], np.ndarray], rows: int = 5000) -> np.ndarray:
    """`work` over pixels normalised by `rule`, some thousands at a time: 60,000 floats of pictures are gigabytes."""
    return np.concatenate([work(rule.normalised(pixels[at : at + rows])) for at in range(0, len(pixels), rows)])


def arguments(doc: str | None, folder: str, methods: Sequence[str]) -> argparse.ArgumentParser:
    """The options that every atlas has."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path(folder))
    parser.add_argument("--methods", nargs="+", default=[*methods], help="recipes, random:RECIPE, pixels")
    parser.add_argument("--seeds", nargs="+", type=int, help="of the training; default: 0")
    parser.add_argument("--precision", default="float32", choices=("float32", "bfloat16"), help="of the forward pass")
    parser.add_argument("--list", action="store_true", help="which rows are there and which are not")
    parser.add_argument("--table", action="store_true", help="print the rows as a table, with differences")
    parser.add_argument("overrides", nargs="*", help="key=value of every recipe, before the options; rows of their own")
    return parser


def work(
    rows: "Rows",
    wanted: Iterable[dict[str, Any]],
    one: Callable[["Rows", dict[str, Any], argparse.Namespace], None],
    options: argparse.Namespace,
) -> None:
    """Adds every row of `wanted` that is missing, or lists which are there."""
    for row in wanted:
        there = rows.has(row)
        if options.list:
            print(*(f"{row[key]!s:<12}" for key in rows.keys), "done" if there else "to do")
        elif not there:
            one(rows, row, options)


def is_trained(method: str) -> bool:
    return method not in PLAIN and not method.startswith(RANDOM)


def jobs(methods: Sequence[str], seeds: Sequence[int] | None) -> Iterator[tuple[str, int]]:
    """(method, seed) of every row: before a method its own tower at random, three times."""
    for method in methods:
        if method in PLAIN:
            yield method, 0
            continue
        bare = method.removeprefix(RANDOM)
        yield from ((RANDOM + bare, seed) for seed in DRAWS)
        if bare == method:
            yield from ((method, seed) for seed in seeds or [0])


def in_kinds(jobs: Iterable[tuple[str, int]], kinds: Sequence[str]) -> Iterator[tuple[str, str, int]]:
    """(method, kind, seed): a trained method in each of `kinds`, all else once, as "none"."""
    for method, seed in jobs:
        yield from ((method, kind, seed) for kind in (kinds if is_trained(method) else ("none",)))


def recipe_of(method: str, overrides: Sequence[str] = ()) -> Recipe | None:
    """The recipe of a method or of its random tower; None of `PLAIN` ones."""
    return None if method in PLAIN else override(find(method.removeprefix(RANDOM)), overrides)


def spec_of(recipe: Recipe | None) -> str:
    """The tower as it will be built: random towers of equal specs are one."""
    return "plain" if recipe is None else repr(fitted(recipe, None).parts.image)


def random_tower(recipe: Recipe, seed: int, precision: str) -> Tower:
    """The recipe's own tower with its first weights, in evaluation mode: a BatchNorm has seen nothing."""
    torch.manual_seed(seed)
    spec: Any = fitted(recipe, None).parts.image
    tower = spec.build()
    model = joint_of(Kept(parts={"image": tower}))
    rule = recipe.data.evaluation_view()
    encoder = TorchEncoder(model, preprocess=rule, tokenizer=None, dim=tower.dim, name=f"{RANDOM}{recipe.name}")
    return Tower(encoder, type(spec).__name__.removesuffix("Spec"), precision)


def trained(recipe: Recipe, seed: int, run: Path, name: str, overrides: Sequence[str], precision: str) -> Tower:
    """The encoder of a run, trained first where it is not finished; the same call goes on where it stopped."""
    if recipe.evaluation.keep != "last":
        raise ValueError(f"{recipe.name} keeps its best weights, which here would be chosen on the test pictures")
    if "label" not in open_source(shards(name, "train")).has:
        # what is watched while training changes nothing that is learnt
        overrides = ["evaluation.metric=rankme", *overrides]
    done = train(
        recipe,
        out=run,
        data=shards(name, "train"),
        evaluation=shards(name, "test"),
        overrides=[f"seed={seed}", *overrides],
        export=False,
    )
    _check_finished(done)
    return Tower(sightline.load(str(run)), type(recipe.parts.image).__name__.removesuffix("Spec"), precision)


def finished(recipe: Recipe, run: Path, data: Any, overrides: Sequence[str] = ()) -> Path:
    """`run`, trained first where it is not finished; the same call goes on where it stopped."""
    if not (run / "encoder.json").exists():  # what is written last
        _check_finished(train(recipe, out=run, data=data, overrides=overrides, export=False, quiet=True))
    return run


def _check_finished(done: Summary) -> None:
    """SystemExit where a training was stopped before its end."""
    if not done.finished:
        raise SystemExit(f"{done.folder} was stopped at step {done.steps}; the same command goes on")


def encoded_by(
    method: str, recipe: Recipe | None, seed: int, run: Path, name: str, overrides: Sequence[str], precision: str
) -> tuple[Any, dict[str, Any]]:
    """The encoder of a row, and what the row says of it: for a trained one, what its run says was run."""
    if method == PCA:
        components = Principal(name, COMPONENTS)
        return components, {"tower": "pca", "spec": "plain", "explained": components.explained}
    if recipe is None:
        return Pixels(), {"tower": "pixels", "spec": "plain"}
    if method.startswith(RANDOM):
        encoder, said = random_tower(recipe, seed, precision), {}
    else:
        encoder = trained(recipe, seed, run, name, overrides, precision)
        said = ran(run) | {"train_seconds": round(seconds_of(run))}
    return encoder, {"tower": encoder.tower, "spec": spec_of(recipe)} | said


def ran(run: Path) -> dict[str, Any]:
    """Steps and batch of a run, from its own record."""
    config = json.loads((run / "config.json").read_text())
    recipe = config["recipe"]
    steps = recipe["steps"] or ceil(recipe["epochs"] * config["data"]["samples"] / recipe["batch"])
    return {"steps": steps, "batch": recipe["batch"], "ran": config["overrides"]}


def seconds_of(run: Path) -> float:
    """Seconds spent in training steps, over all the pieces of a run: from the speeds in its metrics."""
    batch = json.loads((run / "config.json").read_text())["recipe"]["batch"]
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    logged = [(-1, 0.0), *((r["step"], r["images_per_second"]) for r in rows if "images_per_second" in r)]
    return sum((step - before) * batch / max(speed, 1e-9) for (before, _), (step, speed) in pairwise(logged))


class Rows:
    """`rows.jsonl`: one JSON object a finished row, known by the values of `keys`; and an array of hits beside each."""

    def __init__(self, folder: Path, keys: Sequence[str]) -> None:
        self.folder, self.keys = folder, tuple(keys)
        self.file = folder / "rows.jsonl"
        (folder / "hits").mkdir(parents=True, exist_ok=True)

    def all(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.file.read_text().splitlines()] if self.file.exists() else []

    def has(self, row: dict[str, Any]) -> bool:
        """Whether the row is there; a random tower's also under the name of another method with an equal tower."""
        drawn = str(row["method"]).startswith(RANDOM)
        keys = ["spec", *(key for key in self.keys if key not in ("method", "overrides"))] if drawn else self.keys
        rows = (found for found in self.all() if not drawn or found["method"].startswith(RANDOM))
        return any(all(found.get(key) == row[key] for key in keys) for found in rows)

    def name(self, row: dict[str, Any]) -> str:
        """The row's keys as the name of a file."""
        name = "-".join(str(row[key]) for key in self.keys if row[key] != "").replace("/", "_").replace(":", "_")
        return name if len(name) < 150 else f"{name[:100]}-{hashlib.sha256(name.encode()).hexdigest()[:16]}"

    def add(self, row: dict[str, Any], hits: np.ndarray, families: np.ndarray | None = None) -> None:
        """`hits` (scores, ..., items): what was right item by item, from which pairs of rows are compared; `families`
        (items,) names the items that share their luck."""
        also = {} if families is None else {"families": families}
        np.savez(self.folder / "hits" / f"{self.name(row)}.npz", hits=hits, **also)
        with self.file.open("a") as file:
            file.write(json.dumps(rounded(row)) + "\n")
        print(json.dumps(rounded(row)), flush=True)

    def hits(self, rows: Sequence[dict[str, Any]]) -> np.ndarray:
        """The mean hits (scores, ..., items) of several rows: the seeds of one method, which are no further items."""
        return np.mean([self._saved(row)["hits"] for row in rows], axis=0)

    def families(self, row: dict[str, Any]) -> np.ndarray | None:
        return self._saved(row).get("families")

    def _saved(self, row: dict[str, Any]) -> dict[str, np.ndarray]:
        with np.load(self.folder / "hits" / f"{self.name(row)}.npz") as saved:
            return dict(saved)


def rounded(row: dict[str, Any]) -> dict[str, Any]:
    return {key: round(value, 5) if isinstance(value, float) else value for key, value in row.items()}


def error(hits: np.ndarray, families: np.ndarray | None) -> float:
    """Standard error of the mean of `hits` (n,); families are drawn together, by the width of a 95 % interval."""
    if families is None:
        return float(hits.std(ddof=1) / np.sqrt(len(hits)))
    low, high = interval(hits, np.zeros(len(hits)), family=families)
    return (high - low) / 3.92


def figure(hits: np.ndarray, families: np.ndarray | None) -> str:
    return f"{hits.mean():.3f} ± {error(hits, families):.3f}"


def difference(a: np.ndarray, b: np.ndarray, families: np.ndarray | None) -> str:
    """`difference ± error (errors)` of two encoders' hits (n,) on the same items."""
    apart = np.asarray(a, float) - b
    value, uncertain = float(apart.mean()), error(apart, families)
    return f"{value:+.3f} ± {uncertain:.3f}" + (f" ({value / uncertain:+.1f})" if uncertain else "")


def spread(members: Sequence[dict[str, Any]], score: str) -> str:
    """After a figure: the standard deviation of its score over seeds, in brackets; nothing of one."""
    return f" [{np.std([row[score] for row in members], ddof=1):.3f}]" if len(members) > 1 else ""


def note(families: bool) -> str:
    """What the errors of a table are."""
    luck = ", families of concepts drawn together" if families else ""
    return (
        f"A row of one seed is one run; errors are over test pictures alone{luck}. Differences are paired, with their "
        "number of errors. In brackets: standard deviation over seeds."
    )


def reference(found: dict[tuple, list[dict[str, Any]]], spec: str) -> list[dict[str, Any]]:
    """The rows of the random tower of that spec, whichever method they are named after."""
    groups = (rows for rows in found.values() if rows[0]["method"].startswith(RANDOM) and rows[0]["spec"] == spec)
    return next(groups, [])


def title(row: dict[str, Any]) -> str:
    """A method with what was overridden."""
    said = f"{row['method']} {row['overrides']}".strip()
    return said if said in PLAIN else f"`{said}`"


def markdown(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, ["---"] * len(head), *lines))


def grouped(rows: Sequence[dict[str, Any]], *keys: str) -> dict[tuple, list[dict[str, Any]]]:
    """Rows by the values of `keys`, in order of appearance."""
    found: dict[tuple, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(tuple(row[key] for key in keys), []).append(row)
    return found
