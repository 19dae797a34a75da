"""Random minima and their shadows: what two Gaussian vectors say about a Gaussian matrix.

The problem is :math:`\\min_v\\max_u\\, u\\cdot Gv + Q(v, u)`, its shadow
:math:`\\min_v\\max_u\\,\\|v\\|\\,g\\cdot u + \\|u\\|\\,h\\cdot v + Q(v, u)`, with all entries of G,
g, h independent N(0, 1). All norms of vectors are l2.
"""

from lipkit.theory.gaussian_comparison._distances import shadow_distance, sphere_costs
from lipkit.theory.gaussian_comparison._minima import (
    ball_minimum,
    ball_shadow,
    sign_floor,
    sign_minimum,
    sign_shadow,
)
from lipkit.theory.gaussian_comparison._ridgeless import expected_ridgeless_risk, ridgeless_risk
from lipkit.theory.gaussian_comparison._under_attack import adversarial_shadow, shadow_objective

__all__ = [
    "adversarial_shadow",
    "ball_minimum",
    "ball_shadow",
    "expected_ridgeless_risk",
    "ridgeless_risk",
    "shadow_distance",
    "shadow_objective",
    "sign_floor",
    "sign_minimum",
    "sign_shadow",
    "sphere_costs",
]
