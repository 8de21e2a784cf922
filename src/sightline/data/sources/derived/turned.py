"""Every picture four times, upright and by quarter turns, each turn of a class a class of its own.

Santoro et al. 2016 and Snell et al. 2017 make new characters of Omniglot's so: a turned sign is another sign. Only for
pictures whose turns mean something else; and of training pictures alone, since a test on a turned training character
would be no test.
"""

import hashlib
from dataclasses import replace

import numpy as np

from sightline.data.decode.guard import guarded
from sightline.data.decode.picture import decode
from sightline.data.sample import BadSample, Sample, Source
from sightline.data.sources.labels import labels_of

QUARTERS = 4


class Turned:
    """The samples of a source, then all of them again turned by 90, 180 and 270 degrees to the left.

    Label k of n becomes k + q n after q quarters. A drawing is decoded when it is asked for; the four of one stay on
    one side of a split. What stands at places in the picture does not turn, and is left out.
    """

    def __init__(self, source: Source) -> None:
        """ValueError where the source has no labels."""
        if "label" not in source.has:
            raise ValueError(
                f"turns=4 makes a class of each turn of a class, and {source.name} has no labels: leave it out"
            )
        self.source, self.name = source, source.name
        self.has = frozenset({"image", "label"})
        self.classes = tuple(name + _turn(q) for q in range(QUARTERS) for name in source.classes)
        self.notes: tuple[str, ...] = getattr(source, "notes", ())
        self.unread: tuple[str, ...] = getattr(source, "unread", ())

    def __len__(self) -> int:
        return QUARTERS * len(self.source)

    def __getitem__(self, index: int) -> Sample:
        upright = self.words(index)
        quarters = index // len(self.source)
        if not quarters:
            return upright
        try:
            with guarded():
                image = np.ascontiguousarray(np.rot90(decode(upright.image), quarters))
        except BadSample as error:
            raise BadSample(f"{upright.key.removesuffix(_turn(quarters))}: {error}") from error
        return replace(upright, image=image)

    def words(self, index: int) -> Sample:
        """The sample not turned yet."""
        if not 0 <= index < len(self):
            raise IndexError(f"sample {index} of {len(self)}")
        quarters, place = divmod(index, len(self.source))
        sample = self.source[place]
        label = None if sample.label is None or sample.label < 0 else sample.label + quarters * len(self.source.classes)
        name = sample.name or hashlib.blake2b(sample.content(), digest_size=16).hexdigest()
        key = sample.key + _turn(quarters)
        return Sample(key=key, image=sample.image, captions=sample.captions, label=label, name=name)

    def labels(self) -> np.ndarray:
        """The label of every sample (n,) int64, -1 without one; nothing is decoded."""
        told, count = labels_of(self.source), len(self.source.classes)
        return np.concatenate([np.where(told >= 0, told + q * count, -1) for q in range(QUARTERS)])


def _turn(quarters: int) -> str:
    """How the key and the class of a turned sample end."""
    return f", turned by {90 * quarters}" if quarters else ""
