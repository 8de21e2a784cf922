"""The same concept in another style, judged as re-identification judges the same person under another camera.

    SIGHTLINE_DATA=... python benchmarks/reidentify.py builtin:icons runs/clip runs/triplet
    SIGHTLINE_DATA=... python benchmarks/reidentify.py builtin:icons --whiten
    SIGHTLINE_DATA=... python benchmarks/reidentify.py builtin:icons --asks noto --augment 5 --expand 3

Emoji whose concepts are in no training part: concepts are identities, styles are cameras. Every picture asks among all
others, its own concept in its own style left out; `--asks STYLE` lets the pictures of that style ask among the others.
Beside the encoders stand raw pixels. Intervals are over concept families drawn again, differences from the first row
paired. `--whiten` learns from pairs of the training part (`probes.instances.from_pairs`); `--augment` and `--expand`
move the gallery and the queries towards their neighbours, which is fair only where queries are no part of the gallery.

Another set: `--data SRC --identity FIELD --camera FIELD --family FIELD`, names in the samples' json.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import sightline
from _atlas import SIZE, shards
from sightline.data.array import to_numpy, unit
from sightline.data.prepare.preprocess import Preprocess, opened
from sightline.data.sources.source import open_source
from sightline.probes.instances import Judged, Seen, augmented, expanded, from_pairs, matching, reidentify
from sightline.probes.paired import interval

RIDGE = 0.1
"""of the whitening: unit vectors of these encoders vary little in many directions"""


@dataclass(frozen=True, eq=False)
class Set:
    """Pictures as encoded bytes, and what is said of each."""

    images: list[Any]
    identity: np.ndarray
    camera: np.ndarray
    family: np.ndarray


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("encoders", nargs="*", help="what sightline.load takes")
    parser.add_argument("--data", help="SRC whose pictures ask and are found (default: emoji, test)")
    parser.add_argument("--learn", help="SRC that a whitening is learnt from (default: emoji, train)")
    parser.add_argument("--identity", default="hexcode")
    parser.add_argument("--camera", default="style")
    parser.add_argument("--family", default="family")
    parser.add_argument("--asks", help="the camera whose pictures ask; all others are the gallery")
    parser.add_argument(
        "--whiten", action="store_true", help="a second row for each encoder: whitened by training pairs"
    )
    parser.add_argument("--augment", type=int, default=0, metavar="K", help="neighbours of each gallery picture")
    parser.add_argument("--expand", type=int, default=0, metavar="K", help="neighbours of each query")
    options = parser.parse_args()
    if (options.augment or options.expand) and not options.asks:
        parser.error("--augment and --expand need --asks: otherwise every query is in the gallery it is moved towards")
    judge = read(options.data or shards("emoji", "test"), options)
    if options.asks and options.asks not in judge.camera:
        parser.error(f"no picture is of {options.asks!r}; there are {', '.join(np.unique(judge.camera))}")
    learn = read(options.learn or shards("emoji", "train"), options) if options.whiten else None
    first = None
    print("| encoder | mAP | R@1 | R@5 | R@10 | mAP less the first row's |\n| --- | --- | --- | --- | --- | --- |")
    for name, found in rows(options, judge, learn):
        print(line(name, found, first, judge, options.asks), flush=True)
        first = found if first is None else first
    assert first is not None
    print(f"\n{len(first.asked)} queries; {first.left_out} left out, whose identity no other camera has seen.")


def read(source: str, options: argparse.Namespace) -> Set:
    """ValueError where a sample lacks one of the fields."""
    opened_source: Any = open_source(source)
    samples = [opened_source[i] for i in range(len(opened_source))]

    def column(field: str) -> np.ndarray:
        if lacking := [s.name for s in samples if field not in s.extra]:
            raise ValueError(f"{len(lacking)} samples of {source} have no {field!r} in their json, first {lacking[0]}")
        return np.array([s.extra[field] for s in samples])

    return Set([s.image for s in samples], *(column(getattr(options, f)) for f in ("identity", "camera", "family")))


def rows(options: argparse.Namespace, judge: Set, learn: Set | None) -> Iterator[tuple[str, Judged]]:
    yield "pixels", asked(pixels(judge.images), judge, options)
    for name in options.encoders:
        encoder = sightline.load(name)
        vectors = embed(encoder, judge.images)
        yield name, asked(vectors, judge, options)
        if learn is not None:
            whiten = from_pairs(embed(encoder, learn.images), matching(learn.identity), ridge=RIDGE)
            yield f"{name}, whitened", asked(whiten(vectors), judge, options)


def embed(encoder: Any, images: Sequence[Any]) -> np.ndarray:
    return to_numpy(encoder.encode_image(images, normalize=True))


def pixels(images: Sequence[Any]) -> np.ndarray:
    view = Preprocess(size=SIZE)
    return np.stack([view.pixels(opened(image, view.size)).reshape(-1) for image in images]).astype(np.float32)


def asked(vectors: np.ndarray, judge: Set, options: argparse.Namespace) -> Judged:
    mine = asks(judge, options.asks)
    found = mine if options.asks is None else ~mine
    queries, gallery = unit(vectors[mine]), unit(vectors[found])
    if options.augment:
        gallery = augmented(gallery, options.augment)
    if options.expand:
        queries = expanded(queries, gallery, options.expand)
    return reidentify(
        Seen(queries, judge.identity[mine], judge.camera[mine]),
        Seen(gallery, judge.identity[found], judge.camera[found]),
    )


def asks(judge: Set, camera: str | None) -> np.ndarray:
    """(n,) bool, which pictures are queries."""
    return np.ones(len(judge.images), bool) if camera is None else judge.camera == camera


def line(name: str, found: Judged, first: Judged | None, judge: Set, camera: str | None) -> str:
    family = judge.family[asks(judge, camera)][found.asked]
    told = [figure(found.precision, family), *(figure(hits, family) for hits in found.hits.T)]
    apart = ""
    if first is not None:
        low, high = interval(found.precision, first.precision, family=family)
        apart = f"{(found.precision - first.precision).mean():+.3f} ({low:+.3f} to {high:+.3f})"
    return f"| {' | '.join([name, *told, apart])} |"


def figure(values: np.ndarray, family: np.ndarray) -> str:
    """The mean and its 95 % interval."""
    low, high = interval(values, np.zeros(len(values)), family=family)
    return f"{values.mean():.3f} ({low:.3f} to {high:.3f})"


if __name__ == "__main__":
    main()
