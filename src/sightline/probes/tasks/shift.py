"""What another domain costs: fitted on A, judged on B, beside A on A and beside the oracle that was fitted on B.

All three answer for the same classes; the last two for the same pictures, so that their difference is taken picture by
picture (`probes/paired`).
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from sightline.probes.heldout.neighbours import some
from sightline.probes.paired import interval, paired
from sightline.probes.tasks.gather import Gathered
from sightline.probes.tasks.labelled import Names, Subjects, rows_of
from sightline.probes.tasks.row import Result, Row, Score, share

LEAST = 2
"""training pictures that a class must have in both domains"""


class Domains:
    """The classes, by name, that both domains speak of, and the numbers of all pictures: -1 for those left out.

    Raises ValueError where fewer than two classes are left, or judged pictures of one domain are of fewer than two.
    """

    def __init__(self, source: tuple[Names, Names], target: tuple[Names, Names]) -> None:
        """(training names, judged names) of both."""
        counts = [Counter(name for name in train if name is not None) for train, _ in (source, target)]
        known = [{name for name, count in some.items() if count >= LEAST} for some in counts]
        self.classes = sorted(known[0] & known[1])
        if len(self.classes) < 2:
            has = [some(sorted(each)) if each else "none" for each in known]
            raise ValueError(
                f"the domains share {len(self.classes)} classes with {LEAST} training pictures or more in both, and "
                f"two are needed; --from has {has[0]}, --to has {has[1]}. Classes are matched by name"
            )
        number = {name: place for place, name in enumerate(self.classes)}
        self.source, self.target = (
            tuple(np.array([number.get(name, -1) if name is not None else -1 for name in names]) for names in part)
            for part in (source, target)
        )
        for part, of in (("--from", self.source), ("--to", self.target)):
            if len(set(of[1].tolist()) - {-1}) < 2:
                raise ValueError(f"the pictures of {part} that are judged on are of fewer than two shared classes")
        left = sorted((known[0] | known[1]) - set(self.classes))
        self.notes = [f"left out: {some(left)}, which one of the domains lacks"] if left else []


def shifted(
    make: Callable[[], Any],
    domains: Domains,
    source: tuple[Gathered, Gathered],
    target: tuple[Gathered, Gathered],
    subjects: Subjects,
) -> Result:
    """One row a subject: the accuracies {"own", "moved", "oracle"} of `make()` fitted on the source and judged on its
    own pictures, on the target's, and fitted on the target and judged on the same; `details` have the difference of the
    last two (`lost`), its standard error and its 95 % interval."""
    own, other = _numbers(domains.source, source), _numbers(domains.target, target)
    rows, notes = [_majority(domains, own, other)], list(domains.notes)
    for name, kind in subjects.items():
        here, there = (_fitted(make, part[0], name, numbers[0]) for part, numbers in ((source, own), (target, other)))
        at_home = _hits(here, source[1], name, own[1])
        moved, oracle = (_hits(fitted, target[1], name, other[1]) for fitted in (here, there))
        lost, (low, high) = paired(oracle, moved), interval(oracle, moved)
        scores = {"own": share(at_home), "moved": share(moved), "oracle": share(oracle)}
        found = {"lost": lost.value, "error": lost.error, "interval": [low, high]}
        rows.append(Row(name, kind, scores, found))
        notes.append(
            f"{name}: the domain costs {lost.value:.3f} of accuracy, 95 % interval {low:.3f} to {high:.3f}, paired "
            f"over {lost.n:,} pictures"
        )
    rows.append(Row("upper bound", "bound", {name: Score(1.0) for name in ("own", "moved", "oracle")}))
    return Result(rows, int((own[0] >= 0).sum()), int((other[1] >= 0).sum()), notes)


def _numbers(labels: Sequence[np.ndarray], parts: tuple[Gathered, Gathered]) -> tuple[np.ndarray, np.ndarray]:
    """The classes of the pictures that could be read, of both parts."""
    return labels[0][parts[0].index], labels[1][parts[1].index]


def _fitted(make: Callable[[], Any], part: Gathered, name: str, y: np.ndarray) -> Any:
    return make().fit(rows_of(part.features[name])[y >= 0], y[y >= 0])


def _hits(fitted: Any, part: Gathered, name: str, y: np.ndarray) -> np.ndarray:
    return fitted.predict(rows_of(part.features[name])[y >= 0]) == y[y >= 0]


def _majority(domains: Domains, own: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray]) -> Row:
    """The most frequent training class, for every picture."""
    here, there = (int(np.bincount(part[0][part[0] >= 0]).argmax()) for part in (own, other))
    judged, asked = (part[1][part[1] >= 0] for part in (own, other))
    scores = {"own": share(judged == here), "moved": share(asked == here), "oracle": share(asked == there)}
    return Row(f"chance ({domains.classes[here]})", "chance", scores)
