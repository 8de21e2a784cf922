"""Which pictures of a library are relevant to one query (relevance.py), by their look and by what is said of them."""

import numpy as np

from sightline.search.rank.lines import Heard, Lines
from sightline.search.rank.matrix import Vectors
from sightline.search.rank.relevance import Background, by_look, by_words, cut, fluency
from sightline.search.rank.seen import Seen


def relevant_rows(
    background: Background | None,
    vectors: Vectors,
    seen: Seen | None,
    lines: Lines | None,
    heard: Heard | None,
    there: np.ndarray | None = None,
    spelt: float | None = None,
) -> np.ndarray | None:
    """Rows (k,), ascending, of the relevant pictures among those that the query was compared with; None where nothing
    can be judged. `there` are the only rows that may be relevant, where not all may, `spelt` the query's tokens a word.

    It is lines that are judged and not what each picture is called: fewer numbers, and of the best line the same.
    """
    look = read = None
    if background is None:
        return None
    if seen is not None and background.seen is not None:
        cosines = seen.cosines if there is None else seen.cosines[there]
        look = by_look(cosines, background.seen)
    if heard is not None and background.said is not None:
        read = by_words(heard.cosines, heard.vector, background.probes, background.said)
    judged = [evidence for evidence in (look, read) if evidence is not None]
    if not judged:
        return None
    known = fluency(spelt, None if heard is None else heard.vector, background)
    least = cut(max(float(evidence.max(initial=-np.inf)) for evidence in judged) + known) - known
    found = [np.zeros(0, np.int64)]
    if look is not None and seen is not None:
        at, among = np.flatnonzero(look >= least), seen.rows if there is None else there
        found.append(at if among is None else among[at])
    if read is not None and heard is not None and lines is not None:
        found.append(vectors.rows(lines.owners_of(heard.lines[read >= least], heard)))
    return np.unique(np.concatenate(found))
