"""By what an encoder ranks: the factors of a picture from the one that decides most, as a line of words.

Reads the metrics "order: FACTOR" (mean rank, 1 first) and "order: FACTOR before FACTOR" (how often) of graphics.
"""

from html import escape

from sightline.measure.report.table import key, styles, table
from sightline.measure.report.words import GRAPHICS, Told, judged

PREFIX, BEFORE = "order: ", " before "
EVEN = 0.5


def orders(told: Told) -> str:
    """A row an encoder. "" where no order was measured."""
    style = styles(told)
    rows = [
        [key(encoder["name"], style[encoder["name"]]), f'<span class="factors">{_line(found)}</span>']
        for encoder in told["encoders"]
        if (found := {row["metric"].removeprefix(PREFIX): row for row in ranked(encoder)})
    ]
    if not rows:
        return ""
    return (
        "<h3>The order it ranks by</h3><p>Of pictures that share exactly one thing with a query, which comes first: "
        "the mean rank, 1 is always first. › is a difference that is real, ≈ one that cannot be told.</p>"
        + table(["", "most decisive first"], rows)
    )


def ranked(encoder: Told) -> list[Told]:
    """The metrics of order, wherever they are told."""
    every = [row for aspect in (*GRAPHICS, "beyond") for row in judged(encoder, aspect)["metrics"]]
    return [row for row in every if row["metric"].startswith(PREFIX)]


def sequence(found: dict[str, Told]) -> tuple[list[tuple[str, float]], list[bool]]:
    """(factor, mean rank), the lowest first, and of each two that follow each other whether their order is real."""
    factors = [(name, row["value"]) for name, row in found.items() if BEFORE not in name and row["value"] is not None]
    factors.sort(key=lambda factor: factor[1])
    real = [_real(found, one, other) for (one, _), (other, _) in zip(factors, factors[1:], strict=False)]
    return factors, real


def _line(found: dict[str, Told]) -> str:
    factors, real = sequence(found)
    parts = []
    for (name, rank), sure in zip(factors, [*real, True], strict=True):
        parts.append(f"<b>{escape(name)}</b> <small>{rank:.1f}</small>")
        parts.append("›" if sure else "≈")
    return " ".join(parts[:-1])


def _real(found: dict[str, Told], one: str, other: str) -> bool:
    """Whether `one` comes before `other` in more than half of the pairs, its interval considered."""
    row, turned = found.get(f"{one}{BEFORE}{other}"), found.get(f"{other}{BEFORE}{one}")
    if row is not None:
        return row["ci"][0] is not None and row["ci"][0] > EVEN
    return turned is not None and turned["ci"][1] is not None and turned["ci"][1] < EVEN
