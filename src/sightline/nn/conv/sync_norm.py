"""BatchNorm over the samples of all ranks, so that two processes normalise as one with the whole batch would: a rank's
own statistics would also tell a loss that compares samples which of them lie together (Chen et al. 2020, section 2.2).

With n_r values a channel on rank r, of mean m_r and sum of squares about it s_r, N = sum n_r (Chan et al. 1979):

    mean = sum_r n_r m_r / N,      var = sum_r ( s_r + n_r (m_r - mean)^2 ) / N
    dx = w / sqrt(var + eps) ( g - sum g / N - x^ sum(g x^) / N ),    x^ = (x - mean) / sqrt(var + eps)

One exchange of 2 c + 1 numbers forward, of 2 c backward. Ranks may hold different numbers of samples.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.modules.batchnorm import _BatchNorm  # pyright: ignore[reportPrivateUsage]  # what torch's have in common

from sightline.dist import gather, total, world


class SyncBatchNorm(_BatchNorm):
    """torch's `SyncBatchNorm` in plain products, for CPUs, which its kernels do not know. Keys are BatchNorm's.

    Statistics are in float32 or better whatever comes in.
    """

    def forward(self, input: Tensor) -> Tensor:
        if input.ndim < 2:
            raise ValueError(f"a BatchNorm takes (b, c) or (b, c, ...), and got {tuple(input.shape)}")
        if not self.training:
            return _alone(self, input)
        made, mean, variance, count = _Normalised.apply(input, self.weight, self.bias, self.eps)  # pyright: ignore
        self._remember(mean, variance * (count / (count - 1).clamp(min=1)))
        return made

    @torch.no_grad()
    def _remember(self, mean: Tensor, variance: Tensor) -> None:
        """Moves the running statistics; `variance` is the unbiased one."""
        if not self.track_running_stats or self.running_mean is None or self.running_var is None:
            return
        assert self.num_batches_tracked is not None
        self.num_batches_tracked.add_(1)
        share = 1 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), share)
        self.running_var.lerp_(variance.to(self.running_var.dtype), share)


BATCHNORM = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm, SyncBatchNorm)


def across_ranks(module: nn.Module, device: torch.device | None = None) -> nn.Module:
    """The module with its BatchNorms replaced, in place, by ones over all ranks, of the same parameters and statistics.

    By torch's on an accelerator (`device`), by ours on a CPU. On one process, where both are the same, nothing changes.
    """
    if world() == 1:
        return module
    kind = SyncBatchNorm if device is None or device.type == "cpu" else nn.SyncBatchNorm
    if isinstance(module, BATCHNORM):
        return _synchronised(module, kind)
    for name, child in module.named_children():
        setattr(module, name, across_ranks(child, device))
    return module


def _synchronised(norm: Any, kind: Any) -> nn.Module:
    if isinstance(norm, kind):
        return norm
    made = kind(norm.num_features, norm.eps, norm.momentum, norm.affine, norm.track_running_stats)
    for tensors in (norm._parameters, norm._buffers):  # also those that are None, as a bias may be
        for name, value in tensors.items():
            setattr(made, name, value)
    return made.train(norm.training)


def _alone(norm: _BatchNorm, input: Tensor) -> Tensor:
    """By the running statistics, or by this input's own where there are none, as torch does."""
    own = norm.running_mean is None
    return F.batch_norm(input, norm.running_mean, norm.running_var, norm.weight, norm.bias, own, 0.0, norm.eps)


class _Normalised(torch.autograd.Function):
    """(output, mean, biased variance, number of values) over all ranks; only the output carries a gradient."""

    @staticmethod
    def forward(ctx: Any, input: Tensor, weight: Tensor | None, bias: Tensor | None, eps: float) -> Any:
        x, axes, shape = _precise(input), _axes(input), _shape(input)
        n = x.new_tensor([x.numel() // x.shape[1]])
        own = x.sum(axes) / n.clamp(min=1)
        squares = (x - own.view(shape)).square().sum(axes)
        n, own, squares = gather(torch.cat([n, own, squares])[None]).split([1, len(own), len(own)], dim=1)
        count = n.sum()
        if count < 2:
            raise ValueError("a BatchNorm has no variance over one value a channel: give it a batch of two or more")
        mean = (n * own).sum(0) / count
        variance = (squares + n * (own - mean).square()).sum(0) / count
        scale = (variance + eps).rsqrt()
        made = (x - mean.view(shape)) * scale.view(shape)
        if weight is not None:
            made = made * weight.view(shape)
        if bias is not None:
            made = made + bias.view(shape)
        ctx.save_for_backward(input, weight, mean, scale, count)
        ctx.mark_non_differentiable(mean, variance, count)
        return made.to(input.dtype), mean, variance, count

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]  # once_differentiable hides the names
        ctx: Any, *grad_outputs: Tensor
    ) -> tuple[Tensor | None, ...]:
        input, weight, mean, scale, count = ctx.saved_tensors
        axes, shape = _axes(input), _shape(input)
        g = _precise(grad_outputs[0])
        x = (_precise(input) - mean.view(shape)) * scale.view(shape)
        own = torch.stack([g.sum(axes), (g * x).sum(axes)])  # the trainer averages the parameters' over ranks
        d_input = None
        if ctx.needs_input_grad[0]:
            g_mean, gx_mean = (total(own) / count).unbind()
            d_input = (g - g_mean.view(shape) - x * gx_mean.view(shape)) * scale.view(shape)
            d_input = (d_input if weight is None else d_input * weight.view(shape)).to(input.dtype)
        d_weight = None if weight is None else own[1].to(weight.dtype)
        d_bias = own[0].to(weight.dtype if weight is not None else own.dtype) if ctx.needs_input_grad[2] else None
        return d_input, d_weight, d_bias, None


def _precise(x: Tensor) -> Tensor:
    return x if x.dtype == torch.float64 else x.float()


def _axes(x: Tensor) -> list[int]:
    return [0, *range(2, x.ndim)]


def _shape(x: Tensor) -> list[int]:
    return [1, -1, *[1] * (x.ndim - 2)]
