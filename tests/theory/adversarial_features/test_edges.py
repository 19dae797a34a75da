"""The digest's edge cases and bad inputs, one by one."""

import math
import re
from typing import Any

import numpy as np
import pytest

from lipkit.networks import Activation, activation_constants
from lipkit.theory.adversarial_features import _solve as solver
from lipkit.theory.adversarial_features import (
    adversarial_rf_theory,
    adversarial_risk,
    asymptotic_risk,
    eps_max,
    large_width_expansion,
    min_gradient_interpolator_theory,
    mp_resolvent,
    rf_ridge_theory,
    rf_trace_coeffs,
    saddle_objective,
)
from tests.theory.adversarial_features.digits import assert_agrees

MULTIPLIERS = "p", "lam", "beta", "tau_g", "tau_q", "gamma"


def risk(psi1: float, psi2: float, tau2: float, eps: float, **more: Any) -> Any:
    return asymptotic_risk(psi1, psi2, tau2=tau2, eps=eps, **more)


class TestEdges:
    @pytest.mark.parametrize("eps", [eps_max(2, 2, 0.25), 1.3, 1e6])
    def test_1_zero_phase(self, eps: float) -> None:
        r = risk(2, 2, 0.25, eps)
        assert r.zero_phase
        assert r.standard_risk == r.adversarial_risk == r.train_mse == 1.25
        assert r.grad_norm == r.nu == r.interpolated_fraction == 0
        assert r.train_objective == 0.625
        assert r.alpha2 == pytest.approx(1.25 - r.sigma2, rel=1e-14)
        assert all(math.isnan(getattr(r, name)) for name in MULTIPLIERS)

    def test_1_a_ridge_does_not_move_it(self) -> None:
        top = eps_max(2, 2, 0.25)
        assert risk(2, 2, 0.25, top, ridge=0.3).zero_phase
        below = risk(2, 2, 0.25, top * (1 - 1e-7), ridge=0.3)
        assert not below.zero_phase
        assert 0 < below.grad_norm < 1e-6

    def test_2_up_to_the_zero_phase(self) -> None:
        delta = 1e-6
        r = risk(2, 2, 0.25, eps_max(2, 2, 0.25) * (1 - delta))
        assert_agrees(r.grad_norm / delta, "1.064122")
        assert_agrees((1.25 - r.standard_risk) / delta, "1.10492")
        assert_agrees(r.nu / delta**2, ".62427")
        near = risk(2, 2, 0.25, eps_max(2, 2, 0.25) * (1 - 1e-9))
        assert near.grad_norm == pytest.approx(1.06412e-9, rel=1e-4)

    @pytest.mark.parametrize(
        ("eps", "printed"), [(1e-2, "1.36434138"), (1e-4, "1.39548663"), (1e-8, "1.39581238")]
    )
    def test_3_small_eps_underparametrised_is_least_squares(self, eps: float, printed: str) -> None:
        assert_agrees(risk(1, 2, 0.25, eps).standard_risk, printed)
        limit = rf_ridge_theory(1, 2, 0.25).standard_risk
        assert_agrees(limit, "1.39581241")
        assert abs(risk(1, 2, 0.25, eps).standard_risk - limit) < 4 * eps

    def test_3_absurdly_small_eps(self) -> None:
        limit = rf_ridge_theory(1, 2, 0.25).standard_risk
        assert risk(1, 2, 0.25, 1e-100).standard_risk == pytest.approx(limit, rel=1e-12)

    @pytest.mark.parametrize("eps", [1e-2, 1e-6, 1e-8, 1e-30])
    def test_4_small_eps_overparametrised_is_the_plateau(self, eps: float) -> None:
        r = risk(4, 2, 0.25, eps)
        assert_agrees(r.standard_risk, ".95312204")
        assert_agrees(r.grad_norm, "1.2182082")
        assert r.plateau
        assert r.interpolated_fraction == 1
        assert abs(r.standard_risk - rf_ridge_theory(4, 2, 0.25).standard_risk) > 0.04
        assert r.nu * eps == pytest.approx(0.558, rel=1e-2)

    def test_4_two_different_limits(self) -> None:
        assert_agrees(min_gradient_interpolator_theory(30, 4, 0.01).standard_risk, ".6148")
        assert_agrees(rf_ridge_theory(30, 4, 0.01).standard_risk, ".0439")

    @pytest.mark.parametrize(
        ("eps", "sr", "s"),
        [(0.1, "2.14539739", "2.05486823"), (0.01, "18.13107697", "6.12845360"),
         (0.001, "178.06898553", "19.22489850")],
    )  # fmt: skip
    def test_5_threshold(self, eps: float, sr: str, s: str) -> None:
        r = risk(2, 2, 0.25, eps)
        assert_agrees(r.standard_risk, sr)
        assert_agrees(r.grad_norm, s)

    def test_5_limits_at_the_threshold(self) -> None:
        r = risk(2, 2, 0.25, 1e-7)
        assert_agrees(r.standard_risk * 1e-7, ".1777")
        assert_agrees(r.interpolated_fraction, ".4465")
        for psi1, printed in ((1.999999, "2.14539520"), (2.000001, "2.14539957")):
            assert_agrees(risk(psi1, 2, 0.25, 0.1).standard_risk, printed)

    @pytest.mark.parametrize(
        ("given", "sr", "s"),
        [((0.5, 2, 0, 0.5), ".83890150", ".30650287"), ((2, 2, 0, 0.5), ".48356258", ".85325442"),
         ((4, 2, 0, 0.5), ".42408942", ".89387564"), ((30, 4, 0, 0.25), ".60315182", ".53962081")],
    )  # fmt: skip
    def test_6_no_noise(self, given: tuple[float, ...], sr: str, s: str) -> None:
        r = risk(*given)
        assert_agrees(r.standard_risk, sr)
        assert_agrees(r.grad_norm, s)

    def test_7_narrow(self) -> None:
        r = risk(0.05, 2, 0.25, 0.05)
        assert_agrees(r.standard_risk, "1.23457967")
        assert_agrees(r.grad_norm, ".24906235")
        assert risk(1e-4, 2, 0.25, 0.011).zero_phase
        assert not risk(1e-4, 2, 0.25, 0.0107).zero_phase

    def test_8_wide(self) -> None:
        r = risk(1e5, 2, 0.25, 1)
        assert_agrees(r.standard_risk, "1.24991493")
        assert_agrees(r.grad_norm, ".00829431")
        assert_agrees(r.adversarial_risk, "1.26478130")
        assert_agrees(risk(1e9, 2, 0.25, 0.05).grad_norm * 1e5, "8.2945")
        for psi1 in (1e9, 1e12):
            exact, near = risk(psi1, 2, 0.25, 0.05), large_width_expansion(psi1, 2, 0.25)
            assert exact.grad_norm == pytest.approx(near.grad_norm, rel=1e-7)
            assert exact.sigma2 == pytest.approx(0.25 + (1 - 2 / math.pi) / psi1, rel=1e-14)

    def test_9_few_samples(self) -> None:
        r = risk(2, 0.01, 0.25, 0.5)
        assert_agrees(r.standard_risk, "1.24648696")
        assert_agrees(r.grad_norm, ".10669259")
        assert_agrees(r.adversarial_risk, "1.34437536")

    @pytest.mark.parametrize(
        ("psi2", "sr", "s"),
        [(1e4, ".65406233", ".53027848"), (1e6, ".65406039", ".53020172"),
         (1e8, ".65406037", ".53020095"), (1e12, ".65406037", ".53020095")],
    )  # fmt: skip
    def test_9_many_samples(self, psi2: float, sr: str, s: str) -> None:
        r = risk(2, psi2, 0.25, 0.5)
        assert_agrees(r.standard_risk, sr)
        assert_agrees(r.grad_norm, s)

    @pytest.mark.parametrize("gaps", [[1, 1, 1, 1], [1, -1, 1, -1], [-1, -1, 1, 1], [-1] * 4])
    def test_11_no_root_or_several(self, gaps: list[int], monkeypatch: Any) -> None:
        """A scan without exactly one change from + to - is an error with the parameters."""
        true = solver.at_threshold

        def scanned(problem: Any, nu: Any, guess: Any = None) -> Any:
            solution, gap = true(problem, nu, guess)
            if guess is None:
                gap = np.repeat(gaps, len(gap) // 4).astype(float)
            return solution, gap

        monkeypatch.setattr(solver, "at_threshold", scanned)
        message = r"exactly one root.*none or several at index \(\): psi1 = 3, psi2 = 2, tau2 = 0.2"
        with pytest.raises(RuntimeError, match=message):
            risk(3, 2, 0.25, 0.5)

    @pytest.mark.parametrize(
        ("gap", "found"),
        [([2, 1, -1, -2], (1, 2)), ([2, math.nan, -1, -2], (0, 2)), ([math.nan, 1, 1, -2], (2, 3)),
         ([1, -1, 1, -1], (-1, -1)), ([-1, -1, 1, 1], (-1, -1)), ([1, 1, 1, 1], (-1, -1)),
         ([math.nan] * 4, (-1, -1))],
    )  # fmt: skip
    def test_11_brackets(self, gap: list[float], found: tuple[int, int]) -> None:
        low, high = solver._brackets(np.array([gap]))
        assert (low[0], high[0]) == found

    def test_12_one_bad_entry_says_where(self) -> None:
        with pytest.raises(ValueError, match=re.escape("eps: got 0 at index (1, 0), expected")):
            asymptotic_risk([1.0, 2.0], 2, tau2=0.25, eps=[[0.5], [0.0]])
        with pytest.raises(ValueError, match=re.escape("psi1: got -1 at index (1,)")):
            asymptotic_risk([1.0, -1.0], 2, tau2=0.25, eps=0.5)
        with pytest.raises(ValueError, match=re.escape("tau2: got nan at index (2,)")):
            asymptotic_risk(1, 2, tau2=[0, 0, math.nan], eps=0.5)

    def test_12_zero_phase_entries_are_no_errors(self) -> None:
        r = asymptotic_risk(2, 2, tau2=0.25, eps=[0.5, 5.0])
        assert r.zero_phase.tolist() == [False, True]
        assert np.isnan(r.p).tolist() == [False, True]


class TestBadInput:
    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"psi1": 0}, "psi1: got 0, expected a positive number"),
            ({"psi2": -1}, "psi2: got -1, expected a positive number"),
            ({"psi1": math.inf}, "psi1: got inf, expected a finite number"),
            ({"tau2": -0.1}, "tau2: got -0.1, expected a number of at least 0"),
            ({"eps": -0.1}, "eps: got -0.1, expected a number of at least 0"),
            ({"eps": 0}, "eps: got 0.*rf_ridge_theory"),
            ({"eps": math.nan}, "eps: got nan, expected a finite number"),
            ({"ridge": -1}, "ridge: got -1, expected a number of at least 0"),
            ({"eps_test": -1}, "eps_test: got -1"),
            ({"activation": "identity"}, "kappa = 0.*linear_adversarial_theory"),
            ({"activation": "abs"}, "mu1 = 0.*even"),
            ({"activation": "gelu"}, "activation: got 'gelu', expected one of"),
            ({"psi1": [1, 2, 3], "psi2": [1, 2]}, r"psi1 \(3,\), psi2 \(2,\).*broadcast"),
        ],
    )
    def test_asymptotic_risk(self, change: dict[str, Any], message: str) -> None:
        given = {"psi1": 1, "psi2": 2, "tau2": 0.25, "eps": 0.5} | change
        with pytest.raises(ValueError, match=message):
            asymptotic_risk(**given)

    def test_not_numbers(self) -> None:
        with pytest.raises(TypeError, match="psi1: got dtype"):
            asymptotic_risk("two", 2, tau2=0.25, eps=0.5)  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"kappa": 0}, "kappa: got 0, expected a positive number; for a linear model"),
            ({"kappa": -1}, "kappa: got -1"),
            ({"kappa_j": 0.5}, "kappa_j: got 0.5, expected at least 2 kappa: no activation"),
            ({"ridge": 0.1}, "mu1: got None, expected a number with ridge > 0"),
        ],
    )
    def test_pair(self, change: dict[str, Any], message: str) -> None:
        given = {"psi1": 1, "psi2": 2, "tau2": 0.25, "eps": 0.5, "kappa": 0.3, "kappa_j": 1.0}
        with pytest.raises(ValueError, match=message):
            adversarial_rf_theory(**(given | change))

    def test_twice_kappa_is_allowed(self) -> None:
        """Polynomials of degree two: equality, up to rounding."""
        square = Activation(
            "square", lambda z: z + z**2, lambda z: 1 + 2 * z, (-math.inf, math.inf)
        )
        found = activation_constants(square)
        assert found.kappa_j == pytest.approx(2 * found.kappa, rel=1e-12)
        assert asymptotic_risk(1, 2, tau2=0.25, eps=0.5, activation=square).standard_risk > 0

    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda: mp_resolvent(0.0, 1.0), "k: got 0, expected positive"),
            (lambda: mp_resolvent(1.0, [1.0, -2.0]), "psi1: got -2, expected positive"),
            (lambda: mp_resolvent(math.nan, 1.0), "k: got NaN"),
            (lambda: rf_trace_coeffs(-1, 0, 2, 0.3, 1), "omega1: got -1"),
            (lambda: rf_trace_coeffs(1, 0, 2, 0.3, 0.1), "kappa_j: got 0.1"),
            (lambda: eps_max(0, 2, 0.25), "psi1: got 0"),
            (lambda: adversarial_risk(-1, 1, 1), "standard_risk: got -1"),
            (lambda: adversarial_risk(1, 1, math.nan), "eps_test: got nan"),
            (lambda: min_gradient_interpolator_theory(2, 2, 0.25), "psi1: got 2, expected more"),
            (
                lambda: min_gradient_interpolator_theory([4, 1], 2, 0),
                r"psi1: got 1 at index \(1,\)",
            ),
            (lambda: rf_ridge_theory(2, 2, 0.25, -1), "ridge: got -1"),
            (lambda: large_width_expansion(-1, 2, 0.25), "psi1: got -1"),
            (lambda: saddle_objective(0, 1, 1, 1, 1, 1, 1, 1, 1), "alpha: got 0"),
            (lambda: saddle_objective(1, 1, 1, -1, 1, 1, 1, 1, 1), "gamma: got -1"),
        ],
    )
    def test_small_functions(self, call: Any, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            call()
