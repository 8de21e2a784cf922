"""What `sightline search` prints of an answer: why each picture was found, and what is left out."""

from collections.abc import Sequence

from sightline.data.terminal import printable_line
from sightline.search.read import Answer, Hit

WIDEST = 32
"""columns of a reason"""


def likely(answer: Answer) -> list[Hit]:
    """The hits that are shown where nothing else is asked for: all where nothing was judged."""
    return [hit for hit in answer.hits if hit.relevant is not False]


def words_of(query: str) -> str:
    """The words of a query that are looked for: of several parts those that are added; "" where there are none."""
    from sightline.search.asked import asked
    from sightline.search.typed.compose import composed

    parts = composed(query)
    return asked(query).words if parts is None else " ".join(part.words for part in parts.parts if part.weight > 0)


def reasons(hits: Sequence[Hit], query: str) -> list[str]:
    """Why each of the hits for words was found, in a few words."""
    from sightline.search.rank.why import words_found

    return [_reason(hit, found) for hit, found in zip(hits, words_found(words_of(query), hits), strict=True)]


def lines(hits: Sequence[Hit], told: Sequence[str]) -> list[str]:
    """A line a hit: its rank, what is `told` of it, all equally wide, and its path."""
    cut = [_cut(printable_line(one)) for one in told]
    most = max(map(_width, cut), default=0)
    return [
        f"{hit.rank:4}  {one}{' ' * (most - _width(one))}  {printable_line(hit.path or hit.key)}{_behind(hit)}"
        for hit, one in zip(hits, cut, strict=True)
    ]


def left_out(answer: Answer, shown: int) -> list[str]:
    """What there is besides the `shown` hits, and how it is seen."""
    told, more = [], (answer.relevant or 0) - len(answer.hits)
    if more > 0 and all(
        hit.relevant for hit in answer.hits
    ):  # else all of them are here, and what was lost was counted
        told.append(f"{more:,} more that {_are(more)} relevant: -k {len(answer.hits) + more}")
    if (less := len(answer.hits) - shown) > 0:
        told.append(f"{less:,} more that {_are(less)} less likely: --all")
    return told


def _behind(hit: Hit) -> str:
    """How many pictures stand behind a hit: the same ones, and those that look alike.

    >>> from sightline.search.read import Folded
    >>> copies = (Folded(8, "b", None, "b", "bytes"), Folded(9, "c", None, "c", "look"))
    >>> _behind(Hit(1, 1.0, 7, "a", "a.png", "a", (), 1, 1, folded=copies))
    '  (+1 the same, +1 alike)'
    """
    alike = sum(one.same == "look" for one in hit.folded)
    told = [f"+{count:,} {word}" for count, word in ((len(hit.folded) - alike, "the same"), (alike, "alike")) if count]
    return f"  ({', '.join(told)})" if told else ""


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _reason(hit: Hit, found: Sequence[str]) -> str:
    if hit.match == "name":
        return "name"
    if hit.match in ("words", "both") and found:
        return f"words: {' '.join(found)}"
    if hit.match == "said" and hit.line:
        return f'said: "{hit.line}"'
    return "looks like it" if hit.match else ""


def _cut(text: str) -> str:
    while _width(text) > WIDEST:
        text = text[:-2] + "…"
    return text


def _width(text: str) -> int:
    """Columns of a terminal: a character of Han or Kana takes two."""
    if text.isascii():
        return len(text)
    from wcwidth import wcswidth

    return max(0, wcswidth(text))
