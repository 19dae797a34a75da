"""Two kinds of digits told apart by one line: a linear score, where every answer is exact."""

from lipkit._validate import Array
from lipkit.data import Points, digits
from lipkit.networks import ReluNetwork
from lipkit.norms import dual_exponent, dual_vector, vector_norm


def digit_pair(first: int = 3, second: int = 8, *, seed: int = 0) -> tuple[ReluNetwork, Points]:
    """A linear score, positive for ``second``, and the test digits with signs as labels.

    The score is the difference of two linear logits, trained on the cross-entropy (SGD, batches of
    64, 30 epochs).
    """
    from lipkit.training import fit, mlp

    split = digits(rng=seed)
    X, y = _two(split.train, first, second)
    model = mlp((64, 2), rng=seed)
    fit(model, (X, (y > 0).astype(int)), epochs=30, batch_size=64, progress=False, rng=seed)
    return ReluNetwork.from_torch(model).with_readout([-1.0, 1.0]), _two(split.test, first, second)


def nearest_tie(score: ReluNetwork, x: Array, p: float) -> Array:
    r"""The point of score 0 that is nearest to x in lp, for a linear score:

    .. math:: x' = x - \frac{s(x)}{\|w\|_{p'}}\, v, \qquad \|v\|_p = 1,\ w \cdot v = \|w\|_{p'}

    Derived; there may be others as near.

    >>> import numpy as np
    >>> nearest_tie(ReluNetwork([[[3.0, 4.0]]]), np.array([1.0, 1.0]), np.inf)
    array([0., 0.])
    """
    w = score.weights[0][0]
    distance = float(score(x)) / float(vector_norm(w, dual_exponent(p)))
    return x - distance * dual_vector(w, p)


def _two(points: Points, first: int, second: int) -> Points:
    rows = (points.y == first) | (points.y == second)
    return Points(points.X[rows], 2.0 * (points.y[rows] == second) - 1.0)
