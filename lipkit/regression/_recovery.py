"""How strong an attack may be in training before it costs a noiseless fit anything."""

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize

from lipkit import _validate


def exact_recovery_radius(X: ArrayLike, beta: ArrayLike) -> float:
    r"""The largest l2 radius at which adversarial linear regression returns the teacher.

    .. math:: \varepsilon_*(X, \beta) = \min_h \Bigl\{\tfrac1n\sum_{i=1}^n |\langle x_i, h\rangle|
              \ :\ \langle\beta, h\rangle = \|\beta\|_2\Bigr\}

    For ``X`` ``(n, d)`` and labels :math:`y = X\beta` without noise, ``beta`` ``(d,)`` not 0: beta
    minimises :math:`\sum_i(|y_i - \langle x_i, \theta\rangle| + \varepsilon\|\theta\|_2)^2` if and
    only if :math:`\varepsilon \le \varepsilon_*`. In the units of X; 0 where the points leave the
    direction of beta open, as for n < d. By the dual linear program, a number of kind exact up to
    the solver's tolerance of about 1e-7. Raises ``ValueError`` for shapes that do not fit or
    ``beta = 0``, ``RuntimeError`` if the solver gives up. [Derived, digest of adversarial random
    features, 6.2.]

    >>> round(exact_recovery_radius([[3.0, 0.0], [0.0, 1.0]], [1.0, 0.0]), 9)
    1.5
    """
    X, beta = _validate.real_array(X, "X", 2), _validate.real_array(beta, "beta", 1)
    if beta.shape != X.shape[1:] or min(X.shape) == 0:
        raise ValueError(
            f"X, beta: got shapes {X.shape} and {beta.shape}, expected (n, d) and (d,), n, d >= 1"
        )
    length = float(np.linalg.norm(beta))
    if length == 0:
        raise ValueError("beta: got 0, expected a teacher that is not 0: it has no direction")
    n = len(X)
    # max t with X^T v = t beta / ||beta|| and |v_i| <= 1
    equations = np.column_stack([X.T, -beta / length])
    found = optimize.linprog(
        np.append(np.zeros(n), -1.0),
        A_eq=equations,
        b_eq=np.zeros(X.shape[1]),
        bounds=[*([(-1.0, 1.0)] * n), (0.0, None)],
        method="highs",
    )
    if found.x is None:
        raise RuntimeError(
            f"expected a solution of the linear program for X of shape {X.shape}, got: "
            f"{found.message}; scale the rows of X to similar lengths"
        )
    return float(found.x[-1]) / n
