import torch
import torch.nn.functional as F

from sightline.losses.hard import hard_negative


def test_it_is_the_cross_entropy_over_the_true_and_the_false_caption():
    image, text, false = (F.normalize(torch.randn(6, 5, dtype=torch.float64), dim=1).requires_grad_() for _ in range(3))
    scale = torch.tensor(7.0, dtype=torch.float64, requires_grad=True)
    has = torch.tensor([True, False, True, True, False, True])
    loss = hard_negative(image, text, false, scale, has)
    rows = [
        F.cross_entropy(scale * torch.stack([image[i] @ text[i], image[i] @ false[i]])[None], torch.tensor([0]))
        for i in range(6)
        if has[i]
    ]
    expected = torch.stack(rows).mean()
    torch.testing.assert_close(loss, expected)
    inputs = (image, text, false, scale)
    for a, b in zip(torch.autograd.grad(loss, inputs), torch.autograd.grad(expected, inputs), strict=True):
        torch.testing.assert_close(a, b)


def test_pictures_without_a_false_caption_do_not_count():
    x = torch.randn(2, 3, requires_grad=True)
    loss = hard_negative(x, torch.randn(2, 3), torch.randn(2, 3), torch.tensor(1.0), torch.tensor([False, False]))
    loss.backward()
    assert loss == 0 and not x.grad.any()
