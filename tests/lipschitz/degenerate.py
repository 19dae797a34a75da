"""Random networks of all sorts: He, scaled, integer, repeated, opposite, dead, narrow, linear."""

from itertools import pairwise

import numpy as np

from lipkit.networks import ReluNetwork, sample_random_relu


def some_network(seed, inputs=None, depth=None, outputs=1, widest=7):
    """One network a seed; every third has integer weights, every second has biases."""
    rng = np.random.default_rng([17, seed])
    d = inputs or int(rng.integers(1, 5))
    layers = depth or int(rng.integers(1, 4))
    sizes = [d, *rng.integers(1, widest + 1, size=layers), outputs]
    kind = seed % 6
    weights, biases = [], []
    for n, m in pairwise(sizes):
        W = rng.normal(size=(m, n))
        if kind in (1, 4):
            W = rng.integers(-2, 3, size=(m, n)).astype(float)
        if kind == 2:
            W *= np.exp(rng.normal(size=(m, 1)))
        weights.append(W)
        biases.append(rng.integers(-2, 3, size=m) if kind == 4 else rng.normal(size=m))
    if kind in (3, 5):
        _spoil(weights, biases, rng)
    return ReluNetwork(weights, biases if seed % 2 else None)


def _spoil(weights, biases, rng):
    """Repeat a neuron, mirror it, make it parallel, or kill it, in every hidden layer."""
    for W, b in zip(weights[:-1], biases[:-1], strict=True):
        for _ in range(2):
            i, j = rng.integers(len(W), size=2)
            factor = rng.choice([-1.0, 2.0, 1.0, 0.0, -0.5])
            W[i], b[i] = factor * W[j], factor * b[j] + rng.choice([0.0, 0.0, 1.0])


def he_network(seed, d=2, width=8, depth=2, bias="zero"):
    """A random network as the theory has it."""
    return sample_random_relu(d, width, depth, bias=bias, rng=seed)
