"""`sightline verify`: do two pictures show the same, and how often is an encoder right about it?"""

from sightline.cli.verify.verb import verify

__all__ = ["verify"]
