r"""ACID: active curation as implicit distillation (Udandarao et al. 2024, https://arxiv.org/abs/2411.18674), by which
SigLIP 2's small models end (Tschannen et al. 2025, https://arxiv.org/abs/2502.14786, section 2.5).

    L = L_sigmoid of the (1 - f) m pairs of a super-batch of m that have the most to learn (methods/parts/curation.py)

No vector of the teacher is imitated: it decides what is learnt from, by how well it does there itself. f is the filter
ratio, 0.5 in B/16 and 0.75 in B/32.
Departures: every rank is given an equal part of the chosen pictures, which takes those of the super-batch to all ranks;
the teacher sees the picture as the student does, resized where it was trained at another size, and reads the caption by
its own tokenizer; false captions, where samples have some, are left out.
Memory: a rank holds the scores of its own pictures, 4 m^2 / ranks bytes, and up to five times that while they are made.
"""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from sightline.data.draw import seed_of
from sightline.data.prepare.preprocess import Preprocess
from sightline.dist import gather, offset, world
from sightline.losses.same import same_caption
from sightline.losses.sigmoid import sigmoid_pairs
from sightline.methods.image_text import siglip
from sightline.methods.image_text.siglip import SigLIP
from sightline.methods.parts.curation import chosen_jointly
from sightline.protocols import Batch, Kept, Losses
from sightline.weights.encoder import TorchEncoder

OWN = ("image", "tokens")
"""what of a batch the student learns from"""


@dataclass(frozen=True, kw_only=True)
class Config:
    """Numbers of the method, the paper's of B/16 by default."""

    pair: siglip.Config = siglip.Config()
    teacher: str = ""
    """an encoder by name, trained by the sigmoid loss: a run of siglip or siglip2, published SigLIP weights"""
    filter_ratio: float = 0.5
    """f: the share of a super-batch that is not learnt from"""
    chunks: int = 16
    """in how many draws the others are chosen, JEST's number"""

    def __post_init__(self) -> None:
        if not 0 <= self.filter_ratio < 1:
            raise ValueError(f"filter_ratio={self.filter_ratio}: the share left out is at least 0 and below 1")
        if self.chunks < 1:
            raise ValueError(f"chunks={self.chunks}: examples are chosen in at least one draw")


class Reference:
    """The teacher: an encoder that does not learn, asked about pictures as the student's `view` prepares them.

    Raises ValueError for one that does not compare pictures and words by a sigmoid.
    """

    def __init__(self, encoder: TorchEncoder, view: Preprocess) -> None:
        if not {"embeds", "reads_text"} <= set(encoder.capabilities) or encoder.logit_bias is None:
            raise ValueError(
                f"{encoder.name} cannot teach: a teacher compares pictures and words by a sigmoid, and this one "
                f"{', '.join(encoder.capabilities)}, by {encoder.similarity}. Give a run of siglip or siglip2"
            )
        self.encoder, self.view = encoder, view

    def __deepcopy__(self, memo: Any) -> "Reference":
        """Itself: an average of the method needs no second teacher."""
        return self

    def __call__(self, batch: Batch) -> tuple[Float[Tensor, "b e"], Float[Tensor, "b e"]]:
        """Unit vectors of the batch's pictures and captions; the tokens themselves where it has no tokenizer."""
        image, encoder = batch["image"], self.encoder
        if encoder.device != image.device:
            encoder.to(image.device)
        texts = batch["tokens"] if encoder.tokenizer is None else batch["text"]
        return encoder.encode_image(self.prepared(image), normalize=True), encoder.encode_text(texts, normalize=True)

    def prepared(self, image: Float[Tensor, "b c y x"]) -> Float[Tensor, "b c _y _x"]:
        """The student's pictures as the teacher takes them: of its size, normalised by its numbers."""
        view, rule = self.view, self.encoder.rule
        if (view.mean, view.std) != (rule.mean, rule.std):
            mean, std, to_mean, to_std = (
                image.new_tensor(numbers).view(-1, 1, 1) for numbers in (view.mean, view.std, rule.mean, rule.std)
            )
            image = (image * std + mean - to_mean) / to_std
        if isinstance(rule, Preprocess) and rule.size != image.shape[-1]:
            image = F.interpolate(image, (rule.size, rule.size), mode="bilinear", antialias=True)
        return image


