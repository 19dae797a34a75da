"""What the chapter claims; each hypothesis called needed is dropped, and the conclusion breaks."""

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest

from lipkit import lipschitz
from lipkit.experiments import EXPERIMENTS, false_bounds
from lipkit.experiments.digits import digits_network
from lipkit.experiments.false_bounds import THREE, lipsdp_matrix
from lipkit.experiments.free_gates import twin
from lipkit.experiments.twelve_methods import cell_share
from lipkit.networks import Activation, ReluNetwork, TwoLayerNetwork, sample_random_relu
from lipkit.theory.random_relu import n_cells

FREE = ("autolip", "eclipse_fast", "interval", "crown", "lipsdp", "seqlip")


def partial_sums(f):
    Q = f.weights[1].T * f.weights[0]
    return np.array(list(np.ndindex(*[2] * len(Q)))) @ Q


def on_a_line(N, draws, positive=False):
    """A network of one input, N neurons, random as in the text."""
    w, a = draws.normal(size=N) * np.sqrt(2 / N), draws.normal(size=N)
    return ReluNetwork([w[:, None], [np.abs(a) if positive else a]])


# -- thm-twin ------------------------------------------------------------------------------------
def test_free_gates_answer_for_the_twin():
    for seed in range(10):
        f = sample_random_relu(1 + seed % 4, 10, 1, bias="normal", rng=seed)
        brute = {p: np.linalg.norm(partial_sums(f), r, axis=1).max() for p, r in DUAL.items()}
        for p, longest in brute.items():
            assert lipschitz.exact_shallow(twin(f), p).value == pytest.approx(longest)
            for name in ("autolip", "interval", "crown"):
                assert lipschitz.METHODS[name](f, p).value >= longest * (1 - 1e-9)
        for name in FREE:
            assert lipschitz.METHODS[name](f).value >= brute[2] * (1 - 1e-9)
        assert lipschitz.seqlip(f).value == pytest.approx(brute[2])
        assert lipschitz.lipsdp(f).value == pytest.approx(lipschitz.lipsdp(twin(f)).value, rel=1e-5)
        assert lipschitz.exact_shallow(f).value <= brute[2] * (1 + 1e-9)


DUAL = {1: np.inf, 2: 2, np.inf: 1}


def test_the_twin_grows_like_the_root_and_the_line_does_not():
    draws = np.random.default_rng(0)
    for N, d in ((20, 1), (80, 3), (320, 2)):
        W, a = draws.normal(size=(4000, N)) * np.sqrt(2 / N), draws.normal(size=(4000, N))
        heights = np.maximum(a * W, 0).sum(axis=1)  # f°(u), whatever u and d
        error = 5 * heights.std() / np.sqrt(4000)
        assert heights.mean() == pytest.approx(np.sqrt(2 * N) / np.pi, abs=error)
        right, left = ((a * W * side).sum(axis=1) for side in (W > 0, W < 0))
        slopes = np.maximum(np.abs(right), np.abs(left))
        assert slopes.mean() <= np.sqrt(2) + 5 * slopes.std() / np.sqrt(4000)
        f = sample_random_relu(d, N, 1, rng=N)
        u = draws.normal(size=d)
        assert twin(f)(u) <= lipschitz.exact_shallow(twin(f)).value * np.linalg.norm(u) * (1 + 1e-9)


def test_the_twin_needs_all_slopes(breaks):
    f = on_a_line(400, np.random.default_rng(0))
    breaks(
        found=lipschitz.exact_line(f).value,
        at_least=lipschitz.exact_line(twin(f)).value,
        margin=3.0,
    )


def test_the_line_needs_random_signs(breaks):
    draws = np.random.default_rng(0)
    slopes = [lipschitz.exact_line(on_a_line(400, draws, positive=True)).value for _ in range(50)]
    breaks(found=float(np.mean(slopes)), at_most=np.sqrt(2), margin=5.0)


# -- thm-lipsdp ----------------------------------------------------------------------------------
def deep_matrix(weights, rho, T):
    """The matrix of the theorem, block by block."""
    sizes = [weights[0].shape[1], *map(len, T)]
    ends = np.cumsum([0, *sizes])
    P = np.zeros((ends[-1], ends[-1]))
    P[: ends[1], : ends[1]] = rho * np.eye(sizes[0])
    for k, t in enumerate(T):
        here, before = slice(ends[k + 1], ends[k + 2]), slice(ends[k], ends[k + 1])
        P[here, here] = 2 * np.diag(t)
        P[here, before] = -np.diag(t) @ weights[k]
        P[before, here] = P[here, before].T
    P[here, here] -= weights[-1].T @ weights[-1]
    return P


