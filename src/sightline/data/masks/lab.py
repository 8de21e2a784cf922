"""CIE Lab (1976, D65), where the distance of two colours is about what the eye sees of it (delta E)."""

import torch
from jaxtyping import Float
from torch import Tensor

XYZ = (
    (0.4124564 / 0.95047, 0.3575761 / 0.95047, 0.1804375 / 0.95047),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339 / 1.08883, 0.1191920 / 1.08883, 0.9503041 / 1.08883),
)
"""linear sRGB -> X, Y, Z over those of the white point"""
STEP = (6 / 29) ** 3


def lab(pictures: Float[Tensor, "b 3 *s"]) -> Float[Tensor, "b 3 *s"]:
    """sRGB in [0, 1] as L (0 to 100), a and b (about -100 to 100)."""
    linear = torch.where(pictures <= 0.04045, pictures / 12.92, ((pictures + 0.055) / 1.055) ** 2.4)
    xyz = torch.einsum("kc,bc...->bk...", linear.new_tensor(XYZ), linear)
    x, y, z = torch.where(xyz > STEP, xyz.clamp(min=STEP) ** (1 / 3), xyz / (3 * (6 / 29) ** 2) + 4 / 29).unbind(1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], 1)
