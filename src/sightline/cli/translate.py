"""`sightline translate`."""

import json
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from sightline.data.terminal import printable_line

FORMAT = 1
"""of `--json`: encoder, and of each text `text` and `translation`"""


def translate(
    run: str,
    *texts: str,
    out: Path | None = None,
    length: int | None = None,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
    device: str = "auto",
) -> None:
    """Write each text in the other language, by a run that learnt to translate (seq2seq).

    Examples:
      sightline translate runs/seq2seq "a red heart left of a blue gear"
      sightline translate runs/seq2seq "a red heart" --out attention.png

    Parameters
    ----------
    run
        RUN: the folder of a run.
    texts
        What to translate, each in quotation marks.
    out
        Also draw, as a .png, where the decoder looked as it wrote; of one text.
    length
        Tokens of a translation at most. Left out: as many as the decoder can.
    as_json
        Print JSON.
    device
        auto, cpu, cuda or mps.
    """
    if not texts:
        raise ValueError(f'translate needs a text, as in: sightline translate {run} "a red heart"')
    if out is not None and (out.suffix.lower() != ".png" or len(texts) != 1):
        raise ValueError(f"--out {out} with {len(texts)} texts: the attention of one text is drawn, as a .png")
    from sightline.data.atomic import atomic_write
    from sightline.weights.load import load

    model = load(run, device=device)
    found = model.translate(list(texts), length=length)
    if out is not None:
        from sightline.measure.look.words import looked
        from sightline.weights.capabilities.translates import aligned

        with atomic_write(out) as [temporary]:
            looked(aligned(model, texts[0], length=length)).save(temporary, format="PNG")
    if as_json:
        results = [{"text": text, "translation": said} for text, said in zip(texts, found, strict=True)]
        print(json.dumps({"format": FORMAT, "encoder": model.name, "results": results}, indent=2, ensure_ascii=False))
        return
    for said in found:
        print(printable_line(said))
