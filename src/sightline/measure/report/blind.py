"""The blind comparison: twenty clicks on which list of neighbours is better, and a paired verdict with its interval.

Each click is a trial of a sign test: the share of decided clicks for one encoder, with the exact interval of Clopper
and Pearson (1934) and the exact two-sided binomial test against one half; "no difference" is left out of both. All
that runs is `blind.js`, in the page, by its hash.
"""

import json
from collections.abc import Mapping, Sequence
from html import escape

from sightline.measure.exhibit.rounds import Blind
from sightline.measure.page.shell import beside


def body(found: Sequence[Blind], called: Mapping[str, str]) -> str:
    """The section's HTML; the script finds its questions beside it. `called` has each encoder's short name."""
    parts = [
        "<p>Which list of neighbours is better for the picture above them? Twenty pictures, two encoders, and nothing "
        "says which is which. Click a list, or press 1, 2, or 0 where you see no difference. Answer before you look at "
        "what follows, where names are told.</p>"
    ]
    for number, blind in enumerate(found):
        said = {
            "names": [called[name] for name in blind.names],
            "rounds": [[r.query, r.left, r.right, r.first] for r in blind.rounds],
        }
        left_out = (
            f'<p class="soft">{escape(blind.suite)}: pictures drawn by seed among those whose lists differ; for '
            f"{blind.alike:.0%} of the pictures both lists hold the same and were left out.</p>"
        )
        parts.append(
            f'<div class="blind" id="blind-{number}" data-questions="{escape(json.dumps(said), quote=True)}">'
            f"{left_out}<noscript>This part needs scripts to be allowed for this file.</noscript></div>"
        )
    return "".join(parts)


def script() -> str:
    """The only script of the page."""
    return beside("sightline.measure.report", "blind.js")
