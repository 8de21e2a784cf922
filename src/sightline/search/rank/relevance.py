"""Which pictures are what a query asks for, and whether any is: measured by what words that mean nothing find.

A search has a nearest picture for "xqzv blorp" too, and a cosine says little by itself: it depends on the encoder, on
the library and on how many pictures it was the best of. So an index asks 384 words of no language (`probes`) once and
keeps how well they did (`Background`); a query is then judged against them, in units that mean the same everywhere:

    seen_i = cos(query, picture i)
    said_i = cos(query, nearest line of picture i) - mean of the NEIGHBOURS greatest cos(query, probe)
    evidence_i = max over the two of (x_i - median over probes of max_j x_j) / (1.4826 MAD over probes of max_j x_j)
                 + SPELT (median over probes of their tokens a word - tokens a word of the query)

Where the best evidence of a query is at least SURE, all pictures with NEAR_BEST of it are relevant; else none is. The
maxima are taken over the library itself, so that no correction for its size is left to make. The second term of `said`
is what tells sense from nonsense in an encoder of sentences, where made-up words lie together: a query that is nearer
to those than to anything the library says is one of them. It is the contrast of a likelihood ratio (C. M. Bishop,
"Novelty detection and neural network validation", 1994), by nearest neighbours. The last term tells the rest: a word
that means something is a token or two, one that means nothing has to be spelt. A query that the encoder cannot read has
the vector of every other text that it cannot read, such as UNREADABLE: no line is said of it, and no token of it known.

The bias of an encoder trained with sigmoids is not used: the sigmoid is monotone, so any cut of its probability is one
of the cosine, and this one is set by the library at hand.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from sightline.data.draw import uniform

NEIGHBOURS = 20  # ours, as are the four below: chosen on benchmarks/words/relevance.py --fold 0
"""probes that say how much a query is like nonsense"""
SURE = 4.5
"""evidence from which on a picture may be relevant: the least quarter at which nine of ten meaningless queries of each
library find nothing"""
SPELT = 0.75
"""evidence that one token a word less than those of the probes is worth"""
NEAR_BEST = 0.6
"""share of the best evidence of a query, if that is SURE, which makes others relevant"""
PROBES = 384
UNREADABLE = "\U00012000\U00012040"
"""a word in cuneiform: whatever an encoder makes of letters that it does not know"""
BLOCK = 8192
"""rows that are compared with the probes at a time: a matrix on disk is read once, in 12 MB of products"""
SAME = 0.9999
"""cosine from which on two texts have one vector"""
FLAT = 1e-3
"""the least spread in cosines: an encoder that gives every probe the same vector makes nobody sure"""

ONSETS = (
    "b c d f g h j k l m n p r s t v w z bl br ch cl cr dr fl fr gl gr kl kr pl pr qu sh sk sl sn sp st str th tr"
).split()
VOWELS = "a e i o u a e i o u ai ea ee ie oa oo ou".split()
CODAS = ("", "", "", "", *"n r l s t k m nd nt rk st sh ck".split())


@dataclass(frozen=True, slots=True)
class Scale:
    """Where the best matches of the probes lie: evidence 0 is their `middle`, 1 a `spread` above it."""

    middle: float
    spread: float


@dataclass(frozen=True, slots=True)
class Background:
    """What words of no language find in one library by one encoder: as long as neither changes, it is the same."""

    probes: np.ndarray
    """(m, e): unit vectors of `probes()` by the encoder that also reads the lines, UNREADABLE last"""
    seen: Scale | None
    """of cosines to pictures; None where the encoder compares no words with pictures"""
    said: Scale | None
    """of cosines to lines, less likeness to nonsense; None where nothing is said of any picture"""
    spelt: float | None = None
    """tokens a word of the probes, their median; None where the encoder does not show its tokens"""


@lru_cache(maxsize=1)
def probes() -> tuple[str, ...]:
    """384 times one or two pronounceable words of no language, the same on every machine, and UNREADABLE.

    >>> len(set(probes()))
    385
    """
    return (*tuple(dict.fromkeys(map(_probe, range(PROBES + 16))))[:PROBES], UNREADABLE)


def best_matches(vectors: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """The greatest cosine (m,) of each of the unit `vectors` (m, e) to the rows of `matrix` (n, e), n at least 1."""
    best = np.full(len(vectors), -np.inf, np.float32)
    for start in range(0, len(matrix), BLOCK):
        np.maximum(best, (matrix[start : start + BLOCK] @ vectors.T).max(axis=0), out=best)
    return best


def background(
    probes: np.ndarray, seen: np.ndarray | None, said: np.ndarray | None, spelt: float | None = None
) -> Background:
    """From the probes' unit vectors (m, e), their `best_matches` (m,) among pictures and lines, and tokens a word.

    None stands for no pictures, or no lines, to compare with. Raises ValueError where there are too few probes.
    """
    if len(probes) < NEIGHBOURS + 2:
        raise ValueError(f"{len(probes)} probes are too few; take all {PROBES + 1} of probes()")
    alike = probes @ probes.T
    np.fill_diagonal(alike, -1)  # a probe is not its own neighbour
    return Background(
        probes,
        None if seen is None else _scale(seen[:-1]),
        None if said is None else _scale((said - _likeness(alike))[:-1]),
        spelt,
    )


def evidence(
    seen: np.ndarray | None,
    said: np.ndarray | None,
    vector: np.ndarray,
    background: Background,
    spelt: float | None = None,
) -> np.ndarray:
    """How much more each picture (n,) is the query's than the best picture is that of a meaningless one.

    `seen` (n,) are the query's cosines to the pictures, `said` (n,) to the nearest line of each, -inf for a picture of
    which nothing is said, `vector` (e,) the query's by the encoder of the lines, `spelt` its tokens a word there.
    Raises ValueError where both cosines are None.
    """
    parts = []
    if seen is not None and background.seen is not None:
        parts.append(by_look(seen, background.seen))
    if said is not None and background.said is not None:
        parts.append(by_words(said, vector, background.probes, background.said))
    if not parts:
        raise ValueError("there is neither a picture nor a line that this query was compared with")
    return np.maximum.reduce(parts) + np.float32(fluency(spelt, vector, background))


def fluency(spelt: float | None, vector: np.ndarray | None, background: Background) -> float:
    """Evidence for all pictures that a query of `spelt` tokens a word brings.

    0 where the encoder cannot read it, or does not show its tokens.
    """
    if spelt is None or background.spelt is None or (vector is not None and background.probes[-1] @ vector >= SAME):
        return 0.0
    return SPELT * (background.spelt - spelt)


def by_look(seen: np.ndarray, scale: Scale) -> np.ndarray:
    """The evidence of a query's cosines (n,) to pictures."""
    return _in_units(seen, 0.0, scale)


