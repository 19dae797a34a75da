"""The experiments of the laws of robustness: what each must show, at sizes of seconds."""

import math

import numpy as np
import pytest

from lipkit.experiments import EXPERIMENTS
from lipkit.theory.robustness_law import two_layer_law
from tests.experiments.repeating import changed_by_seed

NAMES = ("quadratic_fit", "group_probes", "vacuity", "log_weights", "log_depth", "complexities")


@pytest.mark.parametrize("name", NAMES)
def test_they_repeat_and_depend_on_their_seed(name):
    drawn = any(changed_by_seed(name).values())
    assert drawn == (name != "log_weights")  # a formula: nothing is drawn


def test_the_flattest_form_lies_between_its_law_and_the_easy_fit():
    run = EXPERIMENTS["quadratic_fit"]
    for seed in range(3):
        found = run({"d": 12, "shares": (0.1, 0.4, 0.8), "tol": 1e-3}, seed)
        np.testing.assert_array_equal(found["n"], [8, 31, 62])
        assert (found["law"] <= found["found"] * (1 + 1e-9)).all()
        assert (found["proved"] <= found["found"] * (1 + 1e-9)).all()
        assert (found["found"] <= found["frobenius"] * (1 + 1e-9)).all()
        assert (found["floor"] <= found["found"]).all()
        assert found["gap"] <= 1e-3 * (1 + 1e-9)
        assert found["fit_error"] < 1e-9
        assert (np.diff(found["found"] / found["law"]) > 0).all()  # the law is left behind


def test_the_digests_quadratics():
    found = EXPERIMENTS["quadratic_fit"](EXPERIMENTS["quadratic_fit"].params("quick"), 0)
    assert found["n"] == pytest.approx([37, 69, 139, 232, 325], abs=1)
    assert found["found"] == pytest.approx([3.07, 4.16, 6.57, 10.7, 18.6], rel=0.06)
    assert found["law"] == pytest.approx([2.89, 3.81, 5.24, 6.80, 8.14], rel=0.05)
    assert found["frobenius"] == pytest.approx([4.96, 6.00, 9.41, 15.5, 25.2], rel=0.08)
    slope = np.polyfit(np.log(found["n"]), np.log(found["law"]), 1)[0]
    assert slope == pytest.approx(0.47, abs=0.03)


def test_random_points_see_nothing_of_the_groups():
    params = {"n": 200, "d": 600, "groups": (1, 2, 4), "points": 500, "beside": 50, "trials": 30}
    found = EXPERIMENTS["group_probes"](params, 0)
    assert found["fit_error"] < 1e-8
    np.testing.assert_array_equal(found["k"], [200, 100, 50])
    assert (found["random"] == 0).all()
    assert (found["random"] <= found["near"]).all()
    assert (found["near"] < found["witness"]).all()
    assert (found["witness"] <= found["product"]).all()
    assert (found["witness"] < 4 * 200 / found["k"] * 1.2).all()
    slope = np.polyfit(np.log(200 / found["k"]), np.log(found["witness"]), 1)[0]
    assert 0.8 < slope < 1.05
    assert found["floor"] < 3


class TestVacuity:
    @pytest.mark.parametrize("points", ["circle", "sq4"])
    def test_where_the_law_exceeds_1_nothing_fits(self, points):
        budgets = tuple(float(b) for b in np.geomspace(0.1, 100, 31))
        params = {"points": points, "n": 20, "budgets": budgets, "draws": 300, "labels": 50}
        for seed in range(3):
            found = EXPERIMENTS["vacuity"](params, seed)
            np.testing.assert_array_equal(found["given"] > 1, found["can_fit"] == 0)
            np.testing.assert_array_equal(found["budget"] >= found["edge"], found["can_fit"] == 1)
            assert found["given"] == pytest.approx(found["edge"] / found["budget"])
            at_edge = 1 / (found["edge"] * found["rho"])
            assert at_edge == pytest.approx(found["own_edge"])
            assert (found["given"][found["can_fit"] == 1] <= found["floor"]).all()

    def test_the_digests_edges(self):
        run = EXPERIMENTS["vacuity"]
        square = run(run.params("quick") | {"points": "sq4"}, 0)
        assert set(np.round(square["at_edge"], 3)) == {0.734, 1.038}
        assert square["half_width"] == 0
        circle = run(run.params("quick"), 0)
        assert 0.15 < circle["at_edge"].min() < 0.6
        assert 1.7 < circle["at_edge"].max() < 2.9
        assert np.median(circle["at_edge"]) == pytest.approx(0.97, abs=0.1)
        assert np.mean(circle["at_edge"]) == pytest.approx(1, abs=0.1)


def test_a_million_in_the_weights_costs_a_factor_of_2_4():
    run = EXPERIMENTS["log_weights"]
    found = run(run.params("quick"), 0)
    assert found["by_weight"][0] / found["by_weight"][-1] == pytest.approx(2.4, abs=0.05)
    assert found["by_width"] == pytest.approx([12.85, 6.04, 2.86, 1.36, 0.65], abs=0.005)
    assert found["slope"] == pytest.approx(-0.54, abs=0.005)
    assert (found["by_width"] < found["conjectured"] / 20).all()
    k = int(found["silent"])
    assert abs(k - 1140) < 10
    laws = [two_layer_law(10**6, 100, at, 10, 10).value for at in (k - 1, k)]
    assert laws[0] > 1 >= laws[1]


def test_depth_grows_like_log_n_on_both_sides():
    run = EXPERIMENTS["log_depth"]
    found = run(run.params("quick"), 0)
    assert (found["needed"] <= found["built"]).all()
    assert dict(zip(found["n"], found["built"], strict=True)).items() >= {
        (50, 8),
        (200, 10),
        (800, 12),
    }
    assert found["largest_norm"] <= 3 * (1 + 1e-12)
    assert found["fit_error"] < 1e-12
    assert np.ptp(found["lipschitz"]) == 0
    assert found["slope_needed"] == pytest.approx(0.46, abs=0.005)
    assert found["slope_built"] == pytest.approx(1.33, abs=0.005)
    grown = (found["built"][-1] - found["built"][0]) / math.log(found["n"][-1] / found["n"][0])
    assert grown == pytest.approx(found["slope_built"], abs=0.25)  # a staircase along that line


def test_complexities_drawn_and_exact_and_their_rates():
    run = EXPERIMENTS["complexities"]
    found = run(run.params("quick"), 0)
    for name, exact in (
        ("linear", (2 + math.sqrt(2)) / 8),
        ("quadratic", 0.25),
        ("neuron", (1 + 7 * math.sqrt(2)) / 32),
        ("ball", (6 + 5 * math.sqrt(2)) / 16),
    ):
        assert found[f"exact_{name}"] == pytest.approx(exact)
        assert abs(found[f"drawn_{name}"] - exact) <= found[f"width_{name}"]
    root = np.sqrt(found["n"])
    assert root * found["linear"] == pytest.approx(np.ones(5), abs=0.03)
    assert (root * found["neuron"] < 1).all()  # the digest saw 0.82 to 0.94 in the plane
    assert (root * found["neuron"] > 0.7).all()
    slopes = {
        name: np.polyfit(np.log(found["n"]), np.log(found[name]), 1)[0]
        for name in ("ball_plane", "ball_high")
    }
    assert slopes["ball_plane"] == pytest.approx(-0.5, abs=0.12)
    assert abs(slopes["ball_high"]) < 0.1
