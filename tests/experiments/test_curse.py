"""The experiments of the curse of overparametrisation, at sizes of seconds."""

import math

import numpy as np
import pytest

from lipkit.experiments import EXPERIMENTS
from lipkit.experiments.kept_signal import attacked_split, plain_split
from lipkit.experiments.robust_by_width import (
    RADII,
    RIDGES,
    STOPS,
    best_linear,
    robust_by_width,
)
from lipkit.experiments.width_runs import width_limits, width_runs
from lipkit.networks import activation_constants
from lipkit.theory import adversarial_features as theory
from tests.experiments.repeating import changed_by_seed

WIDTHS = np.array([0.4, 1.0, 3.0, 4.5, 8.0, 30.0, 1000.0])


@pytest.mark.parametrize("name", ["width_runs", "wide_trainings", "wide_starts"])
def test_they_repeat_and_depend_on_their_seed(name):
    assert all(changed_by_seed(name).values())


class TestSplit:
    @pytest.mark.parametrize("activation", ["shifted_relu", "erf"])
    @pytest.mark.parametrize("ridge", [0.0, 0.2])
    def test_the_risk_is_the_sum_of_its_parts(self, activation, ridge):
        """With a = c β + noise across: at least (1 - kept)² + nonlinear + noise variance."""
        for split in (
            attacked_split(WIDTHS, 4, 0.1, 0.25, ridge, activation),
            plain_split(WIDTHS, 4, 0.1, ridge, activation),
        ):
            least = 0.1 + (1 - split.kept) ** 2 + split.nonlinear
            assert (split.standard > least).all()
            c = activation_constants(activation)
            # s² = ‖a‖² + (κ_J/κ)·nonlinear, and A² - τ² = 1 - 2 kept + ‖a‖² + nonlinear
            length = split.standard - 0.1 - 1 + 2 * split.kept - split.nonlinear
            gradient = length + c.kappa_j / c.kappa * split.nonlinear
            np.testing.assert_allclose(split.grad_norm**2, gradient, rtol=1e-8)

    def test_risks_are_those_of_the_theory(self):
        for ridge in (0.0, 1e-3, 0.3):
            plain = plain_split(WIDTHS, 4, 0.1, ridge)
            risk, gradient = theory.rf_ridge_theory(WIDTHS, 4, 0.1, ridge)
            np.testing.assert_allclose(plain.standard, risk, rtol=1e-9)
            np.testing.assert_allclose(plain.grad_norm, gradient, rtol=1e-9)
        limit = theory.asymptotic_risk(WIDTHS, 4, tau2=0.1, eps=0.3, ridge=0.1)
        np.testing.assert_array_equal(
            attacked_split(WIDTHS, 4, 0.1, 0.3, 0.1).standard, limit.standard_risk
        )

    def test_where_the_model_is_zero_nothing_is_kept(self):
        split = attacked_split([0.1, 8.0], 4, 0.1, 1.2)
        assert split.kept[0] == split.nonlinear[0] == 0
        assert split.standard[0] == pytest.approx(1.1)
        assert split.kept[1] > 0

    def test_at_the_threshold_plain_training_has_no_risk(self):
        assert plain_split([4.0], 4, 0.1).standard == [math.inf]
        assert np.isfinite(plain_split([4.0], 4, 0.1, 0.01).standard).all()


class TestWidthRuns:
    def test_a_column_does_not_depend_on_the_grid(self):
        params = width_runs.params("test")
        whole, part = width_runs(params, 3), width_runs(params | {"psi1": (8.0,)}, 3)
        for name, values in part.items():
            np.testing.assert_array_equal(values[:, 0], whole[name][:, 1])

    def test_means_are_near_the_limit(self):
        params = width_runs.params("test") | {"d": 40, "psi1": (2.0, 9.0)}
        runs = [width_runs(params, seed) for seed in range(12)]
        for i, kind in enumerate(params["features"]):
            limit = width_limits(params["psi1"], params, kind)
            for name, wanted in limit.items():
                found = np.array([run[name][i] for run in runs])
                error = found.std(axis=0, ddof=1) / math.sqrt(len(found))
                off = np.abs(found.mean(axis=0) - wanted)
                assert (off < 3.5 * error + 0.03 * wanted + 0.4 / params["d"]).all(), name

    def test_the_risk_is_the_sum_of_its_parts(self):
        run = width_runs(width_runs.params("test"), 0)
        for fit in ("surrogate", "plain"):
            least = 0.01 + (1 - run[f"{fit}_kept"]) ** 2 + run[f"{fit}_nonlinear"]
            assert (run[f"{fit}_standard"] > least - 2e-6).all()


