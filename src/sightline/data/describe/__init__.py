"""Captions for a person's own pictures, from the structure of a drawing and measures of its style."""
