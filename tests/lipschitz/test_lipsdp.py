"""LipSDP and ECLipsE-Fast: the digest's values, another solver, proofs, and an invalid variant."""

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipkit.lipschitz import ascent, autolip, eclipse_fast, exact_plane, lipsdp
from lipkit.lipschitz._barrier import _follow, _minimum, _Problem, solve_lipsdp
from lipkit.lipschitz._multipliers import (
    _hidden_matrix,
    _matrix,
    _shallow_matrix,
    certified_bound,
    schur_chain,
    to_units,
)
from lipkit.lipschitz._psd import is_positive_definite
from lipkit.networks import ReluNetwork, sample_random_relu
from tests.lipschitz.degenerate import some_network
from tests.lipschitz.oracles import TINY

SEEDS = st.integers(0, 10**6)
S1, S3 = (sample_random_relu(2, 16, depth, rng=0) for depth in (1, 3))
VECTOR = ReluNetwork([np.random.default_rng(1).normal(size=s) for s in ((8, 3), (8, 8), (2, 8))])
# the difference of two steps, of constant 1
STEP = ReluNetwork([[[1.0], [1.0]], [[1.0, -1.0]]], [[10, -10], [0]])


@pytest.mark.parametrize(
    ("network", "value", "fast"),
    [(TINY, 2.9718379, 3.6912057651), (S1, 2.5991348, 4.2009026691), (S3, 6.8543617, 15.0923614929),
     (VECTOR, 15.8035595, None)],
)  # fmt: skip
def test_digest_values(network, value, fast):
    bound = lipsdp(network)
    assert (bound.kind, bound.certified) == ("upper", True)
    assert bound.value == pytest.approx(value, rel=1.5e-7)
    assert bound.details["optimum at least"] <= bound.value * (1 + 1e-12)
    assert bound.details["optimum at least"] == pytest.approx(value, rel=1e-6)
    if fast is not None:
        assert eclipse_fast(network).value == pytest.approx(fast, abs=5.5e-11)


@pytest.mark.parametrize(
    ("depth", "width", "value", "product", "fast"),
    [(1, 10, 3.7671025, 5.2679, 4.4239), (1, 50, 4.6828272, 12.4587, 8.8501),
     (1, 100, 5.8785734, 15.4338, 10.9916), (2, 20, 7.6032327, 25.2214, 14.1626),
     (2, 30, 9.4382628, 36.2500, 19.6767), (2, 50, 10.3664536, 31.7736, 18.2295),
     (2, 100, 13.8376234, 44.7537, 25.1876),
     (3, 20, 12.8974999, 52.3575, 22.9520), (3, 50, 19.7403256, 79.2722, 34.4647)],
)  # fmt: skip
def test_the_digest_s_table(depth, width, value, product, fast):
    network = sample_random_relu(5, width, depth, rng=0)
    assert lipsdp(network).value == pytest.approx(value, rel=1e-7)
    assert autolip(network).value == pytest.approx(product, abs=5.1e-5)
    assert eclipse_fast(network).value == pytest.approx(fast, abs=5.1e-5)
    assert value < lipsdp(network, solver="descent").value < 1.03 * value


@pytest.mark.parametrize(
    ("d", "width", "value", "optimum"),
    [(5, 400, 12.4731, 12.47157), (10, 400, 12.6604, 12.65942), (20, 1000, 20.543, None),
     (10, 5000, 40.266, None), (50, 2000, 30.958, None)],
)  # fmt: skip
def test_wide_layers_by_descent(d, width, value, optimum):
    bound = lipsdp(sample_random_relu(d, width, 1, rng=0))
    assert bound.details["solver"] == "descent"
    assert bound.certified
    assert bound.value == pytest.approx(value, rel=2e-4)
    if optimum is not None:
        assert optimum * (1 - 1e-6) < bound.value < optimum * 1.0003


