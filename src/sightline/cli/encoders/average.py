"""`sightline average`."""

from pathlib import Path


def average(start: str, run: str, *, out: Path, weight: float = 0.5) -> None:
    """Average a fine-tuned encoder with the one it began from: most of what was learnt, most of what was known.

    Every weight that both have lies on the line between them (WiSE-FT, Wortsman et al. 2021). What only one has is
    kept: the head of RUN, the text tower of START, so that the average reads words again.

    Examples:
      sightline average hf-hub:openai/clip-vit-base-patch32 runs/birds --out runs/birds-half
      sightline average runs/all runs/mine --weight 0.3 --out runs/mine-30

    Parameters
    ----------
    start
        ENCODER: what RUN began from (--init).
    run
        ENCODER: the fine-tuned one.
    out
        A new folder.
    weight
        The share of RUN, 0 to 1.
    """
    from sightline.weights.average import average as mean

    made = mean(start, run, out, weight=weight)
    also = f"; kept of one alone: {', '.join(made.alone)}" if made.alone else ""
    print(f"{out}: {made.tensors} tensors, {1 - weight:g} {start} + {weight:g} {run}{also}")
