"""The l2 norm of a convolution: the digest's values, and that every bound is on its side."""

import math
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lipkit.bound import LAYER, Bound
from lipkit.norms import CONV_METHODS, conv_matrix, conv_norm, conv_norm_bracket
from lipkit.norms._geometry import geometry
from tests.norms.conv_oracles import NINE, SIGNED, configurations, definition_matrix, modular
from tests.norms.test_certified import at_least_norm

UPPER = ("fft", "gram", "unfold", "schur")
LOWER = ("power", "lanczos")


def on(stride: int, padding: int, size: int, dilation: int = 1, mode: str = "zeros") -> Any:
    return {
        "stride": stride, "padding": padding, "input_size": size, "dilation": dilation,
        "padding_mode": mode,
    }  # fmt: skip


def spectral(A: Any) -> float:
    return float(np.linalg.norm(A, 2))


def reached(A: Any, bound: Bound) -> float:
    """How far the witness is stretched."""
    x = bound.witness.ravel()
    return float(np.linalg.norm(A @ x) / np.linalg.norm(x)) if x.any() else 0.0


# -- the digest's test values --------------------------------------------------------------------
@pytest.mark.parametrize(
    ("kernel", "layer", "true"),
    [
        (NINE, on(1, 1, 4), 35.344230),
        (NINE, on(1, 0, 3), 16.881943),
        (NINE, on(1, 1, 1), 5),
        (NINE, on(1, 1, 2), 21.832160),
        (NINE, on(2, 1, 4), 20.052218),
        (NINE, on(2, 0, 5), 20.979240),
        (NINE, on(3, 0, 9), 16.881943),
        (NINE, on(1, 2, 5, 2), 30.558758),
        (NINE, on(1, 2, 3, 2), 21.832160),
        (NINE, on(1, 1, 4, 1, "circular"), 45),
        (NINE, on(1, 1, 4, 1, "reflect"), 51.870990),
        (NINE, on(1, 1, 4, 1, "replicate"), 49.524542),
        (NINE, on(2, 1, 4, 1, "reflect"), 28.153185),
        (NINE, on(1, 1, 1, 1, "replicate"), 45),
        (NINE, on(2, 1, 3) | {"transposed": True, "output_padding": 1}, 22.245308),
        (SIGNED, on(1, 1, 4), 29.611338),
        (SIGNED, on(1, 1, 2), 20.240945),
        (SIGNED, on(1, 2, 5, 2), 26.800547),
        (SIGNED, on(1, 1, 4, 1, "circular"), 33.541020),
        (SIGNED, on(1, 1, 4, 1, "reflect"), 42.698409),
        (SIGNED, on(1, 1, 4, 1, "replicate"), 37.206542),
        (SIGNED, on(2, 1, 4, 1, "reflect"), 24.054618),
        (SIGNED, on(1, 1, 1, 1, "replicate"), 11),
        (modular(3, 2, 3, 3), on(1, 1, 5), 8.187654),
        (modular(3, 2, 3, 3), on(2, 1, 5), 5.379416),
        (modular(3, 2, 3, 3), on(2, 1, 2), 2.778311),
        (modular(3, 2, 3, 3), on(1, 2, 5, 2), 6.532249),
        (modular(3, 2, 3, 3), on(1, 2, 4, 2), 4.854259),
        (modular(4, 2, 3, 3), on(1, 1, 5) | {"groups": 2}, 6.800285),
        (modular(4, 1, 3, 3), on(1, 1, 5) | {"groups": 4}, 4.185492),
        (
            modular(3, 2, 3, 2),
            {"padding": (1, 0), "stride": (1, 2), "input_size": (4, 5)},
            4.651892,
        ),
        (modular(3, 2, 2, 2), on(2, 0, 4), 2.757445),
        (modular(3, 2, 3, 3), on(1, 1, 5, 1, "circular"), 8.874881),
        (modular(3, 2, 3, 3), on(1, 1, 5, 1, "reflect"), 7.894893),
        (modular(3, 2, 3, 3), on(1, 1, 5, 1, "replicate"), 8.879035),
        (
            modular(3, 2, 3, 3),
            on(2, 1, 3) | {"transposed": True, "output_padding": 1},
            5.644216,
        ),
        (modular(2, 2, 3), on(1, 1, 4), 2.686079),
        (modular(2, 1, 2, 2, 2), on(1, 0, 3), 4.539075),
    ],
)
def test_digest(kernel: Any, layer: dict[str, Any], true: float) -> None:
    assert conv_norm(kernel, 2, **layer).value == pytest.approx(true, abs=5e-7)
    bracket = conv_norm_bracket(kernel, **layer)
    assert bracket.contains(spectral(conv_matrix(kernel, **layer).toarray()))
    assert bracket.ratio < 1 + 1e-9
    for name in CONV_METHODS:
        assert_on_its_side(conv_norm(kernel, 2, method=name, **layer), true, 1e-6)


