"""What the four papers say, as functions: each law with its hypotheses and its constants."""

from lipkit.theory import robustness_law

__all__ = ["robustness_law"]
