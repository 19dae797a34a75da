"""Norms of matrices: what a certificate costs beyond a plain singular value."""

from collections.abc import Iterator

import numpy as np
import torch

from benchmarks._race import Race
from lipkit.norms import matrix_norm, pair_norm


def races() -> Iterator[Race]:
    """A certified spectral norm against the plain one, and a batch of small ones against torch."""
    A = np.random.default_rng(0).normal(size=(500, 500))
    yield Race(
        "spectral norm 500 x 500, certified upper",
        "numpy.linalg.norm (plain)",
        goal=2.0,
        ours=lambda: matrix_norm(A, 2, certified=True).value,
        theirs=lambda: float(np.linalg.norm(A, 2)),
    )
    J = np.random.default_rng(0).normal(size=(2000, 10, 64))
    tensor = torch.from_numpy(J)
    yield Race(
        "spectral norms of 2000 Jacobians 10 x 64",
        "torch.linalg.matrix_norm",
        goal=1.0,
        ours=lambda: float(pair_norm(J, 2, 2).max()),
        theirs=lambda: float(torch.linalg.matrix_norm(tensor, ord=2).max()),
    )
