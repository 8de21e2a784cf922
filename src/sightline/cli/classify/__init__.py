"""`sightline classify`: by the words of labels, by a few examples of each, and how well the latter goes."""

from sightline.cli.classify.verb import classify

__all__ = ["classify"]
