"""Few-shot accuracy of an encoder over many episodes, with 95 % intervals."""

import json
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, get_args

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


def print_episodes(model: "Embedder", source: "Source | Stream", asked: Asked, *, as_json: bool) -> None:
    """Embeds the source once, measures each kind of episode and prints a line of each.

    Raises ValueError for a source without labels, and for more ways than it has classes of pictures enough.
    """
    import numpy as np

    from sightline.cli.notes import print_notes
    from sightline.cli.progress import print_bad, progress
    from sightline.data.feed.labelled import Episodes
    from sightline.probes.few_shot import Near, few_shot
    from sightline.search.embed import rows

    if not source.classes:
        raise ValueError(
            f"{source.name} has no classes to draw episodes of: give a folder per class, or a label column"
        )
    bad: dict[str, str] = {}
    with progress("embedding") as tell:
        some = list(rows(model, source, bad=bad, progress=tell))
    print_bad(bad)
    said = [label for row in some for label in row.label]
    labels = np.array([-1 if label is None else label for label in said], np.int64)
    counts = np.bincount(labels[labels >= 0], minlength=1)
    kinds = list(product(asked.ways, asked.shots))
    for ways, shots in kinds:
        if (enough := int((counts >= shots + asked.queries).sum())) < ways:
            raise ValueError(
                f"{ways} ways of {shots} shots and {asked.queries} queries: {source.name} has {enough:,} classes of "
                f"{shots + asked.queries} usable pictures or more (of {int((counts > 0).sum()):,}); ask for fewer "
                "--ways, --shots-per-class or --queries"
            )
    if scarce := int(((counts > 0) & (counts < max(asked.shots) + asked.queries)).sum()):
        print_notes(
            [f"{scarce:,} classes have too few pictures for {max(asked.shots)} shots and are left out of those"]
        )
    vectors = np.concatenate([row.vector for row in some])
    results: list[dict[str, Any]] = []
    for ways, shots in kinds:
        order = Episodes(ways=ways, shots=shots, queries=asked.queries)
        row: dict[str, Any] = {"ways": ways, "shots": shots, "chance": 1 / ways}
        for near in get_args(Near):
            found = few_shot(vectors, labels, order, near=near, episodes=asked.episodes, seed=asked.seed)
            row[near] = {"accuracy": round(found.mean, 6), "half": round(found.half, 6)}
        results.append(row)
        if not as_json:
            figures = "   ".join(
                f"{near} {row[near]['accuracy']:.2%} ± {row[near]['half']:.2%}" for near in get_args(Near)
            )
            print(f"{ways}-way {shots}-shot   {figures}   (chance {1 / ways:.1%})")
    if as_json:
        whole = {
            "format": FORMAT,
            "encoder": model.name,
            "episodes": asked.episodes,
            "queries": asked.queries,
            "pictures": len(labels),
            "bad": bad,
            "results": results,
        }
        print(json.dumps(whole, indent=2, ensure_ascii=False))
