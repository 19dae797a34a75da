"""Norms of convolutions: beside the paper's procedure, a plain sum, power iteration and ARPACK.

All on one core. The peers work in float32, as torch does; ours sums in float64 and ends every
lower bound with a float64 evaluation.
"""

import itertools
import math
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse.linalg import LinearOperator, svds
from torch.nn import functional as F

from benchmarks._race import Measure, Race
from lipkit.norms import conv_norm, conv_norm_bracket

RTOL = 1e-4


@dataclass(frozen=True)
class Layer:
    """A convolution of the issue's list, with torch's own initial weights."""

    outputs: int
    inputs: int
    taps: int
    size: int
    stride: int = 1

    @property
    def padding(self) -> int:
        """Half the kernel."""
        return self.taps // 2

    @property
    def weight(self) -> torch.Tensor:
        """The kernel, float32."""
        torch.manual_seed(1)
        return torch.nn.Conv2d(self.inputs, self.outputs, self.taps).weight.detach()

    @property
    def settings(self) -> dict[str, int]:
        """What lipkit needs to know beside the kernel."""
        return {"input_size": self.size, "stride": self.stride, "padding": self.padding}

    def __str__(self) -> str:
        stride = f" s{self.stride}" if self.stride > 1 else ""
        return f"{self.inputs}->{self.outputs} k{self.taps}{stride} at {self.size}²"


LAYERS = (
    Layer(16, 16, 3, 16),
    Layer(64, 64, 3, 32),
    Layer(128, 64, 3, 32, 2),
    Layer(512, 512, 3, 8),
    Layer(64, 3, 7, 224, 2),
)


def races() -> Iterator[Race]:
    """Sums first, then the lower side of the l2 norm."""
    for layer in LAYERS:
        yield from _sums(layer)
    for layer in LAYERS:
        yield from _spectral(layer)


