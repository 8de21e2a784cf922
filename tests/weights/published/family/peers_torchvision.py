"""torchvision's ResNets and AlexNet, random weights and statistics, saved as .pth, loaded here: more of `peers.CASES`.

For the table of `make parity`; test_torchvision.py holds the tests.
"""

from collections.abc import Callable
from pathlib import Path

import torch
import torchvision
from peers import apart, case, pictures
from torch import Tensor, nn

import sightline

SIZES = {"": (96, 96), "@": (128, 80)}


def compared(folder: Path, name: str, peer: nn.Module, forward: Callable[[Tensor], tuple[Tensor, Tensor]]) -> dict:
    """Differences of the pooled vectors and the maps that `forward` gives."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.pth"
    torch.save(peer.state_dict(), path)
    encoder, found = sightline.load(path, device="cpu"), {}
    path.unlink()
    with torch.no_grad():
        for at, size in SIZES.items():
            images = pictures(count=2, size=size)
            pooled, maps = forward(images)
            found[f"image{at}"] = apart(pooled, encoder.encode_image(images))
            found[f"tokens{at}"] = apart(maps.flatten(2).transpose(1, 2), encoder.features(images).tokens)
    return found


@case("ResNet", "torchvision resnet18, resnet50", tolerance=1e-4)
def resnets(folder: Path) -> dict[str, float]:
    worst: dict[str, float] = {}
    for name in ("resnet18", "resnet50"):
        peer = getattr(torchvision.models, name)().eval()
        for module in peer.modules():
            if isinstance(module, nn.BatchNorm2d):
                nn.init.normal_(module.running_mean, std=0.1)
                nn.init.uniform_(module.running_var, 0.5, 1.5)
                nn.init.uniform_(module.weight, 0.2, 0.6)
                nn.init.normal_(module.bias, std=0.1)
        parts = list(peer.children())[:-2]

        def forward(x: Tensor, parts: list = parts) -> tuple[Tensor, Tensor]:
            for part in parts:
                x = part(x)
            return x.mean((2, 3)), x

        found = compared(folder, name, peer, forward)
        worst = {key: max(value, worst.get(key, 0.0)) for key, value in found.items()}
    return worst


@case("AlexNet", "torchvision alexnet")
def alexnet(folder: Path) -> dict[str, float]:
    peer = torchvision.models.alexnet().eval()
    for parameter in peer.parameters():
        nn.init.normal_(parameter, std=0.02)

    def forward(x: Tensor) -> tuple[Tensor, Tensor]:
        maps = peer.features(x)
        return peer.classifier[:6](peer.avgpool(maps).flatten(1)), maps

    return compared(folder, "alexnet", peer, forward)
