"""Arrays of many random networks from one generator, network after network."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TypeAlias

import numpy as np

from lipkit._validate import Array

Draw: TypeAlias = Callable[[np.random.Generator, int], Array]


def normal(rng: np.random.Generator, size: int) -> Array:
    """Numbers of variance 1."""
    return rng.normal(size=size)


def uniform(rng: np.random.Generator, size: int) -> Array:
    """Numbers in [-1, 1]."""
    return rng.uniform(-1.0, 1.0, size=size)


def cauchy(rng: np.random.Generator, size: int) -> Array:
    """Numbers half of which are in [-1, 1]."""
    return rng.standard_cauchy(size=size)


@dataclass(frozen=True)
class Part:
    """One array of a network: its shape, the law of its entries, their scale."""

    shape: tuple[int, ...]
    draw: Draw
    scale: float


ENTRIES = 2**20  # numbers drawn at a time: 8 MB


def draw_parts(n: int, parts: Sequence[Part], rng: np.random.Generator) -> list[Array]:
    """Each part of n networks, ``(n, *shape)``; the first networks are the same whatever n.

    Beside the result only the numbers of one chunk of networks are held; the draws do not depend on
    its size.
    """
    arrays = [np.empty((n, *part.shape)) for part in parts]
    sizes = [math.prod(part.shape) for part in parts]
    rows = max(1, ENTRIES // sum(sizes))
    for start in range(0, n, rows):
        numbers = _numbers(min(rows, n - start), parts, sizes, rng)
        for array, part, column in zip(arrays, parts, numbers, strict=True):
            chunk = array[start : start + rows]
            np.multiply(column.reshape(chunk.shape), part.scale, out=chunk)
    return arrays


def _numbers(
    n: int, parts: Sequence[Part], sizes: Sequence[int], rng: np.random.Generator
) -> Sequence[Array]:
    """A row of numbers for each of n networks, part by part, before they are scaled."""
    if len({part.draw for part in parts}) == 1:
        block = parts[0].draw(rng, n * sum(sizes)).reshape(n, -1)
        return np.split(block, [*accumulate(sizes)][:-1], axis=1)
    rows = [[p.draw(rng, m) for p, m in zip(parts, sizes, strict=True)] for _ in range(n)]
    return [np.stack(column) for column in zip(*rows, strict=True)]
