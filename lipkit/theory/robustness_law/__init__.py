"""Laws of robustness: how steep must a function be that fits its data?

Laws that hold for given points and labels, laws that hold for random labels, and networks that are
built to show how much of a law is true. Every lower bound says for which functions, for which
labels and how surely it holds.
"""

from lipkit.theory.robustness_law._bracket import grouped_bracket
from lipkit.theory.robustness_law._caps import (
    cap_depth,
    cap_lipschitz,
    cap_network,
    depth_padded_cap_network,
)
from lipkit.theory.robustness_law._cone import margin_from_mse, rademacher_law
from lipkit.theory.robustness_law._depth import min_depth_to_fit
from lipkit.theory.robustness_law._flattest_quadratic import (
    QuadraticFit,
    min_frobenius_quadratic,
    min_lipschitz_quadratic,
)
from lipkit.theory.robustness_law._floor import interpolation_floor
from lipkit.theory.robustness_law._gradients import gradient_norms
from lipkit.theory.robustness_law._groups import grouped_network
from lipkit.theory.robustness_law._isoperimetry import (
    bubeck_sellke_bound,
    isoperimetric_law,
    two_layer_law,
)
from lipkit.theory.robustness_law._kinks import (
    Kinks,
    kink_coefficients,
    kink_law,
    kink_lower_bound,
)
from lipkit.theory.robustness_law._linear import linear_interpolant, linear_law, linear_network
from lipkit.theory.robustness_law._model_free import dimension_law, matching_law
from lipkit.theory.robustness_law._parametric import parametric_law
from lipkit.theory.robustness_law._powers import tensor_network
from lipkit.theory.robustness_law._quadratic import quadratic_law
from lipkit.theory.robustness_law._search import gradient_search
from lipkit.theory.robustness_law._spectral import spectral_proxy, spectral_proxy_bound
from lipkit.theory.robustness_law._two_layer import (
    path_norm_law,
    path_norm_lower_bound,
    whole_class_law,
)
from lipkit.theory.robustness_law._undercomplete import undercomplete_law
from lipkit.theory.robustness_law._vacuity import is_vacuous
from lipkit.theory.robustness_law._witness import group_witness

__all__ = [
    "Kinks",
    "QuadraticFit",
    "bubeck_sellke_bound",
    "cap_depth",
    "cap_lipschitz",
    "cap_network",
    "depth_padded_cap_network",
    "dimension_law",
    "gradient_norms",
    "gradient_search",
    "group_witness",
    "grouped_bracket",
    "grouped_network",
    "interpolation_floor",
    "is_vacuous",
    "isoperimetric_law",
    "kink_coefficients",
    "kink_law",
    "kink_lower_bound",
    "linear_interpolant",
    "linear_law",
    "linear_network",
    "margin_from_mse",
    "matching_law",
    "min_depth_to_fit",
    "min_frobenius_quadratic",
    "min_lipschitz_quadratic",
    "parametric_law",
    "path_norm_law",
    "path_norm_lower_bound",
    "quadratic_law",
    "rademacher_law",
    "spectral_proxy",
    "spectral_proxy_bound",
    "tensor_network",
    "two_layer_law",
    "undercomplete_law",
    "whole_class_law",
]