def test_a_certificate_holds_for_increments():
    draws = np.random.default_rng(0)
    for sizes in ((3, 6, 1), (2, 5, 4, 2), (4, 6, 6, 3)):
        weights = [draws.normal(size=s) for s in zip(sizes[1:], sizes[:-1], strict=True)]
        f = ReluNetwork(weights, [draws.normal(size=len(W)) for W in weights])
        bound = lipschitz.lipsdp(f)
        P = deep_matrix(f.weights, bound.value**2, bound.details["multipliers"])
        assert np.linalg.eigvalsh(P).min() >= -1e-9 * np.abs(P).max()
        X, Y = draws.normal(size=(2, 20_000, sizes[0])) * 3
        far = np.linalg.norm((f(X) - f(Y)).reshape(len(X), -1), axis=1)
        assert (far <= bound.value * np.linalg.norm(X - Y, axis=1) * (1 + 1e-9)).all()


def test_the_certificate_by_hand_is_a_sum_of_squares():
    P = lipsdp_matrix(THREE, 8, np.diag([4, 4, 2]))
    squares = [
        (8, [1, 0, Fraction(-1, 2), 0, Fraction(1, 4)]),
        (8, [0, 1, 0, Fraction(-1, 2), Fraction(1, 4)]),
        (2, [0, 0, 1, 1, 1]),
        (3, [0, 0, 1, -1, 0]),
    ]
    total = sum(c * np.outer(v, v) for c, v in squares)
    np.testing.assert_array_equal(P, total.astype(float))
    assert lipschitz.lipsdp(THREE).value == pytest.approx(np.sqrt(8), rel=1e-6)
    assert np.linalg.norm(twin(THREE).gradient([1.0, 1.0])) == pytest.approx(np.sqrt(8))
    assert lipschitz.exact_plane(THREE).value == pytest.approx(np.sqrt(5))
    assert lipschitz.autolip(THREE).value == pytest.approx(3)


def test_lipsdp_needs_diagonal_multipliers(breaks):
    claim, truth = false_bounds.coupled_lipsdp()
    breaks(found=truth, at_most=claim, margin=0.9)


def test_lipsdp_needs_slopes_of_at_most_one(breaks):
    double = Activation("double", lambda z: 2 * np.maximum(z, 0), lambda z: 2.0 * (z > 0), (0, 2))
    f = TwoLayerNetwork([[1.0]], [0.0], [1.0], double)
    P = lipsdp_matrix(ReluNetwork([f.W, f.a[None, :]]), 1.0, [[1.0]])
    assert np.linalg.eigvalsh(P).min() >= -1e-12
    breaks(found=f([1.0]) - f([0.0]), at_most=1.0, margin=0.9)


def test_lipsdp_needs_a_matrix_without_negative_eigenvalue(breaks):
    claim = false_bounds.tolerant_lipsdp(0.1)
    breaks(found=lipschitz.exact_line(false_bounds.NEURON).value, at_most=claim, margin=0.1)


# -- thm-half-pi ---------------------------------------------------------------------------------
def test_lipsdp_is_within_the_root_of_half_pi_of_the_twin():
    for seed in range(30):
        f = sample_random_relu(1 + seed % 5, 4 + seed % 9, 1, rng=seed)
        free = np.linalg.norm(partial_sums(f), axis=1).max()
        value = lipschitz.lipsdp(f).value
        assert free * (1 - 1e-9) <= value <= np.sqrt(np.pi / 2) * free
    f = sample_random_relu(3, 128, 1, rng=0)
    ratio = lipschitz.lipsdp(f).value / lipschitz.exact_shallow(twin(f)).value
    assert 1.03 < ratio < np.sqrt(np.pi / 2)  # the factor is not an empty one


def dual_value(f, U):
    W, a = f.weights[0], f.weights[1][0]
    v = W.T @ a
    lengths = np.sqrt(np.einsum("id,de,ie->i", W, U, W))
    return (np.sqrt(v @ U @ v) + np.abs(a) @ lengths) / 2


def test_the_dual_of_lipsdp():
    draws = np.random.default_rng(0)
    for seed in range(10):
        f = sample_random_relu(3, 12, 1, rng=seed)
        value = lipschitz.lipsdp(f).value
        lowest = 0.0
        for _ in range(50):
            A = draws.normal(size=(3, draws.integers(1, 4)))
            U = A @ A.T / np.trace(A @ A.T)
            assert dual_value(f, U) <= value * (1 + 1e-9)
            lowest = max(lowest, dual_value(f, U))
        best = _climb(f, draws)
        assert best == pytest.approx(value, rel=1e-4)
        assert lowest <= best * (1 + 1e-6)


def _climb(f, draws):
    """The dual maximum over U = A A^T / tr, a concave function of U: SciPy from two starts."""
    from scipy.optimize import minimize

    def objective(x):
        A = x.reshape(3, 3)
        return -dual_value(f, A @ A.T / np.trace(A @ A.T))

    return max(-minimize(objective, draws.normal(size=9), tol=1e-12).fun for _ in range(3))


