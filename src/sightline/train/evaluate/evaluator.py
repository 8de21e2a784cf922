"""Evaluation while training: the recipe's probes, asked of the method's encoder on held-out samples.

Pictures go through the one evaluation view of `data/prepare/preprocess.py`, so what is measured is what will be
searched. What is measured stands in the probes (`probes/heldout`); here is only which of them are asked, and what they
are given.
"""

from collections.abc import Callable, Mapping, Sequence, Set
from functools import partial
from typing import Any

import torch

from sightline.data.prepare.naflex_rule import Rule
from sightline.probes.heldout.prepared import Prepared
from sightline.probes.heldout.probe import Probe
from sightline.probes.heldout.subject import Subject
from sightline.probes.heldout.usual import USUAL
from sightline.protocols import Kept
from sightline.text.load import AnyTokenizer
from sightline.weights.encoder import TorchEncoder
from sightline.weights.run_folder.joint import dim_of, joint_of

BATCH = 256
PICTURES = frozenset({"embeds"})


class Evaluator:
    """Scores of a method on held-out samples; a few training samples are the memory of the probes that need some.

    `probes` are those of the given ones that a method with these `capabilities` can be asked; `notes` says what is left
    out of the scores and which have none, once, before anything is measured. `losses` makes the method's own terms on
    held-out batches, for probes that need a method that "learns".
    """

    def __init__(
        self,
        held: Prepared,
        memory: Prepared | None,
        *,
        view: Rule,
        tokenizer: AnyTokenizer | None,
        device: torch.device,
        precision: str,
        probes: Sequence[Probe] = USUAL,
        capabilities: Set[str] = PICTURES,
        losses: Callable[[Any], Mapping[str, float]] | None = None,
    ) -> None:
        self.held, self.memory, self.losses = held, memory, losses
        self.capabilities = frozenset(capabilities) | ({"learns"} if losses is not None else set())
        self.probes = [probe for probe in probes if probe.answered_by(self.capabilities)]
        self.notes = [note for probe in self.probes for note in probe.notes(held, memory)]
        self.notes += [self._unasked(probe) for probe in probes if probe not in self.probes and probe not in USUAL]
        if "embeds" not in self.capabilities:
            asked = ", ".join(probe.name for probe in self.probes) or "nothing"
            self.notes.append(f"this method keeps nothing that embeds; on held-out samples is measured: {asked}")
        self.rules: dict[str, Any] = {
            "preprocess": view,
            "tokenizer": tokenizer,
            "device": device,
            "batch_size": BATCH,
            "precision": "float32" if precision == "float32" else "bfloat16",
        }

    def __call__(self, method: Any) -> dict[str, float]:
        """Flat {name: score}, beside each what `score.py` says. The method is measured in eval mode and put back."""
        if not len(self.held):
            return {}
        was = method.training
        try:
            face = self.face(method) if self.capabilities - {"learns"} else None
            losses = None if self.losses is None else partial(self.losses, method)
            subject = Subject(self.held, self.memory, face=face, losses=losses)
            scores: dict[str, float] = {}
            for probe in self.probes:
                if not probe.reason(self.held, self.memory):
                    scores |= probe.score(subject)
            return scores
        finally:
            method.train(was)

    def face(self, method: Any) -> TorchEncoder:
        """What `sightline.load` would give of the method as it is now."""
        kept: Kept = method.kept()
        return TorchEncoder(joint_of(kept), dim=dim_of(kept) or 0, capabilities=kept.capabilities, **self.rules)

    @property
    def nothing(self) -> str:
        """What is said of an evaluation without a score."""
        if not self.probes:
            return "nothing is measured: none of the recipe's probes can be asked of this method"
        return f"nothing can be measured on {len(self.held)} held-out pictures; give more by --eval SRC"

    def _unasked(self, probe: Probe) -> str:
        wanted, has = (", ".join(sorted(c)).replace("_", " ") for c in (probe.needs, self.capabilities))
        return f"no {probe.name} score: it is asked of what {wanted}, and this method {has or 'keeps nothing to ask'}"
