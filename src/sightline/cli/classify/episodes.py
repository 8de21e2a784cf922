"""Few-shot accuracy of an encoder over many episodes, with 95 % intervals."""

import json
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from sightline.data.feed.labelled import Episodes

if TYPE_CHECKING:
    from sightline.data.sample import Source, Stream
    from sightline.search.query import Embedder

FORMAT = 1
"""of `--json`; docs/classify.md lists its fields"""


@dataclass(frozen=True)
class Asked:
    """Which episodes: every one of `ways` with every one of `shots`."""

    episodes: int
    ways: tuple[int, ...]
    shots: tuple[int, ...]
    queries: int
    seed: int
    finetune: int = 0
    """steps; 0 asks for no fine-tuned classifier beside the means"""

    def __post_init__(self) -> None:
        numbers = {"--episodes": (self.episodes,), "--ways": self.ways}
        numbers |= {"--shots-per-class": self.shots, "--queries": (self.queries,)}
        # an interval takes two episodes, and a choice two classes
        for flag, given in numbers.items():
            least = 2 if flag in ("--episodes", "--ways") else 1
            if not given or min(given) < least:
                raise ValueError(f"{flag} {' '.join(map(str, given))}: expected {least} or more")

    @property
    def orders(self) -> list[Episodes]:
        """Every kind of episode."""
        kinds = product(self.ways, self.shots)
        return [Episodes(ways=ways, shots=shots, queries=self.queries) for ways, shots in kinds]


def check_labelled(source: "Source | Stream", asked: Asked) -> None:
    """Raises ValueError for a source without classes, and, where its labels are at hand, for more ways than it has
    classes of pictures enough."""
    from sightline.data.sample import Source
    from sightline.data.sources.labels import labels_of

    if not source.classes:
        raise ValueError(
            f"{source.name} has no classes to draw episodes of: give a folder per class, or a label column"
        )
    if isinstance(source, Source):
        _counts(labels_of(source), source.name, asked)


def _counts(labels: np.ndarray, name: str, asked: Asked) -> np.ndarray:
    """Pictures of each class. Raises ValueError for more ways than classes of pictures enough."""
    counts = np.bincount(labels[labels >= 0], minlength=1)
    for order in asked.orders:
        if (enough := int((counts >= order.hand).sum())) < order.ways:
            raise ValueError(
                f"{order.ways} ways of {order.shots} shots and {order.queries} queries: {name} has {enough:,} classes "
                f"of {order.hand} usable pictures or more (of {int((counts > 0).sum()):,}); ask for fewer --ways, "
                "--shots-per-class or --queries"
            )
    return counts


def print_episodes(model: "Embedder", source: "Source | Stream", asked: Asked, *, as_json: bool) -> None:
    """Embeds the source once, measures each kind of episode and prints a line of each.

    Raises ValueError for more ways than the source has classes of usable pictures enough.
    """
    from sightline.cli.notes import print_notes
    from sightline.cli.progress import print_bad, progress
    from sightline.probes.few_shot import Near, by_mean, drawn, scored
    from sightline.search.embed import rows
    from sightline.search.gallery.cosine import finetuned_answer

    bad: dict[str, str] = {}
    with progress("embedding") as tell:
        some = list(rows(model, source, bad=bad, progress=tell))
    print_bad(bad)
    said = [label for row in some for label in row.label]
    labels = np.array([-1 if label is None else label for label in said], np.int64)
    counts = _counts(labels, source.name, asked)
    if scarce := int(((counts > 0) & (counts < max(asked.shots) + asked.queries)).sum()):
        print_notes(
            [f"{scarce:,} classes have too few pictures for {max(asked.shots)} shots and are left out of those"]
        )
    vectors = np.concatenate([row.vector for row in some])
    results: list[dict[str, Any]] = []
    for order in asked.orders:
        row: dict[str, Any] = {"ways": order.ways, "shots": order.shots, "chance": 1 / order.ways}
        episodes = drawn(labels, order, asked.episodes, asked.seed)
        told = {near: by_mean(vectors, episodes, order, near) for near in get_args(Near)}
        if asked.finetune:
            told["finetuned"] = scored(vectors, episodes, order, partial(finetuned_answer, steps=asked.finetune))
        row |= {name: {"accuracy": round(one.mean, 6), "half": round(one.half, 6)} for name, one in told.items()}
        results.append(row)
        if not as_json:
            figures = "   ".join(f"{name} {one.mean:.2%} ± {one.half:.2%}" for name, one in told.items())
            print(f"{order.ways}-way {order.shots}-shot   {figures}   (chance {1 / order.ways:.1%})")
    if as_json:
        whole = {
            "format": FORMAT,
            "encoder": model.name,
            "episodes": asked.episodes,
            "queries": asked.queries,
            "finetune": asked.finetune,
            "pictures": len(labels),
            "bad": bad,
            "results": results,
        }
        print(json.dumps(whole, indent=2, ensure_ascii=False))
