import torch

from sightline.towers import BagSpec


def test_a_bag_is_the_mean_of_its_real_tokens():
    bag = BagSpec(vocab=10, length=4, dim=6).build()
    ids = torch.tensor([[3, 5, 1, 0], [7, 1, 0, 0], [0, 0, 0, 0]])
    expected = torch.stack([bag.embed(ids[0, :3]).mean(0), bag.embed(ids[1, :2]).mean(0), torch.zeros(6)])
    torch.testing.assert_close(bag(ids), expected)


def test_order_and_padding_do_not_matter():
    bag = BagSpec(vocab=10, length=4, dim=6, hidden=8).build()
    torch.testing.assert_close(bag(torch.tensor([[3, 5, 1, 0, 0]])), bag(torch.tensor([[5, 1, 3]])))


def test_padding_learns_nothing():
    bag = BagSpec(vocab=10, length=4, dim=6, hidden=8).build()
    bag(torch.tensor([[3, 1, 0, 0]])).square().sum().backward()
    touched = bag.embed.weight.grad.abs().sum(1) > 0
    assert touched.nonzero().flatten().tolist() == [1, 3]
