"""Galleries: indexes whose pictures are known by name, so that others are recognised or rejected."""
