"""Tokenizers of published encoders: their vocabularies read by the `tokenizers` library, with each family's rules.

The library's own settings hold the length, padding and special tokens, so that a saved one says all of them; how a text
is cleaned before is named beside (`sightline.text.clean`).
"""

import gzip
import importlib.util
import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sightline.text.clean import KINDS, Clean, cleaned

if TYPE_CHECKING:
    import tokenizers

CLIP_ENDS = (("<|startoftext|>", "<|endoftext|>"), ("<start_of_text>", "<end_of_text>"))
"""OpenAI's names of the start and the end of a text, and open_clip's for the same two ids"""
SIGLIP2_END, SIGLIP_END = "<eos>", "</s>"
WORDS = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
"""CLIP's words, contractions and numbers, before byte pairs are merged"""
MERGES = 49152 - 256 - 2
"""OpenAI's file lists more merges than CLIP uses"""


class PublishedTokenizer:
    """Texts to ids of a fixed length; made by `clip`, `siglip`, `siglip2` or `from_json`."""

    kind = "published"

    def __init__(self, inner: "tokenizers.Tokenizer", *, eot: int, clean: Clean = "none") -> None:
        """`inner` pads, cuts and adds special tokens by itself: ValueError where it does not."""
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        if not inner.truncation or not inner.padding:
            raise ValueError("a published tokenizer needs a length to cut and to pad to")
        self._inner, self.eot = inner, eot
        self.clean: Clean = clean
        self.length: int = inner.truncation["max_length"]
        self.pad: int = inner.padding["pad_id"]
        self.vocab: int = inner.get_vocab_size()

    def __call__(self, texts: str | Sequence[str]) -> np.ndarray:
        """int64 (b, length): tokens, the end token (kept where a text is cut), padding. One text gives one row."""
        texts = [texts] if isinstance(texts, str) else texts
        rows = self._inner.encode_batch_fast([_encodable(cleaned(text, self.clean)) for text in texts])
        return np.array([row.ids for row in rows], dtype=np.int64).reshape(len(rows), self.length)

    def decode(self, ids: Sequence[int] | np.ndarray) -> str:
        """The text of one row of ids, without its special tokens."""
        row = [int(i) for i in ids]
        row = row[: row.index(self.eot)] if self.eot in row else row
        return self._inner.decode(row, skip_special_tokens=True).replace("</w>", " ").strip()

    def to_bytes(self) -> bytes:
        """What `save` writes."""
        inner = json.loads(self._inner.to_str())
        values = {"kind": self.kind, "clean": self.clean, "eot": self.eot, "tokenizer": inner}
        return json.dumps(values, ensure_ascii=False).encode("utf-8")

    def save(self, path: str | Path) -> None:
        """Write it under a temporary name, then rename: a cut file never stands under `path`."""
        path = Path(path)
        temporary = path.with_name(path.name + ".tmp")
        temporary.write_bytes(self.to_bytes())
        os.replace(temporary, path)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "PublishedTokenizer":
        """The inverse of `save`. ValueError for what this version does not know."""
        if data["clean"] not in KINDS:
            raise ValueError(f"clean is {data['clean']!r}; this version knows {', '.join(KINDS)}")
        return cls(_parsed(json.dumps(data["tokenizer"]), "the saved tokenizer"), eot=data["eot"], clean=data["clean"])

    def __reduce__(self) -> tuple:
        return _unpickled, (self.to_bytes(),)