class Acid(nn.Module):
    """A `SigLIP` that learns from what `teacher` says it can learn: {"sigmoid"} of the chosen examples.

    The teacher is in no state dictionary: it is read again from where it lies.
    """

    needs = frozenset({"image", "tokens", "text"})
    uses = frozenset[str]()
    needs_whole_batch = "what is learnt from is chosen from the whole batch"
    taught_by: Tensor

    def __init__(self, pair: SigLIP, teacher: Reference, config: Config = Config()) -> None:
        super().__init__()
        self.config, self.pair, self.teacher = config, pair, teacher
        self.watched: dict[str, Tensor] = {}
        self.register_buffer("taught_by", torch.tensor(seed_of(teacher.encoder.identity)))

    def check(self, batch_size: int) -> None:
        """ValueError where of so many pictures, over all devices, no batch is left, or one that ranks cannot share."""
        count = self.count(batch_size)
        if count < 2 or count % world():
            raise ValueError(
                f"of a super-batch of {batch_size} pictures filter_ratio={self.config.filter_ratio} leaves {count}, "
                f"for {world()} processes: set batch so that at least two are left, a multiple of the processes"
            )

    def count(self, m: int) -> int:
        """How many of m examples are learnt from."""
        return round(m * (1 - self.config.filter_ratio))

    def forward(self, batch: Batch) -> Losses:
        chosen = self.chosen(self.scores(batch))
        mine = chosen[offset(len(chosen) // world()) :][: len(chosen) // world()]
        given: Any = {key: gather(batch[key])[mine] for key in OWN}
        losses = self.pair(given)
        self.watched = self.pair.watched
        return losses

    @torch.no_grad()
    def scores(self, batch: Batch) -> Float[Tensor, "b m"]:
        """What is to be learnt from each of my pictures beside every text of the super-batch of all ranks."""
        pair, encoder = self.pair, self.teacher.encoder
        own: Any = {key: batch[key] for key in OWN}
        groups = same_caption(batch["tokens"]) if self.config.pair.positives == "caption" else None
        told: Any = {
            "first": offset(len(batch["tokens"])),
            "groups": groups,
            "groups_all": None if groups is None else gather(groups),
        }
        v, u = pair.embed(own)
        learner = sigmoid_pairs(v, gather(u), pair.log_scale.exp(), pair.bias, **told)
        v, u = self.teacher(batch)
        assert encoder.logit_bias is not None, "refused when it was given"
        return learner - sigmoid_pairs(v, gather(u), encoder.logit_scale.exp(), encoder.logit_bias, **told)

    def chosen(self, scores: Float[Tensor, "b m"]) -> Int[Tensor, " k"]:
        """The examples learnt from in this step, drawn alike on all ranks (nn/noise.py seeds their generators so)."""
        m = scores.shape[1]
        uniform = torch.rand(self.config.chunks, m, device=scores.device)
        return chosen_jointly(scores, self.count(m), uniform)

    def before_step(self, step: int, total: int) -> None:
        """Nothing is scheduled. ValueError where the run began with another teacher."""
        if int(self.taught_by) != seed_of(self.teacher.encoder.identity):
            raise ValueError(
                f"{self.teacher.encoder.name} is another teacher than the one this run began with: give that one back, "
                "or begin a new run (--out)"
            )

    def after_step(self) -> None:
        """The scale is held."""
        self.pair.after_step()

    def kept(self) -> Kept:
        """What the student keeps: as SigLIP."""
        return self.pair.kept()
