"""Bounds over a box: the digest's values, order, exact answers below, and rounding outward."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipkit.lipschitz import autolip, crown, exact_line, exact_plane, interval, sampling
from lipkit.lipschitz._crown import crown_reach, jacobian_lines
from lipkit.lipschitz._interval import jacobian_interval
from lipkit.lipschitz._lines import gate_lines, relu_lines
from lipkit.lipschitz._reach import OFF, ON, interval_reach
from lipkit.networks import ReluNetwork, sample_random_relu
from tests.lipschitz.degenerate import some_network
from tests.lipschitz.oracles import TINY

NORMS = (1, 2, np.inf)
SEEDS = st.integers(0, 10**6)


def around(x, radius):
    return np.asarray(x) - radius, np.asarray(x) + radius


def digest_network():
    """Digest, section 5.10: biases 0.3 N(0, 1) after each weight, then the box's centre."""
    rng = np.random.default_rng(0)
    weights, biases = [], []
    for n in (5, 30):
        weights.append(rng.normal(size=(30, n)) * math.sqrt(2 / 30))
        biases.append(0.3 * rng.normal(size=30))
    weights.append(rng.normal(size=(1, 30)))
    return ReluNetwork(weights, [*biases, [0.0]]), rng.normal(size=5)


@pytest.mark.parametrize(
    ("radius", "value"),
    [(1e-9, 2.4877768659), (0.01, 2.4877768659), (0.05, 9.3754209927), (0.1, 11.5630263287),
     (0.3, 26.3127887601), (10, 60.5525267031)],
)  # fmt: skip
def test_interval_has_the_digest_s_values(radius, value):
    network, centre = digest_network()
    box = around(centre, radius)
    bound = interval(network, np.inf, box=box)
    assert bound.value == pytest.approx(value, rel=5e-12, abs=5.1e-11)
    assert (bound.kind, bound.certified) == ("upper", True)
    found = sampling(network, np.inf, box=box, n=500).value
    assert found <= crown(network, np.inf, box=box).value <= bound.value


def test_without_a_box_every_gate_is_free():
    network, centre = digest_network()
    wide = interval(network, np.inf, box=around(centre, 1e6))
    free = interval(network, np.inf)
    assert free.value == pytest.approx(wide.value, rel=1e-12)
    assert free.domain == "global"
    assert free.details == {"free gates": 60}
    assert crown(network, np.inf) < free.value
    # the digest prints ...2853; the sums of rows multiplied in rationals give ...3353
    assert autolip(network, np.inf).value == pytest.approx(281.8050913353, abs=5.1e-11)


@pytest.mark.parametrize(
    ("radius", "values"),
    [(0.1, (2.5, 2.9154759474, 4)), (0.6, (2.5, 2.9154759474, 4)),
     (0.6499, (2.5, 2.9154759474, 4)), (0.6501, (2.5, 3.5355339059, 5)),
     (1.1, (2.5, 3.5355339059, 5))],
)  # fmt: skip
def test_tiny_around_a_point(radius, values):
    for p, value in zip(NORMS, values, strict=True):
        for method in (interval, crown):  # one hidden layer: the same
            bound = method(TINY, p, box=around((1, 0.3), radius))
            assert bound.value == pytest.approx(value, abs=5.1e-11)


def test_s3_around_a_point():
    network, box = sample_random_relu(2, 16, 3, rng=0), around((1, 0.3), 0.1)
    values = (5.3864145380, 6.8562113363, 9.6283683699)
    for p, value in zip(NORMS, values, strict=True):
        assert interval(network, p, box=box).value == pytest.approx(value, abs=5.1e-11)
        exact = exact_plane(network, p, box=box).value
        assert exact <= crown(network, p, box=box).value < 0.12 * value


@pytest.mark.parametrize("seed", range(40))
def test_no_sampled_gradient_leaves_the_bounds(seed):
    network = some_network(seed, outputs=1 + seed % 3)
    rng = np.random.default_rng(seed)
    lower = rng.normal(size=network.input_dim)
    upper = lower + np.exp(rng.normal(size=network.input_dim) - 1)
    X = lower + rng.random((300, network.input_dim)) * (upper - lower)
    J, z = network.jacobian(X), network.preactivations(X)
    small = [interval_reach(network, lower, upper), crown_reach(network, lower, upper)]
    for reached in small:
        for layer, low, high in zip(z, reached.lower, reached.upper, strict=True):
            assert (low <= layer).all()
            assert (layer <= high).all()
    wide, tight = jacobian_interval(network, small[0]), jacobian_lines(network, small[1])
    for low, high in (wide, tight):
        assert (low <= J + 1e-12).all()
        assert (high + 1e-12 >= J).all()
    for loose, better, side in zip(wide, tight, (1, -1), strict=True):
        assert (side * (better - loose) >= -1e-12).all()


@pytest.mark.parametrize("p", NORMS)
@pytest.mark.parametrize("seed", range(12))
def test_exact_below_crown_below_interval(seed, p):
    network = some_network(seed, inputs=1 + seed % 2)
    d = network.input_dim
    box = (-np.ones(d), np.linspace(0.5, 1, d))
    exact = (exact_line if d == 1 else exact_plane)(network, p, box=box)
    bounds = [crown(network, p, box=box).value, interval(network, p, box=box).value]
    assert exact.value <= bounds[0] <= bounds[1] * (1 + 1e-12)
    assert bounds[1] <= interval(network, p).value * (1 + 1e-12)


