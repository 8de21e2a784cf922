"""`sightline locate`: its words, its sheet."""

from sightline.cli.locate.verb import locate

__all__ = ["locate"]
