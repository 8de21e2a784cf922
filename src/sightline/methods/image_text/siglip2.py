r"""SigLIP 2: words, places and pictures themselves as teachers of one tower (Tschannen et al. 2025,
https://arxiv.org/abs/2502.14786, section 2).

    L = L_sigmoid + L_locca                                                        to 80 % of the run
    L = L_sigmoid + L_locca + r (1.0 L_consistency + 0.25 L_masked)                after

The first two see the same picture, once: SigLIP's pairs read what the tower pools of it, LocCa's decoder its tokens.
The last two are SILC's and TIPS's, on views of their own in a second forward, so that no crop or colour change touches
what words are said of: small crops say what a teacher says of a large one, and half of the large one's patches, masked,
what the teacher sees there. The teacher begins as the student is at the change, its heads and the mask token fresh.
The phases of a run: `SigLIP2` is the first, `SigLIP2Taught` the last fifth (docs/train/phases.md).
Departures: what the paper leaves to SILC and TIPS (momentum, temperatures, sizes of heads) are ours; LocCa's are those
of `locca`, SigLIP's those of `siglip`, false captions of `scenes` among them; larger pictures of one size at the end
are left out. Its other ends are runs of their own: NaFlex (recipes/image_text/naflex.py, `SigLIP2` on pictures of any
shape) and ACID (`acid.py`).
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from sightline.methods.image_text import locca, siglip
from sightline.methods.image_text.siglip import SigLIP
from sightline.methods.parts.consistency import consistency, masked
from sightline.methods.parts.follower import Follower, Following, Heads
from sightline.methods.parts.masked import check_stem, mask_token
from sightline.methods.parts.targets import Centering, Targets
from sightline.methods.parts.teaching import Head, by_size, check_both
from sightline.nn.head import width
from sightline.protocols import Batch, Kept, Losses


@dataclass(frozen=True, kw_only=True)
class Config:
    """Numbers of the method, those of the paper's B by default."""

    pair: siglip.Config = siglip.Config()
    decoder: locca.Config = locca.Config()
    extra: float = 0.25
    """r: of both terms of the last fifth; 0.5 in the paper's L and g, 1 in So400m"""
    consistency: float = 1.0
    masked: float = 0.25
    head: Head = Head()
    patch_head: Head = Head()
    teaching: Following = Following()
    targets: Targets = Centering()


class SigLIP2(nn.Module):
    """SigLIP's two towers, and the decoder that reads the image tower's tokens: {"sigmoid", "locca"}."""

    needs = locca.NEEDS
    uses = SigLIP.uses
    needs_whole_batch = "every picture is compared with the captions of the whole batch"

    def __init__(self, pair: SigLIP, decoder: Any, config: Config = Config()) -> None:
        super().__init__()
        self.config, self.pair, self.decoder = config, pair, locca.with_boxes(decoder)
        self.watched: dict[str, Tensor] = {}

    def forward(self, batch: Batch) -> Losses:
        picture = self.pair.image(batch["image"])
        terms = self.pair.compare(self.pair.embed_seen(picture, batch), batch)
        self.watched = self.pair.watched
        return terms | {"locca": sum(locca.told(self.decoder, picture, batch, self.config.decoder).values())}

    def before_step(self, step: int, total: int) -> None:
        """Nothing is scheduled: scale and bias are learned."""

    def after_step(self) -> None:
        """The scale is held."""
        self.pair.after_step()

    def kept(self) -> Kept:
        """What SigLIP keeps, and the decoder: it embeds, reads text, captions and locates."""
        kept = self.pair.kept()
        can = (*kept.capabilities, "captions", "locates")
        return Kept(parts={**kept.parts, "decoder": self.decoder}, scalars=kept.scalars, capabilities=can)


class SigLIP2Taught(SigLIP2):
    """The last fifth: {"sigmoid", "locca", "consistency", "masked"}. ValueError for a tower whose patches overlap."""

    needs = SigLIP2.needs | {"views", "masks"}

    def __init__(self, pair: SigLIP, decoder: Any, config: Config = Config()) -> None:
        super().__init__(pair, decoder, config)
        tower: Any = pair.image
        check_stem(tower)
        self.teacher = Follower(tower, config.teaching)
        self.crops = Heads(width(tower), config.head, config.targets)
        self.patches = Heads(width(tower), config.patch_head, config.targets)
        self.token = mask_token(width(tower))

    def check(self, batch_size: int) -> None:
        """ValueError where a batch of so many pictures, over all devices, cannot balance or center the prototypes."""
        config = self.config
        check_both(config.targets, config.head, config.patch_head, batch_size)

    def forward(self, batch: Batch) -> Losses:
        config, extra = self.config, self.config.extra
        terms = super().forward(batch)
        crops, patches = self.seen_alone(batch)
        return terms | {
            "consistency": extra * config.consistency * crops,
            "masked": extra * config.masked * patches,
        }

    def seen_alone(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """The two terms of the views: the first is the teacher's large crop, the others the student's small ones.
        ValueError where there is no small one, or no mask for the large one."""
        (large, *small), b, tower = batch["views"], len(batch["image"]), self.pair.image
        if not small or len(batch["masks"]) < 2:
            raise ValueError(
                f"{len(batch['views'])} views beside the picture and {len(batch['masks'])} masks: there is a large "
                "crop, whose mask is the second one, and small ones (data.views=Beside, data.masks with views=2)"
            )
        mask = batch["masks"][1]
        told = self.teacher(large)
        pooled = torch.cat([tower(view).pooled for view in by_size(small)]).unflatten(0, (-1, b))
        crops, seen = consistency(self.crops, pooled, told.pooled[None], self.teacher.temperatures)
        student: Any = tower
        tokens = student.masked(large, mask, self.token).tokens
        patches, more = masked(self.patches, tokens, told.tokens, mask.flatten(1), self.teacher.temperatures)
        self.watched = self.watched | seen | more
        return crops, patches

    def begin_phase(self, previous: dict[str, Any]) -> None:
        """teacher := student."""
        self.teacher.begin(self.pair.image, self.crops, self.patches)

    def before_step(self, step: int, total: int) -> None:
        """The teacher's temperature."""
        self.teacher.before_step(step, total, self.crops, self.patches)

    def after_step(self) -> None:
        """The scale is held; then the teacher follows."""
        super().after_step()
        self.teacher.after_step(self.pair.image, self.crops, self.patches)
