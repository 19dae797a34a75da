"""The l1 and the sup norm of a convolution: the digest's values, the matrix, laws, attaining."""

import math
import tracemalloc
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lipkit.bound import LAYER
from lipkit.norms import conv_matrix, conv_norm, sum_plan
from lipkit.norms._axis import Axis
from lipkit.norms._conv_sums import plan_of
from lipkit.norms._geometry import geometry
from lipkit.norms._patterns import _patterns
from tests.norms.conv_oracles import (
    NINE,
    SIGNED,
    configurations,
    definition_matrix,
    largest_sums,
    modular,
)

INF = math.inf


def both(kernel: Any, **settings: Any) -> tuple[float, float]:
    return tuple(conv_norm(kernel, p, **settings).value for p in (1, INF))  # type: ignore[return-value]


def on(stride: int, padding: int, size: int, dilation: int = 1, mode: str = "zeros") -> Any:
    return {
        "stride": stride, "padding": padding, "input_size": size, "dilation": dilation,
        "padding_mode": mode,
    }  # fmt: skip


# -- the digest's test values --------------------------------------------------------------------
@pytest.mark.parametrize(
    ("kernel", "layer", "one", "sup"),
    [
        (NINE, on(1, 1, 4), 45, 45),
        (NINE, on(1, 0, 3), 9, 45),
        (NINE, on(1, 1, 1), 5, 5),
        (NINE, on(1, 1, 2), 28, 28),
        (NINE, on(2, 1, 4), 20, 45),
        (NINE, on(2, 0, 5), 20, 45),
        (NINE, on(3, 0, 9), 9, 45),
        (NINE, on(1, 2, 5, 2), 45, 45),
        (NINE, on(1, 2, 3, 2), 28, 28),
        (NINE, on(1, 1, 4, 1, "circular"), 45, 45),
        (NINE, on(1, 1, 4, 1, "reflect"), 96, 45),
        (NINE, on(1, 1, 4, 1, "replicate"), 69, 45),
        (NINE, on(2, 1, 4, 1, "reflect"), 33, 45),
        (NINE, on(1, 1, 1, 1, "replicate"), 45, 45),
        (NINE, on(2, 1, 3) | {"transposed": True, "output_padding": 1}, 45, 20),
        (SIGNED, on(1, 1, 4), 45, 45),
        (SIGNED, on(1, 1, 2), 28, 28),
        (SIGNED, on(1, 2, 5, 2), 45, 45),
        (SIGNED, on(1, 1, 4, 1, "circular"), 45, 45),
        (SIGNED, on(1, 1, 4, 1, "reflect"), 78, 45),
        (SIGNED, on(1, 1, 4, 1, "replicate"), 63, 45),
        (SIGNED, on(2, 1, 4, 1, "reflect"), 23, 45),
        (SIGNED, on(1, 1, 1, 1, "replicate"), 11, 11),
        (modular(3, 2, 3, 3), on(1, 1, 5), 18.5, 12.5),
        (modular(3, 2, 3, 3), on(2, 1, 5), 8.5, 12.5),
        (modular(3, 2, 3, 3), on(2, 1, 2), 2.25, 5.75),
        (modular(3, 2, 3, 3), on(1, 2, 5, 2), 18.5, 12.5),
        (modular(3, 2, 3, 3), on(1, 2, 4, 2), 8.5, 5.75),
        (modular(4, 2, 3, 3), on(1, 1, 5) | {"groups": 2}, 13.0, 12.5),
        (modular(4, 1, 3, 3), on(1, 1, 5) | {"groups": 4}, 6.75, 6.75),
        (
            modular(3, 2, 3, 2),
            {"padding": (1, 0), "stride": (1, 2), "input_size": (4, 5)},
            6.25,
            8.25,
        ),
        (modular(3, 2, 2, 2), on(2, 0, 4), 2.25, 5.75),
        (modular(3, 2, 3, 3), on(1, 1, 5, 1, "circular"), 18.5, 12.5),
        (modular(3, 2, 3, 3), on(1, 1, 5, 1, "reflect"), 20.0, 12.5),
        (modular(3, 2, 3, 3), on(1, 1, 5, 1, "replicate"), 18.5, 12.5),
        (
            modular(3, 2, 3, 3),
            on(2, 1, 3) | {"transposed": True, "output_padding": 1},
            12.5,
            8.5,
        ),
        (modular(2, 2, 3), on(1, 1, 4), 4.5, 4.25),
        (modular(2, 1, 2, 2, 2), on(1, 0, 3), 12.25, 7.75),
    ],
)
def test_digest(kernel: Any, layer: dict[str, Any], one: float, sup: float) -> None:
    assert both(kernel, **layer) == (one, sup)


