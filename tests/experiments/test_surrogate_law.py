"""What the surrogate fits exactly, how gradients concentrate, and the cases known otherwise."""

import math

import numpy as np
import pytest
from scipy import stats

from lipkit.experiments import load_result
from lipkit.experiments.exact_fits import GRID, exact_fits, kolmogorov, residual_limits
from lipkit.experiments.gradient_spread import BINS, gradient_spread, spread_exponent
from lipkit.experiments.order_of_limits import order_of_limits, still_from
from lipkit.experiments.reductions import mei_montanari_risk, reduction_lines, reductions
from lipkit.experiments.surrogate_runs import surrogate_runs
from lipkit.networks import sample_random_features
from lipkit.regression import rf_risks, ridge_least_squares
from lipkit.theory.adversarial_features import (
    adversarial_rf_theory,
    asymptotic_risk,
    linear_adversarial_theory,
    residual_law,
    rf_ridge_theory,
)
from tests.conftest import ROOT
from tests.experiments.repeating import changed_by_seed
from tests.theory.adversarial_features.digits import assert_agrees

RESULTS = ROOT / "book/static/results"


@pytest.mark.parametrize("name", ["exact_fits", "gradient_spread"])
def test_they_repeat_and_depend_on_their_seed(name):
    assert any(changed_by_seed(name).values())


# -- E3 ------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def runs():
    """Twenty training sets of 100 points, every result stacked over them."""
    found = [exact_fits(exact_fits.params("test") | {"d": 50}, seed) for seed in range(20)]
    return {name: np.array([run[name] for run in found]) for name in found[0]}


def mean(values):
    return values.mean(axis=0), values.std(axis=0, ddof=1) / math.sqrt(len(values))


class TestExactFits:
    def test_runs_have_the_law_of_the_theory(self, runs):
        """Three standard errors, and the 0.03 that the digest's table 8.1 shows at this size."""
        for name in ("atom", "share"):
            found, error = mean(runs[name])
            off = np.abs(found - runs[f"{name}_limit"][0])
            assert (off < 3 * error + 0.03).all(), name

    def test_a_law_without_the_atom_would_be_seen(self, runs):
        """Folded Gaussians of the same second moment: no run is near them where many are fitted."""
        limits, (found, error) = residual_limits(exact_fits.params("test")), mean(runs["share"])
        for i, limit in enumerate(limits[1:], start=1):
            folded = stats.halfnorm.cdf(GRID, scale=math.sqrt(limit.train_mse))
            assert np.abs(found[i] - folded).max() > 0.1 + 3 * error[i].max()

    def test_the_distance_is_that_of_a_sample(self, runs):
        """Of 100 points: Kolmogorov's law, where a run's law also moves as a whole."""
        assert (np.median(runs["distance"], axis=0) < stats.kstwo.ppf(0.9, 100)).all()
        spread = runs["atom"].std(axis=0, ddof=1)
        assert (runs["distance"] < stats.kstwo.ppf(0.99, 100) + 2 * spread).all()

    def test_its_fits_are_those_of_the_surrogate_runs(self):
        params = exact_fits.params("test")
        run = exact_fits(params, 2)
        question = surrogate_runs.params("test") | {
            "d": params["d"], "psi1": (params["psi1"],), "eps": params["eps"],
        }  # fmt: skip
        np.testing.assert_array_equal(run["atom"], surrogate_runs(question, 2)["fitted"][0, :, 0])

    def test_the_atom_is_the_share_at_zero(self, runs):
        np.testing.assert_array_equal(runs["atom"], runs["share"][..., 0])
        np.testing.assert_array_equal(runs["atom_limit"], runs["share_limit"][..., 0])
        gap = np.abs(runs["share"] - runs["share_limit"]).max(axis=-1)
        assert (runs["distance"] >= gap - 2e-6).all()  # the grid sees no more than all r

    def test_kolmogorov_beside_scipy(self):
        """A law without an atom, where SciPy has the same number."""
        zero = asymptotic_risk(2, 2, tau2=0.25, eps=9.0)
        sizes = np.abs(np.random.default_rng(0).normal(size=70))
        other = stats.kstest(sizes, lambda r: residual_law(zero, r)).statistic
        assert kolmogorov(sizes, zero) == pytest.approx(other, abs=1e-12)

    def test_the_stored_runs_have_the_law(self):
        stored = load_result(RESULTS / "exact_fits.json")
        assert (stored.tier, stored.params["d"], len(stored.seeds)) == ("standard", 200, 20)
        data = {name: np.asarray(values) for name, values in stored.data.items()}
        for name in ("atom", "share"):
            found, error = mean(data[name])
            off = np.abs(found - data[f"{name}_limit"][0])
            assert (off < 3.5 * error + 0.01).all(), name
        assert (np.median(data["distance"], axis=0) < stats.kstwo.ppf(0.9, 400)).all()
        spread = data["atom"].std(axis=0, ddof=1)  # a run's law also moves as a whole
        assert (data["distance"] < stats.kstwo.ppf(0.99, 400) + 2 * spread).all()


