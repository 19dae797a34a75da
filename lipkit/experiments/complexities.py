"""Rademacher complexities computed: drawn beside exact on four points, then as n grows."""

from collections.abc import Callable
from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.data import four_points, generic
from lipkit.experiments._registry import experiment
from lipkit.theory.rademacher import (
    Complexity,
    linear_rademacher,
    lipschitz_ball_rademacher,
    neuron_rademacher,
    quadratic_rademacher,
)

CLASSES: dict[str, Callable[..., Complexity]] = {
    "linear": linear_rademacher,
    "quadratic": quadratic_rademacher,
    "neuron": neuron_rademacher,
    "ball": lipschitz_ball_rademacher,
}


@experiment(
    sizes={
        "test": {"sizes": (20, 40), "d": 10, "draws": 20},
        "quick": {"sizes": (25, 50, 100, 200, 400), "d": 50, "draws": 200},
        "standard": {"sizes": (25, 100, 400, 1600), "d": 50, "draws": 400},
        "full": {"sizes": (25, 100, 400, 1600, 6400), "d": 50, "draws": 400},
    }
)
def complexities(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""The 1-Lipschitz part of four classes: linear, quadratic, one ReLU neuron, all functions.

    On the four points SQ4: ``exact_``, ``drawn_`` and ``width_`` (the half-width) of each class.
    Then for n points: ``linear`` and ``quadratic`` on the sphere in d dimensions, ``neuron`` and
    ``ball_plane`` uniform on the circle and in the disc, ``ball_high`` on the sphere; each with its
    standard error as ``stderr_``.
    """
    square = four_points().X
    draws = np.random.default_rng([seed, 1])
    found: dict[str, Any] = {"n": np.array(params["sizes"])}
    for name, function in CLASSES.items():
        exact = function(square, exact=True)
        drawn = function(square, n_draws=params["draws"], rng=draws)
        found |= {f"exact_{name}": exact.mean, f"drawn_{name}": drawn.mean}
        found[f"width_{name}"] = drawn.half_width
    growing = [_at(n, params["d"], params["draws"], seed) for n in params["sizes"]]
    for name in growing[0]:
        found[name] = np.array([at[name].mean for at in growing])
        found[f"stderr_{name}"] = np.array([at[name].stderr for at in growing])
    return found


def _at(n: int, d: int, n_draws: int, seed: int) -> dict[str, Complexity]:
    draws = np.random.default_rng([seed, n])
    sphere, circle = generic(n, d, rng=draws).X, generic(n, 2, rng=draws).X
    disc: Array = circle * np.sqrt(draws.random((n, 1)))
    matchings = max(10, n_draws // 10)  # each of them is an assignment problem
    return {
        "linear": linear_rademacher(sphere, n_draws=n_draws, rng=draws),
        "quadratic": quadratic_rademacher(sphere, n_draws=n_draws, rng=draws),
        "neuron": neuron_rademacher(circle, n_draws, rng=draws),
        "ball_plane": lipschitz_ball_rademacher(disc, matchings, rng=draws),
        "ball_high": lipschitz_ball_rademacher(sphere, matchings, rng=draws),
    }
