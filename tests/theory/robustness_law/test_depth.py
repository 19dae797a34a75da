"""The depth that fitting needs: a search by hand, and networks that fit."""

import math
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipkit.data import generic
from lipkit.theory.rademacher import frobenius_rademacher_bound, relu_neuron_sup
from lipkit.theory.robustness_law import (
    cap_depth,
    depth_padded_cap_network,
    min_depth_to_fit,
)


def capacity(D: int, M: float) -> float:
    return M**D * (1 + math.sqrt(2 * math.log(2) * (D - 1)))


def by_hand(n: int, M: float, gamma: float, R: float, P: float) -> int | None:
    for D in range(1, 3000):
        if R * capacity(D, M) >= gamma * P * math.sqrt(n) * (1 - 1e-12):
            return D
    return None


@pytest.mark.parametrize(("M", "depths"), [(2.0, [3, 5, 8, 12]), (1.5, [4, 8, 14, 19])])
def test_digest_values(M: float, depths: list[int]) -> None:
    assert [min_depth_to_fit(10**e, M) for e in (2, 4, 6, 8)] == depths


def test_digest_values_at_and_below_one() -> None:
    assert min_depth_to_fit(100, 1.0) == 60
    assert min_depth_to_fit(3, 0.9) == 2
    with pytest.raises(ValueError, match=r"no depth suffices: got M = 0\.9 below 1"):
        min_depth_to_fit(4, 0.9)


@given(
    n=st.integers(1, 10**4),
    M=st.floats(0.5, 4),
    gamma=st.sampled_from([1.0, 0.3]),
    R=st.sampled_from([1.0, 2.0]),
    P=st.sampled_from([1.0, 0.5]),
)
@settings(max_examples=300)
def test_a_search_by_hand(n: int, M: float, gamma: float, R: float, P: float) -> None:
    expected = by_hand(n, M, gamma, R, P)
    if expected is not None:
        assert min_depth_to_fit(n, M, gamma, R, P) == expected
    elif M < 1:
        with pytest.raises(ValueError, match="no depth suffices"):
            min_depth_to_fit(n, M, gamma, R, P)
    else:
        assert min_depth_to_fit(n, M, gamma, R, P) >= 3000


@pytest.mark.parametrize("M", [0.5, 0.8, 0.9, 0.95, 0.99])
def test_below_one_the_best_depth_is_found_and_nothing_beyond(M: float) -> None:
    best = max(range(1, 500), key=lambda D: capacity(D, M))
    most = capacity(best, M)
    assert min_depth_to_fit(1, M, gamma=most * (1 - 1e-9)) == best
    with pytest.raises(ValueError, match="no depth suffices"):
        min_depth_to_fit(1, M, gamma=most * (1 + 1e-9))


def test_it_is_the_rademacher_bound_that_reaches_the_margin() -> None:
    for n, M in ((50, 3.0), (10**4, 1.7)):
        D = min_depth_to_fit(n, M)
        assert frobenius_rademacher_bound(1.0, n, [M] * D) >= 1
        assert frobenius_rademacher_bound(1.0, n, [M] * (D - 1)) < 1


def test_large_numbers_do_not_take_long_or_overflow() -> None:
    assert min_depth_to_fit(10**15, 1.0) == pytest.approx(by_root(10**15), rel=1e-10)
    assert min_depth_to_fit(10**300, 1.0 + 1e-9) > 10**8
    assert min_depth_to_fit(10**4, 0.999999) > 1000


def by_root(n: int) -> int:
    return 1 + math.ceil((math.sqrt(n) - 1) ** 2 / (2 * math.log(2)))


@pytest.mark.parametrize(("n", "depth"), [(50, 8), (200, 10), (800, 12)])
def test_networks_that_fit_are_at_least_that_deep(n: int, depth: int) -> None:
    X, y = generic(n, 200, rng=1)
    f = depth_padded_cap_network(X, y, 3.0)
    assert len(f.weights) == depth
    assert len(f.weights) >= min_depth_to_fit(n, 3.0, R=math.sqrt(2))  # the bias is an input


def test_the_slope_in_log_n() -> None:
    """1/(2 log M) up to log log n: it is a count of layers, from their norms alone."""
    sizes = [10**e for e in range(20, 60, 5)]
    depths = [min_depth_to_fit(n, 3.0) for n in sizes]
    slope = np.polyfit([math.log(n) for n in sizes], depths, 1)[0]
    assert slope == pytest.approx(1 / (2 * math.log(3)), rel=0.03)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 2.0), "n: got 0"),
        ((10, 0.0), "M: got 0.0"),
        ((10, 2.0, 0.0), "gamma: got 0.0"),
        ((10, 2.0, 1.0, 0.0), "R: got 0.0"),
        ((10, 2.0, 1.0, 1.0, 1.5), "P: got 1.5, expected a fraction"),
        ((10, 2.0, 1.0, 1.0, 0.0), "P: got 0.0"),
    ],
)
def test_bad_input(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        min_depth_to_fit(*arguments)


@pytest.mark.parametrize("n", [1, 3, 5, 7])
@pytest.mark.parametrize("M", [0.8, 1.0, 1.7, 4.0])
def test_one_and_two_layers_by_all_labels(n: int, M: float) -> None:
    """What a margin allows is known exactly there: M |sum y x| and M^2 nu, for each label vector.

    Two layers of Frobenius norm M are a path norm of M squared.
    """
    X, _ = generic(n, 2, rng=n)
    labels = [np.array(y) for y in product((-1.0, 1.0), repeat=n)]
    linear = np.array([np.linalg.norm(y @ X) for y in labels]) / n
    neuron = np.array([relu_neuron_sup(X, y).value for y in labels]) / n
    for depth, best in ((1, M * linear), (2, M**2 * neuron)):
        for gamma in best[best > 1e-9]:
            P = float(np.mean(best >= gamma * (1 - 1e-9)))
            assert min_depth_to_fit(n, M, float(gamma), 1.0, P) <= depth


@given(n=st.integers(1, 500), M=st.floats(1.5, 20), t=st.floats(0, 0.99))
@settings(max_examples=100)
def test_the_depth_of_the_caps(n: int, M: float, t: float) -> None:
    """The least depth whose repeated factor keeps the norm, found one layer after the other."""
    gain, D = math.sqrt(1 + t**2) * n / ((1 - t) * M**2), 3
    while gain ** (1 / (D - 2)) > M / math.sqrt(2) * (1 + 1e-9):
        D += 1
    assert cap_depth(n, M, t) == D
    assert cap_depth(n, M, t) >= min_depth_to_fit(n, M, R=math.sqrt(2))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 3.0), "n: got 0"),
        ((10, 0.0), "M: got 0.0"),
        ((10, 1.4), r"M: got 1\.4, expected more than sqrt 2"),
        ((10, 3.0, 1.0), r"t: got 1\.0, expected a height"),
        ((10, 3.0, -0.1), r"t: got -0\.1"),
    ],
)
def test_bad_input_of_the_caps(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        cap_depth(*arguments)
