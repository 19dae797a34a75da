"""The hyperplanes of one hidden layer, tidied: no zero rows, no repeats, no empty directions."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from lipkit._validate import Array
from lipkit.networks import ReluNetwork
from lipkit.norms import vector_norm

_SAME = 1e-12  # hyperplanes and ranks this close are one, up to rounding
_NOISE = 64 * 2.0**-53  # and what rounding alone leaves of an exact coincidence


@dataclass(frozen=True, eq=False)
class Arrangement:
    r"""The Jacobian :math:`c + \sum_i s_i q_i` over the cells of hyperplanes
    :math:`y_i \cdot y + \beta_i = 0` in :math:`\mathbb R^r`; :math:`s_i` is 1 on the upper side.

    ``normals`` ``(n, r)`` have length 1 and no two hyperplanes are equal; ``offsets`` is ``(n,)``;
    ``gains`` ``(n, n_out * d)`` are the q, ``start`` ``(n_out * d,)`` the c; ``basis`` ``(r, d)``
    has orthonormal rows, and a point of the input space is ``y @ basis``. ``dropped`` counts
    decisions that were not clear: rows merged although they are not exactly equal, directions left
    out although they are not exactly empty.
    """

    normals: Array
    offsets: Array
    gains: Array
    start: Array
    basis: Array
    dropped: int

    @property
    def central(self) -> bool:
        """Whether all hyperplanes pass through 0."""
        return not self.offsets.any()

    @property
    def rank(self) -> int:
        """The dimension r of the space that the hyperplanes divide."""
        return int(self.normals.shape[1])

    def __len__(self) -> int:
        return len(self.normals)


def arrange(network: ReluNetwork) -> Arrangement:
    """The arrangement of a network of one hidden layer. [Digest of random ReLU, 5.3, step 0.]"""
    (W, A), b = network.weights, network.biases[0]
    alive = W.any(axis=1) & A.any(axis=0)
    W, b, A = W[alive], b[alive], A[:, alive]
    gains = np.einsum("oi,id->iod", A, W).reshape(len(W), network.output_dim * network.input_dim)
    lengths = vector_norm(W, 2)
    normals, offsets = W / lengths[:, None], b / lengths
    group, sign, uneven = _equal_hyperplanes(normals, offsets, np.column_stack([W, b]))
    first = np.unique(group, return_index=True)[1]
    merged = np.zeros((len(first), gains.shape[1]))
    np.add.at(merged, group, sign[:, None] * gains)
    kept = merged.any(axis=1)
    normals, offsets = (sign[:, None] * normals)[first][kept], (sign * offsets)[first][kept]
    basis, unclear = _row_space(normals)
    start = gains[sign < 0].sum(axis=0)
    reduced = normals @ basis.T
    lengths = vector_norm(reduced, 2)
    return Arrangement(
        reduced / lengths[:, None], offsets / lengths, merged[kept], start, basis, unclear + uneven
    )


def _row_space(W: Array) -> tuple[Array, int]:
    """An orthonormal basis ``(r, d)`` of the rows' span, and how many directions are in doubt."""
    if len(W) == 0:
        return np.zeros((0, W.shape[1])), 0
    _, s, V = np.linalg.svd(W, full_matrices=False)
    rank = int(np.sum(s > _SAME * s[0]))
    noise = _NOISE * max(W.shape) * s[0]
    return V[:rank], int(np.sum(s[rank:] > noise))


def _equal_hyperplanes(
    normals: Array, offsets: Array, exact: Array
) -> tuple[NDArray[np.intp], Array, int]:
    """Each row's hyperplane, its side (-1: the gate is the opposite one), and unclear merges.

    Rows are turned to one side of a fixed direction and sorted along another: equal ones meet.
    """
    draws = np.random.default_rng(0)
    sign = np.where(normals @ draws.normal(size=normals.shape[1]) >= 0, 1.0, -1.0)
    rows = sign[:, None] * np.column_stack([normals, offsets])
    size = 1 + np.abs(offsets)
    order = np.argsort(rows @ draws.normal(size=rows.shape[1]), kind="stable")
    gap = np.abs(np.diff(rows[order], axis=0)).max(axis=1, initial=0.0)
    new = gap > _SAME * size[order][1:]
    group = np.empty(len(rows), dtype=np.intp)
    group[order] = np.concatenate([[0], np.cumsum(new)])[: len(rows)]
    meetings = zip(order[:-1][~new], order[1:][~new], strict=True)
    return group, sign, sum(not _proportional(exact[i], exact[j]) for i, j in meetings)


def _proportional(u: Array, v: Array) -> bool:
    """Whether two rows are exact multiples of one another."""
    k = int(np.argmax(np.abs(u)))
    a, b = Fraction(u[k]), Fraction(v[k])
    return all(Fraction(x) * b == Fraction(y) * a for x, y in zip(u, v, strict=True))
