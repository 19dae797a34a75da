"""Vectors: the norm, its dual, and the step that attains Hölder's inequality."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lipkit.norms import dual_exponent, dual_vector, vector_norm

INF = math.inf
exponents = st.sampled_from([1, 2, INF]) | st.floats(1, 1.1) | st.floats(1, 50) | st.floats(1, 1e7)
vectors = arrays(np.float64, st.integers(1, 6), elements=st.floats(-1e3, 1e3))
extreme = arrays(
    np.float64, st.integers(1, 4), elements=st.floats(-1e300, 1e300, allow_subnormal=True)
)


class TestDualExponent:
    @given(exponents)
    def test_conjugate(self, p: float) -> None:
        q = dual_exponent(p)
        assert q >= 1
        assert 1 / p + (0 if math.isinf(q) else 1 / q) == pytest.approx(1, abs=1e-12)

    def test_ends(self) -> None:
        assert [dual_exponent(p) for p in (1, 2, INF, 4, np.float64(1.5))] == [INF, 2, 1, 4 / 3, 3]

    @pytest.mark.parametrize("p", [0.999, 0, -1, math.nan])
    def test_below_one(self, p: float) -> None:
        with pytest.raises(ValueError, match="expected 1 <= p <= inf"):
            dual_exponent(p)


class TestVectorNorm:
    @given(v=vectors, p=st.sampled_from([1, 1.5, 2, 3, 10, INF]))
    @settings(max_examples=100)
    def test_the_formula(self, v: Any, p: float) -> None:
        parts = np.abs(v)
        true = parts.max() if math.isinf(p) else math.fsum(x**p for x in parts) ** (1 / p)
        assert float(vector_norm(v, p)) == pytest.approx(true, rel=1e-12, abs=1e-30)

    @given(v=extreme, p=exponents)
    @settings(max_examples=200)
    def test_bounds_that_hold_at_any_scale(self, v: Any, p: float) -> None:
        """max <= ||v||_p <= d^{1/p} max: fails as soon as a power over- or underflows."""
        largest = float(np.abs(v).max())
        ceiling = largest * (1 if math.isinf(p) else len(v) ** (1 / p))
        assert largest * (1 - 1e-12) <= float(vector_norm(v, p)) <= ceiling * (1 + 1e-12) + 1e-322

    @given(v=vectors, w=vectors, p=exponents)
    @settings(max_examples=60)
    def test_triangle(self, v: Any, w: Any, p: float) -> None:
        v, w = v[: len(w)], w[: len(v)]
        total = float(vector_norm(v + w, p))
        assert total <= float(vector_norm(v, p) + vector_norm(w, p)) * (1 + 1e-12) + 1e-300

    def test_powers_do_not_overflow(self) -> None:
        assert float(vector_norm([3.0, 4.0], 1000)) == pytest.approx(4.0)
        assert float(vector_norm([0.3, 0.4], 1000)) == pytest.approx(0.4)
        assert float(vector_norm([3.0, 7.0], 1e6)) == pytest.approx(7.0)
        assert float(vector_norm([3e-200, 4e-200], 2)) == pytest.approx(5e-200)
        assert float(vector_norm([3e200, 4e200], 2)) == pytest.approx(5e200)

    def test_the_last_axis(self) -> None:
        v = np.arange(24.0).reshape(2, 3, 4)
        for p in (1, 2, 3, INF):
            np.testing.assert_allclose(vector_norm(v, p), np.linalg.norm(v, p, axis=-1))
        assert float(vector_norm([], 2)) == 0.0
        assert vector_norm(np.zeros((2, 0)), 3).tolist() == [0.0, 0.0]


class TestDualVector:
    @given(v=vectors, p=exponents)
    @settings(max_examples=300)
    def test_equality_in_holder(self, v: Any, p: float) -> None:
        u = dual_vector(v, p)
        assert u.shape == v.shape
        if not v.any():
            assert not u.any()
            return
        assert float(vector_norm(u, p)) == pytest.approx(1, rel=1e-9)
        assert float(u @ v) == pytest.approx(float(vector_norm(v, dual_exponent(p))), rel=1e-9)

    @given(v=extreme, p=exponents)
    @settings(max_examples=100)
    def test_at_any_scale(self, v: Any, p: float) -> None:
        u = dual_vector(v, p)
        assert np.isfinite(u).all()
        if v.any():
            assert float(vector_norm(u, p)) == pytest.approx(1, rel=1e-9)

    def test_rows(self) -> None:
        v = np.random.default_rng(0).normal(size=(3, 4, 5))
        v[1, 2] = 0
        for p in (1, 1.5, 2, 4, INF):
            u = dual_vector(v, p)
            np.testing.assert_array_equal(u[0, 1], dual_vector(v[0, 1], p))
            assert not u[1, 2].any()

    def test_ties_for_p_1_take_the_first(self) -> None:
        assert dual_vector([2.0, -2.0, 1.0], 1).tolist() == [1.0, 0.0, 0.0]

    def test_does_not_touch_its_argument(self) -> None:
        v = np.array([3.0, -4.0])
        for p in (1, 2, 3, INF):
            dual_vector(v, p)
        assert v.tolist() == [3.0, -4.0]
