"""What a probe is given: a model, the samples to ask it about, and their vectors, made once for all probes."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from sightline.data.array import to_numpy
from sightline.probes.heldout.prepared import Prepared


class Subject:
    """A model under test. Nothing is computed before a probe asks for it, and nothing twice.

    `face` is what `sightline.load` gives: `encode_image`, `encode_text`, and whatever else the model's capabilities
    promise (a probe that needs `captions` asks it to caption `held.pictures`); None where nothing that is kept can be
    asked. `losses` returns the method's own terms on held-out batches while it trains.
    """

    def __init__(
        self,
        held: Prepared,
        memory: Prepared | None = None,
        *,
        face: Any = None,
        losses: Callable[[], Mapping[str, float]] | None = None,
    ) -> None:
        self.held, self.face, self._losses = held, face, losses
        self._memory = memory

    @property
    def memory(self) -> Prepared:
        """Training samples. ValueError where none were prepared."""
        if self._memory is None:
            raise ValueError("there are no training samples to remember; a probe that needs some says so in `memory`")
        return self._memory

    @cached_property
    def pictures(self) -> np.ndarray:
        """Vectors of the held-out pictures, float32 (n, d), as the model makes them: not normalised."""
        return to_numpy(self.face.encode_image(self.held.pictures))

    @cached_property
    def remembered(self) -> np.ndarray:
        """Vectors of the training pictures, float32 (m, d)."""
        return to_numpy(self.face.encode_image(self.memory.pictures))

    @cached_property
    def captioned(self) -> np.ndarray:
        """Numbers (t,) of the held-out samples that have a caption."""
        return np.array([number for number, caption in enumerate(self.held.captions) if caption], dtype=np.int64)

    @cached_property
    def captions(self) -> np.ndarray:
        """Vectors of their captions, float32 (t, d)."""
        return to_numpy(self.face.encode_text([self.held.captions[number] for number in self.captioned]))

    @cached_property
    def losses(self) -> Mapping[str, float]:
        """The method's weighted loss terms, each the mean over held-out batches. ValueError outside of training."""
        if self._losses is None:
            raise ValueError("a loss can be measured only while its method trains; what is kept of a run has none")
        return self._losses()
