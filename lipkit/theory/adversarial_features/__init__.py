"""Adversarially trained random features: exact limits, from two scalar equations.

Start with :func:`asymptotic_risk`. Risks include the label noise, and the null predictor has
:math:`1 + \\tau^2`. The radius of an attack is absolute, in l2, beside points of length
:math:`\\sqrt d`.
"""

from lipkit.theory.adversarial_features._answer import (
    AsymptoticRisk,
    RiskAndGradient,
    adversarial_risk,
)
from lipkit.theory.adversarial_features._asymptotic import adversarial_rf_theory, asymptotic_risk
from lipkit.theory.adversarial_features._coefficients import TraceCoefficients, rf_trace_coeffs
from lipkit.theory.adversarial_features._interpolator import min_gradient_interpolator_theory
from lipkit.theory.adversarial_features._linear import (
    exact_recovery_threshold,
    linear_adversarial_theory,
)
from lipkit.theory.adversarial_features._phases import eps_max
from lipkit.theory.adversarial_features._residuals import residual_law
from lipkit.theory.adversarial_features._resolvents import mp_resolvent
from lipkit.theory.adversarial_features._ridge import effective_ridge, rf_ridge_theory
from lipkit.theory.adversarial_features._saddle import saddle_gradient, saddle_objective
from lipkit.theory.adversarial_features._wide import large_width_expansion

__all__ = [
    "AsymptoticRisk",
    "RiskAndGradient",
    "TraceCoefficients",
    "adversarial_rf_theory",
    "adversarial_risk",
    "asymptotic_risk",
    "effective_ridge",
    "eps_max",
    "exact_recovery_threshold",
    "large_width_expansion",
    "linear_adversarial_theory",
    "min_gradient_interpolator_theory",
    "mp_resolvent",
    "residual_law",
    "rf_ridge_theory",
    "rf_trace_coeffs",
    "saddle_gradient",
    "saddle_objective",
]
