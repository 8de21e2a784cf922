"""Tables are made once, and are of use in training whenever they were made."""

import torch

from sightline.nn.constant import constant


def test_a_table_made_while_embedding_is_of_use_in_training():
    made = []

    @constant
    def table(n: int) -> torch.Tensor:
        made.append(n)
        return torch.arange(n).float()

    with torch.inference_mode():
        assert table(3).tolist() == [0, 1, 2]
    weight = torch.ones(3, requires_grad=True)
    (weight * table(3)).sum().backward()
    assert made == [3] and weight.grad is not None and weight.grad.tolist() == [0, 1, 2]
