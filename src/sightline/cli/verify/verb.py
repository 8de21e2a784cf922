"""`sightline verify`."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from sightline.data.terminal import printable_line

if TYPE_CHECKING:
    from sightline.search.query import Embedder
    from sightline.search.verify.pair import Pairs
    from sightline.search.verify.verify import Judged, Verified

FORMAT = 1
"""of `--json`; docs/metric/verification.md lists its fields"""
RATES = (0.1, 0.01, 0.001)
"""of false accepts, at which true accepts are told"""
POINTS = 200
"""of the ROC in `--json`"""


def verify(
    encoder: str,
    src: str,
    *,
    root: Path | None = None,
    choose_on: str | None = None,
    pairs: int = 6000,
    folds: int = 10,
    seed: int = 0,
    plot: Path | None = None,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
    device: str = "auto",
) -> None:
    """Say how often an encoder is right about whether two pictures show the same (verification).

    The threshold is chosen on nine folds and reported on the tenth, each in turn; beside the accuracy stand the area
    below the ROC, the equal error rate, and true accepts at stated rates of false ones.

    Examples:
      sightline verify runs/faces pairs.csv
      sightline verify runs/faces lfw/pairs.txt --root lfw/pictures --plot roc.png
      sightline verify runs/characters characters:test --json
      sightline verify runs/characters characters:test --choose-on characters:train

    Parameters
    ----------
    encoder
        ENCODER: a run folder, a published encoder.
    src
        PAIRS or SRC: a table with the columns left, right, same (csv, tsv, jsonl), LFW's pairs.txt, or any source with
        labels, of which balanced pairs are drawn.
    root
        The folder that paths in PAIRS start from. Left out: that of the file.
    choose_on
        PAIRS or SRC whose best threshold is taken instead of one by folds.
    pairs
        How many pairs are drawn of a SRC, half of them of one class.
    folds
        How many parts the pairs are dealt to, where PAIRS does not say.
    seed
        Of the pairs drawn and the folds.
    plot
        Also draw the ROC into this .png or .svg.
    as_json
        Print JSON.
    device
        auto, cpu, cuda or mps. auto runs an exported encoder on the CPU, without torch.
    """
    from sightline.search.encoder import open_encoder
    from sightline.search.verify.verify import verify as measure

    if plot is not None and plot.suffix.lower() not in (".png", ".svg"):
        raise ValueError(f"--plot {plot}: the ROC is drawn as .png or .svg; give it such an ending")
    asked = _asked(src, root, pairs, folds, seed)
    other = None if choose_on is None else _asked(choose_on, root, pairs, folds, seed)
    model = open_encoder(encoder, device=device)
    judged = _judged(model, asked)
    chosen = None if other is None else _judged(model, other)
    found = measure(judged, folds, seed, chosen)
    if as_json:
        whole = {"format": FORMAT, "encoder": model.name, "source": src, "choose_on": choose_on}
        print(json.dumps(whole | _told(asked, judged, found), indent=2, ensure_ascii=False))
    else:
        _print(judged, found, choose_on)
    if plot is not None:
        from sightline.cli.verify.plot import write_plot

        write_plot(plot, found.curve, f"{Path(src).name or src}: same or different")
        print(f"{plot}: the ROC", file=sys.stderr)


def _asked(src: str, root: Path | None, count: int, folds: int, seed: int) -> "Pairs":
    """The pairs of a file, or drawn of a source, with what there is to say of them on stderr."""
    from sightline.cli.notes import print_notes, print_source_notes
    from sightline.data.sample import Source
    from sightline.data.sources.source import open_source
    from sightline.search.verify.drawn import draw_pairs
    from sightline.search.verify.written import written_pairs

    if (read := written_pairs(src, root)) is not None:
        if read.missing:
            print(
                f"{len(read.missing):,} pictures of {src} are not there, {read.lost:,} pairs left out:", file=sys.stderr
            )
            for name in read.missing:
                print(f"  {printable_line(name)}", file=sys.stderr)
        return read
    if root is not None:
        raise ValueError(f"--root is for files of pairs, and {src} is a source")
    source = open_source(src)
    print_source_notes(source)
    if not isinstance(source, Source):
        raise ValueError(f"{src} is streamed, and pairs need random access; download its shards first")
    drawn = draw_pairs(source, count, folds, seed)
    notes: list[str] = []
    if drawn.lone:
        notes.append(
            f"{drawn.lone:,} classes have one picture: they stand in different pairs, never in one of the same"
        )
    if len(drawn) < count:
        notes.append(f"{src} gives {len(drawn):,} balanced pairs, fewer than the {count:,} asked for")
    if not drawn.apart:
        notes.append(f"too few classes for {folds} folds of their own: the folds share classes and pictures")
    print_notes(notes)
    return drawn


def _judged(model: "Embedder", pairs: "Pairs") -> "Judged":
    from sightline.cli.progress import print_bad, progress
    from sightline.search.verify.verify import judge

    with progress("embedding") as tell:
        judged = judge(model, pairs, progress=tell)
    print_bad(judged.bad)
    if judged.lost:
        print(f"{judged.lost:,} pairs left out for them", file=sys.stderr)
    return judged


def _rates(judged: "Judged", found: "Verified") -> list[dict[str, Any]]:
    """True accepts at each of RATES that there are different pairs enough to tell."""
    different = int((~judged.same).sum())
    told = [(far, *found.curve.at(far)) for far in RATES if far * different >= 1]
    return [{"far": far, "tar": round(tar, 6), "threshold": threshold} for far, threshold, tar in told]


def _told(asked: "Pairs", judged: "Judged", found: "Verified") -> dict[str, Any]:
    same, curve = int(judged.same.sum()), found.curve
    step = max(1, len(curve.far) // POINTS)
    points = [[round(float(far), 6), round(float(tar), 6)] for far, tar in zip(curve.far, curve.tar, strict=True)]
    folds = None
    if found.folds is not None:
        folds = [
            {"threshold": f.threshold, "accuracy": round(f.accuracy, 6), "pairs": f.pairs} for f in found.folds.folds
        ]
    accuracy, error = _accuracy(judged, found)
    return {
        "pairs": {"same": same, "different": len(judged.same) - same},
        "accuracy": round(accuracy, 6),
        "error": round(error, 6),
        "threshold": found.threshold if found.chosen is None else found.chosen[0],
        "eer": round(curve.eer, 6),
        "auc": round(curve.auc, 6),
        "rates": _rates(judged, found),
        "folds": folds,
        "folds_apart": asked.apart,
        "shared": judged.shared,
        "lone_classes": asked.lone,
        "missing": list(asked.missing),
        "bad": judged.bad,
        "lost_pairs": asked.lost + judged.lost,
        "roc": [*points[:-1:step], points[-1]],
    }


def _accuracy(judged: "Judged", found: "Verified") -> tuple[float, float]:
    """The accuracy and its standard error: over folds, or over pairs where another set chose the threshold."""
    from sightline.probes.paired import standard_error

    if found.chosen is not None:
        return found.chosen[1], standard_error(found.chosen[1], len(judged.same))
    assert found.folds is not None
    return found.folds.mean, found.folds.error


def _print(judged: "Judged", found: "Verified", choose_on: str | None) -> None:
    same = int(judged.same.sum())
    accuracy, error = _accuracy(judged, found)
    if found.folds is not None:
        how = f"{len(found.folds.folds)} folds, each by the threshold of the others"
        for number, fold in enumerate(found.folds.folds, 1):
            print(f"fold {number:2d}   {fold.accuracy:.4f}   threshold {fold.threshold:+.4f}   {fold.pairs:,} pairs")
    else:
        assert found.chosen is not None
        how = f"threshold {found.chosen[0]:+.4f}, chosen on {choose_on}"
    print(f"accuracy  {accuracy:.4f} ± {error:.4f}   ({how})")
    print(f"EER       {found.curve.eer:.4f}")
    print(f"AUC       {found.curve.auc:.4f}")
    for rate in _rates(judged, found):
        print(f"TAR       {rate['tar']:.4f} at FAR {rate['far']:g}, threshold {rate['threshold']:+.4f}")
    print(f"{same:,} pairs of the same, {len(judged.same) - same:,} of different", end="; ")
    print(f"best threshold of all {found.threshold:+.4f}")
    if judged.shared:
        print(f"{judged.shared:,} pictures stand in more than one fold, so folds are not independent", file=sys.stderr)
