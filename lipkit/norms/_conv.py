"""Norms of convolutions: the public functions."""

import math
from typing import Any

from scipy import sparse

from lipkit import _validate
from lipkit.bound import LAYER, Bound, Bracket
from lipkit.norms import _spectral_lower as lower
from lipkit.norms import _spectral_upper as upper
from lipkit.norms._conv_matrix import sparse_matrix
from lipkit.norms._conv_sums import sum_norm
from lipkit.norms._geometry import Geometry, Padding, Sizes, geometry
from lipkit.norms._kernel import finite_kernel, kernel_array
from lipkit.norms._spectral import Spectral

_METHODS = {
    "fft": upper.by_fft,
    "power": lower.by_power,
    "lanczos": lower.by_lanczos,
    "gram": upper.by_gram,
    "reshape": lower.by_reshape,
    "unfold": upper.by_unfolding,
    "schur": upper.by_schur,
}
CONV_METHODS = tuple(_METHODS)
_ITERATED = {"power": 1, "lanczos": 1, "gram": 0}  # the fewest steps of each


def conv_norm(
    kernel: Any,
    p: float,
    *,
    input_size: Sizes,
    stride: Sizes = 1,
    padding: Padding = 0,
    dilation: Sizes = 1,
    groups: int = 1,
    padding_mode: str = "zeros",
    transposed: bool = False,
    output_padding: Sizes = 0,
    method: str = "auto",
    n_iter: int | None = None,
) -> Bound:
    r"""The operator norm :math:`\|A\|_p` of a convolution, pair (p, p), in 1, 2 or 3 dimensions.

    With :math:`B_{oiu}` the sum of the taps of kernel ``[o, i]`` that read one pixel together,

    .. math:: \|A\|_\infty = \max_{o,t} \sum_{i,u} N_{tu} |B_{oiu}|, \qquad
              \|A\|_1 = \max_{i,y} \sum_{o,u} M_{yu} |B_{oiu}|,

    where N counts what output t reads and M what reads input y: exact in every configuration, at a
    cost that does not grow with the image once it is large. For p = 2 the answer is exact where a
    Fourier transform makes it so (circular padding that keeps the size, stride dividing it; windows
    that do not overlap) and otherwise the tightest certified upper bound.

    Parameters
    ----------
    kernel
        ``(out, in / groups, *taps)``, or ``(in, out / groups, *taps)`` if transposed: an array, a
        list or a torch tensor, of any real dtype. Sums are in float64.
    p
        1, 2 or ``inf``.
    input_size
        Pixels of the layer's input, one integer for every axis or one each.
    stride, dilation, groups, padding_mode, transposed, output_padding
        As in torch. ``padding_mode`` is zeros, circular, reflect or replicate.
    padding
        As in torch: an integer, one for each axis, ``"same"`` or ``"valid"``; or a pair
        ``(before, after)`` for each axis.
    method
        For p = 2 a name in ``CONV_METHODS``: ``"fft"`` (exact, or upper on a larger torus),
        ``"gram"``, ``"unfold"`` and ``"schur"`` (upper), ``"power"`` and ``"lanczos"`` (lower),
        ``"reshape"`` (lower where some output sees no padding, else an estimate; never upper).
    n_iter
        Steps of power (100), lanczos (until 1e-4 is reached) or gram (until it gains 1e-6).

    Returns a :class:`~lipkit.bound.Bound` in units of output per input; bounds are certified, exact
    answers hold up to rounding. ``details`` names the ``"input"`` (p = 1: its unit vector attains
    the norm) or the ``"output"`` (``inf``: the signs of its row do) as ``(channel, *pixel)``.
    Raises ``ValueError`` for an empty output, channels that ``groups`` does not divide, padding
    that the mode does not allow, entries that are not finite, or another p. [Derived, digest of
    layer norms, sections 2.5 and 4; Liang and Huang 2021 for the formula without padding.]

    >>> import numpy as np
    >>> K = np.arange(1.0, 10.0).reshape(1, 1, 3, 3)
    >>> conv_norm(K, np.inf, input_size=4, padding=1).value
    45.0
    >>> conv_norm(K, 1, input_size=4, padding=1, padding_mode="reflect").value  # read twice
    96.0
    >>> conv_norm(K, 2, input_size=4, padding=1)
    norm of a layer ≤ 35.3443  (ℓ2→ℓ2, global, dense, certified)
    """
    array = kernel_array(kernel)
    shape = geometry(
        array.shape,
        input_size=input_size,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        padding_mode=padding_mode,
        transposed=transposed,
        output_padding=output_padding,
    )
    return norm_on(array, shape, p, method=method, n_iter=n_iter)


