"""Smaller and smaller attacks, beside none: two limits that differ in wide models."""

from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.experiments._registry import experiment
from lipkit.theory.adversarial_features import (
    adversarial_risk,
    asymptotic_risk,
    min_gradient_interpolator_theory,
    rf_ridge_theory,
)

SETTING: dict[str, Any] = {
    "psi1": (1.0, 4.0, 30.0),
    "psi2": 2.0,
    "tau2": 0.25,
    "activation": "shifted_relu",
    "least": 1e-3,
    "most": 1.2,
    "eps_test": 0.25,
}


@experiment(
    sizes={
        "test": SETTING | {"radii": 9},
        "quick": SETTING | {"radii": 60},
        "standard": SETTING | {"radii": 120},
        "full": SETTING | {"radii": 240},
    },
    seeds={"test": 1, "quick": 1, "standard": 1, "full": 1},
)
def order_of_limits(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""Risks against the radius in training at each ``psi1``, and at 0; the seed plays no role.

    ``eps``, ``radii`` of them from ``least`` to ``most``, and with axes ``psi1``, ``eps`` the
    ``standard`` risk of the surrogate's minimiser in the limit of many dimensions, and its
    ``robust`` risk at l2 radius ``eps_test``. With axis ``psi1`` the same for the limit of small
    radii, ``small_…`` (least squares, or for ``psi1`` > ``psi2`` the interpolator of least
    :math:`\|J\theta\|_2`), and for no attack in training, ``none_…`` (of least
    :math:`\|\theta\|_2`). Refuses ``psi1`` = ``psi2``, where the last is infinite. [Digest of
    adversarial random features, 6.3 and 11, E4.]
    """
    psi1, eps = np.asarray(params["psi1"]), params["eps_test"]
    radii = np.geomspace(params["least"], params["most"], params["radii"])
    if (psi1 == params["psi2"]).any():
        raise ValueError(
            f"psi1: got {params['psi1']}, expected none equal to psi2 = {params['psi2']:g}: the "
            "risk without an attack is infinite there"
        )
    setting = {"tau2": params["tau2"], "activation": params["activation"]}
    found = asymptotic_risk(psi1[:, None], params["psi2"], eps=radii, eps_test=eps, **setting)
    none = rf_ridge_theory(psi1, params["psi2"], **setting)
    small = _small(psi1, params["psi2"], setting, none)
    return {
        "eps": radii,
        "standard": found.standard_risk,
        "robust": found.adversarial_risk,
        "small_standard": small[0],
        "small_robust": np.asarray(adversarial_risk(*small, eps)),
        "none_standard": np.asarray(none.standard_risk),
        "none_robust": np.asarray(adversarial_risk(*none, eps)),
    }


def still_from(standard: Array, small: float, radii: Array, share: float = 1e-3) -> float:
    """The largest radius up to which the risk stays within a share of its limit for small radii.

    NaN if it does not at the smallest.

    >>> still_from(np.array([1.0, 1.0, 1.2]), 1.0, np.array([0.1, 0.2, 0.3]))
    0.2
    """
    moved = np.append(np.abs(standard / small - 1) > share, True)
    first = int(np.argmax(moved))
    return float(radii[first - 1]) if first else float("nan")


def _small(psi1: Array, psi2: float, setting: dict[str, Any], none: Any) -> tuple[Array, Array]:
    """Risk and gradient in the limit of small radii."""
    risk, slope = (np.array(part) for part in none)
    wide = psi1 > psi2
    if wide.any():
        risk[wide], slope[wide] = min_gradient_interpolator_theory(psi1[wide], psi2, **setting)
    return risk, slope
