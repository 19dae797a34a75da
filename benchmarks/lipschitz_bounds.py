"""Upper and exact answers for one network, and lower ones for a thousand, beside other solvers."""

import math
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec

import numpy as np

from benchmarks._race import Race
from lipkit import lipschitz
from lipkit.lipschitz._multipliers import certified_bound
from lipkit.networks import ReluNetwork, ReluNetworkBatch, sample_random_relu
from lipkit.networks import sample_random_relu_batch as sample_batch

_GOOD = 1.001  # multipliers of a solver that prove no more than this above its best are valid
_GAP = 1e-5  # of ours, between rho and a lower bound of it
_BETA, _STEP = (2.0, 10.0), (2.0, 0.05)  # of gradient_lower_bounds, for the same work one by one


def races() -> Iterator[Race]:
    """Semidefinite programs, mixed-integer programs, and loops."""
    if find_spec("cvxpy") is not None:
        yield from _semidefinite()
    yield from _exact()
    yield from _many()


# -- LipSDP against cvxpy -------------------------------------------------------------------------
def _semidefinite() -> Iterator[Race]:
    for width, solvers, goal in ((50, ("CLARABEL", "SCS"), 1 / 20), (100, ("SCS",), 1 / 40)):
        network = sample_random_relu(5, width, 1, rng=0)
        solver = min(solvers, key=lambda name: _seconds_if_valid(network, name))
        yield Race(
            f"LipSDP 5-{width}-1",
            f"cvxpy, {solver}",
            goal=goal,
            ours=lambda network=network: lipschitz.lipsdp(network, gap=_GAP).value,
            theirs=lambda network=network, solver=solver: _cvxpy(network, solver),
            repeats=3 if width == 50 else 1,
        )
    wide = sample_random_relu(20, 1000, 1, rng=0)
    square = np.random.default_rng(0).normal(size=(1000, 1000))
    yield Race(
        "LipSDP 20-1000-1",
        "one SVD of 1000 x 1000",
        goal=1.0,
        ours=lambda: lipschitz.lipsdp(wide).value,
        theirs=lambda: float(np.linalg.svd(square, compute_uv=False)[0]),
        repeats=3,
    )


def _seconds_if_valid(network: ReluNetwork, solver: str) -> float:
    """How long a solver takes, inf if its multipliers prove too little."""
    start = time.perf_counter()
    value = _cvxpy(network, solver)
    seconds = time.perf_counter() - start
    return seconds if value < _GOOD * lipschitz.lipsdp(network).value else math.inf


def _cvxpy(network: ReluNetwork, solver: str) -> float:
    """What the solver's multipliers prove, recomputed; one hidden layer, one output."""
    import cvxpy as cp

    W, a = network.weights
    n, d = W.shape
    rho, t = cp.Variable(), cp.Variable(n)
    T = cp.diag(t)
    P = cp.bmat([[rho * np.eye(d), -(W.T @ T)], [-(T @ W), 2 * T - a.T @ a]])
    cp.Problem(cp.Minimize(rho), [(P + P.T) / 2 >> 0]).solve(solver=solver)
    value = certified_bound(network.weights, [t.value])[0]
    if math.isinf(value):  # a first-order solver ends a little outside
        value = certified_bound(network.weights, [t.value * (1 + 1e-3)])[0]
    return value


# -- exact answers against HiGHS ------------------------------------------------------------------
def _exact() -> Iterator[Race]:
    for d, width, goal in ((2, 50, 1 / 20), (3, 30, 1 / 20), (5, 50, 2.0)):
        network = sample_random_relu(d, width, 1, rng=0)
        yield Race(
            f"exact l1 constant {d}-{width}-1",
            "mixed-integer programs, HiGHS",
            goal=goal,
            ours=lambda network=network: lipschitz.exact_shallow(network, 1).value,
            theirs=lambda network=network: lipschitz.mip_shallow(network, 1).value,
            repeats=1 if d == 5 else 3,
        )
    network = sample_random_relu(3, 200, 1, rng=0)
    square = np.random.default_rng(0).normal(size=(1000, 1000))
    yield Race(
        "exact l2 constant 3-200-1",
        "one SVD of 1000 x 1000",
        goal=1.0,
        ours=lambda: lipschitz.exact_shallow(network).value,
        theirs=lambda: float(np.linalg.svd(square, compute_uv=False)[0]),
        repeats=3,
    )


