"""Pairs of pictures, from a file or drawn from classes, judged same or different by an encoder."""
