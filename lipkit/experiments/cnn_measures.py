"""What is measured of a small convolutional network: norms, slopes, accuracy under attack."""

import math
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import numpy as np

from lipkit._validate import Array
from lipkit.data import Points, Split, digits

if TYPE_CHECKING:
    from torch import nn

IMAGE = (1, 8, 8)


def digit_images(seed: int) -> Split:
    """The digits as images ``(n, 1, 8, 8)``, split by the seed.

    >>> digit_images(0).test.X.shape
    (450, 1, 8, 8)
    """
    return Split(*(Points(X.reshape(-1, *IMAGE), y) for X, y in digits(rng=seed)))


def sup_norms(model: "nn.Module", *, fused: bool) -> Array:
    r"""The norm :math:`\|A\|_\infty` of each layer that has weights, in their order.

    ``fused`` takes a convolution together with the BatchNorm behind it as one layer.

    >>> from lipkit.training import small_cnn
    >>> sup_norms(small_cnn(width=2), fused=True).shape
    (4,)
    """
    from lipkit.norms import layer_norms

    records = layer_norms(model, IMAGE, math.inf, fuse_bn=fused)
    kinds = ("Conv2d", "Linear", "BatchNorm2d", "Conv2d+BatchNorm2d")
    return np.array([r.norm.value for r in records if r.kind in kinds and r.norm is not None])


def path_bound(model: "nn.Sequential") -> float:
    r"""An upper answer of the sup-norm constant, :math:`\| |A_L| \cdots |A_1| \|_\infty`.

    One forward pass of the network with absolute weights and no biases on an image of ones;
    BatchNorm counts with its absolute gain. At most the product of the (fused) norms, and the same
    for all networks that differ by channels rescaled between two layers. Kind: upper.
    [Derived: a ReLU network's difference is at most that of its absolute twin.]

    >>> from torch import nn
    >>> path_bound(nn.Sequential(nn.Flatten(), nn.Linear(64, 3), nn.ReLU())) > 0
    True
    """
    import torch
    from torch import nn

    twin = deepcopy(model).double().eval()
    values = torch.ones(1, *IMAGE, dtype=torch.float64)
    with torch.no_grad():
        for layer in twin:
            if isinstance(layer, nn.BatchNorm2d):
                values = values * _gains(layer)[:, None, None]
                continue
            if isinstance(layer, (nn.Conv2d, nn.Linear)):
                layer.weight.abs_()
                if layer.bias is not None:
                    layer.bias.zero_()
            values = layer(values)
    return float(values.max())


def gains(model: "nn.Module") -> Array:
    r"""The largest gain :math:`|\gamma_o|/\sqrt{v_o + \epsilon}` of each BatchNorm.

    >>> from lipkit.training import small_cnn
    >>> gains(small_cnn(width=2, batch_norm=True)).round(3)
    array([1., 1., 1.])
    """
    from torch import nn

    found = [_gains(layer).max() for layer in model.modules() if isinstance(layer, nn.BatchNorm2d)]
    return np.array([float(value) for value in found])


def _gains(layer: Any) -> Any:
    import torch

    return (layer.weight / torch.sqrt(layer.running_var + layer.eps)).abs().detach()


def steepest(model: "nn.Module", X: Array) -> float:
    r"""The largest :math:`\|\nabla f_j(x)\|_1` of a logit at these points; kind: lower.

    >>> from lipkit.training import small_cnn
    >>> steepest(small_cnn(width=2), digit_images(0).test.X[:5]) > 0
    True
    """
    import torch

    like = next(model.parameters())
    points = torch.as_tensor(X, dtype=like.dtype).requires_grad_()
    logits = model(points)
    slopes = [
        torch.autograd.grad(logits[:, j].sum(), points, retain_graph=True)[0]
        for j in range(logits.shape[1])
    ]
    return float(torch.stack(slopes).flatten(2).abs().sum(dim=2).max())


def accuracy(model: "nn.Module", points: Points) -> float:
    """The share of the points that the model reads as labelled.

    >>> from lipkit.training import small_cnn
    >>> 0 <= accuracy(small_cnn(width=2), digit_images(0).test) <= 1
    True
    """
    import torch

    like = next(model.parameters())
    with torch.no_grad():
        found = model(torch.as_tensor(points.X, dtype=like.dtype)).argmax(dim=1).numpy()
    return float(np.mean(found == points.y))


def robust(model: "nn.Module", points: Points, eps: float, steps: int, seed: int) -> float:
    """The share that stands under APGD on the cross-entropy and on the margin; kind: upper.

    >>> from lipkit.training import small_cnn
    >>> robust(small_cnn(width=2), digit_images(0).test, 0.0, 2, 0) <= 1
    True
    """
    from lipkit.attacks import robust_accuracy

    attacks = ("apgd-ce", "apgd-margin")
    found = robust_accuracy(model, *points, eps=eps, attacks=attacks, steps=steps, rng=seed)
    return found.value


def standing(model: "nn.Module", points: Points, eps: float, steps: int, seed: int) -> float:
    """The same share, the second attack only on what stands under the first; kind: upper.

    >>> from lipkit.training import small_cnn
    >>> standing(small_cnn(width=2), digit_images(0).test, 0.0, 2, 0) <= 1
    True
    """
    from lipkit.attacks import robust_accuracy

    left, n = points, len(points.y)
    for attack in ("apgd-ce", "apgd-margin"):
        found = robust_accuracy(model, *left, eps=eps, attacks=attack, steps=steps, rng=seed)
        kept = found.robust.numpy()
        left = Points(left.X[kept], left.y[kept])
    return len(left.y) / n
