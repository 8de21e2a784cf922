"""A byte-level BPE tokenizer trained on a run's own captions (Sennrich et al. 2016; bytes after GPT-2, so nothing is
unknown).

Captions are NFKC-normalised, lower-cased, white space collapsed; each ends in the end token, which truncation keeps;
the rest is padding, id 0. The saved file is a plain `tokenizers` JSON that other libraries read too.

The `tokenizers` library is imported when one is made: a search with another kind of tokenizer does not wait for it.
"""

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import tokenizers

PAD, EOT = "<pad>", "<eot>"
TASKS = ("<refer>", "<describe>", "<:>")
"""in front of the edges of boxes: what begins a text that looks for a box, one that describes a box, and what parts
words and box"""
SMALLEST = 258
"""256 bytes and the two special tokens"""


class Tokenizer:
    """Texts to ids; made by `Tokenizer.train` or `Tokenizer.load`."""

    def __init__(self, inner: "tokenizers.Tokenizer") -> None:
        """ValueError unless `inner` has the two special tokens and a length to truncate to."""
        # Data loaders fork after encoding; the library's threads would then warn and turn themselves off anyway.
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        pad, eot = inner.token_to_id(PAD), inner.token_to_id(EOT)
        if pad is None or eot is None or not inner.truncation:
            raise ValueError(f"not a tokenizer of ours: it needs the tokens {PAD} and {EOT} and a truncation length")
        # A caption that spells "<eot>" is text, not an end.
        inner.encode_special_tokens = True
        self._inner = inner
        self.pad: int = pad
        self.eot: int = eot
        self.vocab: int = inner.get_vocab_size()
        self.length: int = inner.truncation["max_length"]
        self.bins: int = _bins(inner, eot)
        """numbers of a box's edge (`nn.box_tokens`), 0 where it knows no boxes"""

    @classmethod
    def train(cls, captions: Iterable[str], vocab: int = 4096, length: int = 32, bins: int = 0) -> "Tokenizer":
        """Learn up to `vocab` tokens; the same captions in the same order always give the same tokenizer.

        A merge needs to be seen twice: a word that occurs once is spelled from pieces, so that its pieces get trained.
        With `bins` it has tokens for the edges of boxes, `<loc000>` to the last, and their tasks, after the end token;
        no text is ever read as one of them.
        """
        special = [PAD, EOT, *((*TASKS, *map(_edge, range(bins))) if bins else ())]
        if vocab < 256 + len(special):
            raise ValueError(f"a byte-level vocabulary has at least {256 + len(special)} tokens, got {vocab}")
        if length < 2:
            raise ValueError(f"a caption needs room for one token and its end, got length {length}")
        import tokenizers
        from tokenizers import Regex, decoders, models, normalizers, pre_tokenizers, processors, trainers

        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        inner = tokenizers.Tokenizer(models.BPE())
        spaces = normalizers.Replace(Regex(r"\s+"), " ")
        inner.normalizer = normalizers.Sequence(
            [normalizers.NFKC(), normalizers.Lowercase(), spaces, normalizers.Strip()]
        )
        # The prefix space makes a word the same token at the start of a caption and inside it.
        inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
        inner.decoder = decoders.ByteLevel()
        alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
        trainer = trainers.BpeTrainer(
            vocab_size=vocab, min_frequency=2, special_tokens=special, initial_alphabet=alphabet, show_progress=False
        )
        inner.train_from_iterator((_encodable(caption) for caption in captions), trainer)
        eot = inner.token_to_id(EOT)
        inner.post_processor = processors.TemplateProcessing(single=f"$A {EOT}", special_tokens=[(EOT, eot)])
        inner.enable_truncation(max_length=length)
        inner.enable_padding(pad_id=inner.token_to_id(PAD), pad_token=PAD, length=length)
        return cls(inner)

    @classmethod
    def load(cls, path: str | Path) -> "Tokenizer":
        """The tokenizer saved at `path`.

        ValueError naming the file where it is cut or not a tokenizer of ours; OSError where it cannot be read.
        """
        import tokenizers

        text = Path(path).read_text(encoding="utf-8")
        try:
            json.loads(text)
            return cls(tokenizers.Tokenizer.from_str(text))
        except Exception as error:  # the library raises bare Exception for a file it cannot parse
            raise ValueError(f"{path} is no tokenizer: {error}") from error

    def save(self, path: str | Path) -> None:
        """Write the JSON under a temporary name, then rename: a cut file never stands under `path`."""
        path = Path(path)
        temporary = path.with_name(path.name + ".tmp")
        temporary.write_text(self._inner.to_str(pretty=True), encoding="utf-8")
        os.replace(temporary, path)

    def inner_json(self) -> str:
        """The settings of the `tokenizers` library, whole."""
        return self._inner.to_str()

    def __call__(self, texts: str | Sequence[str]) -> np.ndarray:
        """int64 (b, length): tokens, the end token, padding. One text gives one row."""
        texts = [texts] if isinstance(texts, str) else texts
        rows = self._inner.encode_batch_fast([_encodable(text) for text in texts])
        return np.array([row.ids for row in rows], dtype=np.int64).reshape(len(rows), self.length)

    def cut(self, texts: Sequence[str]) -> np.ndarray:
        """bool (b,): which texts have more tokens than fit, so that their ends are lost."""
        rows = self._inner.encode_batch_fast([_encodable(text) for text in texts])
        return np.array([bool(row.overflowing) for row in rows], bool)

    def decode(self, ids: Sequence[int] | np.ndarray) -> str:
        """The text of one row of ids, without its special tokens."""
        return self._inner.decode([int(i) for i in ids], skip_special_tokens=True).strip()


def _edge(number: int) -> str:
    return f"<loc{number:03}>"


def _bins(inner: "tokenizers.Tokenizer", eot: int) -> int:
    """How many edges stand in their places after the end token and the tasks."""
    bins = 0
    while inner.token_to_id(_edge(bins)) == eot + len(TASKS) + 1 + bins:
        bins += 1
    return bins


def _encodable(text: str) -> str:
    # Half of a surrogate pair, as broken exports hold it, is no Unicode text; it becomes "?".
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
