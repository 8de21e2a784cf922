"""BatchNorm over the samples of all ranks: for methods whose loss compares samples, where a rank's own statistics would
tell which samples lie together (Chen et al. 2020, section 2.2), and so that two processes give the losses of one.
"""

import torch
from torch import Tensor, nn

from sightline.dist import gather, world

BATCHNORM = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)


class SyncBatchNorm(nn.SyncBatchNorm):
    """torch's, whose kernels are for accelerators, and the same on a CPU in plain products. Keys are BatchNorm's."""

    def forward(self, input: Tensor) -> Tensor:
        if not self.training or input.device.type != "cpu":
            return super().forward(input)
        axes, shape = [0, *range(2, input.ndim)], [1, -1, *[1] * (input.ndim - 2)]
        x = input if input.dtype == torch.float64 else input.float()
        count = x.numel() // x.shape[1] * world()  # ranks hold equally many
        mean = _everyones(x.sum(axes)) / count
        centred = x - mean.view(shape)
        variance = _everyones(centred.square().sum(axes)) / count
        self._remember(mean.detach(), variance.detach() * (count / max(1, count - 1)))
        normed = centred * (variance + self.eps).rsqrt().view(shape)
        if self.affine:
            normed = normed * self.weight.view(shape) + self.bias.view(shape)
        return normed.to(input.dtype)

    def _remember(self, mean: Tensor, variance: Tensor) -> None:
        if not self.track_running_stats or self.running_mean is None or self.running_var is None:
            return
        assert self.num_batches_tracked is not None
        self.num_batches_tracked.add_(1)
        share = 1 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), share)
        self.running_var.lerp_(variance.to(self.running_var.dtype), share)


def across_ranks(module: nn.Module) -> nn.Module:
    """Its BatchNorms replaced, in place, by ones over all ranks, with the same parameters and statistics.

    Nothing is changed on one process, where both are the same.
    """
    if world() == 1:
        return module
    for name, child in module.named_children():
        if isinstance(child, BATCHNORM) and not isinstance(child, nn.SyncBatchNorm):
            setattr(module, name, _synchronised(child))
        else:
            across_ranks(child)
    return module


def _synchronised(norm: nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d | nn.SyncBatchNorm) -> SyncBatchNorm:
    made = SyncBatchNorm(norm.num_features, norm.eps, norm.momentum, norm.affine, norm.track_running_stats)
    for name, value in norm.named_parameters(recurse=False):
        setattr(made, name, value)
    for name, value in norm.named_buffers(recurse=False):
        setattr(made, name, value)
    return made.train(norm.training)


def _everyones(mine: Tensor) -> Tensor:
    return gather(mine[None]).sum(0)
