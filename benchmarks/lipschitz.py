"""Lower and exact answers for one network, beside those of other libraries.

The peers work in float32, ours in float64.
"""

import contextlib
import io
import warnings
from collections.abc import Iterator

import numpy as np
import torch
from art.estimators.classification import PyTorchClassifier
from art.metrics import clever_u
from deel.torchlip.utils import evaluate_lip_const

from benchmarks import lipschitz_bounds
from benchmarks._race import Race
from lipkit import lipschitz
from lipkit.networks import sample_random_relu


def races() -> Iterator[Race]:
    """Slopes at points, a search for the steepest, the plane; then :mod:`lipschitz_bounds`."""
    network = sample_random_relu(64, 64, 3, bias="normal", rng=0)
    ten = network.with_readout(np.ones((10, 1)))
    module = ten.to_torch()
    X = np.random.default_rng(0).normal(size=(500, 64))
    tensor = torch.from_numpy(X).float()
    yield Race(
        "steepest of 500 points, 64-64-64-64-10",
        "torch.func.jacrev + vmap",
        goal=1.0,
        ours=lambda: lipschitz.sampling(ten, points=X).value,
        theirs=lambda: _jacrev(module, tensor),
    )
    yield Race(
        "steepest of 500 points, 64-64-64-64-10",
        "deel-torchlip jacobian_norm",
        goal=1.0,
        ours=lambda: lipschitz.sampling(ten, points=X).value,
        theirs=lambda: _torchlip(module, tensor),
        repeats=3,
    )
    yield Race(
        "search for the steepest point, 64-64-64-64-1",
        "ART CLEVER (estimate)",
        goal=2.0,
        ours=lambda: lipschitz.ascent(network, rng=0).value,
        theirs=_clever(network, X[0]),
        repeats=3,
    )
    plane = sample_random_relu(2, 100, 8, rng=0)
    circle = np.linspace(0, 2 * np.pi, 100_000)
    directions = np.stack([np.cos(circle), np.sin(circle)], axis=1)
    yield Race(
        "exact constant in the plane, 2-100x8-1",
        "grid of 100 000 directions",
        goal=0.2,
        ours=lambda: lipschitz.exact_plane(plane).value,
        theirs=lambda: float(np.linalg.norm(plane.gradient(directions), axis=1).max()),
        repeats=3,
    )
    yield from lipschitz_bounds.races()


def _jacrev(module: torch.nn.Module, X: torch.Tensor) -> float:
    with torch.no_grad():
        J = torch.func.vmap(torch.func.jacrev(module))(X)
        return torch.linalg.matrix_norm(J, ord=2).max().item()


def _torchlip(module: torch.nn.Module, X: torch.Tensor) -> float:
    with contextlib.redirect_stdout(io.StringIO()):
        return float(
            evaluate_lip_const(module, X, evaluation_type="jacobian_norm", disjoint_neurons=False)
        )


def _clever(network, x):  # type: ignore[no-untyped-def]
    """ART's score is min(margin / L, radius); with a margin of the output we read L back."""
    two = network.with_readout([[1.0], [-1.0]])
    classifier = PyTorchClassifier(two.to_torch(), torch.nn.CrossEntropyLoss(), (64,), 2)
    radius = 5.0
    logits = two(x)

    def estimate() -> float:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            score = clever_u(
                classifier,
                x.astype(np.float32),
                nb_batches=100,
                batch_size=100,
                radius=radius,
                norm=2,
                verbose=False,
            )
        return float(abs(logits[0] - logits[1]) / score / 2)

    return estimate
