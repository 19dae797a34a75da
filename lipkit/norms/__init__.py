"""Norms of vectors and of the matrices behind linear layers."""

from lipkit.norms._matrix import matrix_norm, pair_norm
from lipkit.norms._vector import dual_exponent, dual_vector, vector_norm

__all__ = [
    "dual_exponent",
    "dual_vector",
    "matrix_norm",
    "pair_norm",
    "vector_norm",
]
