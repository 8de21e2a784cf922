"""`sightline match`: where two pictures show the same, and models of scenes from many."""

from sightline.cli.match.verb import match

__all__ = ["match"]
