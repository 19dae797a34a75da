"""The experiments of adversarially trained random features, at sizes of seconds."""

import math
import sys

import numpy as np
import pytest

from lipkit import regression
from lipkit.experiments import EXPERIMENTS, load_result
from lipkit.experiments.feature_equivalence import (
    gaussian_features,
    gaussian_matrix,
    gaussian_risk,
    without_second,
)
from lipkit.experiments.few_scalars import crosses, few_scalars, measured
from lipkit.experiments.surrogate_runs import draw, limits, robust, surrogate_runs
from lipkit.networks import activation_constants, sample_random_features
from lipkit.theory.adversarial_features import asymptotic_risk
from tests.conftest import ROOT
from tests.experiments.repeating import changed_by_seed

NAMES = "surrogate_runs", "feature_equivalence", "three_trainings"
STORED = load_result(ROOT / "book/static/results/surrogate_runs.json")


@pytest.mark.parametrize("name", NAMES)
def test_they_repeat_and_depend_on_their_seed(name):
    assert any(changed_by_seed(name).values())


class TestSurrogateRuns:
    def test_a_column_does_not_depend_on_the_grid(self):
        """So one width can be computed anew without the others."""
        params = surrogate_runs.params("test")
        whole = surrogate_runs(params | {"tau2": (0.1, 0.25)}, 3)
        part = surrogate_runs(params | {"psi1": (4.0,)}, 3)
        for name, values in part.items():
            np.testing.assert_array_equal(values[0], whole[name][1:, :, 1:][0])

    def test_the_axes_are_noise_radius_width(self):
        params = surrogate_runs.params("test") | {"tau2": (0.0, 4.0), "eps": (0.05, 0.4, 9.0)}
        found, wanted = surrogate_runs(params, 0), limits(params)
        for name in found:
            assert found[name].shape == wanted[name].shape == (2, 3, 2)
        np.testing.assert_array_equal(found["grad_norm"][:, 2], 0)  # an attack that ends it all
        np.testing.assert_allclose(found["standard"][:, 2], [[1, 1], [5, 5]])
        assert (found["objective"][1] > found["objective"][0]).all()
        risks = robust(found, params["eps"])
        assert (risks[:, :2] > found["standard"][:, :2]).all()
        np.testing.assert_allclose(risks[:, 2], found["standard"][:, 2])

    def test_the_draw(self):
        features, X, noise = draw(d=9, psi1=1.5, psi2=3, activation="erf", seed=4)
        assert (features.W.shape, X.shape, noise.shape) == ((14, 9), (27, 9), (27,))
        assert features.activation.name == "erf"
        assert not np.array_equal(
            draw(d=9, psi1=2, psi2=3, activation="erf", seed=4)[1], X
        )  # each width has its own


class TestGaussianFeatures:
    @pytest.mark.parametrize("name", ["relu", "erf"])
    def test_moments_are_those_that_the_matrices_say(self, name):
        c, draws = activation_constants(name), np.random.default_rng(0)
        W = sample_random_features(4, 6, activation=name, rng=1).W
        X = draws.normal(size=(200_000, 4))
        Z = gaussian_features(W, X, c, draws)
        covariance = c.mu1**2 * W @ W.T + c.mu_star2 * np.eye(6)
        np.testing.assert_allclose(Z.T @ Z / len(Z), covariance, atol=8e-3)
        np.testing.assert_allclose(np.diag(gaussian_matrix(W, c)), c.dmu2, rtol=1e-12)
        theta = draws.normal(size=6)
        square = (X[:, 0] + 0.5 * draws.normal(size=len(X)) - Z @ theta) ** 2
        error = 5 * square.std() / math.sqrt(len(square))
        assert abs(square.mean() - gaussian_risk(theta, W, c, 0.25)) < error

    def test_matrices_are_near_for_many_inputs(self):
        """Off the diagonal they differ by the second Hermite coefficient: none for erf."""
        gaps = {}
        for name in ("relu", "erf"):
            features = sample_random_features(400, 50, activation=name, rng=0)
            gap = features.gradient_matrix() - gaussian_matrix(features.W, features.constants)
            gaps[name] = np.abs(gap).max()
        assert gaps["erf"] < 0.2 * gaps["relu"]
        t = sample_random_features(400, 50, activation="relu", rng=0).W
        cosine = np.abs(t @ t.T - np.eye(50)).max()
        assert gaps["relu"] == pytest.approx(cosine**2 / (2 * math.pi), rel=0.05)


