"""Models to train."""

from collections.abc import Sequence
from itertools import pairwise

from torch import nn

from lipkit import _validate
from lipkit._validate import Seed
from lipkit.training._he_start import drawn


def mlp(sizes: Sequence[int], *, rng: Seed = 0) -> nn.Sequential:
    r"""Linear layers of the given sizes with ReLU in between; weights :math:`N(0, 2/n_{in})`.

    ``sizes`` runs from the inputs to the outputs, such as ``(64, 32, 32, 10)``. Biases start at 0;
    parameters have torch's default dtype. Torch's global generator is neither used nor moved.
    Raises ``ValueError`` for fewer than two sizes or a size below 1. [He et al. 2015.]

    >>> mlp((2, 8, 1))
    Sequential(
      (0): Linear(in_features=2, out_features=8, bias=True)
      (1): ReLU()
      (2): Linear(in_features=8, out_features=1, bias=True)
    )
    """
    widths = [_validate.count(size, f"sizes[{i}]") for i, size in enumerate(sizes)]
    if len(widths) < 2:
        raise ValueError(f"sizes: got {tuple(sizes)}, expected the inputs and the outputs at least")
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise(widths):
        layers += [nn.Linear(n_in, n_out, device="meta"), nn.ReLU()]
    return drawn(nn.Sequential(*layers[:-1]), rng)
