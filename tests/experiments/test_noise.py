"""The experiments of *Fitting noise*: what each must show, at sizes of seconds."""

import numpy as np
import pytest

from lipkit.data import generic
from lipkit.experiments import EXPERIMENTS
from lipkit.theory.robustness_law import (
    cap_lipschitz,
    cap_network,
    interpolation_floor,
    linear_law,
    matching_law,
)
from tests.experiments.repeating import changed_by_seed


@pytest.mark.parametrize("name", ["noise_by_class", "floor_by_dimension"])
def test_they_repeat_and_depend_on_their_seed(name):
    assert any(changed_by_seed(name).values())


@pytest.mark.parametrize("seed", range(3))
def test_every_class_lies_between_its_law_and_its_fit(seed):
    sizes = {"d": 12, "linear": (2, 6, 10), "forms": (12, 40, 70), "tol": 1e-3}
    seen = EXPERIMENTS["noise_by_class"](sizes, seed)
    np.testing.assert_array_equal(seen["n"], [2, 6, 10, 12, 40, 70])
    assert (seen["matching"] <= seen["floor"] * (1 + 1e-12)).all()
    assert (np.diff(seen["floor"]) >= 0).all()  # n grows along one draw
    assert (seen["floor"] <= seen["caps"] * (1 + 1e-12)).all()
    assert (seen["linear_law"] <= seen["linear_fit"] * (1 + 1e-9)).all()
    assert (seen["floor"][:3] <= seen["linear_fit"] * (1 + 1e-9)).all()
    assert (seen["form_law"] <= seen["form_found"] * (1 + 1e-9)).all()
    assert (seen["form_proved"] <= seen["form_found"] * (1 + 1e-9)).all()
    assert (np.diff(seen["form_proved"]) > -1e-3 * seen["form_proved"][1:]).all()


def test_the_data_are_balanced_and_the_caps_a_network():
    seen = EXPERIMENTS["noise_by_class"]({"d": 12, "linear": (6,), "forms": (20,), "tol": 0.1}, 4)
    X, _ = generic(20, 12, rng=4)
    y = np.resize([1.0, -1.0], 20)
    assert seen["linear_law"][0] == linear_law(X[:6], y[:6]).value
    assert seen["floor"][1] == interpolation_floor(X, y).value
    assert seen["matching"][1] == matching_law(X, y).value
    t = np.sqrt((1 + np.max(X @ X.T - 3 * np.eye(20))) / 2)
    assert seen["caps"][1] == pytest.approx(cap_lipschitz(X, t).value)
    np.testing.assert_allclose(cap_network(X, y, t)(X), y, atol=1e-9)


def test_the_floor_lies_above_what_the_dimension_forces():
    seen = EXPERIMENTS["floor_by_dimension"]({"n": 300, "dims": (2, 3, 50)}, 0)
    assert (seen["law"] <= seen["floor"]).all()
    assert (np.diff(seen["floor"]) < 0).all()
    assert seen["law"][1] == pytest.approx(150 ** (1 / 3) - 1)
