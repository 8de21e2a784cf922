"""Several sources as one, each drawn in proportion to its weight."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from math import inf

from sightline.data.sample import Sample, Source, words


class Mixture:
    """Sources laid end to end; `weights` say how often each is drawn from, relative to one another, not to its length.

    Labels survive only where every part has the same classes, keypoints where all have the same sides. Keys are
    prefixed by the part's number, to stay unique.
    """

    def __init__(self, parts: Sequence[Source], weights: Sequence[float] | None = None, name: str = "") -> None:
        if not parts:
            raise ValueError("a mixture needs at least one source")
        self.parts = list(parts)
        self.weights = [float(weight) for weight in weights] if weights is not None else [1.0] * len(self.parts)
        if len(self.weights) != len(self.parts) or not all(0 < weight < inf for weight in self.weights):
            raise ValueError(f"weights {self.weights} for {len(self.parts)} sources; expected one above 0 for each")
        self.name = name or "::".join(part.name for part in self.parts)
        same = all(part.classes == self.parts[0].classes for part in self.parts)
        self.classes: tuple[str, ...] = self.parts[0].classes if same else ()
        common = frozenset.intersection(*(frozenset(part.has) for part in self.parts))
        self.has = common if self.classes else common - {"label"}
        flips = {getattr(part, "keypoint_flip", ()) for part in self.parts}
        self.keypoint_flip: tuple[int, ...] = flips.pop() if len(flips) == 1 else ()
        if flips:
            self.has -= {"keypoints"}
        self.notes = tuple(
            note if note.startswith(part.name) else f"{part.name}: {note}"
            for part in self.parts
            for note in getattr(part, "notes", ())
        )
        self.unread = tuple(path for part in self.parts for path in getattr(part, "unread", ()))
        told = [getattr(part, "fingerprint", "") for part in self.parts]
        self.fingerprint = "::".join(told) if any(told) else ""
        self._ends = list(accumulate(len(part) for part in self.parts))

    def __len__(self) -> int:
        return self._ends[-1]

    def __getitem__(self, index: int) -> Sample:
        part, at = self._place(index)
        return self._among(part, self.parts[part][at])

    def words(self, index: int) -> Sample:
        part, at = self._place(index)
        return self._among(part, words(self.parts[part], at))

    def _place(self, index: int) -> tuple[int, int]:
        """The part, and the place in it."""
        if not 0 <= index < len(self):
            raise IndexError(f"sample {index} of {len(self)}")
        part = bisect_right(self._ends, index)
        return part, index - (self._ends[part - 1] if part else 0)

    def _among(self, part: int, sample: Sample) -> Sample:
        label = sample.label if "label" in self.has else None
        return replace(sample, key=f"{part}/{sample.key}", label=label)
