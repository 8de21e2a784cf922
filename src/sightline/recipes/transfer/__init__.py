"""Learning from labels, and going on from an encoder without losing what it knew."""
