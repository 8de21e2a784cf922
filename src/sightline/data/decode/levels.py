"""Numbers of any type and range as 8 bits that can be seen: what a picture holds decides what is white.

Microscopes and scanners put 10, 12 or 14 bits into 16; elevations and reflectances are floats of any range. Whole
numbers are shown over the smallest of those depths that holds them, so that a dark picture stays as dark as it is.
"""

import numpy as np

from sightline.data.sample import BadSample

DEPTHS = (8, 10, 12, 14, 16)
FILL = 1e15
"""what is larger stands for "no value" (-3.4e38, 9.97e36), as does NaN"""
FILLS = (-9999.0, -32768.0, -32767.0, -99999.0)
"""the usual numbers for "no value" where they are the smallest"""
OVERSHOOT = 0.05
"""by which values may leave the range they are meant for: resampling and rounding make 1.0001 and -0.002"""
FEW = 0.999
DARK = 64
"""where all but one in a thousand are under a 64th of the largest, that one is an error and not the white"""
SEEN = 8
"""floats that would fill less than one part in so many of 0..255, or one in DARK of 0..1, have units of their own"""


def eight_bits(values: np.ndarray, top: int = 0) -> np.ndarray:
    """Any real numbers as uint8 of the same shape; `top` is the largest there can be, where the file says so.

    Raises BadSample where no value is a number.
    """
    if values.dtype == np.uint8:
        return values
    if values.dtype.kind == "b":
        return values.astype(np.uint8) * np.uint8(255)
    if values.dtype == np.float16:
        values = values.astype(np.float32)
    good = np.ones(values.shape, bool) if values.dtype.kind == "u" else _numbers(values)
    shown = values if values.dtype.kind == "u" else values[good]
    if not shown.size:
        raise BadSample("no value of this picture is a number")
    low, high = _range(shown, top)
    # float32 holds 16 bits exactly, and a picture of 64 million values in float64 would take half a gigabyte
    wide = np.float64 if values.dtype.itemsize > 4 or high - low > 2**24 else np.float32
    if wide is np.float32 and abs(low) > 2**24:
        wide = np.float64
    scaled = np.where(good, values, low).astype(wide) if shown is not values else values.astype(wide)
    scaled -= wide(low)
    scaled *= wide(255 / (high - low))
    return np.rint(scaled, out=scaled).clip(0, 255, out=scaled).astype(np.uint8)


def opacity(alpha: np.ndarray) -> np.ndarray:
    """Opacity as uint8, of which no value stands for more than all."""
    if alpha.dtype.kind == "f":
        return (np.nan_to_num(alpha, posinf=1.0).clip(0, 1) * 255).round().astype(np.uint8)
    if alpha.dtype.kind == "u" and alpha.dtype.itemsize == 2 and alpha.max(initial=0) > 255:
        return (alpha // 257).astype(np.uint8)
    return alpha.clip(0, 255).astype(np.uint8)


def _numbers(values: np.ndarray) -> np.ndarray:
    """Where there is a value."""
    floats = values.dtype.kind == "f"
    good = np.isfinite(values) & (np.abs(values) < FILL) if floats else np.ones(values.shape, bool)
    if good.any() and (low := float(values[good].min())) in FILLS:
        others = good & (values != low)
        good = others if others.any() else good
    return good


def _range(values: np.ndarray, top: int) -> tuple[float, float]:
    """What becomes black and what white."""
    low, high = float(values.min()), float(values.max())
    floats = values.dtype.kind == "f"
    if high > (1 + OVERSHOOT if floats else 255):
        usual = float(np.quantile(values, FEW, method="lower"))
        if 0 < usual < high / DARK or (floats and 0 < usual <= 1 + OVERSHOOT):
            high = usual
    if low < -OVERSHOOT * max(high, 0.0):
        return (low, high) if high > low else (low, low + 1)
    if floats and (0 < high < 1 / DARK or 1 + OVERSHOOT < high < 255 / SEEN):
        return 0.0, high
    if floats and high <= 1 + OVERSHOOT:
        return 0.0, 1.0
    if high <= top:
        return 0.0, float(top)
    over = 1 + OVERSHOOT if floats else 1.0
    return 0.0, next((white for depth in DEPTHS if high <= over * (white := 2.0**depth - 1)), high)
