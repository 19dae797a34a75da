"""Chapter *Large norms*, ex2: the radius that each pair of logits certifies."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.teach import graders as g


def _pair_radii(W1: Array, W2: Array, logits: Array, y: Array) -> Array:
    return np.maximum(_unclipped(W1, W2, logits, y), 0)


def _unclipped(W1: Array, W2: Array, logits: Array, y: Array) -> Array:
    first, found = np.abs(W1).sum(axis=1).max(), []
    for z, label in zip(logits, y.astype(int), strict=True):
        others = [j for j in range(len(W2)) if j != label]
        found.append(min((z[label] - z[j]) / np.abs(W2[label] - W2[j]).sum() for j in others))
    return np.asarray(np.array(found) / first)


def _one_constant(W1: Array, W2: Array, logits: Array, y: Array) -> Array:
    rows, y = np.arange(len(y)), y.astype(int)
    others = np.where(np.arange(len(W2)) == y[:, None], -np.inf, logits)
    lead = np.maximum(logits[rows, y] - others.max(axis=1), 0)
    return np.asarray(lead / (2 * np.abs(W1).sum(axis=1).max() * np.abs(W2).sum(axis=1).max()))


def _runner_up(W1: Array, W2: Array, logits: Array, y: Array) -> Array:
    """Only the pair with the second largest logit."""
    found = []
    for z, label in zip(logits, y.astype(int), strict=True):
        j = int(np.argmax(np.where(np.arange(len(z)) == label, -np.inf, z)))
        found.append(max(z[label] - z[j], 0) / np.abs(W2[label] - W2[j]).sum())
    return np.asarray(np.array(found) / np.abs(W1).sum(axis=1).max())


def _columns(W1: Array, W2: Array, logits: Array, y: Array) -> Array:
    """With the l1 norm of the first layer."""
    scale = np.abs(W1).sum(axis=1).max() / np.abs(W1).sum(axis=0).max()
    return np.asarray(_pair_radii(W1, W2, logits, y) * scale)


def _halved(*arguments: Array) -> Array:
    return _pair_radii(*arguments) / 2


def _network_case(classes: int, wrong: bool, about: str = "") -> g.Case:
    draws = np.random.default_rng(10 * classes + wrong)
    W1, W2 = draws.normal(size=(5, 4)), draws.normal(size=(classes, 5))
    logits = np.maximum(draws.normal(size=(6, 4)) @ W1.T, 0) @ W2.T
    logits += draws.normal(size=classes)
    y = logits.argmax(axis=1)
    if wrong:
        y[::2] = (y[::2] + 1) % classes
    return g.case(W1, W2, logits, y, about=about)


_MISREAD: Mapping[str, Callable[..., Any]] = {
    "That is the margin over one constant for all pairs.": _one_constant,
    "The runner-up need not set the limit: take the least over all classes.": _runner_up,
    "The sup norm of a layer is its largest row sum.": _columns,
    "A difference is one output: there is nothing left to halve.": _halved,
}
PAIRS = [
    g.shape(6, inputs=[_network_case(2, False)], name="a radius for each point"),
    g.agrees(
        _pair_radii,
        [_network_case(2, False, "W1, W2, logits, y"), _network_case(3, False)],
        name="two and three classes",
        expected="the least lead over a constant of that lead",
        hint="Fold first: which row does the network have whose output is z_y − z_j?",
        mistakes=_MISREAD,
    ),
    g.agrees(
        _pair_radii,
        [_network_case(10, False)],
        name="ten classes",
        expected="the least lead over a constant of that lead",
        hint="The least quotient is asked, not the quotient of the least lead.",
        mistakes=_MISREAD,
    ),
    g.agrees(
        _pair_radii,
        [_network_case(3, True)],
        name="points that are wrong",
        expected="radius 0 where the class is wrong",
        hint="What can be promised to a point whose class is wrong already?",
        mistakes={"A radius is not negative.": _unclipped, **_MISREAD},
    ),
    g.not_mutating([_network_case(3, False)]),
]
