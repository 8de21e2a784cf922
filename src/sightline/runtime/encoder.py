"""The public face of an exported encoder: pictures and texts in, numpy vectors out, by onnxruntime alone."""

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any, Literal, NoReturn

import numpy as np

from sightline.data.array import unit
from sightline.data.prepare.naflex_rule import NaFlexRule, Rule
from sightline.runtime.able import Able, refusal
from sightline.runtime.inputs import picture_batches, token_ids, token_rows
from sightline.runtime.naflex import cut_batches
from sightline.text.load import AnyTokenizer

Similarity = Literal["softmax", "sigmoid"]
"""the loss that logits = exp(logit_scale) v.u + logit_bias were made for"""
Tower = Callable[[Any], np.ndarray]
"""a batch, an array or a `CutPicture` -> vectors (b, e)"""
Crop = Callable[[np.ndarray], np.ndarray]


class OnnxEncoder(Able):
    """One or two exported towers with their preprocessing and tokenizer. `sightline.runtime.load` makes one.

    The same face as `sightline.weights.encoder.TorchEncoder` in numpy, less what needs the tokens of the picture.
    `logit_scale` is the logarithm of the similarity's scale, `logit_bias` None unless the loss was the sigmoid one.
    """

    def __init__(
        self,
        image: Tower | None,
        text: Tower | None,
        *,
        preprocess: Rule | None,
        tokenizer: Callable[[], AnyTokenizer] | None,
        crop: Crop,
        dim: int,
        name: str = "encoder",
        identity: str = "",
        needing_torch: tuple[str, ...] = (),
        logit_scale: float = 0.0,
        logit_bias: float | None = None,
        batch_size: int = 64,
        threads: int = 2,
    ) -> None:
        """`preprocess` is None where there is no image tower. `tokenizer` reads it when it is first needed; `crop`
        drops columns of token ids that change no vector. `needing_torch` are capabilities of the run that have no
        graph. `threads` decode pictures ahead of the tower.
        """
        self.image, self.text = image, text
        self._rule, self.crop = preprocess, crop
        self.capabilities = ("embeds",) * (image is not None) + ("reads_text",) * (text is not None)
        self.needing_torch = needing_torch
        self.dim, self.name, self.identity = dim, name, identity
        self.logit_scale, self.logit_bias = logit_scale, logit_bias
        self.batch_size, self.threads = batch_size, threads
        self._read_tokenizer = tokenizer
        self.reader: OnnxEncoder | None = None
        """what compares words with words better than the joint space does, where the export has it"""

    @property
    def sees(self) -> bool:
        """Whether `encode_image` works: there is an image tower."""
        return self._rule is not None

    @property
    def rule(self) -> Rule:
        """How pictures are prepared. ValueError where there is no image tower."""
        if self._rule is None:
            raise ValueError(f"{self.name} embeds texts only: it has no image tower")
        return self._rule

    @property
    def reads_text(self) -> bool:
        """Whether `encode_text` works: there is a text tower and a tokenizer."""
        return self.text is not None and self._read_tokenizer is not None

    @property
    def similarity(self) -> Similarity:
        """How the encoder was trained to compare vectors: the loss, its scale and its bias."""
        return "softmax" if self.logit_bias is None else "sigmoid"

    @cached_property
    def tokenizer(self) -> AnyTokenizer | None:
        """The tokenizer; None for an encoder of pictures only."""
        return None if self._read_tokenizer is None else self._read_tokenizer()

    def preprocess(self, picture: Any) -> Any:
        """One picture (PIL image, path, bytes or uint8 array (y, x, c)) as the tower wants it: float32 (c, y, x).

        Under NaFlex a `CutPicture`: patches, mask and grid.
        """
        return self.rule(picture)

    def tokenize(self, texts: str | Sequence[str]) -> np.ndarray:
        """Token ids int64 (b, n) of one or many texts, padded; texts that are too long are cut."""
        if self.text is not None and self._read_tokenizer is None:
            raise ValueError(f"{self.name} has no tokenizer beside its graphs: give token ids, or add tokenizer.json")
        return token_ids(texts, self.tokenizer, self.name)

    def encode_image(self, images: Any, normalize: bool = False) -> np.ndarray:
        """Vectors (b, e) float32 in the joint space of one or many pictures.

        `images`: a path, bytes, PIL image or uint8 array (y, x, c), a list of those, or pictures already preprocessed
        as a float array (b, c, y, x); under NaFlex also as `CutPicture`. Raises ValueError naming a picture that cannot
        be decoded, and where there is no image tower.
        """
        rule, tower = self.rule, self.image
        assert tower is not None, "a rule has its tower"
        batches: Iterable[Any]
        if isinstance(rule, NaFlexRule):
            batches = cut_batches(images, rule, size=self.batch_size, threads=self.threads)
        else:
            batches = picture_batches(images, rule, channels=rule.channels, size=self.batch_size, threads=self.threads)
        return self._joined((tower(batch) for batch in batches), normalize)

    def encode_text(self, texts: str | Sequence[str] | np.ndarray, normalize: bool = False) -> np.ndarray:
        """Vectors (b, e) float32 of one or many texts, or of token ids (b, n)."""
        tower = self.text
        if tower is None:
            raise ValueError(f"{self.name} embeds pictures only: it was trained without texts, so it has no text tower")
        tokens = texts if isinstance(texts, np.ndarray) else self.tokenize(texts)
        rows = token_rows(tokens, floating=not np.issubdtype(tokens.dtype, np.integer)).astype(np.int64, copy=False)
        starts = range(0, len(rows), self.batch_size)
        return self._joined((tower(self.crop(rows[at : at + self.batch_size])) for at in starts), normalize)

    def _does(self, capability: str) -> Callable[..., Any]:
        if capability in self.needing_torch:
            raise ValueError(
                f"{self.name} {capability.replace('_', ' ')} with torch alone: pip install 'sightline[train]', then "
                f"sightline.weights.load.load({self.name!r})"
            )
        raise ValueError(refusal(self.name, capability, self.capabilities + self.needing_torch))

    def features(self, images: Any) -> NoReturn:
        """Refused: the exported graph ends in the joint space."""
        _ = self.rule  # without an image tower torch would not help
        raise ValueError(
            f"{self.name} runs without torch, which gives vectors only: the features of a picture need the training "
            "part, pip install 'sightline[train]', and sightline.weights.load.load"
        )

    def _joined(self, vectors: Iterable[np.ndarray], normalize: bool) -> np.ndarray:
        parts = list(vectors)
        whole = np.concatenate(parts) if parts else np.zeros((0, self.dim), np.float32)
        return unit(whole) if normalize else whole
