"""The border: every bad input is stopped there, with a message that names it."""

import math
from typing import Any

import numpy as np
import pytest

from lipkit import _validate


class TestRealArray:
    @pytest.mark.parametrize("values", [[1, 2], (1.0, 2.0), np.array([1, 2], dtype=np.uint8)])
    def test_makes_float64_copies(self, values: Any) -> None:
        got = _validate.real_array(values, "v", 1)
        assert (got.dtype, got.tolist()) == (np.float64, [1.0, 2.0])

    def test_does_not_share_memory(self) -> None:
        given = np.ones(3)
        assert not np.shares_memory(_validate.real_array(given, "v"), given)

    @pytest.mark.parametrize(
        ("values", "ndim", "error", "message"),
        [
            ([math.nan], None, ValueError, "v: got NaN or infinite"),
            ([math.inf], None, ValueError, "v: got NaN or infinite"),
            ([1.0], 2, ValueError, r"v: got shape \(1,\), expected 2 axes"),
            (["a"], None, TypeError, "v: got dtype <U1, expected real numbers"),
            ([None], None, TypeError, "v: got dtype object"),
            ([1j], None, TypeError, "v: got dtype complex128"),
            ([[1.0], [1.0, 2.0]], None, ValueError, "v: got rows of different lengths"),
        ],
    )
    def test_bad_input(self, values: Any, ndim: Any, error: type[Exception], message: str) -> None:
        with pytest.raises(error, match=message):
            _validate.real_array(values, "v", ndim)


class TestExponent:
    @pytest.mark.parametrize("p", [1, 2.5, math.inf, np.float32(2), np.int64(3)])
    def test_accepts(self, p: Any) -> None:
        assert _validate.exponent(p) == p
        assert type(_validate.exponent(p)) is float

    @pytest.mark.parametrize("p", [0, 0.999, -math.inf, math.nan])
    def test_out_of_range(self, p: Any) -> None:
        with pytest.raises(ValueError, match=r"q: got .*, expected 1 <= q <= inf; use 1, 2 or"):
            _validate.exponent(p, "q")

    @pytest.mark.parametrize("p", ["2", None, True, [2]])
    def test_no_number(self, p: Any) -> None:
        with pytest.raises(TypeError, match=r"p: got .*, expected a number in \[1, inf\]"):
            _validate.exponent(p)


class TestCount:
    def test_accepts(self) -> None:
        assert _validate.count(np.int32(3), "k") == 3
        assert _validate.count(0, "k", 0) == 0
        assert type(_validate.count(np.int32(3), "k")) is int

    @pytest.mark.parametrize("value", [3.0, "3", True, None, np.float64(3)])
    def test_no_integer(self, value: Any) -> None:
        with pytest.raises(TypeError, match=r"k: got .*, expected an integer"):
            _validate.count(value, "k")

    def test_too_small(self) -> None:
        with pytest.raises(ValueError, match="k: got 1, expected at least 2"):
            _validate.count(1, "k", 2)


class TestNonnegative:
    def test_accepts(self) -> None:
        got = _validate.nonnegative(np.float32(0.5), "eps")
        assert (got, type(got)) == (0.5, float)
        assert _validate.nonnegative(0, "eps") == 0

    def test_below_zero_says_what_it_is(self) -> None:
        with pytest.raises(ValueError, match=r"eps: got -1, expected a radius of at least 0"):
            _validate.nonnegative(-1, "eps", "radius")
        with pytest.raises(ValueError, match=r"v: got -0.5, expected a number of at least 0"):
            _validate.nonnegative(-0.5, "v")

    @pytest.mark.parametrize("value", [math.nan, math.inf, [1.0]])
    def test_no_finite_number(self, value: Any) -> None:
        with pytest.raises(ValueError, match="eps: got"):
            _validate.nonnegative(value, "eps")


class TestBall:
    @pytest.mark.parametrize("p", [2, np.float64(2), math.inf])
    def test_accepts(self, p: float) -> None:
        got = _validate.ball(p)
        assert (got, type(got)) == (float(p), float)

    @pytest.mark.parametrize("p", [1, 1.5, 3])
    def test_other_norms(self, p: float) -> None:
        with pytest.raises(ValueError, match=f"p: got {p:g}, expected 2 or numpy.inf"):
            _validate.ball(p)

    def test_no_norm(self) -> None:
        with pytest.raises(ValueError, match="p: got 0, expected 1 <= p"):
            _validate.ball(0)


