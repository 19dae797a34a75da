"""Norms of vectors, of matrices, of convolutions and of the layers of a network."""

from lipkit.norms._branches import add_branches, residual, stack_branches
from lipkit.norms._conv import CONV_METHODS, conv_matrix, conv_norm, conv_norm_bracket
from lipkit.norms._conv_sums import SumPlan, sum_plan
from lipkit.norms._layer_matrix import materialize
from lipkit.norms._layer_norms import LayerNorm, layer_norms
from lipkit.norms._layers import layer_lipschitz, operator_norm
from lipkit.norms._matrix import matrix_norm, pair_norm
from lipkit.norms._vector import dual_exponent, dual_vector, vector_norm

__all__ = [
    "CONV_METHODS",
    "LayerNorm",
    "SumPlan",
    "add_branches",
    "conv_matrix",
    "conv_norm",
    "conv_norm_bracket",
    "dual_exponent",
    "dual_vector",
    "layer_lipschitz",
    "layer_norms",
    "materialize",
    "matrix_norm",
    "operator_norm",
    "pair_norm",
    "residual",
    "stack_branches",
    "sum_plan",
    "vector_norm",
]
