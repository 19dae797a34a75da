"""The explorer of random features under attack: what two scalars predict, and stored runs."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.experiments._results import StoredResult
from lipkit.experiments.surrogate_runs import robust
from lipkit.theory.adversarial_features import AsymptoticRisk, asymptotic_risk

GRID = tuple(np.geomspace(0.3, 12, 81))


def few_scalars(
    psi1: float, eps: float, tau2: float, *, runs: StoredResult, psi2: float = 2.0
) -> dict[str, Any]:
    r"""Limits and stored runs of ``surrogate_runs`` against the width, for one radius and noise.

    ``width`` with ``robust`` and ``standard`` risk and the share ``fitted`` exactly, all limits;
    crosses ``…_x``, ``…_y`` at the means of the runs, two standard errors high. The same at
    ``psi1``, with ``_here`` and ``_runs``, and its two scalars ``nu`` and ``p`` (NaN where the
    model is 0). l2 attacks of radius ``eps`` in training and test; ``null`` is the risk of 0.
    """
    limit, at = _limits(psi2, eps, tau2), asymptotic_risk(psi1, psi2, tau2=tau2, eps=eps)
    means, errors = measured(runs, eps, tau2)
    widths = np.asarray(runs.params["psi1"])
    place = int(np.argmin(np.abs(widths - psi1)))
    shown: dict[str, Any] = {}
    for name in ("robust", "standard", "fitted"):
        x, y = crosses(widths, means[name], 2 * errors[name])
        shown |= {f"{name}_x": x, f"{name}_y": y, f"{name}_runs": float(means[name][place])}
    return shown | {
        "width": np.asarray(GRID),
        "robust": limit.adversarial_risk,
        "standard": limit.standard_risk,
        "fitted": limit.interpolated_fraction,
        "robust_here": float(at.adversarial_risk),
        "standard_here": float(at.standard_risk),
        "fitted_here": float(at.interpolated_fraction),
        "nu": float(at.nu),
        "p": float(at.p),
        "null": 1.0 + tau2,
    }


def measured(
    runs: StoredResult, eps: float, tau2: float
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Means over the stored seeds and their standard errors, an entry for each width.

    Raises ``ValueError`` for a radius or a noise that was not stored.
    """
    i, j = (_place(runs.params[name], value) for name, value in (("tau2", tau2), ("eps", eps)))
    arrays = {name: np.asarray(value) for name, value in runs.data.items()}
    found = {"robust": robust(arrays, runs.params["eps"]), **arrays}
    rows = {name: values[:, i, j] for name, values in found.items()}
    root = np.sqrt(len(runs.seeds))
    means = {name: values.mean(axis=0) for name, values in rows.items()}
    return means, {name: values.std(axis=0, ddof=1) / root for name, values in rows.items()}


def crosses(x: Array, y: Array, reach: Array, arm: float = 1.1) -> tuple[Array, Array]:
    """One curve that draws a cross at each point: ``reach`` up and down, a factor ``arm`` aside.

    >>> crosses(np.array([2.0]), np.array([1.0]), np.array([0.5]), arm=2.0)
    (array([ 1.,  4., nan,  2.,  2., nan]), array([1. , 1. , nan, 0.5, 1.5, nan]))
    """
    gap = np.full_like(x, np.nan)
    across = np.stack([x / arm, x * arm, gap, x, x, gap], axis=1)
    up = np.stack([y, y, gap, y - reach, y + reach, gap], axis=1)
    return across.ravel(), up.ravel()


@lru_cache(maxsize=64)
def _limits(psi2: float, eps: float, tau2: float) -> AsymptoticRisk:
    return asymptotic_risk(GRID, psi2, tau2=tau2, eps=eps)


def _place(values: Sequence[float], value: float) -> int:
    found = np.flatnonzero(np.isclose(values, value))
    if not len(found):
        raise ValueError(f"got {value:g}, expected one of the stored {tuple(values)}")
    return int(found[0])
