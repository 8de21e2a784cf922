"""The kept part of a joint image-text model: two towers, two projections, a temperature. What a run folder holds."""

from collections.abc import Mapping

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from sightline.towers.naflex import Patches
from sightline.towers.pooled import pooled

PARTS = ("image.", "text.", "project_image.", "project_text.")
SCALARS = ("log_scale", "bias")
"""Names of a method's state that are part of the encoder; everything else (queues, teachers, heads) is not saved."""


class Joint(nn.Module):
    """`project_image(image(x).pooled)` and `project_text(text(tokens))`, with the names the methods use.

    A published half has only one of the two towers.
    """

    def __init__(
        self,
        image: nn.Module | None,
        text: nn.Module | None,
        project_image: nn.Module,
        project_text: nn.Module,
        log_scale: Tensor,
        bias: Tensor | None,
    ) -> None:
        super().__init__()
        self.image, self.text = image, text
        self.project_image, self.project_text = project_image, project_text
        self.register_buffer("log_scale", log_scale)
        self.register_buffer("bias", bias)

    def encode_image(self, image: Float[Tensor, "b c y x"] | Patches) -> Float[Tensor, "b e"]:
        assert self.image is not None, "TorchEncoder refuses pictures where there is no image tower"
        return self.project_image(pooled(self.image, image))

    def encode_text(self, tokens: Int[Tensor, "b n"]) -> Float[Tensor, "b e"]:
        assert self.text is not None, "TorchEncoder refuses text where there is no text tower"
        return self.project_text(self.text(tokens))


def kept(model: nn.Module) -> dict[str, Tensor]:
    """The tensors of `model` that belong to the encoder, on the CPU, contiguous, each with its own memory."""
    state = {name: x for name, x in model.state_dict().items() if name.startswith(PARTS) or name in SCALARS}
    return {name: value.detach().to("cpu", copy=True).contiguous() for name, value in sorted(state.items())}


def assemble(image: nn.Module | None, text: nn.Module | None, tensors: Mapping[str, Tensor]) -> Joint:
    """Towers just built and the tensors of a file as one model; projections take their shape from the file.

    Raises ValueError listing what is missing, unknown or of another shape.
    """
    joint = Joint(
        image,
        text,
        _projection("project_image", tensors),
        _projection("project_text", tensors),
        torch.zeros_like(tensors["log_scale"]) if "log_scale" in tensors else torch.zeros(()),
        torch.zeros_like(tensors["bias"]) if "bias" in tensors else None,
    )
    expected = joint.state_dict()
    optional = {"log_scale"}
    problems = [f"{name} is missing" for name in expected if name not in tensors and name not in optional]
    problems += [f"{name} is unknown" for name in tensors if name not in expected]
    problems += [
        f"{name} is {tuple(tensors[name].shape)} and should be {tuple(value.shape)}"
        for name, value in expected.items()
        if name in tensors and tensors[name].shape != value.shape
    ]
    if problems:
        more = f" and {len(problems) - 4} more" if len(problems) > 4 else ""
        raise ValueError("; ".join(problems[:4]) + more)
    joint.load_state_dict(dict(tensors), strict=False)
    return joint


def _projection(name: str, tensors: Mapping[str, Tensor]) -> nn.Module:
    if f"{name}.weight" not in tensors:
        return nn.Identity()
    rows, columns = tensors[f"{name}.weight"].shape
    return nn.Linear(columns, rows, bias=f"{name}.bias" in tensors)