def clarabel(weights):
    """The value of the semidefinite program, and the multipliers, by Clarabel through cvxpy."""
    cp = pytest.importorskip("cvxpy", reason="cvxpy is not installed: no second solver of LipSDP")
    pytest.importorskip("clarabel", reason="Clarabel is not installed: no second solver of LipSDP")
    sizes = [weights[0].shape[1], *(len(W) for W in weights[:-1])]
    ends = np.cumsum([0, *sizes])
    rho, T = cp.Variable(), [cp.Variable(n) for n in sizes[1:]]
    P = rho * np.diag(np.arange(ends[-1]) < sizes[0]).astype(float)
    for k, (W, t) in enumerate(zip(weights[:-1], T, strict=True)):
        E = np.eye(ends[-1])[:, ends[k + 1] : ends[k + 2]]
        L = np.eye(ends[-1])[:, ends[k] : ends[k + 1]]
        D = cp.diag(t)
        P += E @ (2 * D) @ E.T - E @ (D @ W) @ L.T - L @ (W.T @ D) @ E.T
    E = np.eye(ends[-1])[:, ends[-2] :]
    P -= E @ weights[-1].T @ weights[-1] @ E.T
    problem = cp.Problem(cp.Minimize(rho), [(P + P.T) / 2 >> 0])
    problem.solve(solver=cp.CLARABEL)
    return math.sqrt(rho.value), [t.value for t in T]


@pytest.mark.parametrize("seed", range(6))
def test_another_solver_agrees(seed):
    network = some_network(3 * seed, outputs=1 + seed % 3, depth=1 + seed % 3)
    value, _ = clarabel(network.weights)
    assert lipsdp(network).value == pytest.approx(value, rel=2e-6, abs=1e-6)


# -- what multipliers prove -----------------------------------------------------------------------
@given(SEEDS)
@settings(max_examples=30)
def test_any_multipliers_prove_an_upper_bound(seed):
    network = some_network(seed - seed % 2, inputs=2)
    rng = np.random.default_rng(seed)
    T = [np.exp(rng.normal(size=n, scale=2)) * 5 ** (network.depth - k)
         for k, n in enumerate(network.widths)]  # fmt: skip
    value, certified = certified_bound(network.weights, T)
    assert math.isfinite(value) or not certified
    assert value >= exact_plane(network).value


def test_multipliers_that_prove_nothing_give_infinity():
    for T in ([np.full(4, 1e-3)], [np.zeros(4)], [np.array([1.0, 1, 1, -1])], [np.full(4, np.nan)]):
        assert certified_bound(TINY.weights, T) == (math.inf, False)
        assert schur_chain(TINY.weights, T) is None


def rational_definite(P):
    """Positive definite, by elimination in rationals."""
    rows = [list(row) for row in P]
    for k in range(len(rows)):
        if rows[k][k] <= 0:
            return False
        for i in range(k + 1, len(rows)):
            factor = rows[i][k] / rows[k][k]
            rows[i] = [x - factor * y for x, y in zip(rows[i], rows[k], strict=True)]
    return True


def rational_matrix(weights, T, rho):
    """P of the digest, section 5.4, entry by entry in rationals."""
    sizes = [weights[0].shape[1], *map(len, T)]
    ends = np.cumsum([0, *sizes])
    exact = [[[Fraction(float(x)) for x in row] for row in W] for W in weights]
    P = [[Fraction(0)] * int(ends[-1]) for _ in range(int(ends[-1]))]
    for i in range(sizes[0]):
        P[i][i] = Fraction(rho)
    for k, t in enumerate(T):
        for i, ti in enumerate(map(Fraction, map(float, t))):
            row = int(ends[k + 1]) + i
            P[row][row] += 2 * ti
            for j, w in enumerate(exact[k][i]):
                column = int(ends[k]) + j
                P[row][column] = P[column][row] = -ti * w
    last = exact[-1]
    for i in range(sizes[-1]):
        for j in range(sizes[-1]):
            P[int(ends[-2]) + i][int(ends[-2]) + j] -= sum(row[i] * row[j] for row in last)
    return P


