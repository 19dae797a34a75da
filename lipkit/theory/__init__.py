"""What the four papers say, as functions: each law with its hypotheses and its constants."""

from lipkit.theory import rademacher, robustness_law

__all__ = ["rademacher", "robustness_law"]
