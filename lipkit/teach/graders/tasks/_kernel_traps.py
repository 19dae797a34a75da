"""Chapter *Convolutions are matrices*, ex5 and ex6: wrong code, and the reshaped kernel."""

from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.norms import conv_norm, conv_norm_bracket
from lipkit.teach import graders as g


# -- ex5: two lines of public code ---------------------------------------------------------------
def _as_coded(K: Array) -> float:
    return float(np.abs(K).sum(axis=1).max())


def _as_true(K: Array) -> float:
    return conv_norm(K[None, None], 1, input_size=2, padding=(1, 0)).value


def _compared(K: Array) -> str:
    return f"the code gives {_as_coded(K):g}, and {_as_true(K):g} is right, for {g.show(K)}"


TWO_LINES = [
    g.item(
        "too_large",
        g.witness(
            lambda K: _as_coded(K) > _as_true(K) * (1 + 1e-9),
            name="the code is too large",
            said=_compared,
            expected="a kernel on which the code gives more than the norm",
            hint="Which taps does the code add, and which read one pixel together?",
        ),
    ),
    g.item(
        "too_small",
        g.witness(
            lambda K: _as_coded(K) < _as_true(K) * (1 - 1e-9),
            name="the code is too small",
            said=_compared,
            expected="a kernel on which the code gives less than the norm",
            hint="Put the two large taps where the code does not add them.",
        ),
    ),
    g.item(
        "kind",
        g.bound_kind(
            "estimate",
            name="which side",
            expected="another kind of answer",
            hint="What do your two kernels say together?",
        ),
    ),
    g.item(
        "stride",
        g.close_to(
            3.0,
            name="sets of one tap",
            expected="the smallest stride at which no two of the taps read one pixel",
            mistakes={"Two taps of a row are still in one class.": 2.0},
            hint="Which taps of a row of the kernel belong to one residue class?",
        ),
    ),
]


# -- ex6: the deepest trap -----------------------------------------------------------------------
def kernel_and_size(answer: Any) -> tuple[Array, float]:
    if not isinstance(answer, (tuple, list)) or len(answer) != 2:
        raise g.Wrong(g.show(answer), expected="a pair (kernel, size)")
    return np.asarray(g.array(3, 3)(answer[0])), g.number(answer[1])


def _depth(answer: tuple[Array, float]) -> float:
    """The true norm (lower) over that of the reshaped kernel."""
    K, size = answer
    if not K.any():
        return 0.0
    scaled = K / np.abs(K).max()
    sides = conv_norm_bracket(scaled[None, None], input_size=int(size), padding=1)
    return sides.lower.value / float(np.linalg.norm(scaled))


DEEP = [
    g.gate(
        g.witness(
            lambda answer: answer[1] == int(answer[1]) and 1 <= answer[1] <= 64,
            name="the image",
            said=lambda answer: f"size {answer[1]:g}",
            expected="a whole number of pixels from 1 to 64",
        )
    ),
    g.witness(
        lambda answer: _depth(answer) >= 2.9 * (1 - 1e-4),
        name="how deep",
        said=lambda answer: f"{_depth(answer):.4g} times the reshaped kernel's norm",
        expected="a layer with at least 2.9 times the norm of its reshaped kernel",
        mistakes={
            "The kernel is right; how many of its outputs see padding?": (
                lambda answer: (
                    answer[1] < 64 and _depth((answer[0], 64.0)) >= 2.9 and _depth(answer) < 2.9
                )
            ),
            "No taps, no norm.": lambda answer: not answer[0].any(),
        },
        hint="When do all patches of an image point the same way, and the kernel with them?",
    ),
]
