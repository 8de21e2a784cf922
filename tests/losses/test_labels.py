import torch
import torch.nn.functional as F

from sightline.losses.labels import label_contrastive


def naive(image, terms, has, scale):
    total, count = 0.0, 0
    for i in range(len(image)):
        right = [j for j in range(len(terms)) if has[i, j]]
        if not right:
            continue
        logits = [scale * image[i] @ terms[j] for j in range(len(terms))]
        every = torch.logsumexp(torch.stack(logits), 0)
        total = total - sum(logits[j] - every for j in right) / len(right)
        count += 1
    return total / count


def test_it_equals_the_double_loop_in_value_and_gradient():
    image = F.normalize(torch.randn(5, 7, dtype=torch.float64), dim=1).requires_grad_()
    terms = F.normalize(torch.randn(9, 7, dtype=torch.float64), dim=1).requires_grad_()
    scale = torch.tensor(3.0, dtype=torch.float64, requires_grad=True)
    has = torch.rand(5, 9) < 0.3
    has[2] = False
    has[0, 0] = True
    loss = label_contrastive(image, terms, has, scale)
    expected = naive(image, terms, has, scale)
    torch.testing.assert_close(loss, expected)
    ours = torch.autograd.grad(loss, (image, terms, scale))
    theirs = torch.autograd.grad(expected, (image, terms, scale))
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b)
    assert not ours[0][2].any()


def test_without_any_term_it_is_zero_with_zero_gradient():
    image = torch.randn(3, 4, requires_grad=True)
    loss = label_contrastive(image, torch.randn(2, 4), torch.zeros(3, 2, dtype=torch.bool), torch.tensor(2.0))
    loss.backward()
    assert loss == 0 and not image.grad.any()