def by_words(said: np.ndarray, vector: np.ndarray, probes: np.ndarray, scale: Scale) -> np.ndarray:
    """The evidence of the cosines (n,) of a query's `vector` (e,) to lines; -inf where the encoder cannot read it."""
    alike = probes @ vector
    read = said if alike[-1] < SAME else np.full_like(said, -np.inf)
    return _in_units(read, float(_likeness(alike[None])[0]), scale)


def cut(best: float) -> float:
    """Evidence from which on a picture is relevant to a query whose best picture has the evidence `best`.

    >>> cut(SURE - 1), cut(10.0)
    (inf, 6.0)
    """
    return NEAR_BEST * best if best >= SURE else float("inf")


def relevant(evidence: np.ndarray) -> np.ndarray:
    """Which pictures (n,) are relevant; none where nothing is. What is called by the query is so without asking.

    >>> relevant(np.array([1.2, 8.0, 5.6, 4.4])).tolist()
    [False, True, True, False]
    >>> relevant(np.array([1.2, 2.7])).tolist()
    [False, False]
    """
    return evidence >= cut(float(evidence.max(initial=-np.inf)))


def _in_units(cosines: np.ndarray, strange: float, scale: Scale) -> np.ndarray:
    return (cosines - np.float32(strange + scale.middle)) / np.float32(scale.spread)


def _scale(best: np.ndarray) -> Scale:
    """Median and MAD, since a few probes are words after all."""
    middle = float(np.median(best))
    return Scale(middle, max(1.4826 * float(np.median(np.abs(best - middle))), FLAT))


def _likeness(cosines: np.ndarray) -> np.ndarray:
    """How much texts are like nonsense (q,): the mean of the NEIGHBOURS greatest of their cosines to the made-up
    probes, which are all but the last of (q, m).
    """
    return np.partition(cosines[:, :-1], -NEIGHBOURS, axis=1)[:, -NEIGHBOURS:].mean(axis=1)


def _probe(number: int) -> str:
    """One or two words of two or three syllables."""
    draws = iter(uniform(0, 0, np.array([number]), "relevance.probe", 32)[0])
    words = [_word(draws) for _ in range(1 + (next(draws) < 1 / 3))]
    return " ".join(words)


def _word(draws: Iterator[float]) -> str:
    parts = (ONSETS, VOWELS, CODAS) * (2 + (next(draws) < 1 / 3))
    return "".join(part[int(next(draws) * len(part))] for part in parts)
