"""One network, trained in four ways from the same weights: what its norms say, and what it does."""

from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.experiments._registry import experiment
from lipkit.experiments._student import mean_and_half_width
from lipkit.experiments.robust_cnn_norms import robust_cnn_norms

METHODS = ("standard", "pgd", "trades", "alp")
KEPT = (
    "clean", "robust", "margin", "slope", "reach",
    *(f"{kind}_{norm}" for norm in ("l1", "sup") for kind in ("conv", "linear", "bn", "fused")),
    "constant_l1", "constant_sup",
)  # fmt: skip
"""What is kept of each training; see :func:`robust_cnn_norms`."""
_SETTING: dict[str, Any] = {
    "methods": METHODS, "width": 16, "epochs": 15, "attack_steps": 5, "step_size": 0.05,
    "beta": 1.0, "eps": 0.1, "steps_test": 20, "n_attacked": 200, "n_train": 0,
}  # fmt: skip


@experiment(
    sizes={
        "test": _SETTING
        | {"width": 4, "epochs": 2, "steps_test": 3, "n_attacked": 30, "n_train": 200},
        "quick": _SETTING | {"methods": ("standard", "pgd")},
        "standard": _SETTING,
        "full": _SETTING | {"epochs": 40, "attack_steps": 10, "steps_test": 100, "n_attacked": 0},
    },
    seeds={"test": 1, "quick": 1, "standard": 8, "full": 20},
)
def four_trainings(params: dict[str, Any], seed: int) -> dict[str, Any]:
    """What :func:`robust_cnn_norms` measures of the digits network, a row for each method.

    All start from the same weights and see the same batches. ``eps`` is the radius of the attack,
    in the sup norm, in training and test; attacks begin as the authors' do, in a normal cloud of
    standard deviation .001 around the image.
    """
    own = {name: value for name, value in params.items() if name != "methods"}
    usual = robust_cnn_norms.params("quick") | own | {"eps_test": params["eps"]}
    runs = [robust_cnn_norms(usual | {"method": name}, seed) for name in params["methods"]]
    return {name: np.stack([run[name] for run in runs]) for name in KEPT}


def interval(differences: Any, level: float = 0.95) -> tuple[Array, Array, Array]:
    r"""Mean over the first axis, and the ends of Student's interval around it.

    .. math:: \bar x \pm t_{n-1}\, s / \sqrt n

    ``differences`` is ``(n, ...)``, one row a seed, each the difference of two runs with that seed:
    the interval covers the mean difference with probability ``level`` if they are normal.

    >>> mean, low, high = interval([1.0, 2.0, 3.0])
    >>> float(mean), round(float(low), 3), round(float(high), 3)
    (2.0, -0.484, 4.484)
    """
    mean, half = mean_and_half_width(np.asarray(differences, dtype=float), level)
    return mean, mean - half, mean + half
