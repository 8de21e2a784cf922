r"""iBOT: masked patches told by a teacher that sees them (Zhou et al. 2021, https://arxiv.org/abs/2111.07832).

    L = L_cls + lambda mean_{images} 1/|M| sum_{i in M} H( P'_i, z_i ),    lambda = 1

L_cls is DINO's, across views. The second term stays within a view: the student sees it with patches replaced by a
learned token, the teacher sees all of it, and both say which prototypes patch i shows. The mean counts images without a
mask as 0. One head for both kinds of tokens, a center for each; the patches' center follows all patches, not only the
masked ones. What is kept is the teacher's tower.
Departures: DINO's; the student's head reads masked patches only (the released code reads all and multiplies by the
mask: the same numbers); both terms have one teacher temperature, whose published schedules are equal.
"""

from dataclasses import dataclass

import torch

from sightline.methods.dino import Student
from sightline.methods.masked import Masked
from sightline.methods.targets import Centering, Targets
from sightline.methods.teaching import Head, Teaching
from sightline.protocols import Batch, Losses
from sightline.towers.vit import ViT


@dataclass(frozen=True, kw_only=True)
class Config:
    """Numbers of the method, the paper's by default."""

    head: Head = Head(prototypes=8192)
    teaching: Teaching = Teaching()
    targets: Targets = Centering()
    patch_weight: float = 1.0
    """lambda"""


class IBOT(Masked):
    """One head for both kinds of tokens."""

    def __init__(self, tower: ViT, config: Config = Config()) -> None:
        student = Student(tower, config.head.build(tower.dim))
        super().__init__(student, config, config.head.prototypes, config.head.prototypes)

    def forward(self, batch: Batch) -> Losses:
        """{"cls", "patch"}; the first two of the image and its views are the global ones, with a mask each."""
        seen = self.see(batch)
        logits = self.pair.student.head(torch.cat([seen.pooled, seen.tokens[seen.mask]]))
        pooled, patches = logits[: len(seen.pooled)].unflatten(0, (-1, seen.b)), logits[len(seen.pooled) :]
        with torch.no_grad():
            head = self.pair.copy.head
            raw, raw_patches = head(seen.teacher_pooled).unflatten(0, (-1, seen.b)), head(seen.teacher_tokens)
        terms = self.compared(seen, raw, raw_patches[seen.mask], pooled, patches)
        self.patch_targets.observe(raw_patches)
        return terms
