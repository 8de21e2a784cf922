"""A toy system with a part of every kind: an encoder, a caption decoder, a codec and its critic, heads that come late.

    python toy.py OUT [steps=N ...]      trains it, or goes on where it stopped

Two phases: the first captions pictures and codes them, batches drawn by classes; the second learns in episodes too,
and reads mask, depth and boxes of both views from the encoder. Two optimisers: the critic has its own. Pictures are
made here, and everything that is known of one follows it through crops, turns and mirrors.
"""

import sys
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import sightline
from sightline.data.augment import Affine, CropResize, Flip, View
from sightline.data.feed.caption_choice import first
from sightline.data.feed.labelled import PK, Episodes
from sightline.data.sample import Sample
from sightline.protocols import Batch, Kept, Losses
from sightline.text.load import BPE
from sightline.towers.spec import ConvCodecSpec, LinearSpec, Mean, TextDecoderSpec, ViTSpec
from sightline.train.optim.optimizer import SGD, AdamW
from sightline.train.recipe.parts import Parts
from sightline.train.recipe.phase import Phase
from sightline.train.recipe.recipe import Data, Evaluation, Recipe

COLOURS = {"red": (220, 40, 40), "green": (30, 160, 70), "blue": (40, 70, 220), "gold": (230, 180, 20)}
SIDES = ("left", "right")
WIDE = 32
WAYS, SHOTS, QUERIES = 2, 2, 2
BATCH = 2 * WAYS * (SHOTS + QUERIES)


class Blocks:
    """Squares of four colours, left and right of the middle, with their mask, depth, box, centre and caption."""

    name, classes = "blocks", tuple(COLOURS)
    has = frozenset({"image", "text", "label", "mask", "depth", "boxes", "keypoints"})

    def __len__(self) -> int:
        return 48

    def __getitem__(self, index: int) -> Sample:
        rng = np.random.default_rng(index)
        label, side = index % len(COLOURS), index // len(COLOURS) % 2
        x, y, s = int(rng.integers(1, 5)) + 16 * side, int(rng.integers(2, 18)), int(rng.integers(8, 11))
        image = np.full((WIDE, WIDE, 3), 245, np.uint8)
        mask = np.zeros((WIDE, WIDE), np.uint8)
        image[y : y + s, x : x + s] = COLOURS[self.classes[label]]
        mask[y : y + s, x : x + s] = 1 + label
        return Sample(
            key=f"{index:02}",
            image=image,
            captions=(f"a {self.classes[label]} square on the {SIDES[side]}",),
            label=label,
            mask=mask,
            depth=np.where(mask > 0, np.float32(1), np.float32(3)),
            boxes=np.array([[x, y, s, s]], np.float32),
            keypoints=np.array([[x + s / 2, y + s / 2, 2]], np.float32),
        )


def views(size: int) -> list[View]:
    """Two views that turn, crop and mirror."""
    ops = [Affine(rotate=10, translate=0.1), CropResize(scale=(0.6, 1.0)), Flip()]
    return [View(ops, size), View(ops, size)]


@dataclass(frozen=True, kw_only=True)
class Config:
    """Numbers of the toy."""

    caption: float = 1.0
    """weight of the captioning term"""


class Toy(nn.Module):
    """Phase one: captions and codes."""

    needs = frozenset({"image", "tokens", "label"})
    uses = frozenset[str]()
    optimised = {"critic": ("real", "fake")}

    def __init__(self, parts: Parts, config: Config) -> None:
        super().__init__()
        self.config = config
        self.image, self.decoder = parts.image.build(), parts.decoder.build()
        self.codec, self.critic = parts.codec.build(), parts.critic.build()

    def groups(self) -> dict[str, tuple[str, ...]]:
        return {"critic": ("critic",)}

    def forward(self, batch: Batch) -> Losses:
        return self.captioned(batch) | self.coded(batch)

    def captioned(self, batch: Batch) -> Losses:
        tokens = batch["tokens"]
        logits = self.decoder(tokens, self.image(batch["image"]).tokens)
        real = (tokens != 0).float()  # padding is no token to learn
        errors = F.cross_entropy(logits.transpose(1, 2), tokens, reduction="none")
        return {"caption": self.config.caption * (errors * real).sum() / (len(tokens) * tokens.shape[1])}

    def coded(self, batch: Batch) -> Losses:
        image = batch["image"]
        made = self.codec(image)
        return {
            "rebuilt": (made - image).square().mean(),
            "fooled": -0.01 * self.judged(made).mean(),
            "real": F.relu(1 - self.judged(image)).mean(),
            "fake": F.relu(1 + self.judged(made.detach())).mean(),
        }

    def judged(self, image: Tensor) -> Tensor:
        return self.critic(F.avg_pool2d(image, 8).flatten(1))

    def before_step(self, step: int, total: int) -> None: ...
    def after_step(self) -> None: ...

    def kept(self) -> Kept:
        return Kept(
            parts={"image": self.image, "decoder": self.decoder, "codec": self.codec},
            capabilities=("embeds", "captions"),
        )


