"""Specs of text towers: the transformer of CLIP and SigLIP, that of TIPS, BERT, the bag of tokens; and of what else
works on words alone: the head of BERT's training, the Transformer that translates.
"""

from dataclasses import dataclass, replace
from functools import partial

from torch import nn

from sightline.nn.attention import Attention
from sightline.nn.cross import CrossAttention, PostNormCrossBlock
from sightline.nn.noise import Dropout
from sightline.nn.transformer import MLP, PostNormBlock, Residual, Stack, truncated_normal, xavier
from sightline.towers.bag import BagOfTokens
from sightline.towers.bert import BertText, FirstToken, MeanToken
from sightline.towers.encoder_decoder import EncoderDecoder
from sightline.towers.spec.parts import Act, Norm, Vocabulary, mlp, stack
from sightline.towers.text import Causal, Full, TransformerText, clip_init
from sightline.towers.tips import TipsText
from sightline.towers.word_head import WordHead


@dataclass(frozen=True, kw_only=True)
class TransformerTextSpec:
    """A pre-norm text transformer of `length` tokens over `vocab` ids, CLIP's init; `mlp` as in `ViTSpec`."""

    vocab: int
    length: int
    dim: int
    depth: int
    heads: int
    mlp: int = 0
    reading: Causal | Full = Causal()
    norm: Norm = Norm(eps=1e-5)
    act: Act = "gelu"

    def fitted(self, size: int, words: Vocabulary | None) -> "TransformerTextSpec":
        """For the ids of `words`, whose end token a causal reading stops at."""
        if words is None:
            return self
        reading = Causal(eot=words.eot) if isinstance(self.reading, Causal) else self.reading
        return replace(self, vocab=words.vocab, length=words.length, reading=reading)

    def build(self) -> TransformerText:
        """The tower, with CLIP's init."""
        blocks = stack(self.dim, self.depth, self.heads, self.mlp, self.act, self.norm)
        return clip_init(TransformerText(self.vocab, self.length, self.dim, blocks, self.reading))


@dataclass(frozen=True, kw_only=True)
class TipsTextSpec:
    """TIPS's text tower: fixed positions, padding (id `pad`) left out, the mean of the rest; `mlp` as in `ViTSpec`."""

    vocab: int
    length: int
    dim: int
    depth: int
    heads: int
    mlp: int = 0
    pad: int = 0
    norm: Norm = Norm(eps=1e-5)
    act: Act = "relu"

    def fitted(self, size: int, words: Vocabulary | None) -> "TipsTextSpec":
        """For the ids of `words`."""
        return self if words is None else replace(self, vocab=words.vocab, length=words.length)

    def build(self) -> TipsText:
        """The tower."""
        blocks = stack(self.dim, self.depth, self.heads, self.mlp, self.act, self.norm)
        blocks.apply(truncated_normal)
        return TipsText(self.vocab, self.length, self.dim, blocks, pad=self.pad)


@dataclass(frozen=True, kw_only=True)
class BagSpec:
    """A bag of tokens; `hidden` is the width inside its MLP, 0 for the plain mean. `length` is the tokenizer's
    business.
    """

    vocab: int
    length: int
    dim: int
    hidden: int = 0
    pad: int = 0

    def fitted(self, size: int, words: Vocabulary | None) -> "BagSpec":
        """For the ids of `words`, of which padding is left out of the mean."""
        return self if words is None else replace(self, vocab=words.vocab, length=words.length, pad=words.pad)

    def build(self) -> BagOfTokens:
        """The tower."""
        head = (
            nn.Sequential(nn.LayerNorm(self.dim, eps=1e-6), Residual(MLP(self.dim, self.hidden)))
            if self.hidden
            else nn.Identity()
        )
        return BagOfTokens(self.vocab, self.dim, head, pad=self.pad)


