r"""DINOv2: DINO and iBOT with a head each, balanced targets, spread embeddings (Oquab et al. 2023,
https://arxiv.org/abs/2304.07193).

    L = L_cls + L_patch + 0.1 sum_{2 global} KoLeo(x),    x the student's class token, before the head

L_cls and L_patch are DINO's and iBOT's, with their divisors: two global and 2 L local terms over 2 + 2 L, masked
patches over their image's number and all 2 B views. Heads are not shared; prototypes' norms are trained; the teacher's
logits are balanced by Sinkhorn-Knopp, class tokens and masked patches apart, over all ranks. What is kept is the
teacher's tower.
Departures: DINO's; KoLeo seeks neighbours among the pictures of all ranks, where the released code stays within a GPU.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sightline.dist import gather, offset
from sightline.losses.koleo import koleo
from sightline.methods.parts.masked import Seen, check_stem, compared, mask_token, see
from sightline.methods.parts.targets import Sinkhorn, Targets
from sightline.methods.parts.teaching import GLOBALS, Head, StudentTeacher, Teaching, check_both
from sightline.protocols import Batch, Kept, Losses
from sightline.towers.vit import ViT


@dataclass(frozen=True, kw_only=True)
class Config:
    """Numbers of the method, those of the paper's L/14 and g/14 by default."""

    head: Head = Head(prototypes=131_072, bottleneck=384, norms="trained")
    patch_head: Head = Head(prototypes=131_072, bottleneck=256, norms="trained")
    teaching: Teaching = Teaching(momentum=0.994, warmup=0.06, freeze=0.002)  # 30 and 1 of 500 epochs
    targets: Targets = Sinkhorn()
    patch_weight: float = 1.0
    koleo_weight: float = 0.1


class Student(nn.Module):
    """A tower, the head on its class token and the head on its patches."""

    def __init__(self, tower: ViT, config: Config) -> None:
        super().__init__()
        self.tower = tower
        self.head, self.patch_head = config.head.build(tower.dim), config.patch_head.build(tower.dim)


class DINOv2(nn.Module):
    """A student and its teacher, both a ViT; ValueError where its patches overlap.

    `forward` is `losses(see(batch))`, so that a term of another file may read what was seen (methods/parts/gram.py).
    """

    needs = frozenset({"image", "views", "masks"})
    uses = frozenset[str]()

    def __init__(self, tower: ViT, config: Config = Config()) -> None:
        super().__init__()
        check_stem(tower)
        self.config = config
        self.pair = StudentTeacher(Student(tower, config), config.teaching)
        self.token = mask_token(tower.dim)
        self.targets = config.targets.build(config.head.prototypes)
        self.patch_targets = config.targets.build(config.patch_head.prototypes)
        self.watched: dict[str, Tensor] = {}

    @property
    def needs_whole_batch(self) -> str:
        """Why a batch cannot be learned from in parts, where it cannot."""
        spreads = "KoLeo spreads the pictures of the whole batch" if self.config.koleo_weight else ""
        return self.config.targets.needs_whole_batch or spreads

    def check(self, batch_size: int, path: str = "method") -> None:
        """ValueError where a batch of so many pictures, over all devices, cannot balance the prototypes, or spread;
        `path` is where the numbers are set."""
        config = self.config
        check_both(config.targets, config.head, config.patch_head, batch_size, path)
        if self.config.koleo_weight and batch_size < 2:
            raise ValueError(
                f"a batch of {batch_size} has no neighbours for KoLeo: set batch=2 or more (it is steady from 32 on), "
                f"or {path}.koleo_weight=0"
            )

    def forward(self, batch: Batch) -> Losses:
        """{"cls", "patch", "koleo"}; the first two of the image and its views are the global ones, masked."""
        return self.losses(self.see(batch))

    def see(self, batch: Batch) -> Seen:
        """Both towers on their views."""
        return see(self.pair, self.token, batch)

    def losses(self, seen: Seen) -> Losses:
        """The three terms of what was seen."""
        config, student, teacher = self.config, self.pair.student, self.pair.teacher_model
        student_temperature = config.teaching.student_temperature
        pooled = student.head(seen.pooled).unflatten(0, (-1, seen.b))
        patches = student.patch_head(seen.tokens[seen.mask])
        with torch.no_grad():
            raw = teacher.head(seen.teacher_pooled).unflatten(0, (-1, seen.b))
            raw_patches = teacher.patch_head(seen.teacher_tokens[seen.mask])
        targets = self.targets(raw, self.pair.temperature)
        patch_targets = self.patch_targets(raw_patches, self.pair.temperature)
        self.targets.observe(raw)
        self.patch_targets.observe(raw_patches)
        terms, self.watched = compared(seen, targets, patch_targets, pooled, patches, student_temperature)
        terms["patch"] = config.patch_weight * terms["patch"]
        if config.koleo_weight:
            terms["koleo"] = config.koleo_weight * self._spread(seen)
        return terms

    def _spread(self, seen: Seen) -> Tensor:
        """Of each global view alone: two views of one picture are meant to be near."""
        views = seen.pooled[: GLOBALS * seen.b].split(seen.b)
        return torch.stack([koleo(x, first=offset(seen.b), everyone=gather(x)) for x in views]).sum()

    def before_step(self, step: int, total: int) -> None:
        """Temperature, momentum, and whether the prototypes learn."""
        self.pair.before_step(step, total)

    def after_step(self) -> None:
        """The teacher follows, then the centers where there are any: they were used as they stood."""
        self.pair.after_step()
        self.targets.update()
        self.patch_targets.update()

    def kept(self) -> Kept:
        """The teacher's tower."""
        return Kept(parts={"image": self.pair.teacher_model.tower}, capabilities=("embeds",))