# -- what is computed ----------------------------------------------------------------------------
def test_the_steepest_of_twenty_neurons():
    f = sample_random_relu(4, 20, 1, rng=0)
    exact = lipschitz.exact_shallow(f)
    assert f"{exact.value:.3f}" == "2.817"
    assert lipschitz.branch_and_bound(f, nodes=1000).value == pytest.approx(exact.value)
    assert lipschitz.certify_lower(f, exact.witness).value >= exact.value * (1 - 1e-12)
    assert n_cells(20, 4) == 2320
    shares = [cell_share(f, exact.witness, n=400_000, rng=seed) for seed in (0, 1, 2)]
    assert np.std(shares) < 0.03 * np.mean(shares)
    assert float(f"{1 / shares[0]:.2g}") == 1.2e6
    assert lipschitz.lipsdp(f).value < 3.38
    harder = lipschitz.ascent(f, rng=0, starts=64, steps=300, walks=16, n=20_000)
    slopes = np.sort(np.linalg.norm(cell_gradients(f), axis=1))
    assert len(slopes) == n_cells(20, 4)
    assert slopes[-2:] == pytest.approx([harder.value, exact.value])


def cell_gradients(f):
    """The gradients of all cells for four inputs: each cell touches a plane of two neurons."""
    W, Q = f.weights[0], f.weights[1].T * f.weights[0]
    patterns = set()
    for pair in combinations(range(len(W)), 2):
        plane = np.linalg.svd(W[list(pair)])[2][2:]
        P = np.delete(W, pair, axis=0) @ plane.T
        kinks = np.sort(np.arctan2(P[:, 0], -P[:, 1]) % np.pi)
        kinks = np.concatenate([kinks, kinks + np.pi, kinks[:1] + 2 * np.pi])
        middles = (kinks[1:] + kinks[:-1]) / 2
        on = np.stack([np.cos(middles), np.sin(middles)], axis=1) @ plane @ W.T > 0
        for gates in np.ndindex(2, 2):
            on[:, pair] = gates
            patterns.update(map(tuple, on))
    return np.array(sorted(patterns)) @ Q


def test_the_dual_of_lipsdp_meets_the_answer_for_the_twenty_neurons():
    answer = lipschitz.lipsdp(sample_random_relu(4, 20, 1, rng=0))
    assert answer.details["optimum at least"] == pytest.approx(answer.value, rel=1e-6)


def test_lipsdp_loses_less_on_digits_after_training():
    gap = EXPERIMENTS["digits_gap"]
    birth, trained = (gap({"width": 32, "epochs": n}, 0)["lost"] for n in (0, 30))
    assert 1.35 < birth < 1.42
    assert trained < 1.06


def test_lipsdp_loses_a_factor_of_several_at_the_last_width():
    gates = EXPERIMENTS["free_gates"]
    runs = [gates({"d": 3, "width": 512}, seed) for seed in range(5)]
    assert np.median([run["lipsdp"] / run["exact"] for run in runs]) > 3
    for seed, run in enumerate(runs):
        f = sample_random_relu(3, 512, 1, rng=seed)
        X = np.random.default_rng(seed).normal(size=(20_000, 3))
        steepest = np.linalg.norm(f.gradient(X), axis=1).max()
        assert 0.85 * run["exact"] <= steepest <= run["exact"] * (1 + 1e-9)
        assert run["exact"] <= run["free"] <= run["lipsdp"] <= run["eclipse_fast"] <= run["autolip"]


def test_the_digits_network_lies_in_a_narrow_certified_bracket():
    network, _ = digits_network(0)
    methods = ["autolip", "eclipse_fast", "ascent", "lipsdp"]
    found = lipschitz.bracket(network, methods=methods, effort="thorough", rng=0)
    assert found.lower.certified
    assert found.upper.certified
    assert found.ratio < 1.1
    x, step = np.asarray(found.lower.witness), 1e-6
    u = np.linalg.svd(network.jacobian(x))[2][0]
    slope = np.linalg.norm(network(x + step * u) - network(x - step * u)) / (2 * step)
    assert slope == pytest.approx(found.lower.value, rel=1e-6)
    bound = lipschitz.lipsdp(network)
    P = deep_matrix(network.weights, bound.value**2 * (1 + 1e-8), bound.details["multipliers"])
    assert np.linalg.cholesky(P / np.abs(P).max()).shape == P.shape


def test_the_numbers_that_pass_for_bounds():
    for name, (claim, truth) in false_bounds.false_bounds().items():
        assert claim > 1.3 * truth if name == "origin" else claim < 0.9 * truth, name
    with pytest.warns(UserWarning, match="faces=False"):
        origin = lipschitz.mip_shallow(THREE, np.inf, faces=False)
    assert origin.value == pytest.approx(false_bounds.origin_mip(THREE))
    assert lipschitz.mip_shallow(THREE, np.inf).value == pytest.approx(3)


def test_six_methods_say_two_of_the_function_x():
    line = ReluNetwork([[[1], [-1]], [[1, -1]]])
    for name in FREE:
        assert lipschitz.METHODS[name](line).value == pytest.approx(2, rel=1e-6)
    assert lipschitz.exact_line(line).value == 1
