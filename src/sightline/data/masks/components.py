"""Connected components of many pictures at once, by tensors alone."""

import torch
from jaxtyping import Bool, Int
from torch import Tensor


def components(
    ink: Bool[Tensor, "b y x"],
    right: Bool[Tensor, "b y x-1"],
    down: Bool[Tensor, "b y-1 x"],
    down_right: Bool[Tensor, "b y-1 x-1"],
    down_left: Bool[Tensor, "b y-1 x-1"],
) -> Int[Tensor, "b y x"]:
    """A number from 0 for each group of linked ink pixels, in the order of their first pixels over the whole batch; -1
    outside the ink.

    `right[b, y, x]` links (y, x) with (y, x + 1); `down` with (y + 1, x); `down_right` with (y + 1, x + 1); `down_left`
    links (y, x + 1) with (y + 1, x). Links of pixels without ink must be false.
    """
    starts = ink.clone()
    starts[:, :, 1:] &= ~right
    # runs of linked pixels along a row: ten times fewer nodes than pixels
    run = starts.flatten().cumsum(0).view(ink.shape) - 1
    nodes = int(run.flatten()[-1]) + 1
    pairs = [
        (run[:, :-1][down], run[:, 1:][down]),
        (run[:, :-1, :-1][down_right], run[:, 1:, 1:][down_right]),
        (run[:, :-1, 1:][down_left], run[:, 1:, :-1][down_left]),
    ]
    keys = torch.cat([torch.unique_consecutive(a * nodes + b) for a, b in pairs])
    root = joined(nodes, keys // max(nodes, 1), keys % max(nodes, 1))
    number = (root == torch.arange(nodes, device=ink.device)).cumsum(0) - 1
    return torch.where(ink, number[root][run.clamp(min=0)], -1) if nodes else torch.full_like(run, -1)


def joined(nodes: int, a: Int[Tensor, " m"], b: Int[Tensor, " m"]) -> Int[Tensor, " nodes"]:
    """The smallest node each node is connected with by the edges a - b: roots hooked onto smaller ones, then pointers
    followed to the end, until no edge leaves a tree (Shiloach and Vishkin 1982)."""
    root = torch.arange(nodes, device=a.device)
    while len(a):
        root = root.scatter_reduce(0, torch.maximum(a, b), torch.minimum(a, b), "amin")
        while True:
            further = root[root]
            if torch.equal(further, root):
                break
            root = further
        a, b = root[a], root[b]
        apart = a != b
        a, b = a[apart], b[apart]
    return root