class TestPair:
    @pytest.mark.parametrize("value", [(0, 1), [0.0, np.ones(2)]])
    def test_accepts(self, value: Any) -> None:
        assert _validate.pair(value, "bounds") is value

    @pytest.mark.parametrize("value", [None, 1.0, (0,), (0, 1, 2), np.zeros(2), "ab"])
    def test_no_pair(self, value: Any) -> None:
        with pytest.raises(TypeError, match=r"b: got .*, expected a pair \(lower, upper\) of x"):
            _validate.pair(value, "b", " of x")


class TestPositive:
    def test_accepts(self) -> None:
        assert _validate.positive(np.float32(0.5), "eps") == 0.5

    @pytest.mark.parametrize("value", [0, -1.0])
    def test_not_positive(self, value: Any) -> None:
        with pytest.raises(ValueError, match=r"eps: got .*, expected a positive number"):
            _validate.positive(value, "eps")

    @pytest.mark.parametrize("value", [math.nan, math.inf, [1.0]])
    def test_no_finite_number(self, value: Any) -> None:
        with pytest.raises(ValueError, match="eps: got"):
            _validate.positive(value, "eps")


class TestOneOf:
    def test_lists_the_choices(self) -> None:
        assert _validate.one_of("a", "mode", ("a", "b")) == "a"
        with pytest.raises(ValueError, match="mode: got 'c', expected one of 'a', 'b'"):
            _validate.one_of("c", "mode", ("a", "b"))
        with pytest.raises(ValueError, match="mode: got None"):
            _validate.one_of(None, "mode", ("a", "b"))


class TestGenerator:
    def test_passes_a_generator_through(self) -> None:
        draws = np.random.default_rng(0)
        assert _validate.generator(draws) is draws

    def test_a_seed_is_default_rng(self) -> None:
        assert _validate.generator(np.int64(5)).normal() == np.random.default_rng(5).normal()

    @pytest.mark.parametrize("rng", [None, 1.0, "0", True, np.random.RandomState(0)])
    def test_no_seed(self, rng: Any) -> None:
        with pytest.raises(TypeError, match=r"rng: got .*, expected an int seed"):
            _validate.generator(rng)

    def test_negative_seed(self) -> None:
        with pytest.raises(ValueError, match="rng: got -1, expected a seed of at least 0"):
            _validate.generator(-1)


class TestPoints:
    def test_a_batch_and_a_point(self) -> None:
        batch, single = _validate.points([1, 2], 2)
        assert (batch.tolist(), single) == ([[1.0, 2.0]], True)
        batch, single = _validate.points(np.ones((3, 2)), 2)
        assert (batch.shape, single) == ((3, 2), False)
        assert _validate.points(np.ones((0, 2)), 2)[0].shape == (0, 2)

    @pytest.mark.parametrize("X", [1.0, np.ones(3), np.ones((2, 3)), np.ones((1, 1, 2))])
    def test_wrong_shape(self, X: Any) -> None:
        with pytest.raises(ValueError, match=r"Z: got shape .*, expected \(2,\) or \(n, 2\)"):
            _validate.points(X, 2, "Z")


class TestBox:
    def test_broadcasts_and_copies(self) -> None:
        lower, upper = _validate.box_bounds((0.0, np.ones(3)), 3)
        assert (lower.tolist(), upper.tolist()) == ([0.0] * 3, [1.0] * 3)
        lower[0] = 5.0

    @pytest.mark.parametrize(
        ("box", "error", "message"),
        [
            (None, TypeError, "box: got NoneType, expected a pair"),
            ((0.0,), TypeError, "box: got tuple, expected a pair"),
            (np.zeros((2, 3)), TypeError, "box: got ndarray, expected a pair"),
            (([0, 0, 0], [1, 0, 1]), ValueError, "expected lower < upper everywhere"),
            ((1.0, 0.0), ValueError, "expected lower < upper everywhere"),
            ((0.0, math.inf), ValueError, "box upper: got NaN or infinite"),
            (([0, 0], [1, 1]), ValueError, r"box lower: got shape \(2,\), expected \(3,\)"),
        ],
    )
    def test_bad_input(self, box: Any, error: type[Exception], message: str) -> None:
        with pytest.raises(error, match=message):
            _validate.box_bounds(box, 3)