def test_an_attack_in_training_lowers_the_attacked_training_loss():
    run = EXPERIMENTS["wide_trainings"]
    found = run(run.params("test") | {"steps": 150}, 0)
    assert (found["attack_loss"] < found["surrogate_loss"]).all()
    assert (found["surrogate_loss"] < found["plain_loss"]).all()


def test_from_the_plain_fit_the_attacked_training_loss_falls_with_the_steps():
    run = EXPERIMENTS["wide_starts"]
    found = run(run.params("test"), 0)
    assert found["loss"][-1] < 0.95 * found["loss"][0]
    setting = run.params("test") | {"psi1": (12.0,), "steps": 1}
    twin = EXPERIMENTS["wide_trainings"](setting, 0)
    assert found["risk"][0] == twin["plain_risk"][0]
    assert found["loss"][0] == twin["plain_loss"][0]
    begun = run(run.params("test") | {"steps": (1,)}, 0)["loss"]
    assert begun[1] > (twin["plain_loss"] + twin["surrogate_loss"])[0] / 2


class TestCures:
    FOUND = EXPERIMENTS["width_cures"](EXPERIMENTS["width_cures"].params("test"), 0)

    def test_a_choice_is_never_worse_than_what_it_chooses_from(self):
        found = self.FOUND
        for name in ("radius", "ridge"):
            assert (found[name] <= found["untreated"]).all()
        assert (found["both"] <= found["ridge"]).all()

    def test_each_is_the_risk_of_a_model(self):
        found = self.FOUND
        for i, psi1 in enumerate(found["width"]):
            again = theory.asymptotic_risk(
                psi1, 4, tau2=0.01, eps=0.25, ridge=found["best_ridge"][i]
            ).adversarial_risk
            assert found["ridge"][i] <= again * (1 + 1e-12)
            plain = theory.rf_ridge_theory(psi1, 4, 0.01, found["best_alone"][i])
            assert found["alone"][i] == pytest.approx(theory.adversarial_risk(*plain, 0.25))


class TestRobustByWidth:
    @pytest.mark.parametrize("state", [(30.0, 0.25, 0.0, 0.01), (1.0, 0.9, 1.0, 0.25)])
    def test_its_numbers_are_the_limits(self, state):
        psi1, eps, ridge, tau2 = state
        seen = robust_by_width(*state)
        limit = theory.asymptotic_risk(psi1, 4, tau2=tau2, eps=eps, eps_test=0.25, ridge=ridge)
        plain = theory.rf_ridge_theory(psi1, 4, tau2, ridge)
        assert seen["attacked_here"] == pytest.approx(limit.adversarial_risk, rel=1e-9)
        assert seen["plain_here"] == pytest.approx(theory.adversarial_risk(*plain, 0.25), rel=1e-9)
        assert seen["null"] == 1 + tau2
        place = int(np.flatnonzero(seen["width"] == psi1)[0])
        assert seen["attacked"][place] == seen["attacked_here"]
        assert seen["kept_plain"][place] == seen["kept_plain_here"]

    def test_off_the_page_s_grid_it_computes_anew(self):
        seen = robust_by_width(17.0, 0.3, 0.05, 0.02)
        limit = theory.asymptotic_risk(17, 4, tau2=0.02, eps=0.3, eps_test=0.25, ridge=0.05)
        assert seen["attacked_here"] == pytest.approx(limit.adversarial_risk, rel=1e-9)
        near = np.argmin(np.abs(np.log(seen["width"] / 17)))
        assert seen["attacked"][near] == pytest.approx(limit.adversarial_risk, rel=0.1)

    def test_the_page_has_few_enough_states(self):
        assert len(STOPS) * len(RADII) * len(RIDGES) * 3 <= 2000


@pytest.mark.parametrize(
    ("tau2", "eps", "c", "risk"), [(0.01, 0.25, 0.9716, 0.1101), (0.25, 0.5, 0.7294, 0.7871)]
)
def test_best_linear(tau2, eps, c, risk):
    found = best_linear(tau2, eps)
    assert found == pytest.approx((c, risk), abs=5e-5)
    draws = np.random.default_rng(0)
    for b in draws.normal(size=(200, 3)) * 0.7:
        off = np.array([1.0, 0, 0]) - b
        other = theory.adversarial_risk(tau2 + off @ off, np.linalg.norm(b), eps)
        assert other >= found[1]
