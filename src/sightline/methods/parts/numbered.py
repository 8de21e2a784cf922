"""Methods that keep something of every picture, by its number in the source: what they refuse."""

from jaxtyping import Int
from torch import Tensor


def at_least_two(samples: int, keeps: str) -> int:
    """`samples`, for a method that `keeps` something of each. ValueError for a stream (0) or a single picture."""
    if samples < 1:
        raise ValueError(
            f"{keeps} of every picture is kept, so their number must be known before the first step, and a stream does "
            "not tell it; got 0. Download the shards and train on the files, or take simclr, which keeps nothing"
        )
    if samples < 2:
        raise ValueError(f"{keeps} of every picture is kept to tell pictures apart; one picture cannot be: give two")
    return samples


def within(index: Int[Tensor, "b"], samples: int) -> Int[Tensor, "b"]:
    """`index`, all of it below `samples`. ValueError otherwise: these are other data than the method was made for."""
    if int(index.min()) < 0 or int(index.max()) >= samples:
        raise ValueError(
            f"picture number {int(index.max())} came to a method made for {samples} pictures, numbered from 0: train "
            "on the data the run began with, or start a new run for other data"
        )
    return index
