"""Tokenizers: trained on the captions of a run and saved beside its weights."""

from sightline.text.tokenizer import Tokenizer

__all__ = ["Tokenizer"]
