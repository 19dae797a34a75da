"""Lower bounds for thousands of small networks at once, as an experiment on random ones needs."""

import numpy as np
from numpy.typing import NDArray

from lipkit import _validate
from lipkit._validate import Array, Seed
from lipkit.lipschitz._batch_steps import Stack, units
from lipkit.lipschitz._homogeneous import homogenised
from lipkit.lipschitz._kinks import RELATIVE_ZERO, clear_of_kinks
from lipkit.networks import ReluNetworkBatch
from lipkit.norms import dual_exponent

_ENTRIES = 2**15  # numbers a layer of one group of networks: 256 KB, near the processor
_BETA = (2.0, 10.0)  # sharpness of the gates, first and last step
_STEP = (2.0, 0.05)  # length of a step on the unit sphere
_SMOOTH = 1.1  # the least norm whose best step is climbed with: below, it jumps among coordinates


def gradient_lower_bounds(
    batch: ReluNetworkBatch, p: float = 2, *, starts: int = 8, steps: int = 10, rng: Seed
) -> Array:
    r"""Lower bounds of :math:`\mathrm{Lip}_p` of many networks at once: the steepest gradient seen.

    From ``starts`` random directions a network, ``steps`` steps climb through gates that open
    gradually, as in :func:`ascent`; the largest :math:`\|\nabla f\|_{p'}` on the way counts. For a
    small network that takes a tenth of a millisecond; :func:`ascent` takes a thousand times that,
    and finds more.

    Parameters
    ----------
    batch
        A ``ReluNetworkBatch`` of n networks with one output. With biases all of space is looked at,
        far out too: points :math:`(x, \tau)` stand for :math:`x / \tau`.
    p
        Input norm in [1, inf]. The climb goes where the best step of p-norm 1 gains more; below
        p = 1.1, where that step jumps from one coordinate to another, it takes the step for 1.1.
    starts, steps
        Points a network, and steps on each.
    rng
        Seed or Generator.

    Returns a float64 array ``(n,)``, output per unit of input norm: each number is the norm of a
    gradient at a point clear of kinks. Raises ``ValueError`` for several outputs and sizes below 1.
    [Derived, digest of random ReLU networks, section 5.9.]

    >>> from lipkit.networks import sample_random_relu_batch
    >>> many = sample_random_relu_batch(1000, 8, 32, 1, rng=0)
    >>> bool(1.5 < gradient_lower_bounds(many, rng=0).mean() / np.sqrt(8) < 2)
    True
    """
    if not isinstance(batch, ReluNetworkBatch):
        raise TypeError(
            f"batch: got {type(batch).__name__}, expected a ReluNetworkBatch; stack the weights, "
            "or call ascent for one network"
        )
    if batch.output_dim != 1:
        raise ValueError(f"batch: got {batch.output_dim} outputs, expected one; use with_readout")
    p = _validate.exponent(p)
    starts, steps = _validate.count(starts, "starts"), _validate.count(steps, "steps", 0)
    weights = list(batch.weights) if batch.bias_free else _homogenised(batch)
    X = units(_validate.generator(rng).normal(size=(len(batch), starts, weights[0].shape[2])))
    X[..., batch.input_dim :] = np.abs(X[..., batch.input_dim :])
    group = max(1, _ENTRIES // (starts * max(batch.input_dim, *batch.widths, 1)))
    found = [
        _climb(Stack.of([W[i : i + group] for W in weights]), X[i : i + group], p, steps, batch, i)
        for i in range(0, len(batch), group)
    ]
    return np.concatenate(found)


def _climb(
    stack: Stack, X: Array, p: float, steps: int, batch: ReluNetworkBatch, first: int
) -> Array:
    """The largest norms for one group of networks, from these starts."""
    d = batch.input_dim
    seen = [X]
    for step in range(steps if stack.turned else 0):
        share = step / max(1, steps - 1)
        beta, length = _between(_BETA, share), _between(_STEP, share)
        X = units(X + length * units(stack.uphill(X, beta, d, max(p, _SMOOTH))))
        X[..., d:] = np.abs(X[..., d:])
        seen.append(X)
    points = np.concatenate(seen, axis=1)
    slopes = np.linalg.norm(stack.gradients(points)[..., :d], ord=dual_exponent(p), axis=2)
    rows = np.arange(len(slopes))
    best = slopes.argmax(axis=1)
    answers = slopes[rows, best]
    for row in np.flatnonzero(_at_kinks(stack, points[rows, best])):
        answers[row] = _steepest_clear(stack, int(row), points[row], slopes[row])
    return np.asarray(answers)


def _between(ends: tuple[float, float], share: float) -> float:
    return float(ends[0] * (ends[1] / ends[0]) ** share)


def _at_kinks(stack: Stack, x: Array) -> NDArray[np.bool_]:
    """Whether each network's point ``(n, d)`` may be at a kink."""
    at, hidden = np.zeros(len(x), dtype=bool), x[:, None]
    for W in stack.turned:
        z, terms = hidden @ W, np.abs(hidden) @ np.abs(W)
        at |= (np.abs(z) <= RELATIVE_ZERO * terms).any(axis=(1, 2))
        hidden = np.maximum(z, 0)
    return at


def _steepest_clear(stack: Stack, row: int, points: Array, slopes: Array) -> float:
    """For one network whose steepest point is at a kink: the steepest that is not, or 0."""
    network = ReluNetworkBatch([W[row : row + 1] for W in stack.weights])[0]
    return float(slopes[clear_of_kinks(network, points)].max(initial=0.0))


def _homogenised(batch: ReluNetworkBatch) -> list[Array]:
    """One more input tau for the biases, scaled to be as heavy as the others."""
    nets = [homogenised(batch[i]) for i in range(len(batch))]
    weights = [np.stack([net.weights[k] for net in nets]) for k in range(batch.depth + 1)]
    typical = np.sqrt(np.mean(weights[0] ** 2))
    heavy = np.sqrt(np.mean(np.concatenate([b.ravel() for b in batch.biases[:-1]]) ** 2))
    weights[0][..., -1] *= typical / heavy
    return weights
