"""Two gloo processes equal one: exchanges, both losses, their gradients, and the weights after five steps."""

import pytest
import torch

from sightline import dist
from sightline.methods.image_text import clip, siglip
from sightline.methods.image_text.clip import CLIP
from sightline.methods.image_text.siglip import SigLIP
from sightline.towers import TransformerTextSpec, ViTSpec

B = 6


def model(kind, positives, chunk):
    torch.manual_seed(1)
    image = ViTSpec(size=8, patch=4, dim=8, depth=1, heads=2).build()
    text = TransformerTextSpec(vocab=12, length=5, dim=8, depth=1, heads=2).build()
    if kind == "clip":
        return CLIP(image, text, 6, clip.Config(positives=positives, chunk=chunk, weight=0.6)).double()
    return SigLIP(image, text, 6, siglip.Config(positives=positives, chunk=chunk)).double()


def global_batch(step):
    generator = torch.Generator().manual_seed(step)
    tokens = torch.randint(2, 12, (B, 5), generator=generator)
    tokens[:, 3], tokens[:, 4] = 1, 0
    tokens[3, 1], tokens[3, 2:] = 1, 0  # ranks see captions of different lengths
    tokens[4] = tokens[1]  # equal captions on different ranks
    return {"image": torch.randn(B, 3, 8, 8, generator=generator, dtype=torch.float64), "tokens": tokens}


def train(kind, positives, chunk, optimizer):
    """Five steps on my share of each batch: (losses, gradients of the first step, last weights)."""
    method = model(kind, positives, chunk)
    steps = {"sgd": torch.optim.SGD, "adamw": torch.optim.AdamW}[optimizer](method.parameters(), lr=0.01)
    b = B // dist.world()
    losses, gradients = [], {}
    for step in range(5):
        mine = {key: value[dist.offset(b) :][:b] for key, value in global_batch(step).items()}
        loss = sum(method(mine).values())
        steps.zero_grad()
        loss.backward()
        dist.all_reduce_gradients(method.parameters())
        if not step:
            gradients = {name: p.grad.clone() for name, p in method.named_parameters()}
        steps.step()
        method.after_step()
        losses.append(float(dist.mean(loss)))
    return losses, gradients, {name: p.detach() for name, p in method.named_parameters()}


@pytest.mark.parametrize(
    ("kind", "positives", "chunk", "optimizer"),
    [
        ("clip", "pair", None, "adamw"),
        ("clip", "caption", 2, "sgd"),
        ("siglip", "pair", None, "sgd"),
        ("siglip", "caption", 2, "adamw"),
    ],
)
def test_two_ranks_equal_one(ranks, kind, positives, chunk, optimizer):
    one = train(kind, positives, chunk, optimizer)
    for two in ranks.run(__file__, "train", kind, positives, chunk, optimizer):
        assert two[0] == pytest.approx(one[0], rel=1e-9)
        # The bias of the keys has no gradient but rounding (softmax ignores shifts), which AdamW divides by itself.
        for mine, theirs in ((two[1], one[1]), (two[2], one[2])):
            assert mine.keys() == theirs.keys()
            for name in mine:
                torch.testing.assert_close(
                    mine[name], theirs[name], rtol=1e-6, atol=1e-8, msg=lambda m, n=name: f"{n}: {m}"
                )


def exchanges():
    """What each exchange gives, and the gradient of a sum weighted by (rank of the user + 1) and the row's value."""
    rank, out = dist.rank(), {}
    x = (torch.arange(4.0).view(2, 2) + 10 * rank).requires_grad_()
    everyone = dist.gather(x)
    (everyone.square().sum() * (rank + 1)).backward()
    out["gather"], out["gather_grad"] = everyone.detach(), x.grad
    x = x.detach().clone().requires_grad_()
    blocks = list(dist.ring(x))
    sum((block.square().sum() * (rank + 1) for _, block in blocks), torch.zeros(())).backward()
    out["ring"], out["ring_grad"] = [(owner, block.detach()) for owner, block in blocks], x.grad
    out["ints"] = dist.gather(torch.tensor([rank, rank + 5]))
    out["mean"] = float(dist.mean(torch.tensor(float(rank))))
    dist.barrier()
    return out | {"offset": dist.offset(3), "world": dist.world()}


def test_exchanges_hand_out_everyones_rows_and_send_gradients_home(ranks):
    rows = [torch.arange(4.0).view(2, 2), torch.arange(4.0).view(2, 2) + 10]
    for rank, out in enumerate(ranks.run(__file__, "exchanges")):
        assert torch.equal(out["gather"], torch.cat(rows))
        assert [owner for owner, _ in out["ring"]] == [rank, 1 - rank]
        assert all(torch.equal(block, rows[owner]) for owner, block in out["ring"])
        for name in ("gather_grad", "ring_grad"):  # d/dx of (1 + 2) x^2: both ranks want of every row
            assert torch.equal(out[name], 2 * 3 * rows[rank])
        assert out["ints"].tolist() == [0, 5, 1, 6]
        assert (out["mean"], out["offset"], out["world"]) == (0.5, 3 * rank, 2)


def one_of_two():
    """What the first rank sees while it is alone and the second is elsewhere."""
    seen = []
    if dist.rank() == 0:
        x = torch.arange(3.0)
        with dist.alone():
            seen = [dist.world(), dist.rank(), dist.offset(3), dist.gather(x) is x, float(dist.mean(x.sum()))]
            dist.barrier()
    dist.barrier()
    return seen, dist.world()


def test_a_rank_can_compute_alone_while_the_others_do_not(ranks):
    assert ranks.run(__file__, "one_of_two") == [([1, 0, 0, True, 3.0], 2), ([], 2)]


def test_on_one_process_nothing_is_exchanged():
    x = torch.randn(2, 3, requires_grad=True)
    assert dist.gather(x) is x
    assert [(owner, block is x) for owner, block in dist.ring(x)] == [(0, True)]
    assert (dist.rank(), dist.world(), dist.offset(5)) == (0, 1, 0)
    dist.barrier()
    dist.all_reduce_gradients([x])
    assert torch.equal(dist.mean(x), x.detach())