def test_circular_padding_can_repeat_outputs() -> None:
    """The digest's section 2.5: k = 1, K = 1, p = 2, n = 4."""
    assert both([[[1.0]]], input_size=4, padding=2, padding_mode="circular") == (2, 1)


def test_the_smallest_case_that_public_code_gets_wrong() -> None:
    """The digest's section 2.6, defect 1: taps must be numbered rows first."""
    layer = {"input_size": 2, "padding": (1, 0)}
    assert conv_norm([[[[1, 2], [3, 4]]]], 1, **layer) == 6
    assert conv_norm([[[[1, 4], [2, 4]]]], 1, **layer) == 8


def test_the_worked_exercise() -> None:
    """One dimension, k = 3, p = 1: the full sum from n = 3 on."""
    a, b, c = 3.0, -1.0, 2.0
    sums = [conv_norm([[[a, b, c]]], INF, input_size=n, padding=1).value for n in (1, 2, 3, 4)]
    assert sums == [1, 4, 6, 6]


def test_reflection_that_does_not_exceed_the_sum_of_taps() -> None:
    assert conv_norm([[[1.0, 5.0, -1.0]]], 1, input_size=9, padding=1, padding_mode="reflect") == 7


# -- against the matrix --------------------------------------------------------------------------
def attained(A: Any, bound: Any, p: float, shape_in: Any, shape_out: Any) -> bool:
    """The unit vector of an input, or the signs of an output's row, reach the norm."""
    if p == 1:
        x = np.zeros(shape_in)
        x[bound.details["input"]] = 1.0
        x = x.ravel()
    else:
        row = A[np.ravel_multi_index(bound.details["output"], shape_out)]
        x = np.where(row >= 0, 1.0, -1.0)
    reached = np.linalg.norm(A @ x, ord=p) / np.linalg.norm(x, ord=p)
    return bool(reached == pytest.approx(bound.value, rel=1e-12))


def test_two_thousand_random_layers_and_what_attains_their_norms() -> None:
    for kernel, layer in configurations(2200, seed=0):
        A = definition_matrix(kernel, layer)
        channels = kernel.shape[0] if layer.get("transposed") else kernel.shape[1] * layer["groups"]
        shape_in = (channels, *layer["input_size"])
        pixels = geometry(kernel.shape, **layer).layer_output
        for p, true in zip((1, INF), largest_sums(A), strict=True):
            bound = conv_norm(kernel, p, **layer)
            assert bound.value == pytest.approx(true, rel=1e-12, abs=0), (layer, p)
            assert (bound.kind, bound.norm, bound.quantity) == ("exact", (p, p), LAYER)
            assert attained(A, bound, p, shape_in, pixels)


def test_large_images_against_their_matrix() -> None:
    """Beyond the length at which an axis is shortened."""
    for kernel, layer in configurations(60, seed=5, most=(60, 22, 5)):
        if math.prod(layer["input_size"]) > 300:
            continue
        A = definition_matrix(kernel, layer)
        assert both(kernel, **layer) == pytest.approx(largest_sums(A), rel=1e-12)