@pytest.mark.parametrize("network", [TINY, S1, VECTOR], ids=["tiny", "s1", "v"])
def test_the_certificate_agrees_with_rationals(network):  # digest, section 5.11 (3)
    T = solve_lipsdp(network.weights, 1e-7).T
    rho = schur_chain(network.weights, T).rho
    for matrix in (_matrix, _shallow_matrix):
        if matrix is _shallow_matrix and network.depth > 1:
            continue
        for factor in (1 + 1e-6, 1 + 1e-9, 1 + 1e-12):
            assert is_positive_definite(*matrix(network.weights, T, rho * factor))
            assert rational_definite(rational_matrix(network.weights, T, rho * factor))
        for factor in (1 - 1e-9, 1 - 1e-6):
            assert not is_positive_definite(*matrix(network.weights, T, rho * factor))
            assert not rational_definite(rational_matrix(network.weights, T, rho * factor))
    value, certified = certified_bound(network.weights, T)
    assert certified
    assert rational_definite(rational_matrix(network.weights, T, value**2 * (1 + 1e-15)))
    assert value == pytest.approx(math.sqrt(rho), rel=1e-8)


def test_more_inputs_than_neurons_need_no_larger_matrix():
    network = sample_random_relu(9, 4, 2, rng=0)
    T = solve_lipsdp(network.weights, 1e-7).T
    rho = schur_chain(network.weights, T).rho
    for factor, proved in ((1 + 1e-9, True), (1 - 1e-9, False)):
        small, large = (m(network.weights, T, rho * factor) for m in (_hidden_matrix, _matrix))
        assert len(small[0]) == 8
        assert len(large[0]) == 17
        assert is_positive_definite(*small) == is_positive_definite(*large) == proved
        assert rational_definite(rational_matrix(network.weights, T, rho * factor)) == proved
    P, error = _hidden_matrix(network.weights, T, 3.0)
    exact = rational_matrix(network.weights, T, 3.0)
    for i in range(9):  # eliminate the inputs
        for row in exact[9:]:
            share = row[i] / exact[i][i]
            row[:] = [x - share * y for x, y in zip(row, exact[i], strict=True)]
    for row, exact_row, bounds in zip(P, exact[9:], error, strict=True):
        for x, y, e in zip(row, exact_row[9:], bounds, strict=True):
            assert abs(Fraction(float(x)) - y) <= Fraction(float(e))


def test_an_optimistic_solver_is_not_believed():  # digest, section 6.5
    # a value a thousandth below what the multipliers prove, as first-order solvers report
    T = solve_lipsdp(S3.weights, 1e-7).T
    optimistic = schur_chain(S3.weights, T).rho * (1 - 1e-3)
    assert not is_positive_definite(*_matrix(S3.weights, T, optimistic))
    assert certified_bound(S3.weights, T)[0] ** 2 > optimistic


def test_no_singular_matrix_is_called_definite():  # digest, section 5.11
    rng = np.random.default_rng(0)
    for trial in range(600):
        n = int(rng.integers(2, 12))
        G = rng.integers(-3, 4, size=(n, n - 1)).astype(float)
        A = np.ldexp(G @ G.T, int(rng.integers(-30, 31)))
        assert not is_positive_definite(A)
        if trial % 4 == 0 and np.diagonal(A).all():
            assert is_positive_definite(A + 2.0**-40 * np.trace(A) * np.eye(n))


def test_an_error_as_large_as_the_smallest_eigenvalue_refuses():
    A = np.diag([1.0, 1e-6])
    assert is_positive_definite(A)
    assert is_positive_definite(A, np.diag([0, 9e-7]))
    assert not is_positive_definite(A, np.diag([0, 1.1e-6]))
    assert not is_positive_definite(np.array([[1.0, np.nan], [np.nan, 1.0]]))
    assert not is_positive_definite(np.diag([1.0, 0.0]))


def test_rounding_of_the_matrix_is_paid_for():
    """The bounds of the entries' errors hold, in rationals."""
    for network in (S1, VECTOR):
        T = solve_lipsdp(network.weights, 1e-4).T
        rho = 10.0
        P, error = _matrix(network.weights, T, rho)
        exact = rational_matrix(network.weights, T, rho)
        for row, exact_row, bounds in zip(P, exact, error, strict=True):
            for x, y, e in zip(row, exact_row, bounds, strict=True):
                assert abs(Fraction(float(x)) - y) <= Fraction(float(e))


