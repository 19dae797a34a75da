"""Quadratic networks: one matrix of the data, and its norms."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipkit.data import four_points, generic
from lipkit.theory.rademacher import ky_fan_norm, quadratic_rademacher, rademacher_mc

SQ4, LABELS = four_points()


def omega(X: Any, s: Any) -> Any:
    return sum(s_i * np.outer(x, x) for s_i, x in zip(s, X, strict=True))


class TestKyFan:
    @given(n=st.integers(1, 6), d=st.integers(1, 4), seed=st.integers(0, 100))
    @settings(max_examples=50)
    def test_against_the_matrix(self, n: int, d: int, seed: int) -> None:
        X, s = generic(n, d, model="gaussian", rng=seed)
        values = np.linalg.svd(omega(X, s), compute_uv=False)
        for k in range(1, d + 2):
            assert ky_fan_norm(X, s, k) == pytest.approx(values[:k].sum(), abs=1e-12)
        assert ky_fan_norm(X, s, 1) == pytest.approx(np.linalg.norm(omega(X, s), 2), abs=1e-12)
        assert ky_fan_norm(X, s) == pytest.approx(np.linalg.norm(omega(X, s), "nuc"), abs=1e-12)

    @pytest.mark.parametrize("k", [1, 2, 3])
    def test_it_is_the_supremum_over_forms_of_rank_k(self, k: int) -> None:
        """Attained by the signs of the largest eigenvalues, exceeded by no random form."""
        X, s = generic(9, 4, rng=0)
        values, vectors = np.linalg.eigh(omega(X, s))
        top = np.argsort(-np.abs(values))[:k]
        T = (vectors[:, top] * np.sign(values[top])) @ vectors[:, top].T
        assert s @ ((X @ T) * X).sum(axis=1) == pytest.approx(ky_fan_norm(X, s, k))
        draws = np.random.default_rng(0)
        for _ in range(500):
            Q = np.linalg.qr(draws.normal(size=(4, k)))[0]
            T = (Q * draws.uniform(-1, 1, size=k)) @ Q.T
            assert s @ ((X @ T) * X).sum(axis=1) <= ky_fan_norm(X, s, k)

    def test_bad_input(self) -> None:
        with pytest.raises(ValueError, match="s: got the sign 2"):
            ky_fan_norm(SQ4, [1.0, 2.0, 1.0, 1.0])
        with pytest.raises(ValueError, match="k: got 0"):
            ky_fan_norm(SQ4, LABELS, 0)


class TestComplexity:
    def test_digest_values(self) -> None:
        assert quadratic_rademacher(SQ4, kind="path", exact=True) == 0.375
        assert quadratic_rademacher(SQ4, k=2, exact=True) == 0.25
        assert quadratic_rademacher(SQ4, exact=True) == 0.25
        assert quadratic_rademacher(SQ4, k=1, exact=True) == 0.375 / 2

    @pytest.mark.parametrize(("kind", "k"), [("path", None), ("lip", 1), ("lip", 2), ("lip", None)])
    def test_against_one_by_one(self, kind: str, k: int | None) -> None:
        X, _ = generic(7, 3, model="gaussian", rng=0)

        def sup(s: Any) -> float:
            values = np.linalg.svd(omega(X, s), compute_uv=False)
            return values[0] if kind == "path" else values[:k].sum() / 2

        by_hand = rademacher_mc(sup, 7, exact=True)
        found = quadratic_rademacher(X, k, kind, exact=True)
        assert found == pytest.approx(by_hand, rel=1e-12)
        assert found.kind == "exact"
        for seed in range(5):
            drawn = quadratic_rademacher(X, k, kind, 700, rng=seed)
            assert abs(drawn - by_hand) <= min(drawn.half_width, 4.5 * drawn.stderr)

    def test_more_neurons_more_complexity(self) -> None:
        X, _ = generic(8, 4, rng=1)
        found = [float(quadratic_rademacher(X, k, exact=True)) for k in (1, 2, 3, 4, 9)]
        assert found == sorted(found)
        assert found[3] == found[4] == pytest.approx(quadratic_rademacher(X, exact=True))

    def test_the_half_width(self) -> None:
        X, _ = generic(10, 4, rng=0)  # on the sphere: b_i = 1/2 for kind lip, 1 for path
        width = math.sqrt(2 * 10 * math.log(40) / 100) / 10
        path = quadratic_rademacher(X, kind="path", n_draws=100)
        lip = quadratic_rademacher(X, n_draws=100)
        assert (path.half_width, lip.half_width) == (
            pytest.approx(width),
            pytest.approx(width / 2),
        )

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"kind": "spectral"}, "kind: got 'spectral', expected one of 'lip', 'path'"),
            ({"kind": "path", "k": 3}, "k: got 3, expected None"),
            ({"k": 0}, "k: got 0"),
            ({"delta": -1.0}, "delta: got -1.0"),
        ],
    )
    def test_bad_input(self, arguments: Any, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            quadratic_rademacher(SQ4, **arguments)
