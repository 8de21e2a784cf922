import torch

from sightline.losses.gram import gram


def naive(student, teacher):
    b, n, _ = student.shape
    total = 0.0
    for image in range(b):
        x = [row / row.norm() for row in student[image]]
        g = [row / row.norm() for row in teacher[image]]
        for i in range(n):
            for j in range(n):
                total = total + ((x[i] * x[j]).sum() - (g[i] * g[j]).sum()) ** 2
    return total / (b * n * n)


def test_the_mean_squared_difference_of_cosines_within_each_image():
    x, g = torch.randn(3, 5, 4, dtype=torch.float64, requires_grad=True), torch.randn(3, 5, 6, dtype=torch.float64)
    loss, expected = gram(x, g), naive(x, g)
    torch.testing.assert_close(loss, expected, rtol=1e-10, atol=0)
    mine, theirs = torch.autograd.grad(loss, x), torch.autograd.grad(expected, x)
    torch.testing.assert_close(mine, theirs, rtol=1e-9, atol=1e-12)


def test_zero_for_equal_patches_turned_or_stretched():
    x = torch.randn(2, 5, 4, dtype=torch.float64)
    turn = torch.linalg.qr(torch.randn(4, 4, dtype=torch.float64)).Q
    torch.testing.assert_close(gram(3 * x @ turn, x), torch.zeros((), dtype=torch.float64))


def test_images_are_compared_with_themselves_alone():
    x, g = torch.randn(2, 5, 4), torch.randn(2, 5, 4)
    alone = [gram(x[i : i + 1], g[i : i + 1]) for i in range(2)]
    torch.testing.assert_close(gram(x, g), sum(alone) / 2)


def test_no_gradient_reaches_the_teacher():
    x, g = torch.randn(2, 5, 4, requires_grad=True), torch.randn(2, 5, 4, requires_grad=True)
    gram(x, g).backward()
    assert g.grad is None and x.grad.abs().sum() > 0
