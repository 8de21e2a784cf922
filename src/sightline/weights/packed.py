"""Linear layers for embedding on a CPU: weights laid out once for oneDNN, bias and activation inside the product.

torch's own linear layer copies the bias into its output before every product and reads the output again for the
activation: a fifth of a small tower's time on two cores. The operators are those torch's compiler emits for a frozen
model; where a torch or a processor has none, models stay as they are.
"""

from typing import Any

import torch
from torch import Tensor, nn

from sightline.nn.transformer import MLP

LINEAR: Any = getattr(torch.ops.mkldnn, "_linear_pointwise", None)
REORDER: Any = getattr(torch.ops.mkldnn, "_reorder_linear_weight", None)


class PackedLinear(nn.Linear):
    """`nn.Linear` for inference; keeps the plain weight too, which it shares with the layer it stands for."""

    act: tuple[str, list[Any], str] = ("none", [], "")

    def __init__(self, linear: nn.Linear) -> None:
        nn.Module.__init__(self)
        self.in_features, self.out_features = linear.in_features, linear.out_features
        self.weight, self.bias = linear.weight, linear.bias
        self.laid_out = REORDER(linear.weight.detach())

    def forward(self, input: Tensor) -> Tensor:
        return LINEAR(input.to(self.weight.dtype), self.laid_out, self.bias, *self.act)


class Inside(nn.Module):
    """Stands where the activation was: it has happened."""

    def forward(self, x: Tensor) -> Tensor:
        return x


def pack(model: nn.Module) -> nn.Module:
    """`model`, changed in place: its linear layers packed. Nothing changes where this torch, or this processor in the
    layer's precision, cannot.

    Equal to the rounding of float32; for inference alone, and on the CPU alone.
    """
    able = {dtype for dtype in (torch.float32, torch.bfloat16) if packs(dtype)}
    for part in list(model.modules()):
        for name, child in list(part.named_children()):
            if type(child) is nn.Linear and child.weight.dtype in able:
                setattr(part, name, PackedLinear(child))
    for part in model.modules():
        if isinstance(part, MLP) and type(part.act) is nn.GELU and isinstance(part.fc1, PackedLinear):
            part.fc1.act = ("gelu", [], part.act.approximate)
            part.act = Inside()
    return model


def packs(dtype: torch.dtype) -> bool:
    """Whether packed layers work here in a precision, by trying one: bfloat16 needs AVX512, or its kin."""
    if LINEAR is None or REORDER is None or not torch.backends.mkldnn.is_available():
        return False
    try:
        with torch.inference_mode():
            LINEAR(torch.ones(2, 4, dtype=dtype), REORDER(torch.ones(3, 4, dtype=dtype)), None, "gelu", [], "none")
    except (RuntimeError, NotImplementedError):
        return False
    return True
