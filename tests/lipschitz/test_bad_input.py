"""The digest's table of wrong inputs, one named test each, for what this room takes."""

import math

import numpy as np
import pytest

from lipkit.lipschitz import (
    METHODS,
    certify_lower,
    crown,
    eclipse_fast,
    exact_plane,
    exact_shallow,
    interval,
    mip_shallow,
    seqlip,
)
from lipkit.lipschitz._multipliers import certified_bound
from lipkit.networks import ReluNetwork, sample_random_relu
from tests.lipschitz.oracles import FLAT, TINY

WIDE = sample_random_relu(3, 30, 1, rng=0)


def call(name, network, **options):
    options = {"p": 1 if name == "mip_shallow" else 2} | options
    return METHODS[name](network, **options)


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("p", [0.999, 0, -1, -math.inf, math.nan])
def test_p_below_one(name, p):
    with pytest.raises(ValueError, match=r"p: got .*, expected 1 <= p <= inf; use 1, 2 or numpy"):
        call(name, TINY, p=p)


@pytest.mark.parametrize("name", METHODS)
def test_p_that_is_no_number(name):
    for p in ("2", None, True, [2]):
        with pytest.raises(TypeError, match=r"p: got .*, expected a number in \[1, inf\]"):
            call(name, TINY, p=p)


@pytest.mark.parametrize("name", METHODS)
def test_a_box_of_the_wrong_shape(name):
    with pytest.raises(ValueError, match=r"box lower: got shape \(3,\), expected \(2,\)"):
        call(name, TINY, box=(np.zeros(3), np.ones(3)))


@pytest.mark.parametrize("method", [interval, crown])
def test_a_radius_below_zero_is_an_empty_box(method):
    x, radius = np.array([1.0, 0.3]), -0.1
    with pytest.raises(ValueError, match="expected lower < upper everywhere"):
        method(TINY, box=(x - radius, x + radius))


def test_weights_that_do_not_fit_or_are_not_finite():
    with pytest.raises(ValueError, match=r"weights\[1\]: got shape \(1, 3\), expected 4"):
        ReluNetwork([np.ones((4, 2)), np.ones((1, 3))])
    with pytest.raises(ValueError, match=r"weights\[0\]: got NaN or infinite"):
        ReluNetwork([[[math.inf]]])


def test_exact_plane_wants_two_inputs_and_no_biases():
    with pytest.raises(ValueError, match="got 3 inputs, expected 2"):
        exact_plane(WIDE)
    with pytest.raises(ValueError, match="got biases and no box"):
        exact_plane(sample_random_relu(2, 3, 1, bias="normal", rng=0))


def test_exact_shallow_is_never_invalid_for_few_or_repeated_rows():
    few = sample_random_relu(9, 3, 1, bias="normal", rng=0)
    assert exact_shallow(few).kind == "exact"
    rows = np.repeat(few.weights[0], 3, axis=0)
    repeated = ReluNetwork([rows, np.repeat(few.weights[1] / 3, 3, axis=1)],
                           [np.repeat(few.biases[0], 3), [0]])  # fmt: skip
    assert exact_shallow(repeated).value == pytest.approx(exact_shallow(few).value, rel=1e-12)
    assert exact_shallow(repeated).kind == "exact"


def test_lipsdp_whose_solver_fails_would_say_infinity():
    assert certified_bound(TINY.weights, [np.full(4, 1e-9)]) == (math.inf, False)


def test_eclipse_with_a_zero_layer_is_zero():
    assert eclipse_fast(ReluNetwork([np.zeros((3, 2)), np.ones((1, 3))])).value == 0


def test_seqlip_beyond_22_neurons_is_still_exact_by_branching():
    bound = seqlip(WIDE)
    assert bound.details["maximum"] == [True]
    assert bound.value >= exact_shallow(WIDE).value


def test_mip_for_another_p_and_at_the_origin():
    with pytest.raises(ValueError, match="p: got 2, expected 1 or inf"):
        mip_shallow(TINY)
    with pytest.warns(UserWarning, match="faces=False"):
        mip_shallow(TINY, 1, faces=False)


def test_certify_at_a_kink():
    with pytest.raises(ValueError, match="x: got a point at a kink"):
        certify_lower(FLAT, [0.0])


def test_a_bias_law_without_a_name():
    with pytest.raises(ValueError, match="bias: got 'lognormal', expected one of 'zero'"):
        sample_random_relu(2, 3, 1, bias="lognormal", rng=0)
