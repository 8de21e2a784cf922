"""What `sightline locate` takes and prints."""

import json
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from sightline.data.terminal import printable_line

FORMAT = 1
"""of `--json`; docs/systems/locca.md lists its fields"""


def locate(
    encoder: str,
    image: Path,
    *words: str,
    out: Path | None = None,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
    device: str = "auto",
) -> None:
    """Say where words are in a picture: a box for each, and with --out a sheet with its heat map.

    An encoder whose decoder writes boxes (locca, siglip2) is asked for them; of another one with a text tower the
    patches nearest to the words are taken. Printed are x, y, width, height in pixels, the score (the chance that the
    decoder gave the box, or the largest cosine), and the words.

    Examples:
      sightline locate runs/locca picture.png "the red star"
      sightline locate runs/clip photo.jpg "a dog" "a ball" --out where.png
      sightline locate runs/locca drawing.svg star --json

    Parameters
    ----------
    encoder
        ENCODER: a run folder, or published weights.
    image
        The picture.
    words
        What to look for, each in quotation marks.
    out
        Also draw the boxes and the heat maps into this .png.
    as_json
        Print JSON.
    device
        auto, cpu, cuda or mps.
    """
    from sightline.cli.locate.sheet import draw
    from sightline.data.prepare.page import readable
    from sightline.weights.load import load
    from sightline.weights.regions.where import shown, where

    if not words:
        raise ValueError(f'locate needs words to look for, as in: sightline locate {encoder} {image} "the red star"')
    if out is not None and out.suffix.lower() != ".png":
        raise ValueError(f"--out {out}: the sheet is written as .png; give it such an ending")
    model = load(encoder, device=device)
    picture = readable(image)
    places = where(model, image, words)
    results = [_told(said, place, picture.size) for said, place in zip(words, places, strict=True)]
    if out is not None:
        draw(out, picture, results, [place.heat for place in places], shown(model, image))
    if as_json:
        how = "decoder" if "locates" in model.capabilities else "patches"
        whole = {"format": FORMAT, "encoder": model.name, "image": str(image), "size": list(picture.size), "by": how}
        print(json.dumps(whole | {"results": results}, indent=2, ensure_ascii=False))
        return
    for found in results:
        where_it_is = "no box" if found["box"] is None else " ".join(f"{edge:g}" for edge in found["box"])
        print(f"{where_it_is}  {found['score']:.3f}  {printable_line(found['words'])}")
    if out is not None:
        print(f"{out}: boxes and heat maps")


def _told(said: str, place: Any, size: tuple[int, int]) -> dict[str, Any]:
    pixels = None
    if place.box is not None:
        pixels = [round(share * size[side % 2], 1) for side, share in enumerate(place.box)]
    shares = None if place.box is None else [round(share, 4) for share in place.box]
    return {"words": said, "box": pixels, "shares": shares, "score": round(place.score, 4)}
