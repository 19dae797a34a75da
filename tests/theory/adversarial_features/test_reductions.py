"""Cases that are known otherwise: ridge regression, linear regression."""

import math
from typing import Any

import numpy as np
import pytest
from scipy import optimize

from lipkit.theory.adversarial_features import (
    adversarial_risk,
    asymptotic_risk,
    exact_recovery_threshold,
    linear_adversarial_theory,
    rf_ridge_theory,
)
from tests.theory.adversarial_features.digits import assert_agrees


def mei_montanari(psi1: float, psi2: float, tau2: float) -> float:
    """Their ridgeless risk for a linear teacher and ReLU, noise added."""
    z2 = 0.25 / (0.25 - 1 / (2 * math.pi))
    psi = min(psi1, psi2)
    half = psi * z2 - z2 - 1
    x = -(math.sqrt(half**2 + 4 * z2 * psi) + half) / (2 * z2)
    e0 = (
        -(x**5) * z2**3 + 3 * x**4 * z2**2 + (psi1 * psi2 - psi2 - psi1 + 1) * x**3 * z2**3
        - 2 * x**3 * z2**2 - 3 * x**3 * z2 + (psi1 + psi2 - 3 * psi1 * psi2 + 1) * x**2 * z2**2
        + 2 * x**2 * z2 + x**2 + 3 * psi1 * psi2 * x * z2 - psi1 * psi2
    )  # fmt: skip
    e1 = psi2 * x**3 * z2**2 - psi2 * x**2 * z2 + psi1 * psi2 * x * z2 - psi1 * psi2
    e2 = (
        x**5 * z2**3 - 3 * x**4 * z2**2 + (psi1 - 1) * x**3 * z2**3 + 2 * x**3 * z2**2
        + 3 * x**3 * z2 - (psi1 + 1) * x**2 * z2**2 - 2 * x**2 * z2 - x**2
    )  # fmt: skip
    return e1 / e0 + tau2 * e2 / e0 + tau2


class TestRidge:
    @pytest.mark.parametrize(
        ("psi1", "ridge", "sr", "s"),
        [
            (1, 0.0, "1.3958124107", "1.4411024183"), (3, 0.0, "1.3868243848", "1.6460500571"),
            (8, 0.0, ".5896580555", "1.0269377425"), (1, 0.1, ".9511423812", ".8415597971"),
            (4, 0.05, ".6902223940", "1.0569113113"),
        ],
    )  # fmt: skip
    def test_printed(self, psi1: float, ridge: float, sr: str, s: str) -> None:
        found = rf_ridge_theory(psi1, 2, 0.25, ridge)
        assert_agrees(found.standard_risk, sr)
        assert_agrees(found.grad_norm, s)

    @pytest.mark.parametrize(
        ("given", "printed"),
        [((0.5, 2, 0.25, 0.1), "1.12264616"), ((2, 2, 0.25, 0.01), "1.05605130"),
         ((5, 3, 0.1, 0.05), ".329112680"), ((8, 2, 0.25, 0.001), ".583773877")],
    )  # fmt: skip
    def test_mei_montanari_with_a_ridge(self, given: Any, printed: str) -> None:
        psi1, psi2, tau2, lam = given
        assert_agrees(rf_ridge_theory(psi1, psi2, tau2, psi1 * lam).standard_risk, printed)

    @pytest.mark.parametrize(
        ("psi1", "printed"),
        [(0.5, "1.23330429"), (1.5, "2.23900847"), (3, "1.38682438"), (10, ".549799739")],
    )
    def test_mei_montanari_ridgeless(self, psi1: float, printed: str) -> None:
        found = rf_ridge_theory(psi1, 2, 0.25).standard_risk
        assert_agrees(found, printed)
        assert found == pytest.approx(mei_montanari(psi1, 2, 0.25), rel=1e-11)

    @pytest.mark.parametrize(
        ("psi1", "sr", "ar"),
        [(1, ".6105", "1.0070"), (2, ".4766", ".9140"), (5, ".4853", ".9856"),
         (8, ".1410", ".3639"),
         (30, ".0439", ".1739"), (100, ".0310", ".1457"), (1e4, ".0263", ".1348")],
    )  # fmt: skip
    def test_standard_training_under_attack(self, psi1: float, sr: str, ar: str) -> None:
        found = rf_ridge_theory(psi1, 4, 0.01)
        assert_agrees(found.standard_risk, sr)
        assert_agrees(adversarial_risk(*found, 0.25), ar)

    def test_infinite_at_the_threshold_only(self) -> None:
        found = rf_ridge_theory([1.0, 2.0, 3.0], 2, 0.25)
        assert np.isinf(found.standard_risk).tolist() == [False, True, False]
        assert np.isinf(found.grad_norm).tolist() == [False, True, False]
        assert adversarial_risk(*found, 0.5)[1] == math.inf
        assert rf_ridge_theory(2, 2, 0.25, 1e-6).standard_risk < 200

    def test_a_small_ridge_is_none(self) -> None:
        for psi1 in (1.0, 3.0, 50.0):
            ridgeless = rf_ridge_theory(psi1, 2, 0.25)
            assert rf_ridge_theory(psi1, 2, 0.25, 1e-13) == pytest.approx(ridgeless, rel=1e-10)

    def test_a_large_ridge_is_the_null_model(self) -> None:
        found = rf_ridge_theory(3, 2, 0.25, 1e9)
        assert found.standard_risk == pytest.approx(1.25, rel=1e-8)
        assert 0 < found.grad_norm < 1e-8

    def test_small_attacks_with_a_ridge_are_ridge(self) -> None:
        limit = rf_ridge_theory(8, 4, 0.01, 0.1)
        assert_agrees(limit.standard_risk, ".10818593")
        near = asymptotic_risk(8, 4, tau2=0.01, eps=1e-7, ridge=0.1)
        assert near.standard_risk == pytest.approx(limit.standard_risk, rel=1e-6)
        assert near.grad_norm == pytest.approx(limit.grad_norm, rel=1e-6)


