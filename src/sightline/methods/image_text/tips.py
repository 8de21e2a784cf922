r"""TIPS: two texts a picture, and what a teacher sees (Maninis et al. 2024, https://arxiv.org/abs/2410.16512).

    L = 1/2 [L_words(cls_1, alt) + L_words(cls_2, full)] + alpha L_distill + beta L_mask,    alpha = 1, beta = 2
    L_distill = 1/s sum_s H( P(large), z(small_s) )       L_mask = mean 1/|M| sum_{i in M} H( P'_i, z_i )

L_words is CLIP's loss; alt the noisy text a picture was found with, full a caption that describes it. A class token for
each: what the first learns of noise does not blur the second, which reads whole sentences and so where things are. Both
texts go through one tower, and both losses have one temperature. The tokens are compared as they are, without a
projection, so both towers have one width. Of the one large crop the student sees small ones, and itself with patches
masked; the teacher, its running average, all of it. The second class token is the tower's first register:
[cls_1, cls_2, patches]. Which one is kept as the picture's vector is the tower's pooling: `Cls(registers=1)` or
`SecondCls()`; `Features.prefix` has both.
Departures: L_distill reads the first class token (the paper does not say which); the teacher's momentum is fixed, as
SILC's; alpha and beta are from its successor's code. Where samples come with false captions (scenes do), the second
class token must also tell the caption from its false one: losses/hard.py.
"""

from dataclasses import dataclass
from math import log

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from sightline.dist import gather, mean, offset
from sightline.losses.contrastive import info_nce
from sightline.losses.hard import hard_negative
from sightline.methods.parts.consistency import consistency, masked
from sightline.methods.parts.follower import Follower, Following, Heads
from sightline.methods.parts.masked import check_stem, mask_token
from sightline.methods.parts.targets import Centering, Targets
from sightline.methods.parts.teaching import Head, by_size, check_both
from sightline.nn.head import unit, width
from sightline.nn.tag import tag
from sightline.protocols import Batch, Kept, Losses
from sightline.towers.vit import ViT


@dataclass(frozen=True, kw_only=True)
class Config:
    """Numbers of the method; the heads are DINOv2's."""

    head: Head = Head(prototypes=131_072, bottleneck=384, norms="trained")
    patch_head: Head = Head(prototypes=131_072, bottleneck=256, norms="trained")
    teaching: Following = Following()
    targets: Targets = Centering()
    distill_weight: float = 1.0
    """alpha"""
    mask_weight: float = 2.0
    """beta"""
    scale_init: float = 1 / 0.07
    scale_max: float = 200.0
    """the released models have 1 / 0.00507"""


class TIPS(nn.Module):
    """A ViT of two class tokens and a text tower of its width; ValueError where they are not."""

    needs = frozenset({"image", "views", "masks", "tokens", "alt"})
    uses = frozenset({"negatives"})
    needs_whole_batch = "every picture is compared with the texts of the whole batch"

    def __init__(self, image: ViT, text: nn.Module, config: Config = Config()) -> None:
        super().__init__()
        check_stem(image)
        if image.prefix.shape[1] < 2:
            raise ValueError(
                f"TIPS has two class tokens, and the tower has {image.prefix.shape[1]} tokens before its patches: set "
                "image.pool=SecondCls, or 'image.pool=Cls(registers=1)'"
            )
        if width(image) != width(text):
            raise ValueError(
                f"TIPS compares class tokens of {width(image)} with texts of {width(text)} as they are: set image.dim "
                "and text.dim alike"
            )
        self.config = config
        self.image, self.text = image, text
        self.teacher = Follower(image, config.teaching)
        self.heads = Heads(image.dim, config.head, config.targets)
        self.patch_heads = Heads(image.dim, config.patch_head, config.targets)
        self.token = mask_token(image.dim)
        self.watched: dict[str, Tensor] = {}
        self.log_scale = tag(nn.Parameter(torch.tensor(log(config.scale_init))), "no_decay")

    def check(self, batch_size: int) -> None:
        """ValueError where a batch of so many pictures, over all devices, cannot balance or center the prototypes."""
        config = self.config
        check_both(config.targets, config.head, config.patch_head, batch_size)

    def encode_text(self, tokens: Int[Tensor, "b n"]) -> Float[Tensor, "b d"]:
        """Unit vectors of texts; float32 whatever the tower runs in."""
        return unit(self.text(tokens))

    def forward(self, batch: Batch) -> Losses:
        """{"alt", "full", "distill", "mask"}, and "negatives" where there are false captions; the image is the large
        crop, its views the small ones."""
        config, large, mask, b = self.config, batch["image"], batch["masks"][0], len(batch["image"])
        seen = self.image(large)
        noisy, whole = unit(seen.prefix[:, 0]), unit(seen.prefix[:, 1])
        alt, full = self.encode_text(batch["alt"]), self.encode_text(batch["tokens"])
        terms = {"alt": self._compared(noisy, alt) / 2, "full": self._compared(whole, full) / 2}
        if "negatives" in batch:
            false = self.encode_text(batch["negatives"])
            has = batch["has_negative"]
            terms["negatives"] = hard_negative(whole, full, false, self.log_scale.exp(), has, mean) / 2

        taught, temperatures = self.teacher(large), self.teacher.temperatures
        small = torch.cat([self.image(view).prefix[:, 0] for view in by_size(batch["views"])]).unflatten(0, (-1, b))
        distill, told = consistency(self.heads, small, taught.prefix[None, :, 0], temperatures)
        hidden = self.image.masked(large, mask, self.token).tokens
        patches, more = masked(self.patch_heads, hidden, taught.tokens, mask.flatten(1), temperatures)
        self.watched = {"image": whole.detach(), "text": full.detach()} | told | more
        return terms | {"distill": config.distill_weight * distill, "mask": config.mask_weight * patches}

    def _compared(self, v: Float[Tensor, "b d"], u: Float[Tensor, "b d"]) -> Float[Tensor, ""]:
        """CLIP's loss of my pairs against everyone's; the mean over ranks is that of the whole batch."""
        scale = self.log_scale.exp()
        return info_nce(v, u, scale, first=offset(len(v)), image_all=gather(v), text_all=gather(u))

    def before_step(self, step: int, total: int) -> None:
        """The teacher's temperature, and whether the prototypes learn."""
        self.teacher.before_step(step, total, self.heads, self.patch_heads)

    @torch.no_grad()
    def after_step(self) -> None:
        """The scale is held in [1, scale_max]; then the teacher follows."""
        self.log_scale.clamp_(0.0, log(self.config.scale_max))
        self.teacher.after_step(self.image, self.heads, self.patch_heads)

    def kept(self) -> Kept:
        """The student's two towers and the scale."""
        parts = {"image": self.image, "text": self.text}
        return Kept(parts=parts, scalars={"log_scale": self.log_scale}, capabilities=("embeds", "reads_text"))
