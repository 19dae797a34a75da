"""Rademacher complexity: how well the best function of a class follows random signs.

Computed, not only bounded: in closed form a draw for linear and quadratic classes, by matching for
all Lipschitz functions, exactly for one ReLU neuron on small data. Every answer says whether it is
exact, an estimate, lower or upper.
"""

from lipkit.theory.rademacher._complexity import Complexity
from lipkit.theory.rademacher._deep import (
    finite_class_rademacher_bound,
    frobenius_rademacher_bound,
    peeling_rademacher_bound,
)
from lipkit.theory.rademacher._linear import linear_rademacher, linear_rademacher_bounds
from lipkit.theory.rademacher._matching import lipschitz_ball_rademacher, matching_cost
from lipkit.theory.rademacher._neuron import (
    neuron_rademacher,
    neuron_rademacher_bounds,
    relu_neuron_sup,
)
from lipkit.theory.rademacher._patterns import activation_patterns
from lipkit.theory.rademacher._quadratic import ky_fan_norm, quadratic_rademacher
from lipkit.theory.rademacher._signs import rademacher_mc
from lipkit.theory.rademacher._two_layer import two_layer_rademacher

__all__ = [
    "Complexity",
    "activation_patterns",
    "finite_class_rademacher_bound",
    "frobenius_rademacher_bound",
    "ky_fan_norm",
    "linear_rademacher",
    "linear_rademacher_bounds",
    "lipschitz_ball_rademacher",
    "matching_cost",
    "neuron_rademacher",
    "neuron_rademacher_bounds",
    "peeling_rademacher_bound",
    "quadratic_rademacher",
    "rademacher_mc",
    "relu_neuron_sup",
    "two_layer_rademacher",
]
