"""What the chapter template claims; a new chapter's tests look like these."""

import numpy as np
import pytest
from scipy.stats import norm

from lipkit import lipschitz
from lipkit.networks import ReluNetwork


def neuron(w, b, a=1.0):
    return ReluNetwork([[w], [[a]]], [[b], [0.0]])


def test_the_constant_of_one_neuron():
    rng = np.random.default_rng(0)
    for _ in range(20):
        w, b, a = rng.normal(size=3), rng.normal(), rng.normal()
        along = neuron(w, b, a).restrict(w / np.linalg.norm(w))
        assert lipschitz.exact_line(along).value == pytest.approx(abs(a) * np.linalg.norm(w))


def test_one_neuron_needs_an_open_set(breaks):
    on_a_line = neuron([1.0, 0.0], 0.0).restrict([[0.0, 1.0]], origin=[1.0, 0.0])
    breaks(found=lipschitz.exact_line(on_a_line).value, at_least=1.0, margin=0.9)


def test_one_neuron_must_be_on(breaks):
    inside = lipschitz.exact_line(neuron([1.0], -3.0), box=([-2.9], [2.9])).value
    breaks(found=inside, at_least=1.0, margin=0.9)


def test_few_points_lie_beyond_the_threshold():
    points = np.random.default_rng(0).normal(size=10**6)
    share = norm.sf(3)
    error = 4 * np.sqrt(share * (1 - share) / len(points))
    assert np.mean(points > 3) == pytest.approx(share, abs=error)
    assert 2000 * share == pytest.approx(2.7, abs=0.05)


def test_most_searches_miss_a_far_threshold():
    found = np.random.default_rng(0).normal(size=(1000, 2000)).max(axis=1) > 4
    missed = norm.cdf(4) ** 2000
    assert np.mean(~found) == pytest.approx(missed, abs=4 * np.sqrt(missed * (1 - missed) / 1000))
    assert missed > 0.9
