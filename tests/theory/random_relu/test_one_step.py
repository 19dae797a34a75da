"""One step along a coordinate: below the truth, following its law, at the digest's sizes."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lipkit.lipschitz import exact_shallow
from lipkit.networks import ReluNetwork, sample_random_relu
from lipkit.theory.random_relu import gaussian_dual_norm, one_step_law, one_step_lower_bound


@given(st.integers(0, 10**6), st.integers(2, 4), st.integers(1, 10), st.sampled_from([0, 1]))
@settings(max_examples=30)
def test_never_above_the_exact_constant(seed, d, width, biased):
    f = sample_random_relu(d, width, 1, bias=("zero", "normal")[biased], rng=seed)
    bound = one_step_lower_bound(f)
    assert bound.value <= exact_shallow(f, 1).value * (1 + 1e-9)
    assert (bound.kind, bound.norm) == ("lower", (1, 1))
    each = [one_step_lower_bound(f, j).value for j in range(d)]
    assert bound.value == max(each)
    assert bound.details["coordinate"] == int(np.argmax(each))


def test_it_is_half_the_difference_of_two_slopes():
    f = sample_random_relu(7, 30, 1, rng=0)
    for j in range(7):
        bound = one_step_lower_bound(f, j)
        y = bound.witness
        assert y[j] == 0
        slopes = f.gradient(np.stack([y, -y]))[:, j]
        assert bound.value == pytest.approx(abs(slopes[0] - slopes[1]) / 2)
    W, a = f.weights[0], f.weights[1][0]
    c = a * W[:, 0]
    np.testing.assert_allclose(one_step_lower_bound(f, 0).witness[1:], c @ W[:, 1:])


def test_biases_do_not_enter():
    f = sample_random_relu(5, 12, 1, bias="normal", rng=3)
    assert one_step_lower_bound(f) == one_step_lower_bound(f.without_biases())


def test_the_exact_law_of_one_coordinate():
    found = [
        one_step_lower_bound(sample_random_relu(6, 25, 1, rng=s), 0).value for s in range(1500)
    ]
    assert stats.ks_2samp(found, one_step_law(6, 25, 100_000, rng=0)).pvalue > 1e-3


@pytest.mark.parametrize(
    ("d", "width", "share"), [(50, 3200, 0.562), (50, 400, 0.495), (200, 3200, 0.523)]
)
def test_digest_sizes(d, width, share):
    law = one_step_law(d, width, 400, rng=0) / math.sqrt(d)
    assert law.mean() == pytest.approx(share, abs=0.02)  # the digest's means are of 20 networks
    assert law.mean() < 1 / math.sqrt(math.pi) + 0.02


def test_a_chosen_point_beats_a_fixed_one_by_a_power():
    sizes = np.array([64, 256, 1024])
    chosen = [one_step_law(int(d), 32 * int(d), 20, rng=0).mean() for d in sizes[:2]]
    assert math.log(chosen[1] / chosen[0]) / math.log(4) == pytest.approx(0.5, abs=0.05)
    fixed = [gaussian_dual_norm(int(d), 1) for d in sizes]
    assert np.polyfit(np.log(sizes), np.log(fixed), 1)[0] < 0.15


def test_kinks_are_not_believed():
    """On one line every neuron is at its kink at y = 0: nothing is claimed."""
    f = ReluNetwork([[[1.0], [-1.0]], [[1.0, -1.0]]])  # x, whose formal gradient at 0 is 0
    assert one_step_lower_bound(f).value == 0
    g = ReluNetwork([[[1.0, 0.0], [1.0, 1.0]], [[1.0, 1.0]]])
    assert one_step_lower_bound(g, 0).value <= exact_shallow(g, 1).value


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: one_step_lower_bound([1, 2]), TypeError, "network: got list, expected a Relu"),
        (
            lambda: one_step_lower_bound(sample_random_relu(2, 3, 2, rng=0)),
            ValueError,
            "expected one hidden layer and one output",
        ),
        (
            lambda: one_step_lower_bound(ReluNetwork([np.ones((3, 2)), np.ones((2, 3))])),
            ValueError,
            "expected one hidden layer and one output",
        ),
        (
            lambda: one_step_lower_bound(sample_random_relu(2, 3, 1, rng=0), 2),
            ValueError,
            "coordinate: got 2, expected 0 to 1",
        ),
        (lambda: one_step_law(1, 3, 4, 0), ValueError, "d: got 1, expected at least 2"),
        (lambda: one_step_law(3, 3, 0, 0), ValueError, "size: got 0"),
    ],
)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()