class Whole(Axis):
    """An axis that is not shortened."""

    def shortened(self) -> "Axis":
        return self


@given(
    taps=st.integers(1, 5),
    stride=st.integers(1, 4),
    dilation=st.integers(1, 4),
    padding=st.tuples(st.integers(0, 6), st.integers(0, 6)),
    size=st.integers(1, 120),
    mode=st.sampled_from(["zeros", "circular", "reflect", "replicate", "transposed"]),
    extra=st.integers(0, 3),
)
@settings(max_examples=300)
def test_a_long_axis_has_the_patterns_of_a_short_one(
    taps: int, stride: int, dilation: int, padding: Any, size: int, mode: str, extra: int
) -> None:
    turned = mode == "transposed"
    layer = {"stride": stride, "dilation": dilation, "padding": (padding,), "input_size": size}
    layer |= {"transposed": True} if turned else {"padding_mode": mode}
    layer |= {"output_padding": min(extra, max(stride, dilation) - 1)} if turned else {}
    try:
        axis = geometry((1, 1, taps), **layer).axes[0]
    except ValueError:
        return
    whole = Whole(**vars(axis))
    for by_output in (True, False):
        short, long = _patterns(axis, by_output), _patterns(whole, by_output)
        assert np.array_equal(short.subsets, long.subsets)
        assert {*map(tuple, short.counts)} == {*map(tuple, long.counts)}
        every = _every_pattern(whole, by_output, short.subsets)
        assert np.array_equal(every[short.places], short.counts)


def _every_pattern(axis: Axis, by_output: bool, subsets: Any) -> Any:
    """Counts of all places, dominated or not, from the list of sources."""
    sources = axis.sources()
    links: dict[tuple[int, int], list[int]] = {}
    for t, a in np.argwhere(sources >= 0):
        links.setdefault((int(t), int(sources[t, a])), []).append(int(a))
    counts = np.zeros((axis.outputs if by_output else axis.size, len(subsets)))
    for (t, y), taps in links.items():
        which = np.flatnonzero((subsets == np.isin(np.arange(axis.taps), taps)).all(axis=1))
        counts[t if by_output else y, which] += 1
    return counts


def test_the_cost_does_not_grow_with_the_image() -> None:
    """The plan of a large image is as small as that of a moderate one."""
    for mode in ("zeros", "circular", "reflect", "replicate"):
        for p in (1, INF):
            large, moderate = (
                sum_plan((8, 8, 5, 5), p, input_size=n, stride=2, padding=2, padding_mode=mode)
                for n in (1_000_000, 40)
            )
            for a, b in zip(large.axes, moderate.axes, strict=True):
                assert a.counts.shape == b.counts.shape
                assert np.array_equal(a.counts, b.counts)
    huge = conv_norm(NINE, 1, input_size=10**9, padding=1, padding_mode="reflect")
    assert huge == 96
    assert max(huge.details["input"]) < 10**9


def test_a_plan_is_made_once_and_cannot_be_changed() -> None:
    shape = geometry((1, 1, 3, 3), input_size=7, padding=1)
    assert plan_of(shape, INF) is plan_of(geometry((1, 1, 3, 3), input_size=7, padding=1), INF)
    with pytest.raises(ValueError, match="read-only"):
        sum_plan((1, 1, 3, 3), INF, input_size=7).axes[0].counts[0] = 0


def test_what_is_kept_of_many_kernels_is_small() -> None:
    tracemalloc.start()
    for n in range(130_000, 130_040):
        conv_norm(np.ones((1, n, 1)), INF, input_size=1)
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert kept < 2_000_000


# -- laws ----------------------------------------------------------------------------------------
kernels = arrays(np.float64, (2, 3, 2, 3), elements=st.floats(-10, 10, allow_subnormal=False))
modes = st.sampled_from(["zeros", "circular", "reflect", "replicate"])


