"""What a room of `sightline.measure` finds of one subject."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sightline.measure.finding import Finding
from sightline.measure.measurement import Absent, Measurement
from sightline.measure.subject.subject import Lacks


def asked(room: Sequence[Measurement | Absent], subject: Any) -> dict[str, Finding]:
    """Findings by metric; without those of tasks that the subject lacks something for."""
    found = {}
    for task in room:
        try:
            found |= {f.metric: f for f in task.ask(subject)} if isinstance(task, Measurement) else {}
        except Lacks:
            continue
    return found


def score(findings: dict[str, Finding]) -> float:
    """The mean of the scored ones."""
    return float(np.mean([finding.score for finding in findings.values() if finding.scored]))