class TestWithoutSecond:
    def test_its_risk_is_that_of_fresh_points(self, monkeypatch):
        """The closed form of the altered features' risk, against a simulation of them."""
        kept, fit = {}, regression.adversarial_least_squares

        def keep(Z, *rest, **options):
            kept["theta"] = (found := fit(Z, *rest, **options)).theta
            return found

        module = sys.modules[without_second.__module__]
        monkeypatch.setattr(module, "adversarial_least_squares", keep)
        setting = {"psi2": 4.0, "tau2": 0.01, "eps": 0.25}
        ratio = 1 + without_second(8, 3.0, setting, 1)
        features, *_ = draw(d=8, psi1=3.0, psi2=4.0, activation="shifted_relu", seed=1)
        draws = np.random.default_rng(0)
        X = draws.normal(size=(100_000, 8))
        c2, second = 0.5 / math.sqrt(math.pi), ((X @ features.W.T) ** 2 - 1) / math.sqrt(2)
        Z = features.features(X) + c2 * (draws.normal(size=second.shape) - second)
        square = (X[:, 0] + 0.1 * draws.normal(size=len(X)) - Z @ kept["theta"]) ** 2
        limit = asymptotic_risk(3.0, 4.0, tau2=0.01, eps=0.25).standard_risk
        error = 5 * square.std() / math.sqrt(len(square))
        assert abs(square.mean() - ratio * limit) < error


class TestFewScalars:
    @pytest.mark.parametrize("state", [(4.0, 0.5, 0.25), (0.5, 1.0, 0.0), (8.0, 0.1, 1.0)])
    def test_its_numbers_are_the_limit_and_the_stored_means(self, state):
        psi1, eps, tau2 = state
        seen = few_scalars(*state, runs=STORED)
        limit = asymptotic_risk(psi1, 2, tau2=tau2, eps=eps)
        assert seen["robust_here"] == limit.adversarial_risk
        assert seen["nu"] == limit.nu
        assert math.isnan(seen["p"]) == limit.zero_phase
        i, j = STORED.params["tau2"].index(tau2), STORED.params["eps"].index(eps)
        k = STORED.params["psi1"].index(psi1)
        assert seen["standard_runs"] == pytest.approx(STORED.data["standard"][:, i, j, k].mean())
        assert seen["fitted_runs"] == pytest.approx(STORED.data["fitted"][:, i, j, k].mean())
        assert seen["null"] == 1 + tau2
        line = np.interp(math.log(psi1), np.log(seen["width"]), seen["robust"])
        assert line == pytest.approx(limit.adversarial_risk, rel=2e-2)

    def test_crosses_stand_at_the_means(self):
        means, errors = measured(STORED, 0.5, 0.25)
        x, y = crosses(np.array(STORED.params["psi1"]), means["robust"], errors["robust"])
        assert len(x) == 6 * len(STORED.params["psi1"])
        np.testing.assert_allclose(y[0::6], means["robust"])
        np.testing.assert_allclose((y[4::6] - y[3::6]) / 2, errors["robust"])
        assert np.isnan(y[2::3]).all()

    def test_what_was_not_stored_is_refused(self):
        with pytest.raises(ValueError, match=r"got 0\.3, expected one of the stored"):
            few_scalars(4.0, 0.3, 0.25, runs=STORED)


def test_adversarial_training_lowers_the_attacked_training_loss():
    run = EXPERIMENTS["three_trainings"]
    found = run(run.params("test") | {"steps": 200}, 0)
    assert (found["attack_loss"] < found["surrogate_loss"]).all()
    assert (found["attack_loss"] > 0.8 * found["surrogate_loss"]).all()
    assert (found["surrogate_loss"] <= 1.02 * found["surrogate_linear"]).all()
    assert ((found["moved"] > 0.01) & (found["moved"] < 0.5)).all()
