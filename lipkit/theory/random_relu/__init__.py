"""Random ReLU networks: how steep they are at a point, how steep anywhere, and how surely.

Of the two papers only the abstracts could be read, and summaries: sizes that they announce carry
their names. Every formula, constant and probability here is derived in the digest of random ReLU
networks, whose proofs are ours. Bounds of a Lipschitz constant hold with the probability in their
details, over the weights of :func:`~lipkit.networks.sample_random_relu`; for other initialisations
multiply by :func:`~lipkit.networks.initialisation_factor`.
"""

from lipkit.theory.random_relu._cells import log_patterns, n_cells
from lipkit.theory.random_relu._constants import relaxation_sizes, steepest_constant
from lipkit.theory.random_relu._exponents import (
    exponent,
    fixed_point_exponent,
    lower_width_ratio,
    proved_gap,
    upper_width_ratio,
)
from lipkit.theory.random_relu._law import (
    dead_probability,
    gradient_moments,
    gradient_norm_law,
    log_length_moments,
)
from lipkit.theory.random_relu._lower import fixed_point_lower_bound, quarter_root_lower_bound
from lipkit.theory.random_relu._one_step import one_step_law, one_step_lower_bound
from lipkit.theory.random_relu._sizes import gaussian_dual_norm
from lipkit.theory.random_relu._upper import (
    deep_union_bound,
    product_upper_bound,
    shallow_union_bound,
)

__all__ = [
    "dead_probability",
    "deep_union_bound",
    "exponent",
    "fixed_point_exponent",
    "fixed_point_lower_bound",
    "gaussian_dual_norm",
    "gradient_moments",
    "gradient_norm_law",
    "log_length_moments",
    "log_patterns",
    "lower_width_ratio",
    "n_cells",
    "one_step_law",
    "one_step_lower_bound",
    "product_upper_bound",
    "proved_gap",
    "quarter_root_lower_bound",
    "relaxation_sizes",
    "shallow_union_bound",
    "steepest_constant",
    "upper_width_ratio",
]
