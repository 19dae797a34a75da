"""Lower bounds of the l2 norm of a convolution, each with the input that proves it."""

from typing import Any

import numpy as np

from lipkit.bound import Bound
from lipkit.norms._axis import Axis
from lipkit.norms._certify import UNIT
from lipkit.norms._conv_apply import Convolution
from lipkit.norms._conv_matrix import sparse_matrix
from lipkit.norms._lanczos import lanczos, power
from lipkit.norms._spectral import Spectral

_SINGLE = 1e-5  # below this accuracy float32 is not enough for the iteration
_POWER_STEPS = 100


def by_power(problem: Spectral, n_iter: int | None = None) -> Bound:
    """Power iteration: 100 steps on the layer and its transpose, unless told otherwise."""
    layer = Convolution(problem.kernel, problem.geometry)
    x = power(layer, problem.draw(np.float64), n_iter or _POWER_STEPS)
    return problem.stretched(x, "power", source="Ryu et al. 2019")


def by_lanczos(problem: Spectral, n_iter: int | None = None, rtol: float = 1e-4) -> Bound:
    """Lanczos iteration to the accuracy asked for, in float32 where that is enough."""
    dtype = np.float64 if rtol < _SINGLE else np.float32
    layer = Convolution(problem.kernel.astype(dtype), problem.geometry)
    x = lanczos(layer, problem.draw(dtype), rtol=rtol, steps=n_iter)
    return problem.stretched(x, "lanczos", source="Knyazev 2001")


def by_whole_matrix(problem: Spectral) -> Bound:
    """The top singular vector of the whole matrix."""
    A = sparse_matrix(problem.kernel, problem.geometry)
    wide = A.shape[0] <= A.shape[1]
    top = np.linalg.eigh((A @ A.T if wide else A.T @ A).toarray())[1][:, -1]
    x = (A.T @ top if wide else top).reshape(problem.geometry.layer_input)
    return problem.stretched(x, "dense")


def by_reshape(problem: Spectral, n_iter: int | None = None) -> Bound:
    r"""The norm of the kernel as an ``(out, in * taps)`` matrix.

    These are the rows of an output that sees no padding. Where there is none, an estimate only.
    """
    rows = problem.grouped.reshape(problem.geometry.groups, problem.geometry.outputs, -1)
    group, top = _top_direction(rows)
    stretched, length = (float(np.linalg.norm(v)) for v in (top @ rows[group], top))
    lost = (2 * rows.shape[1] + 16) * UNIT * float(np.linalg.norm(rows[group]))
    value = max(0.0, stretched / length * (1 - (rows[0].size + 16) * UNIT) - lost)
    source = "torch's spectral_norm for a convolution; digest of layer norms, section 4"
    if not problem.geometry.sees_no_padding:
        return problem.answer(value, "estimate", "reshape", source=source)
    witness = _on_one_output(problem, group, top, rows[group])
    return problem.answer(value, "lower", "reshape", witness=witness, source=source)


def _top_direction(rows: Any) -> tuple[int, Any]:
    """The group with the largest norm, and its top left singular vector."""
    values, vectors = np.linalg.eigh(rows @ rows.swapaxes(1, 2))
    group = int(values[:, -1].argmax())
    return group, vectors[group, :, -1]


def _on_one_output(problem: Spectral, group: int, top: Any, rows: Any) -> Any:
    """The input that the rows of one padding-free output stretch most."""
    geometry = problem.geometry
    first = [axis.inner_output or 0 for axis in geometry.axes]
    if geometry.transposed:
        x = np.zeros((geometry.groups, geometry.outputs, *geometry.image[1:]))
        x[group][(slice(None), *first)] = top
        return x.reshape(geometry.layer_input)
    x = np.zeros((geometry.groups, geometry.inputs, *geometry.domain[1:]))
    window = (_window(axis, t) for axis, t in zip(geometry.axes, first, strict=True))
    x[group][(slice(None), *window)] = (top @ rows).reshape(geometry.kernel_shape[2:])
    return x.reshape(geometry.layer_input)


def _window(axis: Axis, t: int) -> slice:
    start = t * axis.stride - axis.left
    return slice(start, start + axis.reach + 1, axis.dilation)
