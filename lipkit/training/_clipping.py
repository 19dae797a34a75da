"""Singular value clipping, and BatchNorm statistics counted anew."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from lipkit import _validate
from lipkit._torch_state import evaluated
from lipkit.training._penalty import Penalty
from lipkit.training._weighted import CONVOLUTIONS, LayersOf


class SingularValueClipping(Penalty):
    r"""Every so many steps, clip the singular values of each convolution's *periodic* twin.

    The kernel becomes a multiplication at every frequency of the layer's input grid; there the
    singular values above ``bound`` are cut, and the result is cropped to the kernel's own taps,
    ``rounds`` times. What it is not: a bound of the layer. Stride and zero padding are ignored, and
    cropping brings singular values above the bound back; measure with
    :func:`lipkit.norms.conv_norm`. Linear layers and transposed convolutions are left alone.

    ``input_shape`` is that of the model, without the batch. Activations change with a clip, and the
    statistics of BatchNorm lag behind: :func:`renew_batch_norm` counts them anew before the model
    is judged. Raises ``ValueError`` for a bound that is not positive. [Sedghi et al. 2019; as used
    by Liang and Huang 2021, from their code; digest of layer norms, section 5.2.]

    >>> SingularValueClipping(1.0, input_shape=(3, 32, 32))
    SingularValueClipping(bound=1, input_shape=(3, 32, 32), every=100, rounds=1)
    """

    def __init__(
        self, bound: float, *, input_shape: Sequence[int], every: int = 100, rounds: int = 1
    ) -> None:
        self.bound = _validate.positive(bound, "bound")
        self.every = _validate.count(every, "every")
        self.rounds = _validate.count(rounds, "rounds")
        self.layers = LayersOf(input_shape)

    @torch.no_grad()
    def after_step(self, model: nn.Module, step: int) -> None:
        """Clip, if it is time."""
        if (step + 1) % self.every:
            return
        for found in self.layers(model):
            if isinstance(found.layer, CONVOLUTIONS):
                parts = found.weight.chunk(found.layer.groups)
                clipped = [
                    clip_singular_values(part, self.bound, found.input_size, rounds=self.rounds)
                    for part in parts
                ]
                found.weight.copy_(torch.cat(clipped))

    def __repr__(self) -> str:
        return (
            f"SingularValueClipping(bound={self.bound:g}, input_shape={self.layers.input_shape}, "
            f"every={self.every}, rounds={self.rounds})"
        )


def clip_singular_values(
    weight: Tensor, bound: float, input_size: int | Sequence[int], *, rounds: int = 1
) -> Tensor:
    r"""A kernel whose periodic twin has its singular values cut at ``bound``, cropped to its taps.

    ``weight`` is ``(out, in, *taps)``, floats; ``input_size`` the pixels of each axis, at least as
    many as taps. Returns the same shape and dtype, of norm above ``bound`` in general: cropping
    undoes part of the cut, and each of the ``rounds`` less. Raises ``ValueError`` for a bound that
    is not positive or a grid smaller than the kernel. [Sedghi et al. 2019.]

    >>> clip_singular_values(torch.tensor([[[0.0, 3.0, 0.0]]]), 2.0, 8).round(decimals=6)
    tensor([[[0., 2., 0.]]])
    """
    bound = _validate.positive(bound, "bound")
    sizes = _sizes(weight, input_size)
    axes = tuple(range(2, weight.ndim))
    crop = (slice(None), slice(None), *(slice(taps) for taps in weight.shape[2:]))
    clipped = weight
    for _ in range(_validate.count(rounds, "rounds")):
        waves = torch.fft.rfftn(clipped, s=sizes, dim=axes).movedim((0, 1), (-2, -1))
        left, values, right = torch.linalg.svd(waves, full_matrices=False)
        cut = (left * values.clamp(max=bound)[..., None, :].to(left.dtype)) @ right
        clipped = torch.fft.irfftn(cut.movedim((-2, -1), (0, 1)), s=sizes, dim=axes)[crop]
    return clipped


def _sizes(weight: Tensor, input_size: int | Sequence[int]) -> tuple[int, ...]:
    taps = tuple(weight.shape[2:])
    given: Any = (input_size,) * len(taps) if isinstance(input_size, int) else tuple(input_size)
    sizes = tuple(_validate.count(size, "input_size") for size in given)
    if len(sizes) != len(taps) or any(n < k for n, k in zip(sizes, taps, strict=True)):
        raise ValueError(
            f"input_size: got {input_size} for taps {taps}, expected a size for each axis, at "
            "least as large as its taps"
        )
    return sizes


@torch.no_grad()
def renew_batch_norm(model: nn.Module, X: Any, *, batch_size: int = 128) -> None:
    r"""Count the statistics of every BatchNorm anew: means over one pass through ``X``.

    ``X`` is ``(n, ...)``, at least two points; weights and modes stay as they are, other layers run
    in eval mode. After weights were changed by hand, the running statistics describe another
    network. Raises ``ValueError`` for fewer than two points. [Derived, digest, section 5.2.]

    >>> layer = nn.BatchNorm1d(1)
    >>> renew_batch_norm(layer, [[1.0], [3.0]])
    >>> layer.running_mean.item(), layer.running_var.item(), layer.training
    (2.0, 2.0, True)
    """
    numbers = next(model.parameters())
    points = torch.as_tensor(X, dtype=numbers.dtype, device=numbers.device)
    if len(points) < 2:
        raise ValueError(f"X: got {len(points)} points, expected at least two")
    kinds = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
    norms = [layer for layer in model.modules() if isinstance(layer, kinds)]
    with evaluated(model), _counting(norms):
        for batch in torch.tensor_split(points, max(1, len(points) // batch_size)):
            model(batch)


@contextmanager
def _counting(norms: Sequence[Any]) -> Iterator[None]:
    """Layers that take a plain mean over the batches, from nothing; their momentum comes back."""
    momenta = [(norm, norm.momentum) for norm in norms]
    try:
        for norm in norms:
            norm.train()
            norm.reset_running_stats()
            norm.momentum = None
        yield
    finally:
        for norm, momentum in momenta:
            norm.momentum = momentum