@given(K=kernels, mode=modes, stride=st.integers(1, 3), c=st.floats(-8, 8))
@settings(max_examples=60)
def test_homogeneity(K: Any, mode: str, stride: int, c: float) -> None:
    layer = {"input_size": 4, "padding": 1, "padding_mode": mode, "stride": stride}
    values = np.array(both(K, **layer))
    assert both(-K, **layer) == pytest.approx(values, rel=1e-12)
    assert both(c * K, **layer) == pytest.approx(abs(c) * values, rel=1e-9, abs=1e-300)


@given(K=kernels, mode=modes, order=st.permutations(range(2)), turn=st.permutations(range(3)))
@settings(max_examples=40)
def test_permuted_channels(K: Any, mode: str, order: Any, turn: Any) -> None:
    layer = {"input_size": 4, "padding": 1, "padding_mode": mode}
    assert both(K[list(order)][:, list(turn)], **layer) == pytest.approx(
        both(K, **layer), rel=1e-12
    )


@given(K=kernels, stride=st.integers(1, 3), padding=st.integers(0, 1))
@settings(max_examples=60)
def test_the_adjoint_swaps_the_two(K: Any, stride: int, padding: int) -> None:
    """The transposed layer with this weight, where the sizes fit without remainder."""
    layer = {"stride": stride, "padding": padding}
    size = np.array([3, 2])
    grown = (size - 1) * stride - 2 * padding + np.array([2, 3])
    if grown.min() < 1:
        return
    forward = both(K, input_size=tuple(grown.tolist()), **layer)
    back = both(K, input_size=(3, 2), transposed=True, **layer)
    assert back == pytest.approx(forward[::-1], rel=1e-12)


@given(K=kernels, stride=st.integers(1, 3), dilation=st.integers(1, 2), padding=st.integers(0, 3))
@settings(max_examples=40)
def test_more_zero_padded_pixels_never_lower_it(
    K: Any, stride: int, dilation: int, padding: int
) -> None:
    layer = {"stride": stride, "dilation": dilation, "padding": padding}
    sizes = range(max(1, 2 * dilation + 1 - 2 * padding), 10)
    values = [both(K, input_size=n, **layer) for n in sizes]
    for smaller, larger in pairwise(values):
        assert all(a <= b * (1 + 1e-12) for a, b in zip(smaller, larger, strict=True))


@given(K=kernels, mode=modes, stride=st.integers(1, 2))
@settings(max_examples=30)
def test_no_input_is_stretched_more(K: Any, mode: str, stride: int) -> None:
    layer = {"input_size": 4, "padding": 1, "padding_mode": mode, "stride": stride}
    A = conv_matrix(K, **layer)
    x = np.random.default_rng(0).normal(size=(A.shape[1], 50))
    for p in (1, INF):
        reached = np.linalg.norm(A @ x, ord=p, axis=0) / np.linalg.norm(x, ord=p, axis=0)
        assert reached.max() <= conv_norm(K, p, **layer).value * (1 + 1e-12)


def test_groups_are_separate_layers() -> None:
    K = modular(4, 2, 3, 3)
    halves = [both(part, input_size=5, padding=1) for part in (K[:2], K[2:])]
    assert both(K, input_size=5, padding=1, groups=2) == tuple(np.max(halves, axis=0))


def test_where_some_output_sees_no_padding_the_sup_norm_is_the_full_sum() -> None:
    """The digest's condition (G), in both directions, for kernels without zeros."""
    draws = np.random.default_rng(0)
    met = 0
    for kernel, layer in configurations(400, seed=6, transposed=False):
        if layer["padding_mode"] != "zeros":
            continue
        K = draws.uniform(0.5, 1, size=kernel.shape)
        shape = geometry(K.shape, **layer)
        value = conv_norm(K, INF, **layer).value
        full = K.reshape(len(K), -1).sum(axis=1).max()
        assert shape.sees_no_padding == bool(value > full * (1 - 1e-12))
        met += shape.sees_no_padding
    assert met > 10


