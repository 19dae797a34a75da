"""One 3×3 kernel as a layer: its matrix, its norms, and what is mistaken for them."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lipkit import norms
from lipkit._validate import Array

_WAVE = np.array([1.0, -1.0, 1.0])

KERNELS: dict[str, Array] = {
    "1 to 9": np.arange(1.0, 10.0).reshape(3, 3),
    "signed": np.array([[-1.0, 2.0, -3.0], [4.0, -5.0, 6.0], [7.0, -8.0, 9.0]]),
    "blur": np.ones((3, 3)) / 9,
    "edge": np.array([[-1.0, -1.0, -1.0], [-1.0, 8.0, -1.0], [-1.0, -1.0, -1.0]]),
    "difference": np.array([[0.0, 0.0, 0.0], [0.0, -1.0, 1.0], [0.0, 0.0, 0.0]]),
    "checker": np.outer(_WAVE, _WAVE),
    "one-sided": np.array([[0.0, 0.0, 0.0], [0.0, 1.0, 2.0], [0.0, 3.0, 4.0]]),
    "identity": np.array([[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]),
}
PADDINGS = ("none", "zeros", "circular", "reflect", "replicate")
_MOST = 4  # pixels along one side, so that the matrix has at most 16 rows and columns
_FREE = {True: "some output sees no padding", False: "every output sees padding"}
_NUMBERS = ("taps", "one", "two", "sup", "reshaped", "circle", "certificate")


def kernel_layer(kernel: str | ArrayLike, stride: int, padding: str, size: int) -> dict[str, Any]:
    r"""The layer of a kernel ``(3, 3)`` of one channel on ``size × size`` pixels.

    ``kernel`` may be a name in ``KERNELS``; ``padding`` is one of ``PADDINGS``, one pixel wide or
    none. ``one``, ``two``, ``sup``: the norms :math:`\|A\|_p` for p = 1, 2, :math:`\infty`, all
    exact. ``taps``: the sum of the absolute taps. ``reshaped``: the norm of the kernel as one row;
    ``circle``: the :math:`\ell_2` norm with circular padding 1 instead; both estimates.
    ``certificate``: the Fourier upper bound of :math:`\|A\|_2`. ``matrix`` ``(16, 16)``: entries
    over the largest absolute one, first row on top, NaN where there is none. ``free`` says in
    words whether some output sees no padding. Numbers are NaN where torch refuses the layer.
    [Derived, digest of layer norms, sections 2 and 4.]
    """
    K = KERNELS[kernel] if isinstance(kernel, str) else np.asarray(kernel, dtype=float)
    if not _exists(padding, size):
        blank = np.full((_MOST**2, _MOST**2), np.nan)
        nothing = dict.fromkeys(_NUMBERS, np.nan)
        return {**nothing, "matrix": blank, "free": "there is no such layer"}
    settings = _settings(stride, padding, size)
    A = norms.conv_matrix(K[None, None], **settings).toarray()
    torus = norms.conv_matrix(K[None, None], **_settings(stride, "circular", size)).toarray()
    return {
        "taps": float(np.abs(K).sum()),
        "one": float(np.linalg.norm(A, 1)),
        "two": float(np.linalg.norm(A, 2)),
        "sup": float(np.linalg.norm(A, np.inf)),
        "reshaped": norms.conv_norm(K[None, None], 2, method="reshape", **settings).value,
        "circle": float(np.linalg.norm(torus, 2)),
        "certificate": norms.conv_norm(K[None, None], 2, method="fft", **settings).value,
        "matrix": _framed(A),
        "free": _FREE[_some_output_is_free(stride, padding, size)],
    }


def _exists(padding: str, size: int) -> bool:
    return size >= {"none": 3, "reflect": 2}.get(padding, 1)


def _settings(stride: int, padding: str, size: int) -> dict[str, Any]:
    mode = "zeros" if padding == "none" else padding
    width = 0 if padding == "none" else 1
    return {"input_size": size, "stride": stride, "padding": width, "padding_mode": mode}


def _some_output_is_free(stride: int, padding: str, size: int) -> bool:
    """Whether all nine taps of some output read pixels of the image, each its own."""
    mode = "none" if padding == "none" else "zeros"
    reads = norms.conv_matrix(np.ones((1, 1, 3, 3)), **_settings(stride, mode, size))
    return bool((reads.sum(axis=1) == 9).any())


def _framed(A: Array) -> Array:
    """In the upper left corner of a frame that holds the largest matrix, the last row first."""
    frame = np.full((_MOST**2, _MOST**2), np.nan)
    frame[: A.shape[0], : A.shape[1]] = A / (np.abs(A).max() or 1.0)
    return frame[::-1]