class TestLinear:
    @pytest.mark.parametrize(
        ("given", "sr", "s"),
        [
            ((0.5, 0.25, 0.25), ".9999689199", ".8659893837"),
            ((1, 0.25, 0.25), ".8939934548", "1.1379107490"),
            ((3, 0.25, 0.25), ".3601237572", ".9234630304"),
            ((3, 0.25, 0.75), ".5243951232", ".5740405318"),
        ],
    )
    def test_printed(self, given: tuple[float, float, float], sr: str, s: str) -> None:
        r = linear_adversarial_theory(*given)
        assert_agrees(r.standard_risk, sr)
        assert_agrees(r.grad_norm, s)

    @pytest.mark.parametrize(
        ("given", "sr", "ar"),
        [((0.5, 0.25, 0.75), ".9322", "2.1380"), ((1, 0.25, 0.25), ".8940", "1.4041"),
         ((1, 0.25, 0.75), ".6633", "1.6102"), ((3, 0.25, 0.75), ".5244", "1.2073")],
    )  # fmt: skip
    def test_simulated_table(self, given: tuple[float, float, float], sr: str, ar: str) -> None:
        r = linear_adversarial_theory(*given)
        assert_agrees(r.standard_risk, sr)
        assert_agrees(r.adversarial_risk, ar)

    def test_shrinkage(self) -> None:
        """The estimator is lam (beta - eta g): risk and gradient follow from lam and eta."""
        r = linear_adversarial_theory(3, 0.25, 0.5)
        eta2 = r.tau_g**2 / (1 - r.p / (1 + r.p) * (1 - r.interpolated_fraction)) ** 2
        assert r.grad_norm**2 == pytest.approx(r.lam**2 * (1 + eta2), rel=1e-10)
        risk = 0.25 + (1 - r.lam) ** 2 + r.lam**2 * eta2
        assert r.standard_risk == pytest.approx(risk, rel=1e-10)

    def test_zero_phase(self) -> None:
        top = math.sqrt(math.pi / 2 / 1.25 * (1 + 1.25 / 3))
        assert linear_adversarial_theory(3, 0.25, top * 1.0001).zero_phase
        assert not linear_adversarial_theory(3, 0.25, top * 0.9999).zero_phase

    def test_exact_recovery(self) -> None:
        r = linear_adversarial_theory(3, 0, 0.5, eps_test=0.25)
        assert r.exact_recovery
        assert (r.standard_risk, r.grad_norm, r.train_mse) == (0, 1, 0)
        assert (r.interpolated_fraction, r.train_objective) == (1, 0.125)
        assert r.adversarial_risk == 0.0625
        assert math.isnan(r.nu)

    @pytest.mark.parametrize(("ratio", "printed"), [(1.5, ".3494722"), (3, ".5835636")])
    def test_exact_recovery_threshold(self, ratio: float, printed: str) -> None:
        top = exact_recovery_threshold(ratio)
        assert_agrees(top, printed)
        assert linear_adversarial_theory(ratio, 0, top).exact_recovery
        above = linear_adversarial_theory(ratio, 0, top * 1.001)
        assert not above.exact_recovery
        assert 0 < above.standard_risk < 1e-4

    def test_exact_recovery_limits(self) -> None:
        assert exact_recovery_threshold(1e9) == pytest.approx(math.sqrt(2 / math.pi), rel=1e-8)
        assert exact_recovery_threshold([0.5, 1.0]).tolist() == [0, 0]

    def test_little_noise(self) -> None:
        assert_agrees(linear_adversarial_theory(3, 1e-10, 0.5).standard_risk * 1e10, "6.61")

    @pytest.mark.parametrize(
        ("eps", "sr", "nu"),
        [
            (1e-2, "2.33467509558e-4", "3.01347878547"),
            (2e-3, "1.38701363335e-5", "3.69807478573"),
            (1e-3, "3.99045635839e-6", "3.97314233043"),
            (1e-4, "5.83043054529e-8", "4.81550251841"),
            (1e-5, "7.77875060326e-10", "5.56863168894"),
        ],
    )
    def test_as_many_points_as_dimensions_without_noise(self, eps: float, sr: str, nu: str) -> None:
        """Against the two equations solved with sixty digits; the limit of small eps is exact."""
        r = linear_adversarial_theory(1, 0, eps)
        assert r.standard_risk == pytest.approx(float(sr), rel=1e-7)
        assert r.nu == pytest.approx(float(nu), rel=1e-8)
        assert r.grad_norm == pytest.approx(1, abs=2 * eps)

    @pytest.mark.parametrize("eps", [1e-7, 1e-8, 1e-12])
    def test_where_rounding_hides_the_root_it_says_so(self, eps: float) -> None:
        with pytest.raises(RuntimeError, match=r"tau2 = 0, eps = 1e-.*psi1 = psi2 rounding hides"):
            linear_adversarial_theory(1, 0, eps)

    def test_exact_recovery_by_linear_programming(self) -> None:
        """Largest eps with X'v = n eps beta, |v| <= 1: in the mean over draws the threshold."""
        d, ratio = 60, 3
        found = []
        for seed in range(6):
            X = np.random.default_rng(seed).normal(size=(ratio * d, d))
            beta = np.eye(d)[0]
            columns = np.column_stack([X.T, -ratio * d * beta])
            cost = np.append(np.zeros(ratio * d), -1.0)
            bounds = [(-1, 1)] * (ratio * d) + [(0, None)]
            found.append(
                optimize.linprog(cost, A_eq=columns, b_eq=np.zeros(d), bounds=bounds).x[-1]
            )
        error = 3 * np.std(found) / math.sqrt(6) + 0.02
        assert np.mean(found) == pytest.approx(exact_recovery_threshold(3.0), abs=error)

    def test_mixed_entries(self) -> None:
        r = linear_adversarial_theory([3.0, 3.0, 3.0], [0, 0.25, 0], [0.5, 0.25, 5.0])
        assert r.exact_recovery.tolist() == [True, False, False]
        assert r.zero_phase.tolist() == [False, False, True]
        assert_agrees(r.standard_risk[1], ".3601237572")
        assert linear_adversarial_theory(0.5, 0, 0.25).standard_risk > 0

    @pytest.mark.parametrize(
        ("given", "message"),
        [((0, 0.25, 0.5), "n_over_d: got 0"), ((1, -1, 0.5), "tau2: got -1"),
         ((1, 0.25, 0), "eps: got 0"), ((2, 0, 0), "eps: got 0")],
    )  # fmt: skip
    def test_bad_input(self, given: tuple[float, float, float], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            linear_adversarial_theory(*given)