def conv_norm_bracket(
    kernel: Any,
    *,
    input_size: Sizes,
    stride: Sizes = 1,
    padding: Padding = 0,
    dilation: Sizes = 1,
    groups: int = 1,
    padding_mode: str = "zeros",
    transposed: bool = False,
    output_padding: Sizes = 0,
    rtol: float = 1e-4,
) -> Bracket:
    r"""The l2 norm of a convolution from both sides: :math:`\|Ax\|_2/\|x\|_2 \le \|A\|_2 \le u`.

    The lower side is a short-recurrence form of Lanczos iteration (each step the best of three
    vectors) meant to come within ``rtol`` of the norm: a stopping rule, no proof. Its ``witness``
    is the input x, an array of the layer's input shape. The upper side is the tightest of the
    certificates of :func:`conv_norm`, all of which are in the ``trail``. Both are certified. Where
    the matrix's shorter side is at most 512, or 1100 if the padding copies pixels, it is factorised
    whole instead; for larger layers whose padding copies pixels the upper side is loose, by up to
    the root of the number of copies on each axis.

    The other parameters, the units and the errors are those of :func:`conv_norm`; ``ValueError``
    too for ``rtol`` outside (0, 1). [Derived, digest of layer norms, section 4.]

    >>> import numpy as np
    >>> K = np.arange(1.0, 10.0).reshape(1, 1, 3, 3)
    >>> conv_norm_bracket(K, input_size=30, padding=1)
    norm of a layer in [44.7326, 45.0001]  (ℓ2→ℓ2, global, ratio 1.006)
    """
    rtol = _validate.positive(rtol, "rtol")
    if rtol >= 1:
        raise ValueError(f"rtol: got {rtol}, expected a number below 1; 1e-4 is the default")
    array = finite_kernel(kernel)
    shape = geometry(
        array.shape,
        input_size=input_size,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        padding_mode=padding_mode,
        transposed=transposed,
        output_padding=output_padding,
    )
    if not array.any():
        return Bracket(_zero(), _zero())
    problem = Spectral.of(array, shape)
    least, tried = upper.least_upper(problem)
    if problem.small:
        below = lower.by_whole_matrix(problem)
    else:
        below = lower.by_lanczos(problem, rtol=rtol)
    return Bracket(below, least, (below, *tried))


def conv_matrix(
    kernel: Any,
    *,
    input_size: Sizes,
    stride: Sizes = 1,
    padding: Padding = 0,
    dilation: Sizes = 1,
    groups: int = 1,
    padding_mode: str = "zeros",
    transposed: bool = False,
    output_padding: Sizes = 0,
) -> sparse.csr_array:
    r"""The matrix A of a convolution: ``A @ x.ravel()`` is the layer's output, flattened.

    A SciPy sparse array, float64, ``(out * pixels, in * pixels)``, channels first. Where two taps
    read one pixel the entry is their sum; a kernel's zero is an entry too.

    The parameters and the errors are those of :func:`conv_norm`. [Definition of a convolution.]

    >>> conv_matrix([[[1.0, 2.0, 3.0]]], input_size=3, padding=1).toarray()
    array([[2., 3., 0.],
           [1., 2., 3.],
           [0., 1., 2.]])
    """
    array = finite_kernel(kernel)
    shape = geometry(
        array.shape,
        input_size=input_size,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        padding_mode=padding_mode,
        transposed=transposed,
        output_padding=output_padding,
    )
    return sparse_matrix(array, shape)


def norm_on(
    kernel: Any, shape: Geometry, p: float, *, method: str = "auto", n_iter: int | None = None
) -> Bound:
    """The norm of a kernel, as an array, on a geometry."""
    p = _validate.exponent(p)
    _validate.one_of(method, "method", ("auto", *CONV_METHODS))
    n_iter = _steps(method, n_iter)
    if p == 2:
        return _spectral_norm(finite_kernel(kernel), shape, method, n_iter)
    if p != 1 and not math.isinf(p):
        raise ValueError(
            f"p: got {p:g}, expected 1, 2 or numpy.inf; other norms of a convolution are hard"
        )
    if method != "auto":
        raise ValueError(f"method: got {method!r} for p = {p:g}, expected 'auto'; it is for p = 2")
    value, place = sum_norm(kernel, shape, p)
    name, unit = ("column sums", "input") if p == 1 else ("row sums", "output")
    return Bound(value, "exact", quantity=LAYER, norm=(p, p), method=name, details={unit: place})


def _spectral_norm(kernel: Any, shape: Geometry, method: str, n_iter: int | None) -> Bound:
    if not kernel.any():
        return _zero()
    problem = Spectral.of(kernel, shape)
    if method != "auto":
        return _METHODS[method](problem, n_iter)
    return upper.by_fft(problem) if problem.exact else upper.least_upper(problem)[0]


def _steps(method: str, n_iter: int | None) -> int | None:
    if n_iter is None:
        return None
    if method not in _ITERATED:
        raise ValueError(
            f"n_iter: got {n_iter} for method {method!r}, expected None; "
            f"it is for {', '.join(_ITERATED)}"
        )
    return _validate.count(n_iter, "n_iter", _ITERATED[method])


def _zero() -> Bound:
    return Bound(0.0, "exact", quantity=LAYER, method="zero kernel")
