"""Scikit-learn's handwritten digits, which come with it: no download."""

import numpy as np

from lipkit import _validate
from lipkit._validate import Seed
from lipkit.data._points import Points, Split


def digits(*, test_fraction: float = 0.25, rng: Seed = 0) -> Split:
    """The 1797 digits of 8 by 8 pixels, split so that each class keeps its share on both sides.

    ``X`` has shape ``(n, 64)``, float64, grey values in [0, 1] (multiples of 1/16); ``y`` is
    ``(n,)``, int64, 0 to 9. The same ``rng`` gives the same split. Of each class the nearest whole
    number to ``test_fraction`` goes to the test side; both sides keep the order of the source.
    [Alpaydin and Kaynak 1998, the test part of their optical digits, as scikit-learn bundles it.]

    Raises ``ImportError`` without scikit-learn, and ``ValueError`` for a fraction outside (0, 1) or
    one that leaves a class without points on one of the sides.

    >>> digits().train
    Points(X: (1347, 64) float64, y: (1347,) int64)
    """
    fraction = _validate.positive(test_fraction, "test_fraction")
    if fraction >= 1:
        raise ValueError(f"test_fraction: got {test_fraction!r}, expected a number below 1")
    draws = _validate.generator(rng)
    X, y = _load()
    tests = np.zeros(len(y), dtype=bool)
    for label in np.unique(y):
        members = draws.permutation(np.flatnonzero(y == label))
        taken = round(fraction * len(members))
        if not 0 < taken < len(members):
            raise ValueError(
                f"test_fraction: got {test_fraction!r}, which takes {taken} of {len(members)} "
                f"points of class {label}; expected some on either side, so go nearer to 1/2"
            )
        tests[members[:taken]] = True
    return Split(Points(X[~tests], y[~tests]), Points(X[tests], y[tests]))


def _load() -> Points:
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise ImportError(
            "digits: got no scikit-learn, which holds these data; pip install 'lipkit[data]'"
        ) from error
    X, y = load_digits(return_X_y=True)
    return Points(np.asarray(X, dtype=np.float64) / 16, np.asarray(y, dtype=np.int64))