def test_a_small_box_in_one_piece_gives_the_gradient():
    network = sample_random_relu(6, 20, 3, bias="normal", rng=0)
    x = np.random.default_rng(0).normal(size=6)
    for p in NORMS:
        slope = sampling(network, p, points=[x]).value
        for method in (interval, crown):
            assert slope <= method(network, p, box=around(x, 1e-7)).value <= slope * (1 + 1e-10)


def test_a_smaller_box_gives_no_larger_bound():
    network = sample_random_relu(3, 12, 3, bias="normal", rng=1)
    for method in (interval, crown):
        values = [method(network, box=(-r, r)).value for r in (0.01, 0.1, 0.5, 2.0, 100.0)]
        assert values == sorted(values)


@given(SEEDS)
@settings(max_examples=30)
def test_interval_arithmetic_holds_in_rationals(seed):
    """The bounds of two layers against the same steps in rationals, without rounding."""
    rng = np.random.default_rng(seed)
    W, V = rng.normal(size=(3, 2)), rng.normal(size=(2, 3))
    b = rng.normal(size=3)
    lower = rng.normal(size=2)
    upper = lower + rng.random(2) + 1e-9
    reached = interval_reach(ReluNetwork([W, V, np.ones((1, 2))], [b, [0, 0], [0]]), lower, upper)
    lo, hi = [Fraction(x) for x in lower], [Fraction(x) for x in upper]
    for matrix, shift, low, high in ((W, b, reached.lower[0], reached.upper[0]),
                                     (V, [0, 0], reached.lower[1], reached.upper[1])):  # fmt: skip
        ends = []
        for row, c in zip(matrix, shift, strict=True):
            exact = [Fraction(float(x)) for x in row]
            pairs = list(zip(exact, lo, hi, strict=True))
            least, most = (sum(end(w * x, w * y) for w, x, y in pairs) for end in (min, max))
            ends.append((Fraction(float(c)) + least, Fraction(float(c)) + most))
        for (least, most), left, right in zip(ends, low, high, strict=True):
            assert Fraction(float(left)) <= least
            assert most <= Fraction(float(right))
            assert float(right) - float(left) <= float(most - least) + 1e-12
        lo, hi = ([max(x, Fraction(0)) for x in side] for side in zip(*ends, strict=True))


@given(st.floats(-5, 5), st.floats(0, 5), st.floats(0, 1), st.floats(0, 1))
def test_lines_lie_around_what_they_enclose(low, width, where, gate):
    low, high = np.array([low]), np.array([low + width])
    v = low + where * (high - low)
    v = np.clip(v, low, high)
    slack = 1e-14 * (1 + abs(v))
    relu = relu_lines(low, high)
    assert relu.below[0] * v + relu.below[1] <= np.maximum(v, 0) + slack
    assert np.maximum(v, 0) <= relu.above[0] * v + relu.above[1] + slack
    free = gate_lines(low, high, np.zeros(1), np.ones(1))
    assert free.below[0] * v + free.below[1] <= gate * v + slack
    assert gate * v <= free.above[0] * v + free.above[1] + slack
    for fixed in (0.0, 1.0):
        lines = gate_lines(low, high, np.array([fixed]), np.array([fixed]))
        assert lines.below[0] * v + lines.below[1] == fixed * v
        assert lines.above[0] * v + lines.above[1] == fixed * v


def test_decided_gates_narrow_the_rest():
    network = sample_random_relu(2, 6, 2, bias="normal", rng=3)
    lower, upper = -np.ones(2), np.ones(2)
    signs = [np.zeros(n, dtype=np.int8) for n in network.widths]
    signs[0][:2] = (ON, OFF)
    for reached in (interval_reach, crown_reach):
        free, narrow = reached(network, lower, upper), reached(network, lower, upper, signs)
        assert narrow.lower[0][0] >= 0 >= narrow.upper[0][1]
        if reached is interval_reach:  # other lines may be worse for one neuron
            for a, b in zip(free.upper, narrow.upper, strict=True):
                assert (b <= a + 1e-12).all()
        X = np.random.default_rng(0).uniform(-1, 1, size=(2000, 2))
        z = network.preactivations(X)
        kept = (z[0][:, 0] > 0) & (z[0][:, 1] < 0)
        for layer, low, high in zip(z, narrow.lower, narrow.upper, strict=True):
            assert (low <= layer[kept]).all()
            assert (layer[kept] <= high).all()
    signs[0][0], signs[0][1] = ON, ON
    far = network.restrict(np.eye(2), [1e3, 0.0])  # the same network around a point far away
    z = far.preactivations(np.zeros(2))[0]
    signs[0][:] = np.where(z > 0, OFF, ON)
    assert interval_reach(far, lower, upper, signs).empty
    assert crown_reach(far, lower, upper, signs).empty


def test_the_shape_of_the_answer():
    network = ReluNetwork([np.eye(3)[:2], np.ones((4, 2))])
    bound = crown(network, 2, q=np.inf, box=(-1, 1))
    assert (bound.method, bound.norm, bound.certified) == ("crown", (2, np.inf), True)
    assert [side.tolist() for side in bound.domain] == [[-1] * 3, [1] * 3]
    assert crown(network, 2, q=1, box=(-1, 1)) >= crown(network, 2, q=2, box=(-1, 1)).value
    linear = ReluNetwork([[[3.0, 4.0]]])
    for method in (interval, crown):
        assert method(linear, box=(0, 1)).value == pytest.approx(5, rel=1e-15)