class Seeing(Toy):
    """Phase two: episodes, and what is known of both views."""

    needs = Toy.needs | {"views", "mask", "depth", "boxes", "keypoints", "view_targets"}

    def __init__(self, parts: Parts, config: Config) -> None:
        super().__init__(parts, config)
        self.places, self.patches = parts.places.build(), parts.patches.build()

    def forward(self, batch: Batch) -> Losses:
        both = [(batch["image"], batch), *zip(batch["views"], batch["view_targets"], strict=True)]
        read = [self.read(image, targets) for image, targets in both]
        told = {name: sum(one[name] for one in read) / len(read) for name in read[0]}
        return super().forward(batch) | told | {"episode": self.episode(batch)}

    def read(self, image: Tensor, targets: Any) -> Losses:
        """Box and centre from the pooled vector, class and depth of the middle of every patch from its token."""
        features, side = self.image(image), image.shape[-1]
        told = self.places(features.pooled)
        boxes = torch.stack([F.pad(one, (0, 0, 0, 1))[0] for one in targets["boxes"]]) / side
        points = torch.stack([one.reshape(-1, 3)[0] for one in targets["keypoints"]])
        seen = (points[:, 2:] > 0).float()
        gy, gx = features.grid
        middle = slice(side // gy // 2, None, side // gy)
        mask, depth = targets["mask"][:, middle, middle].flatten(1), targets["depth"][:, middle, middle].flatten(1)
        logits = self.patches(features.tokens)
        known = (depth > 0).float()
        return {
            "box": (told[:, :4] - boxes).square().mean(),
            "centre": (seen * (told[:, 4:6] - points[:, :2] / side)).square().mean(),
            "mask": F.cross_entropy(logits[..., :5].flatten(0, 1), mask.clamp(min=0).flatten()),
            "depth": (known * (logits[..., 5] - depth)).square().mean(),
        }

    def episode(self, batch: Batch) -> Tensor:
        """Queries to the mean of their class's support, episode by episode."""
        vectors = F.normalize(self.image(batch["image"]).pooled, dim=-1).unflatten(0, (-1, WAYS * (SHOTS + QUERIES)))
        support, query = vectors[:, : WAYS * SHOTS], vectors[:, WAYS * SHOTS :]
        centres = support.unflatten(1, (WAYS, SHOTS)).mean(2)
        truth = torch.arange(WAYS).repeat_interleave(QUERIES).repeat(len(vectors))
        return F.cross_entropy((query @ centres.mT).flatten(0, 1), truth)


def first_phase(recipe: Recipe) -> Toy:
    return Toy(recipe.parts, recipe.method)


def second_phase(recipe: Recipe) -> Seeing:
    return Seeing(recipe.parts, recipe.method)


def recipe() -> Recipe:
    return Recipe(
        name="toy",
        build=first_phase,
        method=Config(),
        parts=Parts(
            image=ViTSpec(size=32, patch=8, dim=32, depth=1, heads=2, pool=Mean()),
            decoder=TextDecoderSpec(vocab=512, length=16, dim=32, depth=1, heads=2, memory=32),
            codec=ConvCodecSpec(widths=(8, 16), code=4),
            critic=LinearSpec(inner=3 * 16, out=1),
        ),
        dim=32,
        data=Data(
            source="none",
            size=32,
            views=views,
            caption=first,
            tokenizer=BPE(vocab=300, length=16),
            order=PK(classes=4, samples=4),
        ),
        optim=AdamW(lr=3e-3, weight_decay=0.05),
        optims={"critic": SGD(lr=1e-2)},
        batch=BATCH,
        steps=16,
        ema=0.9,
        phases=(
            Phase(steps=0.5),
            Phase(
                build=second_phase,
                method={"caption": 0.5},
                parts=Parts(places=LinearSpec(inner=32, out=6), patches=LinearSpec(inner=32, out=6)),
                data={"order": Episodes(ways=WAYS, shots=SHOTS, queries=QUERIES)},
                optim={"lr": 2e-3},
            ),
        ),
        precision="float32",
        evaluation=Evaluation(metric="rankme", every=6),
    )


def main(out: str, *settings: str) -> None:
    from sightline.train.recipe.override import override

    made = override(replace(recipe()), settings)
    sightline.train(
        made, data=Blocks(), evaluation=Blocks(), out=out, device="cpu", save_every=0, log_every=1, export=False
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