# -- a thousand networks against loops -------------------------------------------------------------
def _many() -> Iterator[Race]:
    for d, width, depth, goal in ((8, 32, 1, 1 / 40), (16, 64, 3, 1 / 6)):
        batch = sample_batch(1000, d, width, depth, rng=0)
        task = f"1000 networks {d}-{'-'.join([str(width)] * depth)}-1, 8 starts, 10 steps"
        yield Race(
            task, "a loop over networks and starts", goal, _mean(batch), _loop(batch), repeats=1
        )
        yield Race(task, "a loop over networks", 1.0, _mean(batch), _by_network(batch), repeats=1)


def _mean(batch: ReluNetworkBatch) -> Callable[[], float]:
    return lambda: float(lipschitz.gradient_lower_bounds(batch, rng=0).mean())


def _by_network(batch: ReluNetworkBatch) -> Callable[[], float]:
    """The same function on batches of one."""
    ones = [ReluNetworkBatch([W[i : i + 1] for W in batch.weights]) for i in range(len(batch))]
    return lambda: float(
        np.mean([lipschitz.gradient_lower_bounds(one, rng=i)[0] for i, one in enumerate(ones)])
    )


def _loop(batch: ReluNetworkBatch) -> Callable[[], float]:
    """The same steps, one point after the other, as one would write them down."""

    def run() -> float:
        rng, found = np.random.default_rng(0), []
        for i in range(len(batch)):
            weights = [W[i] for W in batch.weights]
            starts = rng.normal(size=(8, batch.input_dim))
            found.append(max(_climb(weights, x / np.linalg.norm(x), 10) for x in starts))
        return float(np.mean(found))

    return run


def _climb(weights: list[np.ndarray], x: np.ndarray, steps: int) -> float:
    best = _slope(weights, x)
    for step in range(steps):
        share = step / (steps - 1)
        beta, length = (a * (b / a) ** share for a, b in (_BETA, _STEP))
        G = _uphill(weights, x, beta)
        x = x + length * G / np.linalg.norm(G)
        x = x / np.linalg.norm(x)
        best = max(best, _slope(weights, x))
    return best


def _slope(weights: list[np.ndarray], x: np.ndarray) -> float:
    gates, h = [], x
    for W in weights[:-1]:
        z = W @ h
        gates.append(z > 0)
        h = np.maximum(z, 0)
    v = weights[-1][0]
    for W, gate in zip(reversed(weights[:-1]), reversed(gates), strict=True):
        v = (v * gate) @ W
    return float(np.linalg.norm(v))


def _uphill(weights: list[np.ndarray], x: np.ndarray, beta: float) -> np.ndarray:
    z, gates, slopes, h = [], [], [], x
    for W in weights[:-1]:
        z.append(W @ h)
        rate = beta / math.sqrt(np.mean(z[-1] ** 2))
        t = rate * z[-1]
        q = 1 / (1 + np.abs(t))
        gates.append(0.5 + 0.5 * t * q)
        slopes.append(0.5 * rate * q * q)
        h = z[-1] * gates[-1]
    v, after = weights[-1][0], []
    for W, gate in zip(reversed(weights[:-1]), reversed(gates), strict=True):
        after.insert(0, v)
        v = (v * gate) @ W
    u, entering = v / np.linalg.norm(v), []
    for W, gate in zip(weights[:-1], gates, strict=True):
        entering.append(W @ u)
        u = entering[-1] * gate
    w: np.ndarray | float = 0.0
    for k in reversed(range(len(weights) - 1)):
        w = ((entering[k] * after[k] + w * z[k]) * slopes[k] + w * gates[k]) @ weights[k]
    return np.asarray(w)
