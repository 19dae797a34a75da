"""A convolution's matrix by torch's own convolution: the oracle of the chapters on layers."""

import numpy as np
import torch
from torch.nn import functional as F


def matrix(kernel, n, stride=1, padding=0, mode="zeros", dilation=1, groups=1):
    """The layer's matrix, column by column, from torch's own convolution."""
    kernel = torch.tensor(np.asarray(kernel, dtype=float))
    axes = kernel.ndim - 2
    channels = groups * kernel.shape[1]
    basis = torch.eye(channels * n**axes, dtype=torch.float64)
    x = basis.reshape(-1, channels, *[n] * axes)
    how = "constant" if mode == "zeros" else mode
    x = F.pad(x, [padding] * 2 * axes, mode=how) if padding else x
    conv = F.conv1d if axes == 1 else F.conv2d
    out = conv(x, kernel, stride=stride, dilation=dilation, groups=groups)
    return out.reshape(len(basis), -1).T.numpy()
