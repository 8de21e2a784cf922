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
    styles: bool = False,
    ocr: bool = False,
    dry_run: bool = False,
    out: Path | None = None,
    temperature: float = 0.0,
    length: int | None = None,
    seed: int = 0,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
    device: str = "auto",
) -> None:
    """Write a caption for each picture, by an encoder whose decoder writes texts (cappa, locca, siglip2).

    With --styles or --ocr no encoder is asked: for the pictures of a folder, captions are made from the structure of
    each SVG, measures of style, and text, and written into NAME.txt beside them, where training finds them. Captions
    that are there are never overwritten; stopped, the same command goes on.

    Examples:
      sightline caption runs/cappa picture.png
      sightline caption runs/locca a.png b.svg --json
      sightline caption runs/locca a.png --temperature 0.7 --seed 3
      sightline caption designs/ --styles --ocr --dry-run
      sightline caption designs/ --styles --ocr

    Parameters
    ----------
    encoder
        ENCODER: a run folder; with --styles or --ocr SRC: a folder of pictures.
    images
        The pictures, for an encoder.
    styles
        Say elements, colours and style of designs, and an SVG's own text.
    ocr
        Quote the text in designs: an SVG's own, else what can be read; needs the extra `ocr`.
    dry_run
        Print the captions of the first five designs and write nothing.
    out
        Write a table (.jsonl) of any SRC instead: captions, and what each was put together from.
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
    if styles or ocr:
        if images or temperature or length is not None or seed or as_json or device != "auto":
            raise ValueError(
                f"--styles and --ocr take one SRC and, of the other options, --dry-run and --out: "
                f"sightline caption {encoder} --styles --ocr"
            )
        from sightline.cli.caption.designs import caption_designs

        caption_designs(encoder, styles=styles, ocr=ocr, dry_run=dry_run, out=out)
        return
    if dry_run or out is not None:
        raise ValueError(f"--dry-run and --out are for captions of designs: sightline caption {encoder} --styles")
    if not images:
        raise ValueError(
            f"caption needs a picture, as in: sightline caption {encoder} picture.png; for a folder of designs say "
            f"what the captions are made from: sightline caption {encoder} --styles --ocr"
        )
    _by_encoder(encoder, images, temperature, length, seed, as_json, device)


def _by_encoder(
    encoder: str,
    images: tuple[Path, ...],
    temperature: float,
    length: int | None,
    seed: int,
    as_json: bool,
    device: str,
) -> None:
    """Captions by the decoder of a run, printed."""
    from sightline.weights.load import load

    model = load(encoder, device=device)
    texts = model.caption(list(images), temperature=temperature, length=length, seed=seed)
    if as_json:
        results = [{"image": str(image), "caption": text} for image, text in zip(images, texts, strict=True)]
        print(json.dumps({"format": FORMAT, "encoder": model.name, "results": results}, indent=2, ensure_ascii=False))
        return
    for image, text in zip(images, texts, strict=True):
        print(printable_line(text) if len(images) == 1 else f"{printable_line(text)}  {printable_line(str(image))}")
