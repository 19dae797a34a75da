"""Chapter *Convolutions are matrices*: what its exercises ask for."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.norms import conv_norm
from lipkit.teach import graders as g
from lipkit.teach.graders.tasks._kernel_traps import DEEP, TWO_LINES, kernel_and_size

_TAPS = np.arange(1.0, 10.0).reshape(1, 1, 3, 3)
_RANDOM = np.random.default_rng(4).integers(-9, 10, size=(3, 2, 3, 3)).astype(float)
_FIVE = np.random.default_rng(5).integers(1, 10, size=(2, 1, 5, 5)).astype(float)


# -- ex1: three images ---------------------------------------------------------------------------
def _three_images(a: int, b: int, c: int) -> Sequence[g.Check]:
    left, middle, right = abs(a), abs(b), abs(c)
    every = left + middle + right
    whole = "That is the whole kernel; which taps read a pixel of this image?"
    rows = "Each row belongs to one output: the largest of them is asked, not their sum."
    one = g.close_to(
        middle,
        name="one pixel",
        expected="what the taps that read the pixel add up to",
        mistakes={whole: every, "Norms do not see the sign.": b},
        hint="Which of the three taps reads the only pixel there is?",
    )
    two = g.close_to(
        max(left, right) + middle,
        name="two pixels",
        expected="the largest row sum of a matrix of two rows",
        mistakes={whole: every, rows: 2 * middle + left + right},
        hint="Write down both rows; what does the zero at either end swallow?",
    )
    three = g.close_to(
        every,
        name="three pixels",
        expected="the largest row sum of a matrix of three rows",
        mistakes={"Absolute values, then the sum.": abs(a + b + c)},
        hint="What does the output in the middle read?",
    )
    onwards = g.exactly(
        3.0,
        name="from which n on",
        expected="the smallest n from which on the norm stays the same",
        hint="Can a longer image show an output more than all the taps?",
    )
    return [g.item(i, check) for i, check in enumerate((one, two, three, onwards))]


def _own_taps(draws: g.Draws) -> Mapping[str, Any]:
    a, b, c = (draws.integer(2, 9) for _ in range(3))
    return {"a": a, "b": -b, "c": c + a}


# -- ex2: a sup norm that knows its image --------------------------------------------------------
def _sup(K: Array, n: int, stride: int, padding: int) -> float:
    return conv_norm(K, np.inf, input_size=n, stride=stride, padding=padding).value


def _one(K: Array, n: int, stride: int, padding: int) -> float:
    return conv_norm(K, 1, input_size=n, stride=stride, padding=padding).value


def _tap_sum(K: Array, *_: int) -> float:
    return float(np.abs(K).sum(axis=(1, 2, 3)).max())


def _signed(K: Array, *_: int) -> float:
    return float(K.sum(axis=(1, 2, 3)).max())


def _sup_on(cases: Sequence[g.Case], name: str, hint: str) -> g.Check:
    return g.agrees(
        _sup,
        cases,
        name=name,
        expected="the largest absolute row sum of the layer's matrix",
        hint=hint,
        mistakes={
            "That is the sum of all taps, whether they read a pixel or not.": _tap_sum,
            "That is the largest column sum, the ℓ1 norm.": _one,
            "Absolute values, then the sum.": _signed,
        },
    )


_LARGE = [g.case(_TAPS, 4, 1, 1, about="K, n, stride, padding"), g.case(_TAPS, 6, 1, 0)]
_CHANNELS = [g.case(_RANDOM, 5, 1, 1), g.case(_RANDOM[:1], 7, 2, 1), g.case(-_RANDOM, 3, 1, 0)]
_SINGLE = [g.case(_TAPS, 1, 1, 1), g.case(_RANDOM, 1, 2, 1), g.case(_FIVE, 1, 1, 2)]
_SMALL = [g.case(_TAPS, 2, 1, 1), g.case(_FIVE, 3, 1, 2), g.case(_RANDOM, 2, 1, 2)]
_STRIDED = [g.case(_TAPS, 3, 2, 1), g.case(_FIVE, 4, 3, 2), g.case(_RANDOM, 2, 3, 1)]
_FAR = [g.case(_TAPS, 2, 1, 4), g.case(_RANDOM, 3, 4, 5)]
_SUP_NORM = [
    g.shape(inputs=_LARGE[:1], name="gives a number"),
    _sup_on(_LARGE, "large images", "Which taps does an output in the middle use?"),
    _sup_on(_CHANNELS, "channels and signs", "A row holds all inputs of one output channel."),
    _sup_on(_SINGLE, "a 1 × 1 image", "There is one pixel: which taps can read it?"),
    _sup_on(_SMALL, "images smaller than the kernel", "Which taps fall off at either end?"),
    _sup_on(_STRIDED, "strides", "Only some positions have an output: which are they?"),
    _sup_on(_FAR, "more padding than taps", "Some outputs read nothing but zeros; that is legal."),
    g.not_mutating([_LARGE[0], _CHANNELS[0]]),
]


# -- ex3: strided columns ------------------------------------------------------------------------
def _interior(K: Array, stride: int) -> float:
    k = K.shape[-1]
    return conv_norm(K, 1, input_size=8 * max(k, stride), stride=stride, padding=k // 2).value


def _all_taps(K: Array, stride: int) -> float:
    return float(np.abs(K).sum(axis=(0, 2, 3)).max())


def _diagonal_classes(K: Array, stride: int) -> float:
    sums = [np.abs(K[:, :, c::stride, c::stride]).sum(axis=(0, 2, 3)) for c in range(stride)]
    return float(np.max(sums))


def _single_taps(K: Array, stride: int) -> float:
    return float(np.abs(K).sum(axis=0).max())


def _one_output(K: Array, stride: int) -> float:
    classes = [(a, b) for a in range(stride) for b in range(stride)]
    sums = [np.abs(K[:, :, a::stride, b::stride]).sum(axis=(2, 3)).max() for a, b in classes]
    return float(max(sums))


def _columns_on(cases: Sequence[g.Case], name: str, hint: str) -> g.Check:
    return g.agrees(
        _interior,
        cases,
        name=name,
        expected="the largest absolute column sum of the layer's matrix",
        hint=hint,
        mistakes={
            "That is the sum of all taps; can one pixel meet them all?": _all_taps,
            "The two axes may be in different classes.": _diagonal_classes,
            "A pixel is read by several outputs, through more than one tap each time?": (
                _single_taps
            ),
            "A column has an entry for each output channel.": _one_output,
        },
    )


_ONE_NORM = [
    g.shape(inputs=[g.case(_TAPS, 1)], name="gives a number"),
    _columns_on([g.case(_TAPS, 1, about="K, stride")], "stride 1", "Every tap reads the pixel."),
    _columns_on(
        [g.case(_TAPS, 2), g.case(_FIVE[:1], 2), g.case(_FIVE[:1], 3)],
        "strides smaller than the kernel",
        "By how much do two taps differ that read the same pixel from neighbouring outputs?",
    ),
    _columns_on(
        [g.case(_TAPS, 3), g.case(_FIVE[:1], 7)],
        "strides as large as the kernel",
        "Do two windows overlap?",
    ),
    _columns_on(
        [g.case(_RANDOM, s) for s in (1, 2, 3)],
        "channels and signs",
        "A column belongs to one input channel; which output channels read it?",
    ),
    g.not_mutating([g.case(_RANDOM, 2)]),
]


# -- ex4: where the usual formula is too large ---------------------------------------------------
def _whole_numbers(layer: Mapping[str, Any]) -> bool:
    low = {"size": 1, "stride": 1, "padding": 0}
    return all(layer[key] == int(layer[key]) and layer[key] >= low[key] for key in low)


def _is_layer(layer: Mapping[str, Any]) -> bool:
    k, other = layer["kernel"].shape
    fits = k <= layer["size"] + 2 * layer["padding"]
    return bool(k == other and fits and layer["size"] <= 64)


def _true_norm(layer: Mapping[str, Any]) -> float:
    size, stride, padding = (int(layer[key]) for key in ("size", "stride", "padding"))
    return _sup(layer["kernel"][None, None], size, stride, padding)


def _excess(layer: Mapping[str, Any]) -> float:
    """The tap sum over the true norm."""
    return _tap_sum(layer["kernel"][None, None]) / _true_norm(layer)


def _rule(holds: Callable[[Any], bool], name: str, expected: str) -> g.Check:
    return g.gate(
        g.witness(holds, name=name, expected=expected, said=lambda layer: _described(layer))
    )


def _described(layer: Mapping[str, Any]) -> str:
    numbers = ", ".join(f"{key} {layer[key]:g}" for key in ("size", "stride", "padding"))
    return f"taps of shape {layer['kernel'].shape}, {numbers}"


_TOO_LARGE = [
    _rule(_whole_numbers, "whole numbers", "whole numbers, with size and stride at least 1"),
    _rule(_is_layer, "a layer", "a square kernel on at most 64 × 64 pixels, with some output"),
    _rule(lambda x: x["size"] >= 4, "the image", "an image of at least 4 × 4 pixels"),
    _rule(lambda x: bool(x["kernel"].all()), "the taps", "no tap that is 0"),
    _rule(lambda x: _true_norm(x) > 0, "the norm", "an output that reads a pixel: a norm above 0"),
    g.witness(
        lambda layer: _excess(layer) >= 3 * (1 - 1e-9),
        name="the formula is three times too large",
        expected="a tap sum of at least three times the true norm",
        said=lambda layer: f"{_excess(layer):.4g} times, for {_described(layer)}",
        mistakes={
            "Here the formula is exact: some output sees no padding.": (
                lambda layer: _excess(layer) < 1 + 1e-9
            ),
        },
        hint="How much of the kernel can an output see at all, if the image is small?",
    ),
]


TASKS = {
    "ex1": g.Task(
        title="Three images",
        answer="four numbers (first, second, third, n)",
        reads=g.array(4),
        checks=_three_images,
        parameters={"a": 2, "b": -3, "c": 4},
        draw=_own_taps,
    ),
    "ex2": g.Task(
        title="A sup norm that knows its image",
        answer="a function sup_norm(K, n, stride, padding) that returns a number",
        reads=g.function,
        checks=_SUP_NORM,
    ),
    "ex3": g.Task(
        title="Strided columns",
        answer="a function one_norm(K, stride) that returns a number",
        reads=g.function,
        checks=_ONE_NORM,
    ),
    "ex4": g.Task(
        title="Where the usual formula is too large",
        answer='a dict: "kernel", an array (k, k); "size", "stride", "padding", whole numbers',
        reads=g.fields(
            kernel=g.array(None, None), size=g.number, stride=g.number, padding=g.number
        ),
        checks=_TOO_LARGE,
    ),
    "ex5": g.Task(
        title="Two lines of public code",
        answer='a dict: "too_large", "too_small", arrays (2, 2); "kind"; "stride", a number',
        reads=g.fields(
            too_large=g.array(2, 2), too_small=g.array(2, 2), kind=g.kind, stride=g.number
        ),
        checks=TWO_LINES,
    ),
    "ex6": g.Task(
        title="The deepest trap",
        answer="(kernel, size), an array (3, 3) and a whole number",
        reads=kernel_and_size,
        checks=DEEP,
    ),
}
