"""`sightline recognise`."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from sightline.data.terminal import printable_line

if TYPE_CHECKING:
    from sightline.data.sample import Source, Stream
    from sightline.search.gallery.gallery import Gallery, Limit
    from sightline.search.gallery.recognise import Score

FORMAT = 1
"""of `--json`; docs/metric/verification.md lists its fields"""


def recognise(
    gallery: Path,
    *pictures: str,
    far: float = 0.01,
    threshold: float | None = None,
    encoder: str | None = None,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
    device: str = "auto",
) -> None:
    """Say which enrolled identity each picture shows, or that it is none of them.

    A picture is rejected where it is less like every identity than strangers are: the threshold is chosen so that at
    most the share --far of them is accepted, each identity of the gallery in turn standing for strangers to the others.

    Examples:
      sightline recognise team.db door.jpg
      sightline recognise team.db visitors/ --far 0.001 --json

    Parameters
    ----------
    gallery
        The gallery made by `sightline enrol`.
    pictures
        Files of pictures, or SRC; how many were right is said of those that have classes.
    far
        The share of strangers that may be accepted.
    threshold
        Accept from this cosine on, whatever --far says.
    encoder
        ENCODER; left out, the one the gallery was made with. It must be the same encoder, perhaps at another place.
    as_json
        Print JSON.
    device
        auto, cpu, cuda or mps. auto runs an exported encoder on the CPU, without torch.
    """
    from sightline.cli.notes import print_notes
    from sightline.cli.progress import print_bad, progress
    from sightline.search.encoder import encoder_of
    from sightline.search.gallery.gallery import read_gallery
    from sightline.search.gallery.recognise import Score
    from sightline.search.gallery.recognise import recognise as recognised
    from sightline.search.gallery.unseen import without_examples
    from sightline.search.index import Index

    if not pictures:
        raise ValueError(f"name the pictures: sightline recognise {gallery} PICTURE...")
    known = read_gallery(gallery)
    limit = None
    if threshold is None:  # a rate that cannot be had is refused before anything is loaded
        limit = known.limit(far)
        threshold = limit.threshold
    bad: dict[str, str] = {}
    sources = _sources(pictures, known, bad)
    with Index(gallery) as index:
        about = index.about()
        model = encoder_of(gallery, about.encoder, encoder, device)
        index.check(model)
    if limit and limit.small:
        print_notes([_too_small(known, limit)])
    score, names, seen = Score(), frozenset(known.names), []
    with progress("recognising") as tell:
        for source in sources:
            for one in recognised(known, model, source, threshold, bad=bad, progress=tell):
                score.add(one, names)
                seen.append(one)
                if not as_json:
                    who = one.name if one.name is not None else f"nobody (nearest: {one.nearest})"
                    print(f"{one.score:+.3f}  {printable_line(who)}  {printable_line(one.path or one.key)}")
    enrolled = without_examples(bad)
    print_bad(bad)
    if enrolled:
        print(f"{enrolled:,} pictures stand in the gallery themselves and were left out", file=sys.stderr)
    if not seen:
        raise ValueError(f"no picture of {', '.join(pictures)} could be used")
    if as_json:
        whole: dict[str, Any] = {
            "format": FORMAT,
            "gallery": str(gallery),
            "encoder": about.encoder,
            "identities": len(known.names),
            "threshold": threshold,
            "limit": None if limit is None else asdict(limit) | {"small": limit.small},
            "score": asdict(score) | {"unknown": sorted(score.unknown)},
            "examples_left_out": enrolled,
            "bad": bad,
            "results": [asdict(one) | {"path": one.path or None} for one in seen],
        }
        print(json.dumps(whole, indent=2, ensure_ascii=False))
        return
    _summary(limit, score)


def _sources(pictures: Sequence[str], gallery: "Gallery", bad: dict[str, str]) -> "list[Source | Stream]":
    """Plain files as one source, any SRC as itself; of one with classes, without the pictures that were enrolled, which
    go into `bad` when it is read."""
    from sightline.cli.notes import print_source_notes
    from sightline.data.sources.endings import PICTURES
    from sightline.data.sources.source import open_source
    from sightline.search.gallery.unseen import unseen
    from sightline.search.verify.pair import Pictures

    files: dict[str, Path] = {}
    found: list[Source | Stream] = []
    for named in pictures:
        if Path(named).suffix.lower() in PICTURES and not Path(named).is_dir():
            if not Path(named).is_file():
                raise ValueError(f"there is no picture at {named}")
            files[named] = Path(named)
            continue
        source = open_source(named)
        print_source_notes(source)
        found.append(unseen(source, gallery.hashes, bad) if source.classes else source)
    return [Pictures("the pictures named", files), *found] if files else found


def _too_small(gallery: "Gallery", limit: "Limit") -> str:
    return (
        f"{gallery.path} is too small for a false-accept rate of {limit.far:g}: {limit.impostors:,} impostor scores, "
        f"and it takes {limit.needed:,}. The threshold stands above all of them, and the true rate is not known"
    )


def _summary(limit: "Limit | None", score: "Score") -> None:
    """What the threshold rests on, and what was right, on stderr."""
    if limit is not None:
        back = "" if limit.accepted is None else f"; {limit.accepted:.1%} of enrolled pictures accepted as who they are"
        print(
            f"threshold {limit.threshold:+.4f}: {limit.estimate:.2%} of {limit.impostors:,} pictures of the gallery "
            f"reach it among identities of others{back}",
            file=sys.stderr,
        )
    if score.known:
        print(
            f"{score.right:,} of {score.known:,} pictures of the enrolled were accepted as who they are, "
            f"{score.mistaken:,} as somebody else",
            file=sys.stderr,
        )
    if score.strangers:
        print(
            f"{score.accepted:,} of {score.strangers:,} pictures of {len(score.unknown):,} classes that were never "
            "enrolled were accepted",
            file=sys.stderr,
        )
