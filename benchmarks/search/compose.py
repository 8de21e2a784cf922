"""Composed queries: "this picture, but with X" against the picture alone and the words alone.

    python benchmarks/search/compose.py builtin:icons --on icons
    python benchmarks/search/compose.py runs/scenes --on scenes

Icons: of names that begin alike ("user plus", "user check") the picture of one, plus the words of another's end, minus
those of its own, must find the other among all 1,395 solid icons. Scenes (level 2): the picture of a scene, plus the
caption of the same scene with one thing's colour or name changed, minus its own caption, must find the changed one
among 200 scenes and up to five such changes of each. 200 queries, drawn by hash; the picture asked with is left out of
every ranking. `--words` is how often words count beside the picture.

    picture, words    either alone: the picture, the words that are added
    sum               unit(v_picture + v_added - v_taken), which is what search does
    centred           the same, with the mean of each kind taken off every vector before
    centred, unit     and every vector made a unit vector again before they are summed

r1, r5, r10: share of queries whose right picture is among the first; `above_picture`, `above_words`: 95 % interval of
the difference in r10 (r1 on scenes), of the same queries (probes/paired).
"""

import argparse
import json
import re
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from typing import Any

import numpy as np

from sightline.data.array import unit
from sightline.data.scenes import Scenes, given, parts
from sightline.data.scenes.caption import caption
from sightline.data.scenes.edit import others
from sightline.data.sources.source import open_source
from sightline.probes.paired import interval, paired
from sightline.search.ask.mix import summed
from sightline.search.encoder import open_encoder
from sightline.search.words import stored_words

QUERIES = 200
CHANGES = 5
BATCH = 64


@dataclass(frozen=True)
class Query:
    shown: int
    right: int
    added: str
    taken: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("encoder")
    parser.add_argument("--on", choices=("icons", "scenes"), required=True)
    parser.add_argument("--words", type=float, default=1.0)
    options = parser.parse_args()
    encoder = open_encoder(options.encoder)
    pictures, queries = icons() if options.on == "icons" else scenes()
    ranks = ranked(encoder, pictures, queries, options.words)
    first = 10 if options.on == "icons" else 1
    for name, rank in ranks.items():
        row: dict[str, Any] = {"on": options.on, "library": len(pictures), "queries": len(queries), "by": name}
        row |= {f"r{k}": float((rank <= k).mean()) for k in (1, 5, 10)} | {"mrr": float((1 / rank).mean())}
        for other in ("picture", "words"):
            if name not in ("picture", "words"):
                hits, theirs = rank <= first, ranks[other] <= first
                row[f"above_{other}"] = [round(end, 3) for end in interval(hits, theirs)]
        if name.startswith("centred"):
            apart = paired(rank <= first, ranks["sum"] <= first)
            row["above_sum"] = [round(end, 3) for end in interval(rank <= first, ranks["sum"] <= first)]
            row["errors"] = apart.errors
        print(json.dumps({k: round(v, 3) if isinstance(v, float) else v for k, v in row.items()}), flush=True)


def icons() -> tuple[list[Any], list[Query]]:
    source = open_source("icons?set=solid")
    samples = [source[i] for i in range(len(source))]
    at = {stored_words(sample.name or sample.key.split("/")[0]): i for i, sample in enumerate(samples)}
    ends: dict[str, list[str]] = {}
    for name in at:
        words = name.split()
        for cut in range(1, len(words)):
            if " ".join(words[:cut]) in at:
                ends.setdefault(" ".join(words[:cut]), []).append(" ".join(words[cut:]))
    made = [
        Query(at[f"{base} {taken}"], at[f"{base} {added}"], added, taken)
        for base, found in ends.items()
        for added in found
        for taken in found
        if added != taken
    ]
    return [sample.image for sample in samples], sorted(made, key=_hashed)[:QUERIES]


def scenes() -> tuple[list[Any], list[Query]]:
    source = Scenes(level=2, n=10 * QUERIES, seed=11, split="test", size=96)
    pictures, made = [], []
    for index in range(len(source)):
        scene = source.scene(index)
        names = [name for name in given(scene) if re.match(r"object\.\d+\.(colour|name)$", name)]
        for name in sorted(names, key=lambda name: _hashed((index, name))):
            changed = list(islice((after for _, after in others(scene, name)), CHANGES))
            if len(changed) > 1:
                made.append(Query(len(pictures), len(pictures) + 1, caption(changed[0]), caption(scene)))
                pictures += [parts.picture(one) for one in (scene, *changed)]
                break
        if len(made) == QUERIES:
            break
    return pictures, made


def ranked(encoder: Any, pictures: list[Any], queries: list[Query], weight: float) -> dict[str, np.ndarray]:
    """The rank of the right picture of every query, by each way to ask."""
    matrix = np.concatenate([_vectors(encoder, pictures[i : i + BATCH]) for i in range(0, len(pictures), BATCH)])
    texts = sorted({text for query in queries for text in (query.added, query.taken)})
    rows = np.concatenate([unit(encoder.encode_text(texts[i : i + BATCH])) for i in range(0, len(texts), BATCH)])
    said = dict(zip(texts, rows, strict=True))
    means = matrix.mean(0), rows.mean(0)
    found: dict[str, list[int]] = {}
    for query in queries:
        picture, added, taken = matrix[query.shown], said[query.added], said[query.taken]
        weights = [1.0, weight, -weight]
        centred = [picture - means[0], added - means[1], taken - means[1]]
        ways = {
            "picture": picture,
            "words": added,
            "sum": summed([picture, added, taken], weights),
            "centred": np.asarray(weights) @ np.stack(centred),
            "centred, unit": np.asarray(weights) @ unit(np.stack(centred)),
        }
        for name, vector in ways.items():
            cosines = matrix @ np.asarray(vector, np.float32)
            cosines[query.shown] = -np.inf
            # of equal ones it is the last: nothing is won by a tie
            found.setdefault(name, []).append(int((cosines >= cosines[query.right]).sum()))
    return {name: np.array(ranks) for name, ranks in found.items()}


def _vectors(encoder: Any, pictures: list[Any]) -> np.ndarray:
    prepared = [encoder.preprocess(picture) for picture in pictures]
    return unit(encoder.encode_image(np.stack(prepared)))


def _hashed(value: object) -> bytes:
    return blake2b(repr(value).encode()).digest()


if __name__ == "__main__":
    main()