# -- what comes in -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int32]
)
def test_tensors_of_any_dtype_in_float64(dtype: torch.dtype) -> None:
    exact = torch.from_numpy(modular(3, 2, 3, 3)) * (4 if dtype == torch.int32 else 1)
    tensor = exact.to(dtype)  # quarters are exact in all of them
    for p in (1, 2, INF):
        layer = {"input_size": 5, "padding": 1, "padding_mode": "reflect"}
        got = conv_norm(tensor, p, **layer).value
        assert got == conv_norm(exact.numpy(), p, **layer).value


def test_a_parameter_that_requires_a_gradient() -> None:
    layer = torch.nn.Conv2d(2, 3, 3)
    assert conv_norm(layer.weight, 1, input_size=5) == conv_norm(
        layer.weight.detach().numpy(), 1, input_size=5
    )


def test_sums_are_in_float64_for_float32_kernels() -> None:
    K = np.ones((1, 4096, 3, 3), dtype=np.float32)
    K[0, 0] = 2.0**-20
    true = 4095 * 9 + 9 * 2.0**-20
    assert conv_norm(K, INF, input_size=8) == true
    assert float(np.float32(true)) != true


def test_the_kernel_is_left_as_it_is() -> None:
    K = -modular(3, 2, 3, 3)
    before = K.copy()
    both(K, input_size=5, padding=1, padding_mode="reflect")
    assert np.array_equal(K, before)
    K.flags.writeable = False
    both(K, input_size=5)
    both(np.asfortranarray(K), input_size=5)
    assert both(K[:, ::-1], input_size=5) == both(K[:, ::-1].copy(), input_size=5)


