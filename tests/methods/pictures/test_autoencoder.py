from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from sightline.methods.pictures.autoencoder import Autoencoder, Config, explained
from sightline.nn.conv.decoder import ConvDecoder
from sightline.protocols import Features, Method
from sightline.towers.spec import FlatMapSpec, ResNetSpec, SmallStem
from sightline.weights.run_folder.joint import dim_of

TOWER = ResNetSpec(depths=(1, 1), width=8, stem=SmallStem(stride=2), pool=FlatMapSpec(grid=4))


class Pixels(nn.Module):
    """No trunk at all: with a linear decoder the autoencoder is linear."""

    def __init__(self, dim):
        super().__init__()
        self.dim = dim

    def forward(self, image):
        pooled = image.flatten(1)
        return Features(pooled=pooled, tokens=pooled[:, None], prefix=pooled[:, None][:, :0], grid=(1, 1))


def linear(code, shape=(3, 4, 4), noise=0.0):
    dim = int(np.prod(shape))
    decoder = nn.Sequential(nn.Linear(code, dim), nn.Unflatten(1, shape))
    return Autoencoder(Pixels(dim), decoder, Config(code=code, noise=noise))


def method(noise=0.0):
    torch.manual_seed(0)
    return Autoencoder(TOWER.build(), ConvDecoder(12, 4, (16, 8)), Config(code=12, noise=noise))


def test_a_linear_autoencoder_reaches_the_error_of_pca():
    from sklearn.decomposition import PCA

    torch.manual_seed(0)
    mix = torch.randn(48, 48) * torch.linspace(1.5, 0.05, 48)
    x = (torch.randn(400, 48) @ mix.T / 48**0.5 + torch.randn(48)).view(-1, 3, 4, 4)
    made = linear(6)
    optimizer = torch.optim.LBFGS(made.parameters(), max_iter=400, line_search_fn="strong_wolfe", history_size=30)

    def closure():
        optimizer.zero_grad()
        loss = made({"image": x})["pixels"]
        loss.backward()
        return loss

    optimizer.step(closure)
    flat = x.flatten(1).numpy()
    pca = PCA(6).fit(flat)
    best = float(((pca.inverse_transform(pca.transform(flat)) - flat) ** 2).mean())
    assert best < made({"image": x})["pixels"].item() < best * (1 + 1e-3)
    assert made.watched["explained"].item() == pytest.approx(pca.explained_variance_ratio_.sum(), abs=1e-3)


def test_it_is_what_the_trainer_expects_and_every_parameter_learns():
    made = method()
    assert isinstance(made, Method) and made.needs == {"image"}
    made({"image": torch.randn(6, 3, 16, 16)})["pixels"].backward()
    assert [name for name, p in made.named_parameters() if p.grad is None] == []
    assert made.kept().parts == {"image": made.image} and dim_of(made.kept()) == made.image.dim


def test_the_loss_is_the_mean_over_pixels_of_the_clean_picture():
    made, image = method().eval(), torch.randn(4, 3, 16, 16)
    back = made.reconstruct(image)
    assert back.shape == image.shape
    total = sum((a - b) ** 2 for a, b in zip(back.flatten().tolist(), image.flatten().tolist(), strict=True))
    assert made({"image": image})["pixels"].item() == pytest.approx(total / image.numel(), rel=1e-5)


def test_noise_enters_in_training_alone_and_its_target_is_clean():
    image = torch.randn(500, 3, 4, 4)
    identity = linear(48, noise=0.5)
    with torch.no_grad():
        for layer in (identity.bottleneck, identity.decoder[0]):
            layer.weight.copy_(torch.eye(48))
            layer.bias.zero_()
    # what copies its input pays for the noise
    assert identity.train()({"image": image})["pixels"].item() == pytest.approx(0.25, rel=0.02)
    assert identity.eval()({"image": image})["pixels"].item() < 1e-10
    torch.manual_seed(3)
    first = identity.train()({"image": image})["pixels"]
    torch.manual_seed(3)
    assert torch.equal(first, identity({"image": image})["pixels"])


def test_the_mean_picture_explains_nothing_and_a_perfect_one_everything():
    image = torch.randn(9, 3, 4, 4)
    assert explained((image - image.mean(0)).square().mean(), image).item() == pytest.approx(0, abs=1e-6)
    assert explained(torch.zeros(()), image).item() == 1
    assert explained(torch.zeros(()), image[:1]).isfinite()


def test_a_decoder_of_another_size_and_nonsense_numbers_are_refused():
    with pytest.raises(ValueError, match=r"pictures of \(3, 16, 16\), and \(3, 32, 32\) came in"):
        method()({"image": torch.randn(2, 3, 32, 32)})
    with pytest.raises(ValueError, match="at least one number"):
        replace(Config(), code=0)


def test_the_decoder_doubles_its_map_at_every_width():
    for widths in ((8,), (16, 8, 4)):
        assert ConvDecoder(5, 4, widths)(torch.randn(2, 5)).shape == (2, 3, 4 * 2 ** len(widths), 4 * 2 ** len(widths))


def test_under_autocast_the_loss_is_float32_and_close():
    made, data = method().eval(), {"image": torch.randn(4, 3, 16, 16)}
    with torch.autocast("cpu", torch.bfloat16):
        loss = made(data)["pixels"]
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, made(data)["pixels"], rtol=0.05, atol=0.05)
