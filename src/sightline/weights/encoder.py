"""The public face of an encoder in torch: pictures and texts in, vectors out."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from sightline.data.prepare.naflex_rule import NaFlexRule, Rule
from sightline.protocols import Features
from sightline.runtime.able import Able, refusal
from sightline.runtime.encoder import Similarity
from sightline.runtime.inputs import picture_batches, token_ids, token_rows, whole_batch
from sightline.text.load import AnyTokenizer
from sightline.weights.capabilities import doing
from sightline.weights.naflex import cut_picture, moved, patch_batches

Precision = Literal["float32", "bfloat16"]

LARGE, CACHED = 128, 16
"""Pictures of so many pixels a side go through a CPU so many at a time: a ViT-tiny at 224 px embeds 42 a second on two
cores of an AMD EPYC, and 35 by 64."""


class TorchEncoder(Able):
    """What a run keeps, with its preprocessing and tokenizer, ready to use. `sightline.load` makes one.

    `capabilities` says what the parts can do; another verb is refused by name (`runtime.able`, `weights.capabilities`).

    `logit_scale` is the logarithm of the similarity's scale and `logit_bias` its companion under the sigmoid loss (else
    None), as in open_clip and transformers: logits = exp(logit_scale) v.u + logit_bias.
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        preprocess: Rule | None,
        tokenizer: AnyTokenizer | None,
        dim: int,
        name: str = "encoder",
        identity: str = "",
        capabilities: tuple[str, ...] | None = None,
        device: str | torch.device = "cpu",
        batch_size: int = 64,
        precision: Precision = "float32",
        threads: int = 2,
        notes: tuple[str, ...] = (),
    ) -> None:
        """`model` holds the parts as submodules (`run_folder.joint`): `image`, `project_image` and `encode_image` where
        it embeds pictures, `text` and `encode_text` where it embeds texts.

        `capabilities` are those of its towers where none are given. `preprocess` is None where no part sees pictures:
        half of a published model. `model` is moved to `device` and put in evaluation mode. `identity` names weights and
        rules together: vectors can be compared only where it is equal. `threads` decode pictures ahead of the model.
        `notes` say what was taken for granted in reading it.
        """
        if precision not in ("float32", "bfloat16"):
            raise ValueError(f"precision is {precision!r}; use float32 or bfloat16")
        self.model: Any = model.eval().to(device)
        self.preparation, self.tokenizer = preprocess, tokenizer
        towers = ("embeds",) * ("image" in self.parts) + ("reads_text",) * ("text" in self.parts)
        self.capabilities = towers if capabilities is None else capabilities
        self.dim, self.name, self.identity = dim, name, identity
        self.device = torch.device(device)
        self.batch_size, self.precision, self.threads = batch_size, precision, threads
        self.notes = notes
        own = dict(model.named_buffers(recurse=False)) | dict(model.named_parameters(recurse=False))
        self.logit_scale: Tensor = own.get("log_scale", torch.zeros((), device=self.device)).detach()
        self.logit_bias: Tensor | None = own["bias"].detach() if own.get("bias") is not None else None

    @property
    def parts(self) -> dict[str, nn.Module]:
        """Everything that was kept, by name: `encoder.parts["decoder"]`."""
        return dict(self.model.named_children())

    @property
    def sees(self) -> bool:
        """Whether `encode_image` works: there is an image tower."""
        return "embeds" in self.capabilities and self.preparation is not None

    @property
    def rule(self) -> Rule:
        """How pictures are prepared. ValueError where no part sees pictures."""
        if self.preparation is None:
            raise ValueError(self._blind())
        return self.preparation

    @property
    def reads_text(self) -> bool:
        """Whether `encode_text` works: there is a text tower and a tokenizer."""
        return "reads_text" in self.capabilities and self.tokenizer is not None

    @property
    def similarity(self) -> Similarity:
        """The loss that the logits were made for."""
        return "softmax" if self.logit_bias is None else "sigmoid"

    def eval(self) -> "TorchEncoder":
        """Itself: an encoder is always in evaluation mode. Evaluations written for a torch module call it."""
        return self

    def to(self, device: str | torch.device) -> "TorchEncoder":
        """Itself, moved to another device."""
        self.device = torch.device(device)
        self.model.to(self.device)
        self.logit_scale = self.logit_scale.to(self.device)
        self.logit_bias = None if self.logit_bias is None else self.logit_bias.to(self.device)
        return self

    def preprocess(self, picture: Any) -> Any:
        """One picture (PIL image, path, bytes or uint8 array (y, x, c)) as the tower wants it: float32 (c, y, x).

        Under NaFlex patches, mask and grid as a named tuple, which `default_collate` stacks.
        """
        rule = self.rule
        if isinstance(rule, NaFlexRule):
            return cut_picture(rule(picture))
        return torch.from_numpy(np.ascontiguousarray(rule(picture), dtype=np.float32))

    def tokenize(self, texts: str | Sequence[str]) -> Int[Tensor, "b n"]:
        """Token ids of one or many texts, padded; texts that are too long are cut."""
        if self.tokenizer is None and "reads_text" in self.capabilities:
            raise ValueError(f"{self.name} has no tokenizer beside its weights: give token ids, or add tokenizer.json")
        return torch.from_numpy(token_ids(texts, self.tokenizer, self.name))

    def encode_image(self, images: Any, normalize: bool = False) -> Float[Tensor, "b e"]:
        """Vectors in the joint space, on the encoder's device, of one or many pictures.

        `images`: a path, bytes, PIL image or uint8 array (y, x, c), a list of those, or pictures already preprocessed
        as a float tensor or array (b, 3, y, x). Raises ValueError naming a picture that cannot be decoded.
        """
        self._must_embed()
        vectors = [self._run(self.model.encode_image, batch) for batch in self._pictures(images)]
        return self._joined(vectors, normalize)

    def encode_text(self, texts: str | Sequence[str] | Tensor, normalize: bool = False) -> Float[Tensor, "b e"]:
        """Vectors of one or many texts, or of token ids (b, n)."""
        if "reads_text" not in self.capabilities:
            if self.capabilities != ("embeds",):
                raise ValueError(refusal(self.name, "reads_text", self.capabilities))
            raise ValueError(f"{self.name} embeds pictures only: it was trained without texts, so it has no text tower")
        tokens = texts if isinstance(texts, Tensor) else self.tokenize(texts)
        batches = token_rows(tokens, floating=tokens.is_floating_point()).split(self.batch_size)
        return self._joined([self._run(self.model.encode_text, batch) for batch in batches if len(batch)], normalize)

    def features(self, images: Any) -> Features:
        """What the image tower itself returns, before any projection; `images` as for `encode_image`."""
        parts = list(self.each_features(images))
        if not parts:
            raise ValueError("features needs at least one picture")
        return _whole(parts)

    def each_features(self, images: Any) -> Iterator[Features]:
        """`features` a batch at a time, for what goes on from them."""
        self._must_embed()
        return (self._run(self.model.image, batch) for batch in self._pictures(images))

    def encode_patches(self, images: Any, normalize: bool = False) -> Float[Tensor, "b n e"]:
        """Every patch in the joint space, row-major as `features().grid`: what the tower's pooling makes of it alone
        (`each` of `nn.pool`), through the image projection. A picture of one patch gives the picture's own vector.

        Under a class token that is an approximation: tokens take the way of the class token, the last norm and the
        projection. Raises ValueError where a tower of another package pools to another width than its tokens have.
        """
        parts = [self.patches_of(features) for features in self.each_features(images)]
        if not parts:
            raise ValueError("encode_patches needs at least one picture")
        return self._joined(parts, normalize)

    def patches_of(self, features: Features, normalize: bool = False) -> Float[Tensor, "b n e"]:
        """`encode_patches` of pictures that the tower has seen."""
        each, project = self._opened("each", "patch vectors in the joint space"), self.model.project_image
        weight = dict(project.named_parameters()).get("weight")
        wanted = self.dim if weight is None else weight.shape[1]

        def patches() -> Tensor:
            found = each(features)
            if found.shape[-1] != wanted:
                raise ValueError(
                    f"{self.name} has no patch vectors in the joint space: its tokens are {found.shape[-1]} wide and "
                    f"its projection reads a pooled vector of {wanted}. Use features(images).tokens"
                )
            return project(found)

        return self._joined([self.run(patches)], normalize)

    def run(self, function: Callable[..., Any], *given: Any, **options: Any) -> Any:
        """`function(*given, **options)` as parts are run here: without gradients, in the encoder's precision."""
        autocast: AbstractContextManager[Any] = nullcontext()
        if self.precision == "bfloat16":
            autocast = torch.autocast(self.device.type, torch.bfloat16)
        with torch.inference_mode(), autocast:
            return function(*given, **options)

    def _run(self, function: Callable[[Any], Any], batch: Any) -> Any:
        return self.run(function, moved(batch, self.device))

    def _does(self, capability: str) -> Callable[..., Any]:
        if capability not in self.capabilities:
            raise ValueError(refusal(self.name, capability, self.capabilities))
        return doing(self, capability)

    def _must_embed(self) -> None:
        if "embeds" not in self.capabilities:
            raise ValueError(self._blind())

    def _blind(self) -> str:
        if self.capabilities == ("reads_text",):
            return f"{self.name} embeds texts only: it has no image tower"
        return refusal(self.name, "embeds", self.capabilities)

    def _joined(self, vectors: list[Tensor], normalize: bool) -> Tensor:
        # outside of inference mode, so that a probe may be trained on what comes back
        whole = torch.cat(vectors).float() if vectors else torch.zeros(0, self.dim, device=self.device)
        return F.normalize(whole, dim=-1) if normalize else whole

    def _pictures(self, images: Any) -> Iterator[Any]:
        """Preprocessed batches (b, c, y, x) on the CPU or wherever a given tensor lies; `Patches` under NaFlex."""
        rule = self.rule
        if isinstance(rule, NaFlexRule):
            yield from patch_batches(images, rule, size=self.batch_size, threads=self.threads)
            return
        channels = rule.channels
        if isinstance(images, list | tuple) and images and isinstance(images[0], Tensor):
            images = torch.stack(list(images))
        if isinstance(images, Tensor):
            whole = whole_batch(images, channels, floating=images.is_floating_point())
            yield from (batch for batch in whole.split(self._together(rule.size)) if len(batch))
            return
        for batch in picture_batches(
            images, rule, channels=channels, size=self._together(rule.size), threads=self.threads
        ):
            yield torch.from_numpy(batch)

    def _together(self, size: int) -> int:
        """Pictures of `size` px a call: on a CPU of large ones no more than its caches hold."""
        large = self.device.type == "cpu" and size >= LARGE
        return min(self.batch_size, CACHED) if large else self.batch_size

    def layers(self, images: Any, blocks: Sequence[int]) -> list[Features]:
        """What the image tower would give if it ended after each of `blocks`, through its own last norm and pooling.

        Blocks are numbered from 0, negative numbers count from the last. Raises ValueError for a tower without blocks.
        """
        tower = self._opened("layers", "the tokens of chosen blocks")
        parts = [self._run(lambda batch: tower(batch, list(blocks)), batch) for batch in self._pictures(images)]
        if not parts:
            raise ValueError("layers needs at least one picture")
        return [_whole(list(found)) for found in zip(*parts, strict=True)]

    def attention(self, images: Any, block: int) -> Float[Tensor, "b h s s"]:
        """The attention maps of one block in float32: row i of a head says where token i looks, prefix tokens first.

        Raises ValueError for a tower without attention maps.
        """
        tower = self._opened("attention", "attention maps")
        maps = [self._run(lambda batch: tower(batch, block), batch) for batch in self._pictures(images)]
        if not maps:
            raise ValueError("attention needs at least one picture")
        return torch.cat(maps).float()

    def _opened(self, method: str, what: str) -> Callable[..., Any]:
        self._must_embed()
        found: Any = getattr(self.model.image, method, None)
        if found is None:
            kind = type(self.model.image).__name__
            raise ValueError(f"{self.name} has no {what}: its image tower is a {kind}, which has no such blocks")
        return found


def _whole(parts: Sequence[Features]) -> Features:
    """Batches of features as one, in float32."""
    grid, mask = parts[0].grid, parts[0].mask
    return Features(
        pooled=torch.cat([part.pooled for part in parts]).float(),
        tokens=torch.cat([part.tokens for part in parts]).float(),
        prefix=torch.cat([part.prefix for part in parts]).float(),
        grid=torch.cat([part.grid for part in parts]) if isinstance(grid, Tensor) else grid,  # pyright: ignore
        mask=None if mask is None else torch.cat([part.mask for part in parts]),  # pyright: ignore
    )