def test_blocks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    K = np.random.default_rng(0).normal(size=(6, 4, 3, 3))
    layers = [{"padding_mode": m, "groups": g} for m in ("zeros", "reflect") for g in (1, 3)]
    for layer in layers:
        kernel = K[:, : 4 // layer["groups"]]  # type: ignore[operator]
        once = both(kernel, input_size=6, padding=1, **layer)
        for block in (1, 40, 200):
            monkeypatch.setattr("lipkit.norms._conv_sums._BLOCK", block)
            assert both(kernel, input_size=6, padding=1, **layer) == pytest.approx(once, rel=1e-14)
        monkeypatch.undo()


# -- edge cases of the digest, by number ---------------------------------------------------------
def test_edge_1_kernel_larger_than_the_image() -> None:
    assert both(NINE, input_size=1, padding=1) == (5, 5)


def test_edge_2_zero_kernel() -> None:
    for mode in ("zeros", "circular", "reflect", "replicate"):
        layer = {"input_size": 4, "padding": 1, "padding_mode": mode}
        assert both(np.zeros((2, 3, 3, 3)), **layer) == (0, 0)


def test_edge_3_padding_beyond_the_kernel_adds_nothing() -> None:
    assert both(NINE, input_size=4, padding=9) == both(NINE, input_size=4, padding=2)


def test_edge_3_stride_beyond_the_kernel_leaves_pixels_unread() -> None:
    assert both(NINE, input_size=20, stride=7) == (9, 45)


def test_edge_3_a_layer_that_reads_padding_only() -> None:
    """Taps 10 apart around one pixel, from an even offset: no tap ever meets it."""
    layer = {"input_size": 1, "padding": 5, "dilation": 10}
    assert both([[[1.0, 2.0]]], **layer) == (0, 0)
    assert not conv_matrix([[[1.0, 2.0]]], **layer).toarray().any()


def test_edge_4_same_of_an_even_kernel_is_asymmetric() -> None:
    K = [[[1.0, 2.0, 4.0, 8.0]]]
    for p in (1, INF):
        same = conv_norm(K, p, input_size=3, padding="same")
        assert same == conv_norm(K, p, input_size=3, padding=((1, 2),))
    assert conv_norm(K, INF, input_size=3, padding="same") == 14
    assert conv_norm(K, INF, input_size=3, padding=((2, 1),)) == 14


def test_edge_7_output_padding_can_change_the_norms() -> None:
    """Its new positions are read by taps that found no place before."""
    K = [[[1.0, 9.0]]]
    layer = {"input_size": 1, "transposed": True, "dilation": 3, "stride": 3, "padding": 1}
    assert both(K, **layer) == (0, 0)
    assert both(K, **layer, output_padding=1) == (9, 9)


def test_edge_7_output_padding_beyond_every_reader_on_a_long_axis() -> None:
    """One tap, every other pixel, and eight positions more than it can reach."""
    layer: Any = {"transposed": True, "stride": 2, "dilation": 9, "output_padding": 8}
    for size in (1, 2, 3, 50, 51):
        assert both([[[1.0]]], input_size=size, **layer) == (1, 1)


def test_edge_7_output_padding_of_at_least_the_stride_needs_the_truncation() -> None:
    K = modular(2, 3, 3)
    shared: Any = {"stride": 1, "dilation": 4, "padding": 2}
    layer: Any = shared | {"input_size": 2, "transposed": True, "output_padding": 3}
    listed = {name: (layer[name],) for name in (*shared, "input_size", "output_padding")}
    A = definition_matrix(K, layer | listed | {"groups": 1})
    assert both(K, **layer) == pytest.approx(largest_sums(A), rel=1e-14)
    whole = both(K, **shared, input_size=len(A) // 3)  # the same, with outputs for all its room
    assert all(more > less for more, less in zip(whole[::-1], both(K, **layer), strict=True))


@pytest.mark.parametrize("p", [0.5, 1.5, 3, 0, -1, math.nan])
def test_edge_10_other_exponents(p: float) -> None:
    with pytest.raises(ValueError, match=r"p: got .*expected 1"):
        conv_norm(NINE, p, input_size=4)


def test_edge_10_not_a_number() -> None:
    with pytest.raises(TypeError, match="p: got '2'"):
        conv_norm(NINE, "2", input_size=4)  # type: ignore[arg-type]


def test_methods_are_for_the_l2_norm() -> None:
    with pytest.raises(ValueError, match="method: got 'fft' for p = 1, expected 'auto'"):
        conv_norm(NINE, 1, input_size=4, method="fft")


# -- the ends of the floats ----------------------------------------------------------------------
def test_sums_beyond_the_largest_float() -> None:
    largest = np.finfo(float).max
    K = np.full((1, 2, 3, 3), largest)
    assert both(K, input_size=4, padding=1) == (INF, INF)
    K = np.zeros((1, 1, 3, 3))
    K[0, 0, 0] = largest / 3  # of these three taps a single input pixel or output meets one
    layer = {"input_size": 1, "padding": (1, 1)}
    assert both(K, **layer) == (0, 0)
    K[0, 0, 1, 1] = 7.0
    assert both(K, **layer) == (7, 7)


def test_an_overflow_in_one_pattern_of_several() -> None:
    """One output reads the first tap, whose sum over inputs is too large; the other does not."""
    K = np.zeros((1, 2, 3))
    K[..., 0] = np.finfo(float).max
    K[..., 2] = 1.0
    assert conv_norm(K, INF, input_size=2, padding=1) == INF
    assert conv_norm(K[..., ::-1], INF, input_size=2, padding=1) == INF
    assert conv_norm(K, INF, input_size=1, padding=1) == 0


def test_an_overflow_where_nothing_is_read() -> None:
    """Sums of a tap that meets no pixel may overflow; the norm does not."""
    K = np.full((1, 3, 3, 3), np.finfo(float).max)
    K[:, :, 1, 1] = 7.0
    assert both(K, input_size=1, padding=1) == (7, 21)


def test_tiny_entries() -> None:
    assert both([[[5e-324, 5e-324]]], input_size=4) == (1e-323, 1e-323)
