"""The experiments of the universal law: what each must show, at sizes of seconds."""

import math
from itertools import pairwise

import numpy as np
import pytest

from lipkit.data import digits, generic
from lipkit.experiments import EXPERIMENTS
from lipkit.experiments.digits import SIZES
from lipkit.experiments.law_map import KNOWN, POINTS, last_parameter, law, law_map
from lipkit.experiments.trained_widths import trained
from lipkit.theory.robustness_law import bubeck_sellke_bound, parametric_law
from tests.experiments.repeating import changed_by_seed


@pytest.mark.parametrize("name", ["dropped_hypotheses", "lost_constants", "trained_widths"])
def test_they_repeat_and_depend_on_their_seed(name):
    assert any(changed_by_seed(name).values())


# -- the map -------------------------------------------------------------------------------------
@pytest.mark.parametrize("p", [50, 10**6])
@pytest.mark.parametrize("weight", [1.0, 1e4])
def test_the_map_calls_the_laws(p, weight):
    W, J = 2 * weight * math.sqrt(p), (weight * p) ** 2
    printed = bubeck_sellke_bound(10**6, 300, p, 0.99, 0.01, W=W, J=J).value
    assert law(10**6, 300, p, weight) == printed
    assert law(10**6, 300, p, weight, "one") == pytest.approx(512 * printed)
    tilted = bubeck_sellke_bound(10**6, 300, p, 0.99, 0.01, W=W, J=math.sqrt(2)).value
    assert law(10**6, 300, p, weight, linear=True) == tilted
    assert law(10**6, 300, p, weight, "derived") == parametric_law(10**6, 300, p, W, J).value
    assert math.isnan(law(1000, 300, p, weight))


@pytest.mark.parametrize("weight", [1.0, 10.0])
def test_two_layers_move_by_at_most_what_the_map_allows(weight):
    rng = np.random.default_rng(0)
    for k, d in ((1, 1), (2, 3), (10, 5)):
        p = k * (d + 2)
        for extreme in (True, False):
            draw = rng.choice([-1.0, 1.0], p) if extreme else rng.uniform(-1, 1, p)
            W, b, a = np.split(weight * draw, [k * d, k * d + k])
            x = generic(1, d, rng=1).X[0]
            z = W.reshape(k, d) @ x + b
            on = (z > 0) * a
            slope = np.concatenate([np.outer(on, x).ravel(), on, np.maximum(z, 0)])
            assert np.linalg.norm(slope) <= (weight * p) ** 2


def test_the_map_refuses_another_constant():
    with pytest.raises(ValueError, match="constant"):
        law(10**6, 100, 10, 1.0, "two")


@pytest.mark.parametrize("constant", ["printed", "derived", "one"])
def test_the_edge_is_where_the_law_crosses_two(constant):
    for n in (10**5, 10**8):
        edge = last_parameter(n, 10**4, 10.0, constant)
        assert law(n, 10**4, int(edge), 10.0, constant) > 2
        assert law(n, 10**4, int(1.002 * edge) + 1, 10.0, constant) <= 2


@pytest.mark.parametrize("constant", ["printed", "derived", "one"])
@pytest.mark.parametrize("data", ["CIFAR-10", "ImageNet"])
def test_the_last_number_that_is_printed_is_the_last(data, constant):
    n, d, *_ = KNOWN[data]
    last = law_map(data, 1, constant)["last"]
    assert isinstance(last, int)  # and so shown in full
    assert law(n, d, last, 10.0, constant) > 2 >= law(n, d, last + 1, 10.0, constant)


def test_the_region_grows_with_n_and_shrinks_with_the_weights():
    seen = [law_map("CIFAR-10", weights, "printed")["edge"] for weights in (0, 3, 6)]
    for edge in seen:
        speaks = ~np.isnan(edge)
        assert (np.diff(speaks.astype(int)) >= 0).all()
        assert (np.diff(edge[speaks]) > 0).all()
    both = ~np.isnan(seen[2])
    assert (seen[0][both] >= seen[1][both]).all()
    assert (seen[1][both] >= seen[2][both]).all()
    assert (seen[0][both] < POINTS[both] * KNOWN["CIFAR-10"].d).all()  # below the slogan


def test_a_data_set_without_a_larger_network_says_so():
    digits = law_map("digits", 0, "printed")
    assert math.isnan(digits["larger"])
    assert math.isnan(digits["law_larger"])
    assert digits["upto"] == "no number of"
    assert law_map("ImageNet", 0, "printed")["upto"].startswith("at most 6,")


def test_the_digits_of_the_map_are_those_of_the_book():
    known = KNOWN["digits"]
    assert digits(rng=0).train.X.shape == (known.n, known.d)
    assert sum((inputs + 1) * outputs for inputs, outputs in pairwise(SIZES)) == known.parameters


# -- training ------------------------------------------------------------------------------------
def test_a_run_of_one_width_does_not_depend_on_the_others():
    run = EXPERIMENTS["trained_widths"]
    params = run.params("test") | {"steps": 50}
    both = run(params, 0)
    wide = run(params | {"widths": (80,)}, 0)
    np.testing.assert_array_equal(both["found"][:, 1:], wide["found"])


def test_training_fits_and_the_penalty_flattens():
    run = EXPERIMENTS["trained_widths"]
    found = run(run.params("test") | {"widths": (80,)}, 0)
    assert (found["error"] < 0.02).all()
    assert (found["probed"] <= found["found"]).all()
    assert (found["found"] <= found["product"]).all()
    assert found["found"][1, 0] < 0.8 * found["found"][0, 0]


def test_the_trained_network_is_the_one_that_was_trained():
    X, y = generic(20, 5, rng=0)
    params = {"lr": 1e-2, "steps": 2000}
    f = trained(X, y, 40, 0.0, params, 0)
    assert f.width == 41  # the output's bias is a neuron that is always on
    np.testing.assert_array_equal(f.W[-1], 0)
    assert f.b[-1] == 1
    assert np.mean((f(X) - y) ** 2) < 0.02