def measures() -> Iterator[Measure]:
    """How tight the certified bracket is, and how much memory it takes."""
    for layer in LAYERS:
        weight = layer.weight
        bracket = conv_norm_bracket(weight, **layer.settings)
        yield Measure(f"certified upper over lower, {layer}", bracket.ratio, 1.05)
        tracemalloc.start()
        conv_norm_bracket(weight, **layer.settings)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        maps = max(layer.inputs * layer.size**2, layer.outputs * (layer.size // layer.stride) ** 2)
        allowed = 8 * (10 * weight.numel() + 4 * maps)  # bytes, in float64
        yield Measure(f"peak memory over 10 kernels + 4 maps, {layer}", peak / allowed, 1.0)


def _sums(layer: Layer) -> Iterator[Race]:
    weight = layer.weight
    array = weight.numpy()
    for p in (1, math.inf):
        ours, theirs = itertools.count(layer.size), itertools.count(layer.size)
        yield Race(
            f"l{p:g} norm of a fresh layer, {layer}",
            "bind, forward, formula",
            goal=0.2,
            ours=lambda p=p, sizes=ours: (
                conv_norm(weight, p, **layer.settings | {"input_size": next(sizes)}).value
            ),
            theirs=lambda p=p, sizes=theirs: _bind_forward_formula(layer, weight, next(sizes), p),
        )
        seconds = _median_seconds(lambda: np.abs(array).sum())
        yield Race(
            f"l{p:g} norm again, {layer}",
            "np.abs(W).sum()",
            goal=1.5 + 50e-6 / seconds,
            ours=lambda p=p: conv_norm(array, p, **layer.settings).value,
            theirs=lambda: float(np.abs(array).sum()),
            repeats=101,
        )


def _spectral(layer: Layer) -> Iterator[Race]:
    weight = layer.weight
    truth = conv_norm(weight, 2, method="lanczos", n_iter=400, **layer.settings).value
    repeats = 1 if layer.size > 100 else 3
    yield Race(
        f"l2 from below to 1e-4, {layer}",
        "power, stopped by an oracle",
        goal=0.25,
        ours=lambda: conv_norm(weight, 2, method="lanczos", **layer.settings).value,
        theirs=lambda: _power(layer, weight, truth * (1 - RTOL)),
        repeats=repeats,
    )
    yield Race(
        f"l2 from below to 1e-4, {layer}",
        "ARPACK float32 (svds)",
        goal=1.0,
        ours=lambda: conv_norm(weight, 2, method="lanczos", **layer.settings).value,
        theirs=lambda: _arpack(layer, weight),
        repeats=repeats,
    )


# -- the peers ------------------------------------------------------------------------------------
def _bind_forward_formula(layer: Layer, weight: torch.Tensor, size: int, p: float) -> float:
    """Liang and Huang's procedure: a forward pass tells the input size, then the tap sets."""
    module = torch.nn.Conv2d(
        layer.inputs, layer.outputs, layer.taps, layer.stride, layer.padding, bias=False
    )
    module.weight.data = weight
    seen: list[int] = []
    handle = module.register_forward_hook(lambda m, x, y: seen.append(x[0].shape[-1]))
    with torch.no_grad():
        module(torch.zeros(1, layer.inputs, size, size))
    handle.remove()
    sizes = weight.abs()
    if math.isinf(p):
        return sizes.sum(dim=(1, 2, 3)).max().item()
    family = _tap_sets(layer.taps, layer.stride, seen[0] + 2 * layer.padding)
    sums = [
        sizes[:, :, rows][:, :, :, columns].sum(dim=(0, 2, 3)).max().item()
        for rows, columns in itertools.product(family, repeat=2)
    ]
    return max(sums)


def _tap_sets(taps: int, stride: int, padded: int) -> list[list[int]]:
    """The sets of taps of one axis that share a pixel."""
    window = min(taps, padded - taps + 1)
    return [
        [a for a in range(first, first + window) if (a - first - c) % stride == 0]
        for first in range(taps - window + 1)
        for c in range(min(stride, window))
    ]


def _maps(layer: Layer, weight: torch.Tensor) -> tuple[Callable, Callable]:
    """The convolution and its adjoint in torch, on images without a batch."""
    settings = {"stride": layer.stride, "padding": layer.padding}
    smaller = (layer.size + 2 * layer.padding - layer.taps) // layer.stride + 1
    rest = layer.size - ((smaller - 1) * layer.stride - 2 * layer.padding + layer.taps)
    return (
        lambda x: F.conv2d(x[None], weight, **settings)[0],
        lambda y: F.conv_transpose2d(y[None], weight, **settings, output_padding=rest)[0],
    )


@torch.no_grad()
def _power(layer: Layer, weight: torch.Tensor, enough: float) -> float:
    apply, transpose = _maps(layer, weight)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(layer.inputs, layer.size, layer.size, generator=generator)
    value = 0.0
    for _ in range(20_000):
        y = apply(x / x.norm())
        value = y.norm().item()
        if value >= enough:
            break
        x = transpose(y)
    return value


@torch.no_grad()
def _arpack(layer: Layer, weight: torch.Tensor) -> float:
    apply, transpose = _maps(layer, weight)
    shape = (layer.inputs, layer.size, layer.size)
    image = tuple(apply(torch.zeros(shape)).shape)

    def through(function: Callable, sizes: tuple[int, ...]) -> Callable:
        return lambda v: (
            function(torch.from_numpy(v.astype(np.float32)).reshape(sizes)).numpy().ravel()
        )

    A = LinearOperator(
        (math.prod(image), math.prod(shape)),
        matvec=through(apply, shape),
        rmatvec=through(transpose, image),
        dtype=np.float32,
    )
    return float(svds(A, k=1, tol=RTOL, return_singular_vectors=False, rng=0)[0])


def _median_seconds(function: Callable[[], object]) -> float:
    times = []
    for _ in range(51):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return sorted(times)[25]
