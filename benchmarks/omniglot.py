"""One-shot and few-shot classification of characters never seen (Lake et al. 2015, the 20 standard runs).

    SIGHTLINE_DATA=... python benchmarks/omniglot.py runs/omniglot-prototypical runs/omniglot-siamese
    SIGHTLINE_DATA=... python benchmarks/omniglot.py pixels

`one-shot error`: each of the 20 runs shows 20 characters of one alphabet, drawn once by one hand, and asks for 20
drawings of another; the answer is the nearest. The interval is over runs. The others are accuracies over 1,000
episodes among the characters of the test alphabets, by the nearest class mean, five queries a class, with 1.96 standard
errors over episodes. Every drawing is embedded once, in evaluation mode, so that a query is the same alone as among
others; support and queries are different drawings.

Trained are five alphabets, 113 characters, with their quarter turns as characters of their own (`?turns=4`), of which
none is in any test:

    sightline train prototypical --data "$SIGHTLINE_DATA/omniglot:train?turns=4" \\
        --eval "$SIGHTLINE_DATA/omniglot:test" --out runs/omniglot-prototypical
    sightline train siamese --data "$SIGHTLINE_DATA/omniglot:train?turns=4" \\
        --eval "$SIGHTLINE_DATA/omniglot:test" --out runs/omniglot-siamese

To compare: people make 4.5 % errors on the 20 runs, prototypical networks trained on thirty alphabets 13.7 %.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import sightline
from _atlas import shards
from sightline.data.feed.labelled import Episodes
from sightline.data.prepare.preprocess import Preprocess, opened
from sightline.data.sample import Sample
from sightline.data.sources.source import open_source
from sightline.probes.few_shot import Accuracy, by_mean, drawn, nearest_class

SETTINGS = [(ways, shots) for ways in (5, 20) for shots in (1, 5)]
QUERIES = 5
PIXELS = Preprocess(size=28)
NEAR = ("euclidean", "cosine")
Embed = Callable[[Sequence[Sample]], np.ndarray]
"""samples -> vectors (n, d)"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("encoders", nargs="+", help="runs, or other encoders; pixels are the drawings themselves")
    parser.add_argument("--set", default="omniglot", help="the folder below SIGHTLINE_DATA")
    parser.add_argument("--episodes", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0, help="of the episodes")
    parser.add_argument("--json", type=Path, help="also write the rows here")
    options = parser.parse_args()
    tests, runs = samples_of(shards(options.set, "test")), samples_of(shards(options.set, "oneshot_runs"))
    settings = episodes_of(tests, options.episodes, options.seed)
    rows = []
    for name in options.encoders:
        embed = pixels if name == "pixels" else embedder(name)
        known, asked = embed(tests), embed(runs)
        rows += [
            {"encoder": name, "near": near} | one_shot(asked, runs, near) | accuracies(known, settings, near)
            for near in NEAR
        ]
    print(table(rows))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


def samples_of(src: str) -> list[Sample]:
    source: Any = open_source(src)
    return [source[i] for i in range(len(source))]


def pixels(samples: Sequence[Sample]) -> np.ndarray:
    """The ink of each drawing."""
    seen = np.stack([PIXELS.pixels(opened(one.image, PIXELS.size)) for one in samples])
    return 1 - seen[..., 0].reshape(len(samples), -1) / 255


def embedder(name: str) -> Embed:
    encoder = sightline.load(name)

    def embed(samples: Sequence[Sample]) -> np.ndarray:
        return np.asarray(encoder.encode_image([one.image for one in samples]), np.float64)

    return embed


def one_shot(vectors: np.ndarray, samples: Sequence[Sample], near: Any) -> dict[str, Any]:
    """The share of wrong answers of the standard runs, and half of its 95 % interval over runs."""
    names = sorted({one.extra["run"] for one in samples})
    errors = Accuracy(np.array([run_error(vectors, samples, name, near) for name in names]), chance=19 / 20)
    return {"one-shot error": errors.mean, "one-shot half": errors.half, "runs": len(names)}


def run_error(vectors: np.ndarray, samples: Sequence[Sample], run: str, near: Any) -> float:
    """Of one run. ValueError where a question has no answer among what is shown."""
    places = [i for i, one in enumerate(samples) if one.extra["run"] == run]
    shown = [i for i in places if samples[i].extra["role"] == "train"]
    asked = [i for i in places if samples[i].extra["role"] == "test"]
    items = [samples[i].extra["item"] for i in shown]
    if strangers := {samples[i].extra["answer"] for i in asked} - {*items}:
        raise ValueError(f"{run}: {sorted(strangers)[0]} is an answer, and not among what is shown")
    told = nearest_class(vectors[asked], vectors[shown], near)
    return float(np.mean([items[k] != samples[i].extra["answer"] for k, i in zip(told, asked, strict=True)]))


def episodes_of(samples: Sequence[Sample], count: int, seed: int) -> list[tuple[Episodes, np.ndarray]]:
    """Of every setting, among all test characters: the same for all encoders."""
    labels = np.array([-1 if one.label is None else one.label for one in samples])
    orders = [Episodes(ways=ways, shots=shots, queries=QUERIES) for ways, shots in SETTINGS]
    return [(order, drawn(labels, order, count, seed)) for order in orders]


def accuracies(vectors: np.ndarray, asked: Sequence[tuple[Episodes, np.ndarray]], near: Any) -> dict[str, Any]:
    """Of every setting."""
    found: dict[str, Any] = {}
    for order, rows in asked:
        accuracy, name = by_mean(vectors, rows, order, near), f"{order.ways}-way {order.shots}-shot"
        found |= {name: accuracy.mean, f"{name} half": accuracy.half}
    return found


def table(rows: Sequence[dict[str, Any]]) -> str:
    settings = [f"{ways}-way {shots}-shot" for ways, shots in SETTINGS]
    lines = [" | ".join(["| encoder | nearest by", "one-shot error", *settings]) + " |", "|---" * 7 + "|"]
    for row in rows:
        error = f"{row['one-shot error']:.1%} ± {row['one-shot half']:.1%}"
        figures = [f"{row[name]:.1%} ± {row[f'{name} half']:.1%}" for name in settings]
        lines.append("| " + " | ".join([row["encoder"], row["near"], error, *figures]) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
