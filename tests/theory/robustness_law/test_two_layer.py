"""Two-layer networks: capacity is attained, the whole-class law never helps, weights cost a log."""

import math
from itertools import product
from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog

from lipkit.data import four_points, generic
from lipkit.networks import TwoLayerNetwork
from lipkit.theory.rademacher import neuron_rademacher, two_layer_rademacher
from lipkit.theory.robustness_law import (
    is_vacuous,
    path_norm_law,
    path_norm_lower_bound,
    two_layer_law,
    whole_class_law,
)

SQ4, LABELS = four_points()


def least_path_norm(X: Any, y: Any) -> float:
    """min sum |c| over networks with their directions on a fine circle that fit exactly."""
    angles = np.linspace(0, 2 * np.pi, 360, endpoint=False)
    H = np.maximum(X @ np.stack([np.cos(angles), np.sin(angles)]), 0.0)
    done = linprog(np.ones(720), A_eq=np.hstack([H, -H]), b_eq=y)
    return done.fun if done.success else math.inf


class TestCapacity:
    def test_digest_values(self) -> None:
        assert path_norm_lower_bound(SQ4, LABELS).value == pytest.approx(4.0)
        weaker = path_norm_lower_bound(SQ4, LABELS, method="bound")
        assert weaker.value == pytest.approx(2.8284271, abs=5e-8)
        assert weaker.details["nu"].kind == "upper"

    @pytest.mark.parametrize("seed", range(3))
    def test_no_fit_is_cheaper(self, seed: int) -> None:
        X, _ = generic(5, 2, rng=seed)
        for y in product((-1.0, 1.0), repeat=5):
            law = path_norm_lower_bound(X, y)
            assert law.value <= least_path_norm(X, y) * (1 + 1e-9)
            assert path_norm_lower_bound(X, y, method="bound").value <= law.value * (1 + 1e-12)

    @pytest.mark.parametrize(("n", "d"), [(5, 2), (7, 3), (4, 6)])
    def test_one_neuron_attains_it_with_an_average_margin(self, n: int, d: int) -> None:
        X, y = generic(n, d, rng=0)
        law = path_norm_lower_bound(X, y, 0.7)
        w = law.details["nu"].witness
        sign = np.sign(np.maximum(X @ w, 0) @ y)
        f = TwoLayerNetwork([w], [0.0], [sign * law.value])
        assert np.mean(y * f(X)) == pytest.approx(0.7)
        assert abs(f.a[0]) * np.linalg.norm(f.W[0]) == pytest.approx(law.value)

    def test_auto_never_searches(self) -> None:
        X, y = generic(60, 10, rng=0)
        law = path_norm_lower_bound(X, y)
        assert law.details["nu"].kind == "upper"
        with pytest.raises(ValueError, match="method: got 'ascent', which under-estimates"):
            path_norm_lower_bound(X, y, method="ascent")

    def test_nothing_on_and_nothing_to_fit(self) -> None:
        assert path_norm_lower_bound(np.zeros((2, 2)), [1.0, -1.0]).value == math.inf
        assert path_norm_lower_bound([[1.0, 0.0]] * 2, [1.0, -1.0]).value == math.inf

    @pytest.mark.parametrize("seed", range(4))
    def test_for_any_points(self, seed: int) -> None:
        X, _ = generic(8, 2, rng=seed)
        X[: seed + 1] = X[0]  # repeated points are the hard case for the tail
        laws = np.array([path_norm_lower_bound(X, y).value for y in product((-1.0, 1.0), repeat=8)])
        assert laws.max() >= path_norm_law(8).value
        for delta in (0.01, 0.1, 0.5):
            tail = path_norm_law(8, delta=delta)
            assert np.mean(laws < tail.value) <= delta
            assert tail.details["probability"] == 1 - delta

    def test_formulas(self) -> None:
        assert path_norm_law(100, 0.5, 2.0).value == pytest.approx(0.5 * 10 / 4)
        tail = path_norm_law(100, 0.5, 2.0, delta=0.05).value
        assert tail == pytest.approx(0.5 * 10 / (2 * (2 + math.sqrt(2 * math.log(20)))))
        assert path_norm_law(100).quantity != path_norm_law(100, delta=0.05).quantity

    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda: path_norm_lower_bound(SQ4, [0.0, 1.0, 1.0, 1.0]), "y: got the label 0"),
            (lambda: path_norm_lower_bound(SQ4, LABELS, 0.0), "gamma: got 0.0"),
            (lambda: path_norm_law(0), "n: got 0"),
            (lambda: path_norm_law(10, R=0.0), "R: got 0.0"),
            (lambda: path_norm_law(10, delta=1.0), "delta: got 1.0"),
        ],
    )
    def test_bad_input(self, call: Any, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            call()


class TestWholeClass:
    @pytest.mark.parametrize("seed", range(3))
    @pytest.mark.parametrize("budget", [0.1, 0.5, 1.0, 3.0, 20.0])
    def test_where_it_exceeds_1_nothing_fits(self, seed: int, budget: float) -> None:
        X, _ = generic(5, 2, rng=seed)
        draws = np.random.default_rng(seed)
        for y in product((-1.0, 1.0), repeat=5):
            if abs(sum(y)) == 5:
                continue
            law = whole_class_law(X, y, 3, budget, 1.0)
            assert (law.value > 1 + 1e-9) == (not law.details["can_fit"])
            if law.details["can_fit"]:
                assert is_vacuous(law, X, y)
                continue
            # the least path norm of a fit exceeds all that the class has
            assert least_path_norm(X, np.array(y)) > budget * math.sqrt(3) * (1 - 1e-9)
            W = draws.normal(size=(3, 2))
            a = draws.normal(size=3)
            f = TwoLayerNetwork(
                W / np.linalg.norm(W, axis=1)[:, None],
                np.zeros(3),
                budget * a / np.linalg.norm(a),
            )
            assert np.mean(np.array(y) * f(X)) < 1

    def test_the_rate_is_an_average_and_its_reciprocal_a_chance_to_fit(self) -> None:
        k, A, B = 4, 0.5, 1.0
        rho = neuron_rademacher(SQ4, exact=True)
        complexity = float(two_layer_rademacher(rho, k, A, B, "l2_rows"))
        signs = [y for y in product((-1.0, 1.0), repeat=4) if abs(sum(y)) < 4]
        laws = [whole_class_law(SQ4, y, k, A, B) for y in signs]
        assert 1 / complexity > 1
        can_fit = sum(law.details["can_fit"] for law in laws)
        assert can_fit / 16 <= complexity
        # where the averaged form exceeds 1 there are labels for which it is wrong as a bound
        assert min(law.value for law in laws) < 1 / complexity

    def test_at_the_edge_of_fitting_the_value_is_exactly_1(self) -> None:
        """AB sqrt k nu = n: SQ4 has nu = 1 for these labels."""
        law = whole_class_law(SQ4, LABELS, 4, 2.0, 1.0)
        assert (law.value, law.details["can_fit"]) == (pytest.approx(1.0), True)
        assert whole_class_law(SQ4, LABELS, 4, 1.99, 1.0).value > 1

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ((SQ4, np.ones(4), 1, 1.0, 1.0), r"y: got the label 1 only, expected both"),
            ((2 * SQ4, LABELS, 1, 1.0, 1.0), "X: got length 2 in row 0, expected .* unit ball"),
            ((SQ4, LABELS, 0, 1.0, 1.0), "k: got 0"),
            ((SQ4, LABELS, 1, 0.0, 1.0), "A: got 0.0"),
            ((SQ4, LABELS, 1, 1.0, -1.0), "B: got -1.0"),
            ((SQ4, LABELS, 1, 1.0, 1.0, "ascent"), "method: got 'ascent'"),
        ],
    )
    def test_bad_input(self, arguments: Any, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            whole_class_law(*arguments)


class TestLipschitzLaw:
    def test_digest_values(self) -> None:
        law = two_layer_law(n=10**6, d=100, k=10, A=10, B=10, delta=0.01)
        assert law.value == pytest.approx(12.849903, abs=5e-7)
        assert law.details["log_net"] == pytest.approx(10641.0604, abs=5e-5)
        assert law.details["probability"] == 0.99
        weights = [two_layer_law(10**6, 100, 10, A, A).value for A in (1, 10, 1000, 10**6)]
        assert weights == pytest.approx([17.19, 12.85, 9.37, 7.18], abs=5e-3)
        widths = [two_layer_law(10**6, 100, k, 10, 10).value for k in (10, 40, 160, 640, 2560)]
        assert widths == pytest.approx([12.85, 6.04, 2.86, 1.36, 0.65], abs=5e-3)

    def test_it_falls_silent_at_1140_neurons(self) -> None:
        at = [two_layer_law(10**6, 100, k, 10, 10).value > 1 for k in (1120, 1160)]
        assert at == [True, False]

    def test_the_sphere_has_another_constant(self) -> None:
        gauss, sphere = (two_layer_law(10**6, 5, 10, 10, 10, c=c).value for c in (1.0, 5 / 4))
        assert sphere == pytest.approx(gauss / math.sqrt(5 / 4))

    def test_a_count_of_its_own_net(self) -> None:
        """The net of a ball: radius rho, mesh (gamma/4)/J, in k(d+2) dimensions."""
        k, d, A, B, R, gamma = 3, 4, 2.0, 1.5, 0.8, 0.5
        rho = math.hypot(*[A] * k, *[B] * k, *[B] * k)
        J = math.sqrt(k * ((B * (R + 1)) ** 2 + (A * math.sqrt(R * R + 1)) ** 2))
        net = k * (d + 2) * math.log(1 + 2 * rho / (gamma / 4 / J))
        law = two_layer_law(10**5, d, k, A, B, 0.1, gamma, 1.0, R)
        assert law.details["log_net"] == pytest.approx(net)

    def test_moving_the_parameters_moves_the_network_by_no_more_than_j(self) -> None:
        k, d, A, B, R = 3, 2, 2.0, 1.5, 1.0
        J = math.sqrt(k * (B**2 * (R + 1) ** 2 + A**2 * (R**2 + 1)))
        draws = np.random.default_rng(0)
        x = generic(200, d, rng=0).X
        for _ in range(300):
            nets = [self.member(k, d, A, B, draws) for _ in range(2)]
            moved = math.sqrt(
                sum(((getattr(nets[0], p) - getattr(nets[1], p)) ** 2).sum() for p in "Wba")
            )
            assert np.abs(nets[0](x) - nets[1](x)).max() <= J * moved * (1 + 1e-12)

    def member(self, k: int, d: int, A: float, B: float, draws: Any) -> TwoLayerNetwork:
        W = draws.normal(size=(k, d))
        W *= (B * draws.random((k, 1))) / np.linalg.norm(W, axis=1, keepdims=True)
        return TwoLayerNetwork(W, draws.uniform(-B, B, k), draws.uniform(-A, A, k))

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"A": math.inf}, "A: got NaN or infinite"),
            ({"B": 0.0}, "B: got 0.0"),
            ({"k": 0}, "k: got 0"),
            ({"gamma": 1.5}, "gamma: got 1.5, expected at most 1: the proof clips"),
            ({"delta": 0.0}, "delta: got 0.0"),
            ({"n": 20}, "delta: got 0.01, expected more than 0.4901"),
            ({"c": -1.0}, "c: got -1.0"),
            ({"R": 0.0}, "R: got 0.0"),
        ],
    )
    def test_bad_input(self, change: dict[str, Any], message: str) -> None:
        base: dict[str, Any] = {"n": 10**4, "d": 10, "k": 2, "A": 1.0, "B": 1.0}
        with pytest.raises(ValueError, match=message):
            two_layer_law(**(base | change))
