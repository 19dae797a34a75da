"""What helps a wide model: another training radius, a ridge, both, or no attack at all."""

from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.experiments._registry import experiment
from lipkit.theory.adversarial_features import adversarial_risk, asymptotic_risk, rf_ridge_theory

SETTING: dict[str, Any] = {
    "psi2": 4.0,
    "tau2": 0.01,
    "eps_test": 0.25,
    "activation": "shifted_relu",
    "most": 1e4,
}


@experiment(
    sizes={
        "test": SETTING | {"widths": 5, "ridges": 9, "radii": 5},
        "quick": SETTING | {"widths": 24, "ridges": 29, "radii": 9},
        "standard": SETTING | {"widths": 60, "ridges": 61, "radii": 25},
        "full": SETTING | {"widths": 120, "ridges": 121, "radii": 49},
    },
    seeds={"test": 1, "quick": 1, "standard": 1, "full": 1},
)
def width_cures(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""Robust risks in the limit at each ``psi1``, from 1 to ``most``; the seed plays no role.

    ``untreated``: convex surrogate at the test radius, no ridge; ``radius``: at the best of
    ``radii`` training radii from 1/50 to 1; ``ridge``: at the test radius with the best of
    ``ridges`` ridges from :math:`10^{-3}` to :math:`10^4`; ``both``: the best pair; ``alone``: the
    best ridge without an attack in training. ``best_ridge`` and ``best_alone`` are the ridges of
    the third and the last. l2 attacks of radius ``eps_test``.
    """
    psi1 = np.geomspace(1, params["most"], params["widths"])
    ridges = np.geomspace(1e-3, 1e4, params["ridges"])
    radii = np.geomspace(0.02, 1.0, params["radii"])
    eps = params["eps_test"]
    radius = _attacked(psi1[:, None], radii, 0.0, params).min(axis=1)
    ridge = _attacked(psi1[:, None], eps, ridges, params)
    both = _attacked(psi1[:, None, None], radii[:, None], ridges[::2], params).min(axis=(1, 2))
    shared = {"activation": params["activation"]}
    plain = rf_ridge_theory(psi1[:, None], params["psi2"], params["tau2"], ridges, **shared)
    alone = np.asarray(adversarial_risk(plain.standard_risk, plain.grad_norm, eps))
    untreated = _attacked(psi1, eps, 0.0, params)
    return {
        "width": psi1,
        "untreated": untreated,
        "radius": np.minimum(radius, untreated),
        "ridge": np.minimum(ridge.min(axis=1), untreated),
        "both": np.minimum(both, ridge.min(axis=1)),
        "alone": alone.min(axis=1),
        "best_ridge": ridges[ridge.argmin(axis=1)],
        "best_alone": ridges[alone.argmin(axis=1)],
    }


def _attacked(psi1: Array, eps: Any, ridge: Any, params: dict[str, Any]) -> Array:
    found = asymptotic_risk(
        psi1, params["psi2"], tau2=params["tau2"], eps=eps, eps_test=params["eps_test"],
        ridge=ridge, activation=params["activation"],
    )  # fmt: skip
    return np.asarray(found.adversarial_risk)
