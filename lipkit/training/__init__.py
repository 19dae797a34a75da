"""Training small torch models so that the same seed gives the same weights."""

from lipkit.training._conv_penalty import conv_penalty
from lipkit.training._fit import fit
from lipkit.training._history import History
from lipkit.training._models import mlp

__all__ = ["History", "conv_penalty", "fit", "mlp"]