# -- E5 ------------------------------------------------------------------------------------------
class TestGradientSpread:
    def test_the_spread_falls_with_the_root_of_the_inputs(self):
        """Within three errors and 0.08 for small sizes; a power of -1/4 or -3/4 is excluded."""
        params = gradient_spread.params("test") | {"dims": (12, 25, 50), "points": 300}
        runs = [gradient_spread(params, seed) for seed in range(12)]
        power, error = spread_exponent(params["dims"], [run["sd"] for run in runs])
        assert error < 0.05
        assert abs(power + 0.5) < 3 * error + 0.08
        assert min(abs(power + 0.25), abs(power + 0.75)) > 3 * error

    def test_the_stored_runs_fall_with_the_root_of_the_inputs(self):
        stored = load_result(RESULTS / "gradient_spread.json")
        assert stored.params["dims"] == (50, 100, 200)
        sd = stored.data["sd"] / stored.data["grad_norm"]
        power, error = spread_exponent(stored.params["dims"], sd)
        assert error < 0.02
        assert abs(power + 0.5) < 3 * error + 0.02

    def test_the_mean_square_is_the_gradient_norm(self):
        """E ||grad f||² = ||J theta||² exactly, for any theta: four errors of 4000 points."""
        params = gradient_spread.params("test") | {"points": 4000, "dims": (10,)}
        run = gradient_spread(params, 1)
        square = run["mean"] ** 2 + run["sd"] ** 2
        error = 2 * run["mean"] * run["sd"] / math.sqrt(4000)
        assert abs(square - run["grad_norm"] ** 2)[0] < 4 * error[0] + 1e-4

    def test_the_attack_stays_near_the_formula(self):
        stored = load_result(RESULTS / "gradient_spread.json")
        data = {name: np.asarray(values).mean(axis=0) for name, values in stored.data.items()}
        np.testing.assert_allclose(data["loss_ratio"], 1, atol=0.01)
        low, middle, high = data["reached"].T
        np.testing.assert_allclose(middle, 1, atol=0.02)
        np.testing.assert_allclose([low, high], 1, atol=0.1)
        assert (np.diff(high - low) < 0).all()

    def test_the_histogram_counts_points(self):
        run = gradient_spread(gradient_spread.params("test"), 0)
        assert run["histogram"].shape == (2, len(BINS) - 1)
        middles = (BINS[1:] + BINS[:-1]) / 2
        for i in range(2):
            assert 0.8 < run["histogram"][i].sum() <= 1 + 1e-4
            mean = run["histogram"][i] @ middles / run["histogram"][i].sum()
            assert mean == pytest.approx(run["mean"][i] / run["grad_norm"][i], abs=0.06)

    def test_the_exponent_of_a_power(self):
        dims = np.array([10.0, 30.0, 200.0])
        assert spread_exponent(dims, dims**-0.7 * np.array([[1.0], [3.0]])) == (-0.7, 0.0)

    def test_a_stored_seed_is_recomputed(self):
        stored = load_result(RESULTS / "gradient_spread.json")
        again = gradient_spread(stored.params | {"dims": (50,)}, 3)
        for name, values in again.items():
            old = np.asarray(stored.data[name])[3][:1]
            np.testing.assert_allclose(values, old, rtol=1e-3, atol=3e-3)


