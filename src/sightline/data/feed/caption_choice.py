"""Which words stand for a picture at this step: a function of the sample and of sixteen draws made for it.

A chooser is any `(sample, u (16,) in [0, 1)) -> str`. Defined at module level it can travel to a worker process.
"""

from collections.abc import Callable

import numpy as np

from sightline.data.sample import Sample

DRAWS = 16
"""How many uniforms a chooser is handed."""

MOST = 8
"""Terms said at once."""

Chooser = Callable[[Sample, np.ndarray], str]


def first(sample: Sample, u: np.ndarray) -> str:
    """The main caption, "" where there is none."""
    return sample.captions[0] if sample.captions else ""


def any_caption(sample: Sample, u: np.ndarray) -> str:
    """One of the captions, each as likely as the others."""
    return _pick(sample.captions, u[0])


def caption_or_term(sample: Sample, u: np.ndarray) -> str:
    """A caption, or a third of the time one of the search terms alone: what a person types is one word or a name."""
    return _term_in(sample, u, 1 / 3)


def caption_or_any_term(sample: Sample, u: np.ndarray) -> str:
    """The same with a term half of the time."""
    return _term_in(sample, u, 1 / 2)


def with_terms(sample: Sample, u: np.ndarray) -> str:
    """A caption, a random subset of the search terms in random order, or both: the ways people ask for a drawing.

    A quarter of the time the caption alone, a quarter the terms alone, else both, either first. The number of terms is
    even from one to all (at most MOST).
    """
    caption = _pick(sample.captions, u[0])
    terms = [term for term in sample.terms if term != caption]
    if not terms or (caption and u[1] < 0.25):
        return caption
    some = [terms.pop(int(draw * len(terms))) for draw in u[4 : 5 + int(u[3] * min(len(terms), MOST))]]
    text = " ".join(some)
    if not caption or u[1] < 0.5:
        return text
    return f"{text} {caption}" if u[1] < 0.625 else f"{caption} {text}"


def _term_in(sample: Sample, u: np.ndarray, share: float) -> str:
    """A caption, or a `share` of the time a term that is none, where there is one."""
    terms = [term for term in sample.terms if term not in sample.captions]
    return _pick(tuple(terms), u[1]) if terms and u[2] < share else _pick(sample.captions, u[0])


def _pick(options: tuple[str, ...], u: float) -> str:
    return options[int(u * len(options))] if options else ""