@pytest.mark.parametrize("least", [-2e-12, -1e-12, -5e-13, 0.0, 1e-3, -1.0, -40.0])
@pytest.mark.parametrize("share", [1e-9, 1e-3, 0.4, 0.9])
def test_the_line_search_finds_its_minimum(least, share):
    """Where the slope was made to be 0; at the end of the line if it is beyond."""
    end = 0.99 / -least if least < -1e-12 else 1e3
    for others in (np.ones(3), np.geomspace(1e-6, 1e4, 9), np.zeros(2)):
        curvatures = np.sort(np.append(others, least))
        for s in (1.0, share * end):
            if not curvatures.any() or s > end:
                continue
            shares = curvatures / (1 + s * curvatures)
            found = _minimum(float(shares.sum()), curvatures)
            noise = 1e-14 * np.abs(shares).sum() / (shares @ shares)  # of the slope, in s
            assert found == pytest.approx(s, rel=1e-9, abs=4 * noise)
        assert _minimum(-1e9, np.abs(curvatures)) == pytest.approx(1e3)


def test_lower_bounds_on_the_way_are_below_the_optimum():
    """At any point, near the central path or not."""
    units, _ = to_units(sample_random_relu(3, 6, 1, rng=0).weights)
    problem = _Problem(units)
    optimum = _follow(problem, 1e-9)[0][-1]
    rng, found = np.random.default_rng(0), 0
    start = problem.start()
    for _ in range(400):
        step = problem.newton(start * np.exp(rng.normal(size=len(start))), 10 ** rng.uniform(-4, 2))
        if step is not None:
            assert step.lower <= optimum * (1 + 1e-7)
            found += step.lower > 0
    assert found > 5


# -- order and invariance -------------------------------------------------------------------------
@given(SEEDS, st.integers(1, 3))
@settings(max_examples=40)
def test_ascent_below_lipsdp_below_eclipse_below_the_product(seed, outputs):
    network = some_network(seed, outputs=outputs)
    low = ascent(network, n=30, starts=3, steps=6, walks=1).value
    values = [low, lipsdp(network).value, eclipse_fast(network).value, autolip(network).value]
    for smaller, larger in pairwise(values):
        assert smaller <= larger * (1 + 2e-7) + 1e-12


