"""Matrices of convolutions from the definition, and random configurations to try them on."""

import math
import random
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

_NUMPY_MODES = {"circular": "wrap", "reflect": "reflect", "replicate": "edge"}

NINE = np.arange(1.0, 10.0).reshape(1, 1, 3, 3)
SIGNED = NINE * np.array([[-1, 1, -1], [1, -1, 1], [1, -1, 1]])


def modular(*shape: int) -> Any:
    """The digest's kernel ((7 o + 5 i + 3 a + 2 b + c) mod 11 - 5) / 4."""
    index = np.indices(shape)
    factors = np.array([7, 5, 3, 2, 1])[: len(shape)]
    return (np.tensordot(factors, index, 1) % 11 - 5) / 4.0


def sides(padding: Any, taps: Any, dilation: Any) -> list[tuple[int, int]]:
    """Left and right padding of each axis."""
    n = len(taps)
    if padding == "same":
        totals = [d * (k - 1) for d, k in zip(dilation, taps, strict=True)]
        return [(t // 2, t - t // 2) for t in totals]
    if padding == "valid":
        return [(0, 0)] * n
    return [tuple(p) if isinstance(p, tuple) else (p, p) for p in padding]  # type: ignore[misc]


def definition_matrix(kernel: Any, s: dict[str, Any]) -> Any:
    """Column by column: pad a unit image as NumPy does, and sum over taps."""
    if s.get("transposed"):
        return _scattered(kernel, s)
    sizes, stride, dilation, groups = s["input_size"], s["stride"], s["dilation"], s["groups"]
    outputs, inputs, *taps = kernel.shape
    channels = inputs * groups
    X = np.eye(channels * math.prod(sizes)).reshape(-1, channels, *sizes)
    pads = sides(s["padding"], taps, dilation)
    if s["padding_mode"] == "zeros":
        X = np.pad(X, [(0, 0), (0, 0), *pads])
    else:
        X = np.pad(X, [(0, 0), (0, 0), *pads], mode=_NUMPY_MODES[s["padding_mode"]])
    X = X.reshape(len(X), groups, inputs, *X.shape[2:])
    K = kernel.reshape(groups, outputs // groups, *kernel.shape[1:])
    counts = [
        (X.shape[3 + j] - d * (k - 1) - 1) // st + 1
        for j, (k, d, st) in enumerate(zip(taps, dilation, stride, strict=True))
    ]
    out = 0.0
    for tap in product(*map(range, taps)):
        read = tuple(
            slice(a * d, a * d + (m - 1) * st + 1, st)
            for a, d, st, m in zip(tap, dilation, stride, counts, strict=True)
        )
        part = X[(slice(None), slice(None), slice(None), *read)]
        out = out + np.einsum("ngi...,goi->ngo...", part, K[(..., *tap)])
    return np.asarray(out).reshape(len(X), -1).T


def _scattered(kernel: Any, s: dict[str, Any]) -> Any:
    """A transposed convolution: every input pixel adds the kernel where it lands."""
    sizes, stride, dilation, groups = s["input_size"], s["stride"], s["dilation"], s["groups"]
    inputs, outputs, *taps = kernel.shape
    axes = list(zip(sizes, stride, s["padding"], dilation, taps, s["output_padding"], strict=True))
    ends = [(n - 1) * st - 2 * p + d * (k - 1) + op + 1 for n, st, p, d, k, op in axes]
    A = np.zeros((groups * outputs, *ends, inputs, *sizes))
    for i, o in product(range(inputs), range(outputs)):
        channel = i // (inputs // groups) * outputs + o
        for pixel, tap in product(product(*map(range, sizes)), product(*map(range, taps))):
            lands = tuple(
                t * st + a * d - p
                for t, a, (_, st, p, d, _, _) in zip(pixel, tap, axes, strict=True)
            )
            if all(0 <= y < end for y, end in zip(lands, ends, strict=True)):
                A[(channel, *lands, i, *pixel)] += kernel[(i, o, *tap)]
    return A.reshape(groups * outputs * math.prod(ends), -1)


def configurations(
    n: int, seed: int, transposed: bool | None = None, most: tuple[int, ...] = (7, 6, 3)
) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Kernels and settings that torch would accept, rectangular, some smaller than the kernel."""
    draw, entries = random.Random(seed), np.random.default_rng(seed)
    while n > 0:
        settings, shape = _settings(draw, transposed, most)
        if settings is None:
            continue
        kernel = entries.normal(size=shape)
        if draw.random() < 0.3:
            kernel = entries.integers(-2, 3, size=shape).astype(float)
        n -= 1
        yield kernel, settings


def _settings(draw: random.Random, transposed: bool | None, most: tuple[int, ...]) -> Any:
    n = draw.choice([1, 2, 2, 2, 3])

    def each(low: int, high: int) -> tuple[int, ...]:
        return tuple(draw.randint(low, high) for _ in range(n))

    turned = draw.random() < 0.2 if transposed is None else transposed
    sizes, taps = each(1, most[n - 1]), each(1, 4 if n < 3 else 2)
    stride, dilation, padding = each(1, 3), each(1, 3 if n < 3 else 2), each(0, 3)
    mode = "zeros" if turned else draw.choice(["zeros", "circular", "reflect", "replicate"])
    groups = draw.choice([1, 1, 2, 3])
    first, second = groups * draw.randint(1, 2), draw.randint(1, 2)
    limit = {"circular": 0, "reflect": 1}.get(mode)
    if limit is not None:
        padding = tuple(min(p, m - limit) for p, m in zip(padding, sizes, strict=True))
    settings: dict[str, Any] = {
        "input_size": sizes,
        "stride": stride,
        "dilation": dilation,
        "groups": groups,
        "padding": padding,
        "padding_mode": mode,
    }
    axes = list(zip(sizes, stride, padding, dilation, taps, strict=True))
    if turned:
        extra = tuple(draw.randint(0, max(st, d) - 1) for _, st, _, d, _ in axes)
        settings |= {"transposed": True, "output_padding": extra}
        ends = [m - 1 + x for m, x in zip(sizes, extra, strict=True)]
        ends = [
            (m - 1) * st - 2 * p + d * (k - 1) + x + 1
            for (m, st, p, d, k), x in zip(axes, extra, strict=True)
        ]
        fits = min(ends) > 0
    else:
        if max(stride) == 1 and mode == "zeros" and draw.random() < 0.2:
            settings["padding"] = "same"
        pads = sides(settings["padding"], taps, dilation)
        fits = all(
            m + sum(pad) > d * (k - 1) for (m, _, _, d, k), pad in zip(axes, pads, strict=True)
        )
    return (settings if fits else None), (first, second, *taps)


def largest_sums(A: Any) -> tuple[float, float]:
    """The l1 and the sup norm of a matrix."""
    return float(np.abs(A).sum(axis=0).max()), float(np.abs(A).sum(axis=1).max())