@dataclass(frozen=True, kw_only=True)
class BertTextSpec:
    """BERT: post-norm blocks, padding (id `pad`) left out, `pool` over the rest; `mlp` as in `ViTSpec`.

    `embed` is the width of the word vectors where that is another than `dim`; 0 is `dim`.
    """

    vocab: int
    length: int
    dim: int
    depth: int
    heads: int
    mlp: int = 0
    embed: int = 0
    pad: int = 0
    pool: MeanToken | FirstToken = MeanToken()
    norm: Norm = Norm(eps=1e-12)
    act: Act = "gelu"

    def fitted(self, size: int, words: Vocabulary | None) -> "BertTextSpec":
        """For the ids of `words`, of which padding is left out."""
        return self if words is None else replace(self, vocab=words.vocab, length=words.length, pad=words.pad)

    def build(self) -> BertText:
        """The tower, with BERT's init: everything at a standard deviation of 0.02."""
        norm, width = partial(nn.LayerNorm, eps=self.norm.eps), self.embed or self.dim
        blocks = (
            PostNormBlock(self.dim, Attention(self.dim, self.heads), mlp(self.dim, self.mlp, self.act), norm=norm)
            for _ in range(self.depth)
        )
        stack = Stack(blocks, nn.Identity())
        tower = BertText(self.vocab, self.length, width, self.dim, norm(width), stack, self.pool, pad=self.pad)
        tower.apply(truncated_normal)
        return tower


@dataclass(frozen=True, kw_only=True)
class WordHeadSpec:
    """What BERT guesses covered words of a text tower by; `pad` and `end` are ids that are no words. `dim` is the
    tower's width, `words` that of its word vectors where it is another (`embed` of the tower)."""

    vocab: int
    dim: int
    words: int = 0
    pad: int = 0
    end: int = 1

    def fitted(self, size: int, words: Vocabulary | None) -> "WordHeadSpec":
        """For the ids of `words`."""
        return self if words is None else replace(self, vocab=words.vocab, pad=words.pad, end=words.eot)

    def build(self) -> WordHead:
        """The head, with BERT's init."""
        head = WordHead(self.vocab, self.dim, self.words or self.dim, specials=(self.pad, self.end))
        head.apply(truncated_normal)
        return head


@dataclass(frozen=True, kw_only=True)
class EncoderDecoderSpec:
    """The Transformer of 2017: `depth` blocks read and as many write texts of `length` tokens over `vocab` ids; `mlp`
    as in `ViTSpec`, `end` the id that ends a text."""

    vocab: int
    length: int
    dim: int
    depth: int
    heads: int
    mlp: int = 0
    dropout: float = 0.1
    pad: int = 0
    end: int = 1
    norm: Norm = Norm(eps=1e-6)
    act: Act = "relu"

    def __post_init__(self) -> None:
        if self.dim % 2:
            raise ValueError(f"a sine and a cosine of every frequency make an even width, got dim={self.dim}")

    def fitted(self, size: int, words: Vocabulary | None) -> "EncoderDecoderSpec":
        """For the ids of `words`, their end and their padding."""
        if words is None:
            return self
        return replace(self, vocab=words.vocab, length=words.length, end=words.eot, pad=words.pad)

    def build(self) -> EncoderDecoder:
        """Both stacks and the table of words, with tensor2tensor's init."""
        drop = partial(Dropout, self.dropout) if self.dropout else nn.Identity
        norm = partial(nn.LayerNorm, eps=self.norm.eps)

        def inner() -> tuple[Attention, nn.Module]:
            return Attention(self.dim, self.heads), mlp(self.dim, self.mlp, self.act)

        def writing() -> PostNormCrossBlock:
            attn, feed = inner()
            cross = CrossAttention(self.dim, self.heads, self.dim)
            return PostNormCrossBlock(self.dim, attn, cross, feed, norm=norm, drop=drop)

        encoder = Stack(
            (PostNormBlock(self.dim, *inner(), norm=norm, drop=drop) for _ in range(self.depth)), nn.Identity()
        )
        decoder = Stack((writing() for _ in range(self.depth)), nn.Identity())
        made = EncoderDecoder(self.vocab, self.length, self.dim, encoder, decoder, drop(), end=self.end, pad=self.pad)
        made.apply(xavier)
        return made


TextSpec = TransformerTextSpec | TipsTextSpec | BertTextSpec | BagSpec

TOWERS: dict[str, type] = {
    "transformer_text": TransformerTextSpec,
    "tips_text": TipsTextSpec,
    "bert_text": BertTextSpec,
    "bag": BagSpec,
}
SYSTEM: dict[str, type] = {"word_head": WordHeadSpec, "encoder_decoder": EncoderDecoderSpec}
PARTS: dict[str, type] = {"causal": Causal, "full": Full, "mean_token": MeanToken, "first_token": FirstToken}