@given(SEEDS)
@settings(max_examples=15)
def test_rescaled_neurons_do_not_matter_to_lipsdp(seed):
    network = some_network(3 * (seed // 3), depth=1)
    (W, a), (b, _) = network.weights, network.biases
    c = np.exp(np.random.default_rng(seed).normal(size=len(W)))
    other = ReluNetwork([c[:, None] * W, a / c], [c * b, [0]])
    assert lipsdp(other).value == pytest.approx(lipsdp(network).value, rel=3e-7, abs=1e-12)


def test_a_layer_scaled_scales_them():
    for factor in (1e-130, 1e-3, 7.0, 1e130):
        for layer in range(3):
            weights = list(sample_random_relu(3, 6, 2, rng=1).weights)
            plain = ReluNetwork(weights)
            weights[layer] = factor * weights[layer]
            scaled = ReluNetwork(weights)
            for method in (lipsdp, eclipse_fast):
                wanted = factor * method(plain).value
                assert method(scaled).value == pytest.approx(wanted, rel=3e-7)
                assert method(scaled, **CERTIFY.get(method, {})).certified


@pytest.mark.parametrize(("a", "b"), [(1e-162, 1e-162), (1e-200, 1e-200), (1e-160, 1e-162)])
@pytest.mark.parametrize("p", [1, 2, np.inf])
def test_a_certified_bound_too_small_for_floats_is_rounded_up(a, b, p):
    network = ReluNetwork([[[a, a]], [[b]]])
    square = (Fraction(a) * Fraction(b)) ** 2 * {1: 1, 2: 2, np.inf: 4}[p]
    for method in (lipsdp, eclipse_fast):
        bound = method(network, p, **CERTIFY.get(method, {}))
        assert bound.certified
        assert Fraction(bound.value) ** 2 >= square


CERTIFY = {eclipse_fast: {"certified": True}}


def test_biases_do_not_enter():
    network = sample_random_relu(3, 6, 2, bias="normal", rng=0)
    assert lipsdp(network).value == lipsdp(network.without_biases()).value


def test_multipliers_reproduce_the_value():
    for network in (S1, S3, VECTOR):
        bound = lipsdp(network)
        again, certified = certified_bound(network.weights, bound.details["multipliers"])
        assert certified
        assert again == pytest.approx(bound.value, rel=1e-9)
        quick = eclipse_fast(network, certified=True)
        T = [
            np.full(n, t) for n, t in zip(network.widths, quick.details["multipliers"], strict=True)
        ]
        assert certified_bound(network.weights, T)[0] == pytest.approx(quick.value, rel=1e-9)
        assert quick.value == pytest.approx(eclipse_fast(network).value, rel=1e-9)


def test_dead_neurons_and_layers():
    network = ReluNetwork([[[1.0, 2.0], [0, 0], [3, 4]], [[2.0, 5, 0]]])  # one of them counts
    bound = lipsdp(network)
    assert bound.value == pytest.approx(2 * math.sqrt(5), rel=1e-7)
    assert (bound.details["multipliers"][0][1:] == 0).all()
    for layer in range(3):
        weights = [*S3.weights[:3], np.ones((1, 16))]
        weights[layer] = np.zeros_like(weights[layer])
        for method in (lipsdp, eclipse_fast):
            assert method(ReluNetwork(weights)).value == 0
        assert lipsdp(ReluNetwork(weights)).certified
    chain = ReluNetwork([[[1.0], [1.0]], [[1.0, 0.0]], [[0.0]]])  # dead from the end on
    assert lipsdp(chain).value == 0


def test_a_linear_map():
    for method in (lipsdp, eclipse_fast):
        assert method(ReluNetwork([[[3.0, 4.0]]])).value == pytest.approx(5, rel=1e-9)
    proved = eclipse_fast(ReluNetwork([[[3.0, 4.0]]]), certified=True)
    assert proved.certified
    assert 5 <= proved.value <= 5 * (1 + 1e-9)


def test_more_inputs_than_neurons():
    network = sample_random_relu(60, 8, 2, rng=0)
    turned = network.restrict(np.linalg.qr(network.weights[0].T)[0].T)
    assert turned.input_dim == 8
    assert lipsdp(network).value == pytest.approx(lipsdp(turned).value, rel=1e-7)


def test_coupled_multipliers_would_prove_too_much():  # digest, section 5.4
    """With T = (e1 - e2)(e1 - e2)^T / 2 the matrix is 0 at rho = 0, as if the step were flat."""
    (W0, W1), c = STEP.weights, np.array([[1.0, -1.0]])
    T = c.T @ c / 2
    P = np.block([[np.zeros((1, 1)), -W0.T @ T], [-T @ W0, 2 * T - W1.T @ W1]])
    assert not P.any()
    assert STEP([-10.0]) == 0
    assert STEP([-9.0]) == 1
    bound = lipsdp(STEP)
    assert 1 <= bound.value < 1 + 1e-6  # approached only as the multipliers grow


@pytest.mark.parametrize("method", [lipsdp, eclipse_fast])
def test_other_pairs_through_l2(method):
    for p, factor in ((1, 1), (1.5, 1), (4, 2**0.25), (np.inf, math.sqrt(2))):
        bound = method(S3, p)
        assert bound.value == pytest.approx(factor * method(S3).value, rel=1e-12)
        assert bound.value >= exact_plane(S3, p).value
        assert bound.norm == (p, p)
    rng = np.random.default_rng(0)
    for seed in range(6):
        network = ReluNetwork([rng.normal(size=s) for s in ((6, 2), (5, 6), (3, 5))])
        p, q = [(1, 1), (1, 2), (2, np.inf), (np.inf, np.inf), (1.5, np.inf), (1, np.inf)][seed]
        assert method(network, p, q=q).value >= exact_plane(network, p, q=q).value
        wide = method(network, np.inf, q=1)
        assert wide.value == pytest.approx(math.sqrt(6) * method(network).value, rel=1e-12)


class TestBadInput:
    def test_solver(self):
        with pytest.raises(ValueError, match="solver: got 'scs', expected one of 'auto', 'newton'"):
            lipsdp(S1, solver="scs")

    def test_gap(self):
        with pytest.raises(ValueError, match="gap: got 0, expected a positive number"):
            lipsdp(S1, gap=0)
