"""The law of the training residuals, and the penalty that plain training acts with."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, optimize

from lipkit.experiments.kept_signal import plain_split
from lipkit.networks import activation_constants
from lipkit.theory.adversarial_features import (
    AsymptoticRisk,
    asymptotic_risk,
    effective_ridge,
    linear_adversarial_theory,
    residual_law,
    rf_ridge_theory,
    rf_trace_coeffs,
)

ANSWERS = {
    "half fitted": asymptotic_risk(4, 2, tau2=0.25, eps=0.5),
    "few fitted": asymptotic_risk(0.5, 2, tau2=0.25, eps=0.25),
    "erf, a ridge": asymptotic_risk(5, 3, tau2=0.1, eps=0.6, ridge=0.1, activation="erf"),
    "linear": linear_adversarial_theory(3, 0.25, 0.5),
    "the model is 0": asymptotic_risk(2, 2, tau2=0.25, eps=2.0),
}


class TestResidualLaw:
    @pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
    def test_its_moments_are_the_training_losses(self, answer: AsymptoticRisk) -> None:
        """Integrals of the tail against what the equations say of the two losses."""
        first = integrate.quad(lambda r: 1 - residual_law(answer, r), 0, 20, limit=200)[0]
        second = integrate.quad(lambda r: 2 * r * (1 - residual_law(answer, r)), 0, 20, limit=200)[
            0
        ]
        assert second == pytest.approx(answer.train_mse, rel=1e-7)
        c = (answer.eps_test or 0) * answer.grad_norm  # the test radius is that of the training
        loss = (second + 2 * c * first + c**2) / 2
        assert loss == pytest.approx(answer.train_objective, rel=1e-7)

    @pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
    def test_it_is_a_law_with_the_atom_at_zero(self, answer: AsymptoticRisk) -> None:
        share = residual_law(answer, np.linspace(0, 30, 400))
        assert share[0] == pytest.approx(answer.interpolated_fraction, abs=1e-15)
        assert (np.diff(share) >= 0).all()
        assert share[-1] == 1
        assert residual_law(answer, -1e-300) == 0

    def test_shapes_are_those_of_the_answer_and_then_of_r(self) -> None:
        many = asymptotic_risk([[1.0], [4.0]], 2, tau2=0.25, eps=[0.25, 0.5, 9.0])
        share = residual_law(many, [[0.0], [0.3]])
        assert share.shape == (2, 3, 2, 1)
        one = asymptotic_risk(4.0, 2, tau2=0.25, eps=0.25)
        assert share[1, 0, 1, 0] == residual_law(one, 0.3)
        assert share[0, 2, 1, 0] == pytest.approx(math.erf(0.3 / math.sqrt(2.5)))
        assert isinstance(residual_law(one, 0.3), float)

    def test_where_everything_is_fitted_all_is_at_zero(self) -> None:
        plateau = asymptotic_risk(30, 2, tau2=0.25, eps=1e-3)
        teacher = linear_adversarial_theory(3, 0.0, 0.25)
        assert plateau.plateau
        assert teacher.exact_recovery
        for answer in (plateau, teacher):
            assert residual_law(answer, [-1.0, 0.0, 1.0]).tolist() == [0, 1, 1]

    def test_a_radius_that_is_no_number_is_refused(self) -> None:
        with pytest.raises(ValueError, match="r: got"):
            residual_law(ANSWERS["linear"], math.nan)


class TestEffectiveRidge:
    @settings(max_examples=60, deadline=None)
    @given(
        psi1=st.floats(0.05, 1e3), psi2=st.floats(0.1, 20), ridge=st.floats(1e-6, 1e3),
        name=st.sampled_from(["relu", "erf", "tanh"]),
    )  # fmt: skip
    def test_it_solves_its_equation(
        self, psi1: float, psi2: float, ridge: float, name: str
    ) -> None:
        c = activation_constants(name)
        omega = effective_ridge(psi1, psi2, ridge, activation=name)
        idle = 1 - rf_trace_coeffs(0, omega, psi1, c.kappa, c.kappa_j).D / psi2
        rounding = 1e-12 * omega  # of 1 - D / psi2, where nearly all is fitted
        assert omega * idle == pytest.approx(ridge / c.mu1**2, rel=1e-6, abs=rounding)
        assert effective_ridge(psi1, psi2, 2 * ridge, activation=c) > omega

    def test_without_a_ridge(self) -> None:
        """Nothing below the threshold; above it the root of D = psi2, found by SciPy."""
        c = activation_constants("relu")
        omega = effective_ridge([0.5, 1.0, 2.0, 3.0, 30.0, 1e4], 2.0)
        assert omega[:3].tolist() == [0, 0, 0]
        for psi1, found in zip((3.0, 30.0, 1e4), omega[3:], strict=True):
            root = optimize.brentq(
                lambda x, psi1=psi1: rf_trace_coeffs(0, x, psi1, c.kappa, c.kappa_j).D - 2,
                1e-9, 10 * psi1, xtol=1e-14, rtol=1e-14,
            )  # fmt: skip
            assert found == pytest.approx(root, rel=1e-9)

    def test_it_is_a_ridge_of_its_own_size_where_data_abound(self) -> None:
        c = activation_constants("erf")
        assert effective_ridge(2.0, 1e8, 0.1, activation="erf") == pytest.approx(0.1 / c.mu1**2)

    @pytest.mark.parametrize("ridge", [0.0, 0.05])
    def test_risks_that_are_put_together_from_it(self, ridge: float) -> None:
        """The split of the experiments, and the theory's own risk."""
        widths = np.array([0.5, 1.0, 3.0, 30.0, 3000.0])
        split = plain_split(widths, 2, 0.25, ridge)
        risk, gradient = rf_ridge_theory(widths, 2, 0.25, ridge)
        np.testing.assert_allclose(split.standard, risk, rtol=1e-10)
        np.testing.assert_allclose(split.grad_norm, gradient, rtol=1e-10)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ((0.0, 2.0, 0.1), "psi1: got 0"),
            ((1.0, -2.0, 0.1), "psi2: got -2"),
            ((1.0, 2.0, [0.1, -0.1]), r"ridge: got -0.1 at index \(1,\)"),
        ],
    )
    def test_bad_input(self, arguments: tuple[Any, ...], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            effective_ridge(*arguments)
        with pytest.raises(ValueError, match="linear_adversarial_theory"):
            effective_ridge(1.0, 2.0, activation="identity")
