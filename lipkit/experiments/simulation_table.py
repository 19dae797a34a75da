"""The table of random features under attack: theory and simulation, row by row."""

from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.experiments._registry import experiment
from lipkit.experiments._results import StoredResult
from lipkit.experiments.surrogate_runs import limits, robust, surrogate_runs

WIDTHS = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
TABLE: dict[str, Any] = {"psi1": WIDTHS, "psi2": 2.0, "tau2": 0.25, "eps": (0.25, 0.5, 1.0)}
COLUMNS = ("standard", "grad_norm", "robust", "fitted", "objective")


@experiment(
    sizes={
        "test": TABLE | {"d": 30, "psi1": (0.5, 2.0, 4.0)},
        "quick": TABLE | {"d": 60, "psi1": (0.5, 2.0, 4.0)},
        "standard": TABLE | {"d": 200},
        "full": TABLE | {"d": 400},
    },
    seeds={"test": 4, "quick": 1, "standard": 20, "full": 50},
)
def simulation_table(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""One draw of each row: shifted ReLU, n = ``psi2`` d points, N = ``psi1`` d features.

    Arrays with axes ``psi1``, ``eps``: ``standard`` risk, ``grad_norm`` :math:`\|J\theta\|_2`,
    ``robust`` risk at the radius of the training, the share ``fitted`` exactly, and the
    ``objective``, as in ``surrogate_runs``. The standard tier is the digest's table 8.1, with
    draws of its own. [Digest of adversarial random features, 8.1.]
    """
    return _rows(surrogate_runs(_question(params), seed), params)


def table_limits(params: dict[str, Any]) -> dict[str, Array]:
    """What the theory says of :func:`simulation_table`, with the same names and axes.

    >>> found = table_limits(simulation_table.params("standard") | {"psi1": [4.0], "eps": [0.5]})
    >>> [round(found[name].item(), 4) for name in COLUMNS]
    [0.8531, 1.0597, 1.9148, 0.7029, 0.1744]
    """
    return _rows(limits(_question(params)), params)


def table_lines(stored: StoredResult) -> list[str]:
    """One line a row, ``theory / simulation (standard error)`` for each column."""
    theory, params = table_limits(stored.params), stored.params
    mean, error = means(stored)
    lines = ["psi1   eps  " + "  ".join(f"{name:>24}" for name in COLUMNS)]
    for i, psi1 in enumerate(params["psi1"]):
        for j, eps in enumerate(params["eps"]):
            cells = (
                f"{theory[c][i, j]:7.4f} /{mean[c][i, j]:7.4f} ({error[c][i, j]:.4f})"
                for c in COLUMNS
            )
            lines.append(f"{psi1:4g} {eps:5g}  " + "  ".join(f"{cell:>24}" for cell in cells))
    return lines


def means(stored: StoredResult) -> tuple[dict[str, Array], dict[str, Array]]:
    """Means over the stored seeds, and their standard errors, axes ``psi1`` and ``eps``."""
    found = {name: np.asarray(stored.data[name]) for name in COLUMNS}
    root = np.sqrt(len(stored.seeds))
    errors = {name: values.std(axis=0, ddof=1) / root for name, values in found.items()}
    return {name: values.mean(axis=0) for name, values in found.items()}, errors


def _question(params: dict[str, Any]) -> dict[str, Any]:
    return params | {"tau2": [params["tau2"]], "activation": "shifted_relu"}


def _rows(found: dict[str, Any], params: dict[str, Any]) -> dict[str, Array]:
    """Robust risk added, the axis of the noise taken off, widths first."""
    columns = {**found, "robust": robust(found, params["eps"])}
    return {name: np.asarray(columns[name])[0].T for name in COLUMNS}