def assert_on_its_side(bound: Bound, true: float, slack: float = 0.0) -> None:
    assert bound.quantity == LAYER
    assert bound.norm == (2, 2)
    if bound.kind == "exact":
        assert bound.value == pytest.approx(true, rel=max(slack, 1e-12))
    elif bound.kind == "upper":
        assert bound.value >= true * (1 - slack)
    elif bound.kind == "lower":
        assert bound.value <= true * (1 + slack)
    assert bound.certified == (bound.kind in ("upper", "lower"))


def test_digest_bounds_of_the_first_row() -> None:
    K, layer = modular(3, 2, 3, 3), on(1, 1, 5)
    value = {name: conv_norm(K, 2, method=name, **layer).value for name in UPPER}
    assert value["fft"] == pytest.approx(9.381524, abs=5e-7)  # on the grid of 6
    wider = conv_norm(K, 2, method="fft", padding=2, input_size=5)
    assert wider.value == pytest.approx(9.669107, abs=1e-6)  # on the grid of 7
    assert wider.details["frequencies"] == (7, 7)
    grams = [conv_norm(K, 2, method="gram", n_iter=t, **layer).value for t in (1, 2, 3)]
    assert grams == pytest.approx([9.382719, 9.381524, 9.381524], abs=5e-7)
    assert value["unfold"] == pytest.approx(11.624565, abs=5e-7)
    assert conv_norm(K, 2, method="reshape", **layer).value == pytest.approx(4.077580, abs=5e-7)


def test_digest_bound_of_the_strided_row() -> None:
    bound = conv_norm(modular(3, 2, 3, 3), 2, method="fft", **on(2, 1, 5))
    assert bound.value == pytest.approx(5.761807, abs=5e-7)
    assert bound.details["frequencies"] == (3, 3)  # a grid of 6, in two phases


@pytest.mark.parametrize(
    ("outputs", "inputs", "n", "true", "same_grid", "fft", "gram", "unfold", "schur"),
    [
        (8, 8, 8, 1.1245, 1.1736, 1.1653, (1.1857, 1.1736), 1.7209, 4.657),
        (16, 3, 16, 1.7578, 1.7710, 1.7685, (1.7970, 1.7710), 2.7141, 6.742),
        (16, 16, 16, 1.1901, 1.1998, 1.1954, (1.2422, 1.1999), 1.9152, 6.466),
    ],
)
def test_digest_table_of_bounds(
    outputs: int, inputs: int, n: int, true: float, same_grid: float, fft: float,
    gram: tuple[float, float], unfold: float, schur: float,
) -> None:  # fmt: skip
    torch.manual_seed(1)
    K = torch.nn.Conv2d(inputs, outputs, 3).weight
    layer: dict[str, Any] = {"input_size": n, "padding": 1}
    bracket = conv_norm_bracket(K, **layer)
    assert bracket.lower.value == pytest.approx(true, abs=1e-4 * true + 5e-5)
    assert bracket.upper.value == pytest.approx(fft, abs=5e-5) or n == 8
    got = {name: conv_norm(K, 2, method=name, **layer).value for name in UPPER}
    assert got["fft"] == pytest.approx(fft, abs=6e-5)
    assert got["unfold"] == pytest.approx(unfold, abs=6e-5)
    assert got["schur"] == pytest.approx(schur, abs=6e-4)
    circular = conv_norm(K, 2, padding_mode="circular", **layer)
    assert circular.kind == "exact"
    assert circular.value == pytest.approx(same_grid, abs=6e-5)
    for t, value in zip((2, 4), gram, strict=True):
        there = conv_norm(K, 2, padding_mode="circular", method="gram", n_iter=t, **layer)
        assert there.value == pytest.approx(value, abs=6e-5)


