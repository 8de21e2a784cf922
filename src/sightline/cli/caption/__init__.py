"""`sightline caption`: by a decoder, or from the structure, style and text of a person's own designs."""

from sightline.cli.caption.verb import caption

__all__ = ["caption"]
