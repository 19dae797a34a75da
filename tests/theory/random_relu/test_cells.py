"""Cell counts: digest values, deletion and restriction, and what networks really show."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from lipkit.networks import sample_random_relu
from lipkit.theory.random_relu import log_patterns, n_cells


def realised(W, b):
    """The open cells of a small arrangement, by one linear program a pattern."""
    found = 0
    for signs in product((-1.0, 1.0), repeat=len(W)):
        rows = np.c_[-np.array(signs)[:, None] * W, np.ones(len(W))]
        done = linprog(
            np.r_[np.zeros(W.shape[1]), -1.0], rows, np.array(signs) * b,
            bounds=[(-1e3, 1e3)] * W.shape[1] + [(None, 1.0)],
        )  # fmt: skip
        found += -done.fun > 1e-9
    return found


@pytest.mark.parametrize(("width", "d", "cells"), [(50, 3, 2452), (10, 3, 92), (12, 4, 464)])
def test_digest_values(width, d, cells):
    assert n_cells(width, d, True) == cells
    assert n_cells(width, d) == cells


def test_the_digests_affine_counts():  # section 5.3: 211 cells of (20, 2) with biases
    assert n_cells(20, 2, central=False) == 211
    assert n_cells(15, 3) == 212
    assert n_cells(3, 2, False) == 7


@given(st.integers(2, 300), st.integers(2, 30))
def test_deletion_and_restriction(width, d):
    for central in (True, False):
        assert n_cells(width, d, central) == n_cells(width - 1, d, central) + n_cells(
            width - 1, d - 1, central
        )


@given(st.integers(1, 40), st.integers(1, 40))
def test_few_neurons_show_every_pattern_and_many_do_not(width, d):
    assert n_cells(width, d, False) == 2**width if width <= d else n_cells(width, d) < 2**width
    assert n_cells(width, d) <= n_cells(width, d, False) <= n_cells(width + 1, d + 1)
    if width >= d:
        assert math.log(n_cells(width, d, False)) <= d * math.log(math.e * width / d) * (1 + 1e-12)


@pytest.mark.parametrize(("width", "d"), [(6, 2), (7, 3), (3, 3), (2, 4), (5, 1)])
def test_general_position_by_linear_programs(width, d):
    rng = np.random.default_rng(width)
    W, b = rng.normal(size=(width, d)), rng.normal(size=width)
    assert realised(W, b) == n_cells(width, d, central=False)
    assert realised(W, np.zeros(width)) == n_cells(width, d)
    W[1] = W[0]  # degenerate: never more
    assert realised(W, np.zeros(width)) <= n_cells(width, d) - (d > 1)


def test_big_integers_are_exact():
    assert n_cells(1000, 500, False) == sum(math.comb(1000, k) for k in range(501))
    assert n_cells(10**6, 3, False) == 1 + 10**6 + math.comb(10**6, 2) + math.comb(10**6, 3)


@pytest.mark.parametrize(
    ("d", "width", "log"), [(8, 64, 20.9526), (16, 1024, 76.6631), (128, 1024, 381.2999)]
)
def test_digest_logarithms(d, width, log):
    assert log_patterns(d, width, 1) == pytest.approx(log, abs=5e-5)


@pytest.mark.parametrize("bias", ["zero", "normal"])
@pytest.mark.parametrize(("d", "width", "depth"), [(1, 6, 3), (2, 4, 2), (2, 5, 3)])
def test_no_network_shows_more(d, width, depth, bias):
    X = np.random.default_rng(0).normal(size=(20_000, d)) * 3
    for seed in range(5):
        f = sample_random_relu(d, width, depth, bias=bias, rng=seed)
        gates = np.concatenate([z > 0 for z in f.preactivations(X)], axis=1)
        shown = len(np.unique(gates, axis=0))
        assert math.log(shown) <= log_patterns(d, width, depth, bias != "zero")
        if depth == 1:
            assert shown > 1


def test_of_deep_networks():
    assert log_patterns(3, 20, 4) == pytest.approx(4 * math.log(n_cells(20, 3)))
    assert log_patterns(3, 20, 4, bias=True) > log_patterns(3, 20, 4)
    assert log_patterns(3, 20, 4, True) <= 3 * 4 * math.log(math.e * 20 / 3)
    assert math.isfinite(log_patterns(1000, 10**5, 3))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: n_cells(0, 3), ValueError, "width: got 0"),
        (lambda: n_cells(3, 0), ValueError, "d: got 0"),
        (lambda: n_cells(3.0, 1), TypeError, r"width: got 3\.0"),
        (lambda: log_patterns(3, 3, 0), ValueError, "depth: got 0"),
    ],
)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()
