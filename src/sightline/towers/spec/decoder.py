"""Specs of parts that are no towers: a text decoder, a linear map, a small codec of pictures."""

from dataclasses import dataclass, replace
from functools import partial

from torch import nn

from sightline.nn.attention import Attention
from sightline.nn.box_tokens import BOX, BoxTokens
from sightline.nn.conv.codec import ConvCodec
from sightline.nn.cross import CrossAttention, CrossBlock
from sightline.nn.head import ClassHead
from sightline.nn.text_decoder import CaptionDecoder, TextDecoder
from sightline.nn.transformer import Stack, truncated_normal
from sightline.towers.spec.parts import Act, Norm, Vocabulary, mlp, stack


@dataclass(frozen=True, kw_only=True)
class TextDecoderSpec:
    """A causal decoder of `length` tokens over `vocab` ids that looks at a memory `memory` wide (an image tower's
    tokens); None for one that looks at nothing but the text. `mlp` as in `ViTSpec`, `end` the id that ends a text.
    """

    vocab: int
    length: int
    dim: int
    depth: int
    heads: int
    memory: int | None = None
    mlp: int = 0
    end: int = 1
    norm: Norm = Norm()
    act: Act = "gelu"

    def fitted(self, size: int, words: Vocabulary | None) -> "TextDecoderSpec":
        """For the ids of `words` and their end."""
        return self if words is None else replace(self, vocab=words.vocab, length=words.length, end=words.eot)

    def build(self) -> TextDecoder:
        blocks = self._blocks()
        made = TextDecoder(self.vocab, self.length, self.dim, blocks, memory=self.memory, end=self.end)
        made.apply(truncated_normal)
        return made

    def _blocks(self) -> Stack:
        if self.memory is None:
            return stack(self.dim, self.depth, self.heads, self.mlp, self.act, self.norm)
        return self._looking(self.memory)

    def _looking(self, memory: int) -> Stack:
        norm = partial(nn.LayerNorm, eps=self.norm.eps)
        blocks = (
            CrossBlock(
                self.dim,
                Attention(self.dim, self.heads),
                CrossAttention(self.dim, self.heads, memory),
                mlp(self.dim, self.mlp, self.act),
                norm=norm,
            )
            for _ in range(self.depth)
        )
        return Stack(blocks, norm(self.dim))


@dataclass(frozen=True, kw_only=True)
class CaptionDecoderSpec(TextDecoderSpec):
    """A text decoder that can be asked for all tokens at once (CapPa), and with `boxes` for places (LocCa): texts are
    then `length` tokens of the tokenizer and five more, a colon and a box.
    """

    boxes: BoxTokens | None = None

    def fitted(self, size: int, words: Vocabulary | None) -> "CaptionDecoderSpec":
        """For the ids of `words`, their end, and their boxes. ValueError for words that have none of so many bins."""
        if words is None:
            return self
        made = replace(self, vocab=words.vocab, length=words.length, end=words.eot)
        if self.boxes is None:
            return made
        bins = getattr(words, "bins", 0)
        if bins != self.boxes.bins:
            raise ValueError(
                f"the decoder writes boxes of {self.boxes.bins} bins a side, and its tokenizer has {bins or 'none'}: "
                f"set data.tokenizer.bins={self.boxes.bins} (data.tokenizer=BoxBPE); a run that starts from another "
                "one's words needs one whose tokenizer has boxes"
            )
        return replace(made, length=words.length + BOX)

    def build(self) -> CaptionDecoder:
        blocks, memory, end = self._blocks(), self.memory, self.end
        made = CaptionDecoder(self.vocab, self.length, self.dim, blocks, memory=memory, end=end, boxes=self.boxes)
        made.apply(truncated_normal)
        return made


@dataclass(frozen=True, kw_only=True)
class LinearSpec:
    """A linear map: a projection to the joint space, a head."""

    inner: int
    out: int
    bias: bool = True

    def build(self) -> nn.Linear:
        return nn.Linear(self.inner, self.out, bias=self.bias)

    @classmethod
    def of(cls, layer: nn.Linear) -> "LinearSpec":
        """The spec of a layer that is there."""
        return cls(inner=layer.in_features, out=layer.out_features, bias=layer.bias is not None)


@dataclass(frozen=True, kw_only=True)
class ClassesSpec:
    """Logits of named classes."""

    inner: int
    names: tuple[str, ...]

    def build(self) -> ClassHead:
        return ClassHead(self.inner, self.names)

    @classmethod
    def of(cls, layer: ClassHead) -> "ClassesSpec":
        """The spec of a head that is there."""
        return cls(inner=layer.in_features, names=layer.names)


@dataclass(frozen=True, kw_only=True)
class Open:
    """A bottleneck that lets every code through: the plain autoencoder."""

    def build(self, code: int) -> nn.Module:
        return nn.Identity()


@dataclass(frozen=True, kw_only=True)
class ConvCodecSpec:
    """A picture through a map of `code` numbers a place, 2^len(widths) times coarser, and back."""

    widths: tuple[int, ...]
    code: int
    bottleneck: Open = Open()
    channels: int = 3

    def build(self) -> ConvCodec:
        return ConvCodec(self.widths, self.code, self.bottleneck.build(self.code), self.channels)


PartSpec = TextDecoderSpec | CaptionDecoderSpec | LinearSpec | ClassesSpec | ConvCodecSpec

SYSTEM: dict[str, type] = {
    "text_decoder": TextDecoderSpec,
    "caption_decoder": CaptionDecoderSpec,
    "linear": LinearSpec,
    "classes": ClassesSpec,
    "conv_codec": ConvCodecSpec,
}
PARTS: dict[str, type] = {"open": Open, "box_tokens": BoxTokens}
