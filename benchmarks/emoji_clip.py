"""CLIP on emoji in eight drawing styles, tested on concepts it has never seen.

    SIGHTLINE_DATA=... python benchmarks/emoji_clip.py          # about six minutes on two cores

Trains `clip` (`clip.small`) on the `train` shards and measures retrieval on the `test` shards: queries are the distinct
captions, a picture is right when its caption is the query (all styles of a concept). Then the same with the keywords
added to the query.

    SIGHTLINE_DATA=... python benchmarks/emoji_clip.py --beside --out runs/emoji_beside

trains CLIP, then SigLIP 2 on the towers of `atlas_text` (`_texts.py`) for equal steps; SigLIP 2's boxes are
`regions(SRC, ENCODER)`, looked for by the CLIP just trained. Stopped at any time, the same command goes on.
"""

import argparse
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

import sightline
from _atlas import seconds_of
from _texts import METHODS
from sightline.data.sources.source import open_source
from sightline.probes.retrieval import recall


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/emoji"))
    parser.add_argument("--beside", action="store_true", help="CLIP beside SigLIP 2, on equal towers")
    parser.add_argument("overrides", nargs="*", help="key=value")
    options = parser.parse_args()
    if "SIGHTLINE_DATA" not in os.environ:
        raise SystemExit("set SIGHTLINE_DATA to the folder that holds emoji/train-000.tar.gz")
    folder = Path(os.environ["SIGHTLINE_DATA"]) / "emoji"
    train, test = str(folder / "train-*.tar.gz"), str(folder / "test-*.tar.gz")
    runs = beside(train, test, options) if options.beside else {"clip.small": alone(train, test, options)}
    for name, run in runs.items():
        print(json.dumps({"method": name} | found(run, train, test)), flush=True)


def alone(train: str, test: str, options: argparse.Namespace) -> Path:
    sightline.train("clip", data=train, evaluation=test, out=options.out, overrides=options.overrides)
    return options.out


def beside(train: str, test: str, options: argparse.Namespace) -> dict[str, Path]:
    """The runs of CLIP and of SigLIP 2 with equal towers, pictures and steps."""
    runs = {name: options.out / name for name in ("clip", "siglip2")}
    sources = {"clip": train, "siglip2": f"regions({train}, {runs['clip']})"}
    for name, run in runs.items():
        sightline.train(METHODS[name](), data=sources[name], out=run, overrides=options.overrides, export=False)
    return runs


def found(run: Path, train: str, test: str) -> dict[str, Any]:
    """Recall of the names, and of names with keywords, among the pictures of concepts never seen."""
    encoder = sightline.load(run)
    source = open_source(test)
    samples = [source[i] for i in range(len(source))]
    pictures = encoder.encode_image([s.image for s in samples], normalize=True).cpu().numpy()
    captions = np.array([s.captions[0] for s in samples])
    first = {caption: next(s for s in samples if s.captions[0] == caption) for caption in dict.fromkeys(captions)}
    queries = {"caption": list(first), "caption and keywords": [" ".join([c, *s.terms]) for c, s in first.items()]}
    row: dict[str, Any] = {"train": len(open_source(train)), "test": len(samples), "queries": len(first)}
    relevant = captions[None, :] == np.array(list(first))[:, None]
    for name, texts in queries.items():
        vectors = encoder.encode_text(texts, normalize=True).cpu().numpy()
        recalled = recall(vectors @ pictures.T, relevant)
        row[name] = {k: round(recalled[k], 3) for k in ("r1", "r5", "r10")}
    share = np.array([(captions == c).mean() for c in first])
    row["chance_r10"] = round(float(np.mean(1 - (1 - share) ** 10)), 3)
    return row | {"seconds": round(seconds_of(run))}


if __name__ == "__main__":
    main()
