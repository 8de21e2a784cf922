"""A probe: what held-out samples ask of a model, while it trains or afterwards. `score` returns flat {name: number}.

A probe is a frozen dataclass of a few settings, so that a recipe can hold it and a run's config.json can name it. It
says what it needs of the model (its capabilities), of the held-out samples and of training samples it may remember;
the trainer asks it where all three are there, and refuses a run that is to be decided by one it cannot ask. A probe of
your own inherits what it does not say otherwise:

    @dataclass(frozen=True)
    class Length(Probe):
        name: str = "length"

        def score(self, subject: Subject) -> dict[str, float]:
            return {self.name: float(np.linalg.norm(subject.pictures, axis=1).mean())}

Beside a score NAME may stand `chance_NAME`, what an encoder that knows nothing scores, and `n_NAME`, of how many.
"""

from collections.abc import Set
from typing import ClassVar, Protocol, runtime_checkable

from sightline.probes.heldout.prepared import Prepared
from sightline.probes.heldout.subject import Subject


@runtime_checkable
class Probe(Protocol):
    """See the module. Inherit it: only `name` and `score` have no default."""

    name: str
    """how it is called in notes, and its score where there is only one"""
    needs: ClassVar[frozenset[str]] = frozenset({"embeds"})
    """capabilities of the model: embeds, reads_text, captions, locates, samples, completes, detects, segments, answers,
    translates; or learns, of a method whose loss is at hand"""
    reads: ClassVar[frozenset[str]] = frozenset()
    """what the held-out samples must carry, as a source `has` it: text, label, mask, depth, boxes"""
    memory: ClassVar[frozenset[str]] = frozenset()
    """what the training samples that it remembers must carry ("image" where any will do); empty remembers none"""
    asks: ClassVar[str] = "reads the held-out samples"
    """what it does, as the end of the sentence "evaluation.metric=NAME ..." in a refusal"""

    @property
    def metrics(self) -> tuple[str, ...]:
        """Scores by which the best weights may be chosen; higher is better, except of those in `lower`."""
        return (self.name,)

    @property
    def lower(self) -> frozenset[str]:
        """Those of `metrics` of which lower is better: losses."""
        return frozenset()

    def answered_by(self, capabilities: Set[str]) -> bool:
        """Whether it is asked of a model with these capabilities."""
        return self.needs <= capabilities

    def reason(self, held: Prepared, memory: Prepared | None) -> str:
        """Why these samples give no score, as a clause; "" where they do."""
        return ""

    def notes(self, held: Prepared, memory: Prepared | None) -> list[str]:
        """What is left out of the scores, and why; said once, before the first step."""
        reason = self.reason(held, memory)
        return [f"no {self.name} score: {reason}"] if reason else []

    def score(self, subject: Subject) -> dict[str, float]:
        """The scores of a model, asked only where `reason` has none."""
        ...
