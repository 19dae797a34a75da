"""What the four papers say, as functions: each law with its hypotheses and its constants."""

from lipkit.theory import (
    adversarial_features,
    gaussian_comparison,
    rademacher,
    random_relu,
    robustness_law,
)

__all__ = [
    "adversarial_features",
    "gaussian_comparison",
    "rademacher",
    "random_relu",
    "robustness_law",
]