@pytest.mark.parametrize(
    ("n", "true", "same_grid"),
    [(3, 1 + math.sqrt(2), 2.0), (5, 2.7321, 2.6180), (7, 2.8478, 2.8019)],
)
def test_the_circular_answer_is_no_bound_for_zero_padding(
    n: int, true: float, same_grid: float
) -> None:
    K, layer = [[[1.0, -1.0, 1.0]]], {"input_size": n, "padding": 1}
    circular = conv_norm(K, 2, padding_mode="circular", **layer)  # type: ignore[arg-type]
    assert circular.value == pytest.approx(same_grid, abs=6e-5)
    assert conv_norm(K, 2, **layer).value == pytest.approx(true, abs=6e-5)  # type: ignore[arg-type]
    assert circular.value < true
    assert conv_norm(K, 2, method="fft", **layer).value >= true * (1 - 1e-4)  # type: ignore[arg-type]
    if n == 3:
        assert conv_norm(K, 2, method="fft", **layer).value == pytest.approx(3)  # type: ignore[arg-type]


def test_circular_padding_can_repeat_outputs() -> None:
    bound = conv_norm([[[1.0]]], 2, input_size=4, padding=2, padding_mode="circular")
    assert bound.kind == "exact"
    assert bound.value == pytest.approx(math.sqrt(2))


# -- every bound is on its side ------------------------------------------------------------------
def test_soundness_of_every_method() -> None:
    for kernel, layer in configurations(500, seed=10):
        if not kernel.any():
            continue
        A = definition_matrix(kernel, layer)
        true = spectral(A)
        for name in CONV_METHODS:
            bound = conv_norm(kernel, 2, method=name, **layer)
            assert_on_its_side(bound, true, 1e-14)
            assert (bound.kind in ("upper", "exact")) == (name in UPPER)
            if bound.kind == "lower":
                assert bound.witness.shape == geometry(kernel.shape, **layer).layer_input
                assert reached(A, bound) >= bound.value * (1 - 1e-14)
        assert_on_its_side(conv_norm(kernel, 2, **layer), true, 1e-14)