# -- E4 ------------------------------------------------------------------------------------------
class TestOrderOfLimits:
    FOUND = order_of_limits(order_of_limits.params("test"), 0)

    def test_narrow_models_tend_to_least_squares_and_wide_ones_do_not(self):
        found = self.FOUND
        small, none = found["small_standard"], found["none_standard"]
        assert small[0] == none[0]
        assert (small[1:] > 1.04 * none[1:]).all()
        gap = np.abs(found["standard"][:, 0] / small - 1)
        assert gap[0] < 4e-3  # of order eps
        np.testing.assert_allclose(gap[1:], 0, atol=1e-9)
        away = np.abs(found["standard"][1:, 0] / none[1:] - 1)
        assert (away > 0.04).all()

    def test_the_gap_of_a_narrow_model_is_of_the_order_of_the_radius(self):
        params = order_of_limits.params("test") | {"least": 1e-5, "most": 1e-3, "radii": 3}
        found = order_of_limits(params, 0)
        gap = np.abs(found["standard"][0] - found["small_standard"][0])
        np.testing.assert_allclose(gap[1:] / gap[:-1], 10, rtol=0.02)

    def test_without_an_attack_it_is_the_least_norm_of_a_run(self):
        """psi1 = 4, d = 60: the ridgeless fits of 20 draws, three errors and 4 %."""
        risks = []
        for seed in range(20):
            draws = np.random.default_rng(seed)
            features = sample_random_features(60, 240, activation="shifted_relu", rng=draws)
            X = draws.normal(size=(120, 60))
            y = X[:, 0] + 0.5 * draws.normal(size=120)
            theta = ridge_least_squares(features.features(X), y)
            risks.append(
                rf_risks(theta, features.W, np.eye(60)[0], 0.25, 0, "shifted_relu").standard
            )
        error = np.std(risks, ddof=1) / math.sqrt(20)
        wanted = self.FOUND["none_standard"][1]
        assert abs(np.mean(risks) - wanted) < 3 * error + 0.04 * wanted
        assert abs(np.mean(risks) - wanted) < abs(np.mean(risks) - self.FOUND["small_standard"][1])

    def test_still_from(self):
        radii = np.array([1.0, 2.0, 3.0, 4.0])
        assert still_from(np.array([5.0, 5.0, 6.0, 5.0]), 5.0, radii) == 2.0
        assert still_from(np.full(4, 5.0), 5.0, radii) == 4.0
        assert math.isnan(still_from(np.full(4, 5.1), 5.0, radii))

    def test_the_threshold_is_refused(self):
        with pytest.raises(ValueError, match=r"psi1: got \(2.0,\), expected none equal to psi2"):
            order_of_limits(order_of_limits.params("test") | {"psi1": (2.0,)}, 0)


# -- E8 ------------------------------------------------------------------------------------------
class TestReductions:
    PARAMS = reductions.params("test")
    FOUND = reductions(PARAMS, 0)

    def test_plain_training_is_mei_and_montanaris(self):
        assert (self.FOUND["plain_off"] < 1e-12).all()

    def test_linear_regression_is_the_direct_search(self):
        assert (self.FOUND["linear_off"] < 1e-6).all()

    def test_a_vanishing_nonlinearity_leaves_linear_regression(self):
        """And the difference vanishes with it, in proportion."""
        assert (self.FOUND["features_off"] < 1e-5).all()
        coarse = reductions(self.PARAMS | {"nearly": 1e-5}, 0)["features_off"]
        np.testing.assert_allclose(coarse / self.FOUND["features_off"], 10, rtol=0.05)

    @pytest.mark.parametrize(("ratio", "eps"), [(1.5, 0.5), (3.0, 0.75)])
    def test_a_small_nonlinearity_of_fixed_shape_does_not(self, ratio, eps):
        """Labels keep a place whose price is kappa_J/kappa, however small both are."""
        told = linear_adversarial_theory(ratio, 0.25, eps).standard_risk
        shapes = [
            adversarial_rf_theory(2 * (1 + ratio), ratio, 0.25, eps, kappa_j / 3, kappa_j)
            for kappa_j in (1e-5, 1e-7)
        ]
        near, nearer = (shape.standard_risk for shape in shapes)
        assert nearer == pytest.approx(near, rel=1e-4)
        assert nearer > 1.2 * told

    @pytest.mark.parametrize(
        ("given", "printed"),
        [((0.5, 2, 0.25, 0.1), "1.12264616"), ((2, 2, 0.25, 0.01), "1.05605130"),
         ((5, 3, 0.1, 0.05), ".329112680"), ((8, 2, 0.25, 0.001), ".583773877"),
         ((3, 2, 0.25, 0), "1.38682438"), ((10, 2, 0.25, 0), ".549799739")],
    )  # fmt: skip
    def test_their_formula_has_the_digest_s_values(self, given, printed):
        psi1, psi2, tau2, lam = given
        assert_agrees(mei_montanari_risk(psi1, psi2, tau2, psi1 * lam), printed)

    @pytest.mark.parametrize(("psi1", "psi2"), [(0.3, 1.0), (3.0, 1.0), (7.0, 9.0), (12.0, 2.5)])
    @pytest.mark.parametrize("ridge", [1e-3, 0.3, 20.0])
    def test_the_two_roads_agree_elsewhere(self, psi1, psi2, ridge):
        ours = rf_ridge_theory(psi1, psi2, 0.3, ridge).standard_risk
        assert mei_montanari_risk(psi1, psi2, 0.3, ridge) == pytest.approx(ours, rel=1e-9)

    def test_a_line_for_each(self):
        lines = reduction_lines(self.PARAMS, self.FOUND)
        assert len(lines) == 1 + 8 + 2 + 2
        assert "1.3868244" in lines[3]