def read_vocabulary(folder: Path) -> "tokenizers.Tokenizer | None":
    """The vocabulary that a folder holds: tokenizer.json, else CLIP's vocab.json with merges.txt; None without either.

    Raises ValueError naming a file that is cut, or a SentencePiece model that has no tokenizer.json beside it.
    """
    if (whole := folder / "tokenizer.json").is_file():
        return _parsed(whole.read_text(encoding="utf-8"), str(whole))
    vocab, merges = folder / "vocab.json", folder / "merges.txt"
    if vocab.is_file() and merges.is_file():
        try:
            ids = json.loads(vocab.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(f"{vocab} is cut or not JSON ({error}); download it again") from error
        lines = merges.read_text(encoding="utf-8").splitlines()
        return byte_pairs(ids, [line for line in lines if not line.startswith("#version")])
    pieces = sorted(folder.glob("*.model"))
    if pieces:
        raise ValueError(
            f"{pieces[0]} has no tokenizer.json beside it, which is what this version reads. Write one: "
            "transformers.AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER)"
        )
    return None


def open_clip_vocabulary() -> "tokenizers.Tokenizer":
    """CLIP's vocabulary as the open_clip package ships it. Raises ValueError where that is not installed."""
    package = importlib.util.find_spec("open_clip")
    if package is None or package.origin is None:
        raise ValueError(
            "this checkpoint uses CLIP's vocabulary and does not hold it: install open_clip_torch, which does, or put "
            "the tokenizer.json of openai/clip-vit-base-patch32 into the folder"
        )
    with gzip.open(Path(package.origin).parent / "bpe_simple_vocab_16e6.txt.gz", "rt", encoding="utf-8") as file:
        merges = file.read().split("\n")[1 : MERGES + 1]
    letters = list(_bytes().values())
    tokens = [*letters, *(f"{letter}</w>" for letter in letters), *("".join(m.split()) for m in merges), *CLIP_ENDS[1]]
    return byte_pairs({token: i for i, token in enumerate(tokens)}, merges)


def byte_pairs(vocab: dict[str, int], merges: Sequence[str]) -> "tokenizers.Tokenizer":
    """CLIP's tokenizer of these tokens and merges ("a b", best first)."""
    import tokenizers
    from tokenizers import AddedToken, Regex, decoders, models, normalizers, pre_tokenizers

    start, end = _ends(vocab)
    pairs = [(left, right) for left, right in (line.split() for line in merges if line.strip())]
    model = models.BPE(vocab=vocab, merges=pairs, end_of_word_suffix="</w>", unk_token=end)
    inner = tokenizers.Tokenizer(model)
    spaces = normalizers.Replace(Regex(r"\s+"), " ")
    inner.normalizer = normalizers.Sequence([normalizers.NFC(), spaces, normalizers.Lowercase()])
    pattern = f"{re.escape(start)}|{re.escape(end)}|{WORDS}"
    words = pre_tokenizers.Split(Regex(pattern), "removed", invert=True)
    letters = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    inner.pre_tokenizer = pre_tokenizers.Sequence([words, letters])
    inner.decoder = decoders.ByteLevel()
    inner.add_special_tokens([AddedToken(name, normalized=True, special=True) for name in (start, end)])
    return inner


def clip(inner: "tokenizers.Tokenizer", *, length: int, pad: int, clean: Clean = "none") -> PublishedTokenizer:
    """Start, text, end, then `pad`: OpenAI's fills with 0, transformers' with the pad token of the folder."""
    start, end = _ends(inner.get_vocab(with_added_tokens=True))
    return _fixed(inner, f"{start} $A {end}", (start, end), length=length, pad=pad, clean=clean)


def saved(inner: "tokenizers.Tokenizer", *, eot: int, length: int) -> PublishedTokenizer | None:
    """One whose file says all of it by itself, as converting writes our own; None for any other."""
    cut, pad = inner.truncation, inner.padding
    says = cut and pad and cut["max_length"] == pad["length"] == length and inner.post_processor is not None
    return PublishedTokenizer(inner, eot=eot) if says and inner.id_to_token(eot) is not None else None


def has_clip_ends(inner: "tokenizers.Tokenizer") -> bool:
    """Whether the vocabulary has CLIP's start and end of a text."""
    vocab = inner.get_vocab(with_added_tokens=True)
    return any(start in vocab and end in vocab for start, end in CLIP_ENDS)


def siglip(inner: "tokenizers.Tokenizer", *, length: int = 64, clean: Clean = "canonical") -> PublishedTokenizer:
    """Text and end, and the end again up to the length ("sticky"): another padding costs most of the accuracy."""
    end = inner.token_to_id(SIGLIP_END)
    if end is None:
        raise ValueError(f"SigLIP's vocabulary has the token {SIGLIP_END}; this one has not")
    return _fixed(inner, f"$A {SIGLIP_END}", (SIGLIP_END,), length=length, pad=end, clean=clean)


def siglip2(inner: "tokenizers.Tokenizer", *, length: int = 64, clean: Clean = "none") -> PublishedTokenizer:
    """Lower case, text and end without a start, then pad (id 0) on the right: SigLIP 2's use of Gemma's vocabulary."""
    from tokenizers import normalizers

    pad = inner.token_to_id("<pad>")
    if pad is None or inner.token_to_id(SIGLIP2_END) is None:
        raise ValueError(f"SigLIP 2's vocabulary has the tokens <pad> and {SIGLIP2_END}; this one has not")
    steps = [normalizers.Lowercase(), *([inner.normalizer] if inner.normalizer else [])]
    inner.normalizer = normalizers.Sequence(steps)
    return _fixed(inner, f"$A {SIGLIP2_END}", (SIGLIP2_END,), length=length, pad=pad, clean=clean)


def _fixed(
    inner: "tokenizers.Tokenizer", template: str, special: Sequence[str], *, length: int, pad: int, clean: Clean
) -> PublishedTokenizer:
    from tokenizers import processors

    vocab = inner.get_vocab(with_added_tokens=True)
    ids = [(name, vocab[name]) for name in special]
    inner.post_processor = processors.TemplateProcessing(single=template, special_tokens=ids)
    inner.enable_truncation(max_length=length)
    inner.enable_padding(direction="right", pad_id=pad, pad_token=inner.id_to_token(pad) or "", length=length)
    return PublishedTokenizer(inner, eot=ids[-1][1], clean=clean)


def _ends(vocab: dict[str, int]) -> tuple[str, str]:
    for start, end in CLIP_ENDS:
        if start in vocab and end in vocab:
            return start, end
    raise ValueError(f"CLIP's vocabulary has the tokens {' and '.join(CLIP_ENDS[0])}; this one has not")


def _parsed(text: str, where: str) -> "tokenizers.Tokenizer":
    import tokenizers

    try:
        json.loads(text)
        return tokenizers.Tokenizer.from_str(text)
    except Exception as error:  # the library raises bare Exception for a file it cannot parse
        raise ValueError(f"{where} is no tokenizer of the tokenizers library: {error}") from error


def _bytes() -> dict[int, str]:
    """GPT-2's letter for each byte, in the order of CLIP's vocabulary: printable bytes stand for themselves."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    rest = [b for b in range(256) if b not in printable]
    return {b: chr(b) for b in printable} | {b: chr(256 + n) for n, b in enumerate(rest)}


def _encodable(text: str) -> str:
    # half of a surrogate pair is no Unicode text; it becomes "?"
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _unpickled(saved: bytes) -> PublishedTokenizer:
    return PublishedTokenizer.from_json(json.loads(saved))
