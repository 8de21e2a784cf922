"""BERT's tokenizers: word pieces by a vocabulary (Schuster and Nakajima 2012), and the rules around them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sightline.text.published import PublishedTokenizer

if TYPE_CHECKING:
    import tokenizers

LONGEST_WORD = 100
"""letters; a longer word is unknown, as in BERT's own code"""


def word_pieces(
    pieces: Sequence[str], special: Sequence[str], *, unknown: str = "[UNK]", start: str = "[CLS]", end: str = "[SEP]"
) -> "tokenizers.Tokenizer":
    """A tokenizer of the `pieces` of a vocab.txt, in their order; `normal` gives it BERT's rules for letters.

    ValueError where a special token is no piece.
    """
    import tokenizers
    from tokenizers import AddedToken, decoders, models, pre_tokenizers, processors

    vocab = {piece: i for i, piece in enumerate(pieces)}
    if lacking := [token for token in (unknown, start, end) if token not in vocab]:
        raise ValueError(
            f"a vocabulary of word pieces has the tokens {unknown}, {start}, {end}; this lacks {lacking[0]}"
        )
    model = models.WordPiece(vocab=vocab, unk_token=unknown, max_input_chars_per_word=LONGEST_WORD)
    inner = tokenizers.Tokenizer(model)
    inner.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    inner.decoder = decoders.WordPiece(prefix="##")
    inner.add_special_tokens([AddedToken(token, special=True) for token in special if token in vocab])
    ends = [(token, vocab[token]) for token in (start, end)]
    inner.post_processor = processors.TemplateProcessing(single=f"{start} $A {end}", special_tokens=ends)
    return inner


def normal(
    inner: "tokenizers.Tokenizer", *, lower: bool = True, accents: bool | None = None, chinese: bool = True
) -> "tokenizers.Tokenizer":
    """`inner` with BERT's rules for letters: lower case, accents stripped (None: where it is lower case), Chinese
    characters words of their own."""
    from tokenizers import normalizers

    inner.normalizer = normalizers.BertNormalizer(
        clean_text=True, handle_chinese_chars=chinese, strip_accents=accents, lowercase=lower
    )
    return inner


def lowered(inner: "tokenizers.Tokenizer") -> "tokenizers.Tokenizer":
    """`inner` on texts in lower case, whatever its own rules."""
    from tokenizers import normalizers

    steps = [normalizers.Lowercase(), *([inner.normalizer] if inner.normalizer else [])]
    inner.normalizer = normalizers.Sequence(steps)
    return inner


def sentence(inner: "tokenizers.Tokenizer", *, length: int, pad: str, prompt: str = "") -> PublishedTokenizer:
    """Start, `prompt`, text, end, then the token `pad`: sentence-transformers cuts the text at `length` tokens so that
    the end stays.

    The start and the end are those that the file itself puts around a text. ValueError where it puts none, where
    padding is no token, and for a prompt whose last word would run into the text's first.
    """
    from tokenizers import processors

    inner.no_truncation()
    inner.no_padding()
    ends = inner.encode("")
    where = inner.token_to_id(pad)
    if where is None or len(ends.ids) != 2:
        around = " ".join(ends.tokens) or "nothing"
        raise ValueError(
            f"BERT's texts stand between a start and an end token and are filled with {pad}; this tokenizer has "
            f"{around} around a text and {'no ' if where is None else ''}{pad}"
        )
    if prompt:
        if prompt[-1].isalnum():
            raise ValueError(f"the prompt {prompt!r} runs into the text: expected it to end in a space or a sign")
        said = inner.encode(prompt, add_special_tokens=False)
        special = [{"id": "prompt", "ids": said.ids, "tokens": said.tokens}]
        special += [{"id": t, "ids": [i], "tokens": [t]} for i, t in zip(ends.ids, ends.tokens, strict=True)]
        template = f"{ends.tokens[0]} prompt $A {ends.tokens[1]}"
        inner.post_processor = processors.TemplateProcessing(single=template, special_tokens=special)
    inner.enable_truncation(max_length=length)
    inner.enable_padding(direction="right", pad_id=where, pad_token=pad, length=length)
    return PublishedTokenizer(inner, eot=ends.ids[1])
