"""Boxes of words in pictures: where words are in one picture, and a source whose boxes a detector found."""
