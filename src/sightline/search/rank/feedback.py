"""What the words of a query found, as something to look for: pictures like those are wanted too.

J. J. Rocchio, "Relevance feedback in information retrieval", 1971:  q' = unit(q + BETA * mean of the relevant), where
what holds every word of the query is taken as relevant (pseudo-relevance feedback). A picture that nobody tagged with
a word then stands near those that somebody did.
"""

import numpy as np

from sightline.data.array import unit

BETA = 2.0  # ours
"""R@10 on 1,395 built-in icons without / with a ranking by q' beside the two: by a term that is written nowhere
.194 / .238, by a written term .927 / .927."""
MOST = 10
"""pictures taken as relevant, the best by BM25 first: more of them say less"""


def rocchio(vector: np.ndarray, relevant: np.ndarray) -> np.ndarray:
    """The unit vector (e,) of a query moved toward the unit vectors `relevant` (n, e), n at least 1."""
    return unit((vector + BETA * relevant[:MOST].mean(axis=0))[None])[0]
