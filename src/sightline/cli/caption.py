"""`sightline caption`."""

import json
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from sightline.data.terminal import printable_line

FORMAT = 1
"""of `--json`: encoder, and of each picture `image` and `caption`"""


def caption(
    encoder: str,
    *images: Path,
    temperature: float = 0.0,
    length: int | None = None,
    seed: int = 0,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
    device: str = "auto",
) -> None:
    """Write a caption for each picture, by an encoder whose decoder writes texts (cappa, locca, siglip2).

    Examples:
      sightline caption runs/cappa picture.png
      sightline caption runs/locca a.png b.svg --json
      sightline caption runs/locca a.png --temperature 0.7 --seed 3

    Parameters
    ----------
    encoder
        ENCODER: a run folder.
    images
        The pictures.
    temperature
        0 writes the likeliest word each time; above it words are drawn, the more freely the higher.
    length
        Tokens of a caption at most. Left out: as many as the decoder can.
    seed
        Of what is drawn.
    as_json
        Print JSON.
    device
        auto, cpu, cuda or mps.
    """
    from sightline.weights.load import load

    if not images:
        raise ValueError(f"caption needs a picture, as in: sightline caption {encoder} picture.png")
    model = load(encoder, device=device)
    texts = model.caption(list(images), temperature=temperature, length=length, seed=seed)
    if as_json:
        results = [{"image": str(image), "caption": text} for image, text in zip(images, texts, strict=True)]
        print(json.dumps({"format": FORMAT, "encoder": model.name, "results": results}, indent=2, ensure_ascii=False))
        return
    for image, text in zip(images, texts, strict=True):
        print(printable_line(text) if len(images) == 1 else f"{printable_line(text)}  {printable_line(str(image))}")
