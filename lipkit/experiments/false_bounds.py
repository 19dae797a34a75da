"""Numbers that pass for upper answers and lie below the truth, each on the smallest network."""

from itertools import product
from typing import Any

import numpy as np

from lipkit import lipschitz
from lipkit._validate import Array
from lipkit.networks import ReluNetwork

RAMP = ReluNetwork([[[1], [1]], [[1, -1]]], [[10, -10], [0]])
THREE = ReluNetwork([[[1, 0], [0, 1], [-1, -1]], [[1, 1, -1]]])
VALLEY = ReluNetwork([[[1], [-1]], [[3, 2]]])
PAIR = ReluNetwork([[[1, 0], [0, 2]], [[1, 0], [0, 1]]])
NEURON = ReluNetwork([[[1]], [[1]]])


def lipsdp_matrix(network: ReluNetwork, rho: float, T: Any) -> Array:
    r"""The matrix of LipSDP for one hidden layer, with any symmetric T ``(N, N)``:

    .. math:: P = \begin{pmatrix} \rho I & -W_0^T T \\ -T W_0 & 2T - W_1^T W_1 \end{pmatrix} .

    If T is diagonal and P has no negative eigenvalue, :math:`\sqrt\rho` is an upper bound in l2.
    [Fazlyab et al. 2019; digest of random ReLU networks, section 5.4.]

    >>> lipsdp_matrix(NEURON, 1.0, [[1.0]])
    array([[ 1., -1.],
           [-1.,  1.]])
    """
    W, readout = network.weights
    T = np.asarray(T, dtype=float)
    corner = rho * np.eye(W.shape[1])
    return np.block([[corner, -W.T @ T], [-T @ W, 2 * T - readout.T @ readout]])


def coupled_lipsdp() -> tuple[float, float]:
    """LipSDP with one multiplier that couples both neurons of a ramp: P = 0 already for rho = 0."""
    T = np.array([[1.0, -1.0], [-1.0, 1.0]]) / 2
    assert np.linalg.eigvalsh(lipsdp_matrix(RAMP, 0.0, T)).min() >= 0
    return 0.0, lipschitz.exact_line(RAMP).value


def greedy_seqlip(network: ReluNetwork, start: Any) -> float:
    r"""One climb of greedy SeqLip: :math:`u \leftarrow \sum_i a_i w_i 1[a_i w_i \cdot u > 0]`.

    >>> greedy_seqlip(VALLEY, [-1.0]), greedy_seqlip(VALLEY, [1.0])
    (2.0, 3.0)
    """
    Q, u = network.weights[1].T * network.weights[0], np.asarray(start, dtype=float)
    for _ in range(len(Q) + 1):
        u = Q[Q @ u > 0].sum(axis=0)
    return float(np.linalg.norm(u))


def power_iteration(network: ReluNetwork, start: Any, steps: int) -> float:
    """The product of the layers' norms, the first one by power iteration, the others exact."""
    W, v = network.weights[0], np.asarray(start, dtype=float)
    for _ in range(steps):
        v = W.T @ (W @ v)
    others = [np.linalg.norm(V, 2) for V in network.weights[1:]]
    return float(np.linalg.norm(W @ v) / np.linalg.norm(v) * np.prod(others))


def tolerant_lipsdp(eps: float) -> float:
    r"""For one neuron :math:`\mathrm{ReLU}(x)`: the least :math:`\sqrt\rho` with
    :math:`P \succeq -\varepsilon I`, which a solver of that tolerance may return.

    It is :math:`\sqrt{1 - 2\varepsilon}`, at :math:`t = 1 - \varepsilon`. [Derived.]

    >>> round(tolerant_lipsdp(0.1), 4)
    0.8944
    """
    P = lipsdp_matrix(NEURON, 1 - 2 * eps, [[1 - eps]])
    assert np.isclose(np.linalg.eigvalsh(P).min(), -eps)
    return float(np.sqrt(1 - 2 * eps))


def origin_mip(network: ReluNetwork) -> float:
    """What a program in p = inf may answer that admits the origin: the best of all patterns."""
    Q = network.weights[1].T * network.weights[0]
    corners = np.array(list(product((-1.0, 1.0), repeat=Q.shape[1])))
    return float(np.maximum(Q @ corners.T, 0).sum(axis=0).max())


def false_bounds() -> dict[str, tuple[float, float]]:
    """The five traps: what is claimed as an upper or exact answer, and the exact constant.

    l2, but for the program, whose pair is inf.
    """
    return {
        "coupled": coupled_lipsdp(),
        "origin": (origin_mip(THREE), lipschitz.exact_plane(THREE, np.inf).value),
        "greedy": (greedy_seqlip(VALLEY, [-1.0]), lipschitz.exact_line(VALLEY).value),
        "power": (power_iteration(PAIR, [1.0, 0.1], 1), lipschitz.exact_plane(PAIR).value),
        "tolerance": (tolerant_lipsdp(0.1), lipschitz.exact_line(NEURON).value),
    }
