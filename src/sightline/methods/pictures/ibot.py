r"""iBOT: masked patches predicted, which a teacher sees (Zhou et al. 2021, https://arxiv.org/abs/2111.07832).

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
from torch import Tensor, nn

from sightline.methods.parts.masked import check_stem, compared, mask_token, see
from sightline.methods.parts.targets import Centering, Targets
from sightline.methods.parts.teaching import Head, StudentTeacher, Teaching
from sightline.methods.pictures.dino import Student
from sightline.protocols import Batch, Kept, Losses
from sightline.towers.vit import ViT


@dataclass(frozen=True, kw_only=True)
class Config:
    """Numbers of the method, the paper's by default."""

    head: Head = Head(prototypes=8192)
    teaching: Teaching = Teaching()
    targets: Targets = Centering()
    patch_weight: float = 1.0
    """lambda"""


class IBOT(nn.Module):
    """A student and its teacher, both a ViT; ValueError where its patches overlap."""

    needs = frozenset({"image", "views", "masks"})
    uses = frozenset[str]()

    def __init__(self, tower: ViT, config: Config = Config()) -> None:
        super().__init__()
        check_stem(tower)
        self.config = config
        self.pair = StudentTeacher(Student(tower, config.head.build(tower.dim)), config.teaching)
        self.token = mask_token(tower.dim)
        self.targets, self.patch_targets = (config.targets.build(config.head.prototypes) for _ in range(2))
        self.watched: dict[str, Tensor] = {}

    @property
    def needs_whole_batch(self) -> str:
        """Why a batch cannot be learned from in parts, where it cannot."""
        return self.config.targets.needs_whole_batch

    def check(self, batch_size: int) -> None:
        """ValueError where a batch of so many pictures, over all devices, cannot balance or center the prototypes."""
        self.config.targets.check(self.config.head.prototypes, batch_size)

    def forward(self, batch: Batch) -> Losses:
        """{"cls", "patch"}; the first two of the image and its views are the global ones, with a mask each."""
        seen, config, temperature = see(self.pair, self.token, batch), self.config, self.pair.temperature
        student_temperature = config.teaching.student_temperature
        logits = self.pair.student.head(torch.cat([seen.pooled, seen.tokens[seen.mask]]))
        pooled, patches = logits[: len(seen.pooled)].unflatten(0, (-1, seen.b)), logits[len(seen.pooled) :]
        with torch.no_grad():
            head = self.pair.teacher_model.head
            raw = head(seen.teacher_pooled).unflatten(0, (-1, seen.b))
            # a center follows all patches; without one the masked patches are all that is read
            every = self.patch_targets.observes
            raw_patches = head(seen.teacher_tokens if every else seen.teacher_tokens[seen.mask])
        targets = self.targets(raw, temperature)
        patch_targets = self.patch_targets(raw_patches[seen.mask] if every else raw_patches, temperature)
        self.targets.observe(raw)
        self.patch_targets.observe(raw_patches)
        terms, self.watched = compared(seen, targets, patch_targets, pooled, patches, student_temperature)
        terms["patch"] = config.patch_weight * terms["patch"]
        return terms

    def before_step(self, step: int, total: int) -> None:
        """Temperature, momentum, and whether the prototypes learn."""
        self.pair.before_step(step, total)

    def after_step(self) -> None:
        """The teacher follows, then both centers: they were used as they stood."""
        self.pair.after_step()
        self.targets.update()
        self.patch_targets.update()

    def kept(self) -> Kept:
        """The teacher's tower."""
        return Kept(parts={"image": self.pair.teacher_model.tower}, capabilities=("embeds",))