def test_soundness_of_brackets(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the whole matrix out of reach, so that torus and Lanczos are what is tried."""
    monkeypatch.setattr("lipkit.norms._spectral._SMALL", 0)
    monkeypatch.setattr("lipkit.norms._spectral._SMALL_IF_COPIED", 0)
    far = 0
    for kernel, layer in configurations(400, seed=11):
        A = definition_matrix(kernel, layer)
        bracket = conv_norm_bracket(kernel, **layer)
        assert bracket.lower.value <= spectral(A) * (1 + 1e-14)
        assert bracket.upper.value >= spectral(A) * (1 - 1e-14)
        far += bracket.lower.value < spectral(A) * (1 - 2e-4)
    assert far <= 12  # Lanczos iteration may settle on a second singular value close by


def test_exact_where_it_says_so() -> None:
    exact = 0
    for kernel, layer in configurations(1500, seed=12, most=(9, 6, 3)):
        if not all(_torus_is_exact(axis) for axis in geometry(kernel.shape, **layer).axes):
            continue
        bound = conv_norm(kernel, 2, **layer)
        assert bound.kind == "exact"
        true = spectral(definition_matrix(kernel, layer))
        assert bound.value == pytest.approx(true, rel=1e-12, abs=1e-300)
        exact += 1
    assert exact > 100


def _torus_is_exact(axis: Any) -> bool:
    """Restated: each pixel of the circle once, or windows that are apart and one of them whole."""
    if axis.mode == "circular":
        once = axis.size % axis.stride == 0 and axis.outputs * axis.stride == axis.size
        return once
    apart = axis.stride > axis.reach
    return apart and axis.sees_no_padding and axis.mode == "zeros"


@given(
    K=arrays(np.float64, (1, 2, 2), elements=st.floats(-3, 3, allow_subnormal=False)),
    mode=st.sampled_from(["zeros", "circular", "reflect", "replicate"]),
    stride=st.integers(1, 2),
)
@settings(max_examples=60)
def test_certified_in_exact_arithmetic(K: Any, mode: str, stride: int) -> None:
    layer: Any = {"input_size": 2, "padding": 1, "padding_mode": mode, "stride": stride}
    rows = _exact_matrix(K, mode, stride)
    for name in CONV_METHODS:
        bound = conv_norm(K, 2, method=name, **layer)
        if bound.kind == "upper":
            assert at_least_norm(bound.value, rows)
        if bound.kind == "lower" and bound.value > 0:
            assert not at_least_norm(Fraction(bound.value) * (1 - Fraction(1, 10**20)), rows)


def _exact_matrix(K: Any, mode: str, stride: int) -> Any:
    """In fractions, then as floats if they are exact: two taps may meet on one pixel."""
    fold = {"circular": [1, 0, 1, 0], "reflect": [1, 0, 1, 0], "replicate": [0, 0, 1, 1]}
    source = fold.get(mode, [None, 0, 1, None])
    rows = []
    for t in range(0, 3, stride):
        row = [Fraction(0)] * 4
        for i in range(2):
            for a in range(2):
                y = source[t + a]
                if y is not None:
                    row[2 * i + y] += Fraction(float(K[0, i, a]))
        rows.append(row)
    return np.array(rows, dtype=object)


def test_scales_at_the_ends_of_the_floats() -> None:
    layer: Any = {"input_size": 5, "padding": 1}
    K = modular(3, 2, 3, 3)
    true = conv_norm(K, 2, **layer).value
    for power in (-1000, -300, 300, 1000):
        for name in CONV_METHODS:
            one = conv_norm(K, 2, method=name, **layer)
            other = conv_norm(np.ldexp(K, power), 2, method=name, **layer)
            assert math.ldexp(other.value, -power) == pytest.approx(one.value, rel=1e-12)
            assert other.kind == one.kind
    smallest = conv_norm([[[5e-324]]], 2, input_size=3, method="schur")
    assert 5e-324 <= smallest.value <= 1.5e-323
    largest = conv_norm(np.full((3, 2, 3, 3), 1e308), 2, **layer)
    assert largest.value == math.inf
    assert true < 10


# -- laws ----------------------------------------------------------------------------------------
kernels = arrays(np.float64, (2, 3, 2, 3), elements=st.floats(-10, 10, allow_subnormal=False))
modes = st.sampled_from(["zeros", "circular", "reflect", "replicate"])


def value(K: Any, **layer: Any) -> float:
    return conv_norm(K, 2, input_size=(4, 3), padding=1, **layer).value


@given(K=kernels, mode=modes, c=st.floats(-8, 8))
@settings(max_examples=40)
def test_homogeneity(K: Any, mode: str, c: float) -> None:
    one = value(K, padding_mode=mode)
    assert value(-K, padding_mode=mode) == pytest.approx(one, rel=1e-9)
    assert value(c * K, padding_mode=mode) == pytest.approx(abs(c) * one, rel=1e-7, abs=1e-290)


@given(K=kernels, mode=modes, order=st.permutations(range(2)), turn=st.permutations(range(3)))
@settings(max_examples=30)
def test_permuted_channels(K: Any, mode: str, order: Any, turn: Any) -> None:
    turned = K[list(order)][:, list(turn)]
    for name in ("auto", "fft", "unfold", "reshape"):
        one = value(K, padding_mode=mode, method=name)
        assert value(turned, padding_mode=mode, method=name) == pytest.approx(one, rel=1e-7)


@given(K=kernels, stride=st.integers(1, 3), padding=st.integers(0, 1))
@settings(max_examples=40)
def test_the_adjoint_has_the_same_norm(K: Any, stride: int, padding: int) -> None:
    grown = [(n - 1) * stride - 2 * padding + k for n, k in ((3, 2), (2, 3))]
    if min(grown) < 1:
        return
    layer: Any = {"stride": stride, "padding": padding}
    forward = conv_norm(K, 2, input_size=tuple(grown), **layer).value
    back = conv_norm(K, 2, input_size=(3, 2), transposed=True, **layer).value
    assert back == pytest.approx(forward, rel=1e-9, abs=1e-290)


@given(K=kernels, stride=st.integers(1, 3), dilation=st.integers(1, 2), padding=st.integers(0, 3))
@settings(max_examples=25)
def test_more_zero_padded_pixels_never_lower_it(
    K: Any, stride: int, dilation: int, padding: int
) -> None:
    layer: Any = {"stride": stride, "dilation": dilation, "padding": padding}
    sizes = range(max(1, 2 * dilation + 1 - 2 * padding), 8)
    values = [conv_norm(K, 2, input_size=n, **layer).value for n in sizes]
    assert all(a <= b * (1 + 1e-9) + 1e-290 for a, b in pairwise(values))


@given(K=kernels, mode=modes)
@settings(max_examples=30)
def test_below_the_geometric_mean_of_the_other_two(K: Any, mode: str) -> None:
    layer: Any = {"input_size": (4, 3), "padding": 1, "padding_mode": mode}
    product = conv_norm(K, 1, **layer).value * conv_norm(K, math.inf, **layer).value
    assert value(K, padding_mode=mode) <= math.sqrt(product) * (1 + 1e-9) + 1e-290


def test_groups_are_separate_layers() -> None:
    K = modular(4, 2, 3, 3)
    halves = [conv_norm(part, 2, input_size=5, padding=1).value for part in (K[:2], K[2:])]
    joint = conv_norm(K, 2, input_size=5, padding=1, groups=2).value
    assert joint == pytest.approx(max(halves), rel=1e-9)
    for name in ("fft", "gram", "unfold", "reshape"):
        halves = [
            conv_norm(part, 2, input_size=5, padding=1, method=name).value
            for part in (K[:2], K[2:])
        ]
        joint = conv_norm(K, 2, input_size=5, padding=1, groups=2, method=name).value
        assert joint == pytest.approx(max(halves), rel=1e-7)


def test_padding_modes_that_break_every_circulant_bound() -> None:
    """Reflection and replication can exceed the largest singular value over all frequencies."""
    K = [[[1.0, 2.0, 4.0]]]
    for mode in ("reflect", "replicate"):
        layer: Any = {"input_size": 4, "padding": 1, "padding_mode": mode}
        true = spectral(conv_matrix(K, **layer).toarray())
        assert true > 7  # the sum of all taps: no frequency has more
        assert conv_norm(K, 2, method="fft", **layer).value >= true


# -- the lower side ------------------------------------------------------------------------------
@pytest.mark.parametrize("rtol", [1e-2, 1e-4, 1e-8])
def test_lanczos_reaches_the_accuracy_it_was_asked_for(rtol: float) -> None:
    draws = np.random.default_rng(0)
    for shape, stride, size in (
        ((16, 16, 3, 3), 1, 12),
        ((12, 8, 3, 3), 2, 16),
        ((8, 8, 5), 1, 90),
    ):
        K = draws.normal(size=shape)
        layer: Any = {"input_size": size, "stride": stride, "padding": 1}
        A = conv_matrix(K, **layer)
        true = math.sqrt(np.linalg.eigvalsh((A.T @ A).toarray())[-1])
        bracket = conv_norm_bracket(K, rtol=rtol, **layer)
        assert bracket.lower.method == "lanczos"
        assert true * (1 - rtol) <= bracket.lower.value <= true
        assert reached(A, bracket.lower) == pytest.approx(bracket.lower.value, rel=1e-9)


def test_more_steps_give_no_less() -> None:
    K = np.random.default_rng(0).normal(size=(4, 4, 3, 3))
    for name in LOWER:
        values = [
            conv_norm(K, 2, input_size=9, padding=1, method=name, n_iter=n).value
            for n in (1, 2, 5, 10, 30, 60)
        ]
        assert all(a <= b * (1 + 1e-6) for a, b in pairwise(values))
    lanczos, power = (
        conv_norm(K, 2, input_size=9, padding=1, method=name, n_iter=10) for name in LOWER[::-1]
    )
    assert lanczos.value > power.value


def test_answers_repeat() -> None:
    K = np.random.default_rng(0).normal(size=(4, 4, 3, 3))
    for name in CONV_METHODS:
        a, b = (conv_norm(K, 2, input_size=20, padding=1, method=name) for _ in range(2))
        assert a == b


def test_reshape_is_a_lower_bound_where_some_output_sees_no_padding() -> None:
    """And where none does it may exceed the norm, so it is an estimate: never an upper bound."""
    kinds = set()
    for kernel, layer in configurations(300, seed=13):
        if not kernel.any():
            continue
        A = definition_matrix(kernel, layer)
        shape = geometry(kernel.shape, **layer)
        bound = conv_norm(kernel, 2, method="reshape", **layer)
        kinds.add(bound.kind)
        if bound.kind == "lower":
            assert shape.sees_no_padding
            assert bound.value <= spectral(A) * (1 + 1e-14)
            assert reached(A, bound) >= bound.value
            rows = kernel.reshape(shape.groups, shape.outputs, -1)
            assert bound.value == pytest.approx(max(map(spectral, rows)), rel=1e-9)
        else:
            assert not shape.sees_no_padding
    assert kinds == {"lower", "estimate"}
    estimate = conv_norm(NINE, 2, method="reshape", input_size=1, padding=1)
    assert estimate.value > spectral(conv_matrix(NINE, input_size=1, padding=1).toarray())


def test_power_iteration_from_a_start_without_a_part_to_grow() -> None:
    layer: Any = {"input_size": 1, "padding": 5, "dilation": 10}
    for name in CONV_METHODS:
        bound = conv_norm([[[1.0, 2.0]]], 2, method=name, **layer)
        assert bound.kind != "lower" or bound.value == 0
    assert conv_norm([[[1.0, 2.0]]], 2, **layer) == 0
    bracket = conv_norm_bracket([[[1.0, 2.0]]], **layer)
    assert (bracket.lower.value, bracket.upper.value) == (0, 0)


# -- brackets ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("shape", "stride", "padding"),
    [((16, 16, 3, 3), 1, 1), ((32, 16, 3, 3), 2, 1), ((16, 3, 7, 7), 2, 3), ((16, 16, 1, 1), 1, 0)],
)
def test_tight_at_the_size_of_a_layer(shape: Any, stride: int, padding: int) -> None:
    K = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    bracket = conv_norm_bracket(K, input_size=32, stride=stride, padding=padding)
    assert bracket.ratio < 1.05
    assert bracket.lower.certified
    assert bracket.upper.certified
    assert (bracket.lower.kind, bracket.upper.kind) == ("lower", "upper")
    assert {bound.method for bound in bracket.trail} == {"lanczos", "fft", "schur"}


def test_a_circular_layer_is_known_from_both_sides() -> None:
    K = np.random.default_rng(0).normal(size=(4, 4, 3, 3))
    layer: Any = {"input_size": 16, "padding": 1, "padding_mode": "circular"}
    bracket, exact = conv_norm_bracket(K, **layer), conv_norm(K, 2, **layer)
    assert exact.kind == "exact"
    assert exact.value <= bracket.upper.value <= exact.value * (1 + 1e-9)
    assert exact.value * (1 - 1e-4) <= bracket.lower.value <= exact.value * (1 + 1e-12)


def test_an_orthogonal_convolution() -> None:
    """All singular values are one, so no frequency stands out."""
    Q = np.linalg.qr(np.random.default_rng(0).normal(size=(8, 8)))[0]
    K = np.zeros((8, 8, 3, 3))
    K[:, :, 1, 1] = Q
    for mode in ("zeros", "circular"):
        bracket = conv_norm_bracket(K, input_size=16, padding=1, padding_mode=mode)
        assert bracket.lower.value == pytest.approx(1, rel=1e-9)
        assert bracket.upper.value == pytest.approx(1, rel=1e-9)


# -- edge cases of the digest --------------------------------------------------------------------
def test_edge_2_zero_kernel() -> None:
    for mode in ("zeros", "circular", "reflect", "replicate"):
        layer: Any = {"input_size": 4, "padding": 1, "padding_mode": mode}
        bracket = conv_norm_bracket(np.zeros((2, 3, 3, 3)), **layer)
        assert (bracket.lower.value, bracket.upper.value, bracket.ratio) == (0, 0, 1)
        for name in ("auto", *CONV_METHODS):
            assert conv_norm(np.zeros((2, 3, 3, 3)), 2, method=name, **layer) == 0


def test_edge_5_an_empty_group_among_others() -> None:
    K = modular(4, 2, 3, 3)
    K[:2] = 0
    for name in CONV_METHODS:
        bound = conv_norm(K, 2, input_size=5, padding=1, groups=2, method=name)
        one = conv_norm(K[2:], 2, input_size=5, padding=1, method=name)
        assert bound.value == pytest.approx(one.value, rel=2e-1 if name in LOWER else 1e-7)


def test_edge_11_lower_never_exceeds_upper() -> None:
    for kernel, layer in configurations(60, seed=14):
        bracket = conv_norm_bracket(kernel, **layer)
        assert bracket.lower.value <= bracket.upper.value
        assert bracket.ratio < 1 + 1e-7


@pytest.mark.parametrize("name", ["fft", "reshape", "unfold", "schur", "auto"])
def test_edge_11_steps_for_a_method_without_any(name: str) -> None:
    with pytest.raises(ValueError, match=f"n_iter: got 3 for method '{name}', expected None"):
        conv_norm(NINE, 2, input_size=4, method=name, n_iter=3)


@pytest.mark.parametrize("name", LOWER)
def test_edge_11_no_steps(name: str) -> None:
    with pytest.raises(ValueError, match="n_iter: got 0, expected at least 1"):
        conv_norm(NINE, 2, input_size=4, method=name, n_iter=0)


def test_edge_11_gram_without_a_product_is_the_frobenius_norm() -> None:
    K = modular(3, 2, 1, 1)
    bound = conv_norm(K, 2, input_size=4, method="gram", n_iter=0)
    assert bound.value == pytest.approx(np.linalg.norm(K), rel=1e-12)


def test_unknown_method() -> None:
    with pytest.raises(ValueError, match="method: got 'svd', expected one of 'auto', 'fft'"):
        conv_norm(NINE, 2, input_size=4, method="svd")


@pytest.mark.parametrize(
    ("rtol", "message"), [(0, "positive"), (-1, "positive"), (1.0, "below 1"), (math.nan, "NaN")]
)
def test_rtol(rtol: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        conv_norm_bracket(NINE, input_size=4, rtol=rtol)


@pytest.mark.parametrize("mode", ["reflect", "replicate"])
def test_an_image_of_a_thousand_pixels_whose_padding_copies_them(mode: str) -> None:
    layer: Any = {"input_size": 32, "padding": 1, "padding_mode": mode}
    bracket = conv_norm_bracket(SIGNED, **layer)
    assert bracket.ratio < 1 + 1e-8
    assert conv_norm(SIGNED, 2, method="fft", **layer) > 1.2 * bracket.upper.value


def test_a_large_layer_whose_padding_copies_pixels_has_a_loose_upper_side() -> None:
    """Loose, and sound: at most the root of two copies on each axis."""
    K = np.random.default_rng(0).normal(size=(4, 4, 3, 3))
    layer: Any = {"input_size": 24, "padding": 1, "padding_mode": "reflect"}
    bracket = conv_norm_bracket(K, **layer)
    assert 1 < bracket.ratio < 2.05


def test_entries_that_vanish_beside_the_largest() -> None:
    """The scale is that of an entry that reads no pixel; what is read must not get lost."""
    for tiny in (1e-20, 1e-30):
        K = np.array([[[1e300, tiny, 1e300]]])
        layer: Any = {"input_size": 1, "padding": 1}
        bound = conv_norm(K, 2, **layer)
        assert bound.kind == "upper"
        assert bound.value >= tiny
        bracket = conv_norm_bracket(K, **layer)
        assert bracket.lower.value <= tiny <= bracket.upper.value
        assert conv_norm(K, 1, **layer) == tiny


@pytest.mark.parametrize("mode", ["replicate", "reflect", "circular"])
def test_cancelling_taps_that_floats_lose(mode: str) -> None:
    """2^-60 + 1 - 1 on one pixel: in floats the sum is 0 or so, in real arithmetic it is not."""
    K = np.array([[[2.0**-60, 1.0, -1.0]]])
    layer: Any = {"input_size": 1, "padding": 1, "padding_mode": mode}
    if mode == "reflect":  # a pixel is its own mirror from two pixels on: taps 0 and 2 meet
        K, layer["input_size"] = np.array([[[1.0, 0.0, -1.0 + 2.0**-53]]]), 2
    true = 2.0**-60 if mode != "reflect" else 2.0**-53
    for name in ("auto", *CONV_METHODS):
        bound = conv_norm(K, 2, method=name, **layer)
        if bound.kind == "upper":
            assert bound.value >= true
        if bound.kind == "lower" and mode != "reflect":
            assert bound.value <= true


def test_a_pixel_that_is_read_very_often() -> None:
    """The square of its column is a long sum, and floats add it up too small."""
    w = 1.729655446429944
    layer: Any = {"input_size": 1, "padding": 200, "padding_mode": "replicate"}
    bracket = conv_norm_bracket([[[[w]]]], **layer)
    assert {bound.method for bound in bracket.trail} == {"dense", "schur"}
    for bound in bracket.trail:
        true = 401 * Fraction(w)
        assert Fraction(bound.value) <= true if bound.kind == "lower" else bound.value >= true


def test_subnormal_norms_are_rounded_to_their_side() -> None:
    """The norm is sqrt 2 times the smallest float, between that float and its double."""
    K = [[[5e-324, 5e-324]]]
    for name in ("auto", *CONV_METHODS):
        bound = conv_norm(K, 2, input_size=2, method=name)
        if bound.kind == "upper":
            assert bound.value >= 1e-323
        if bound.kind == "lower":
            assert bound.value <= 5e-324
