"""One hidden layer, exactly: elimination in rationals over all patterns, and every way agrees."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipkit.lipschitz import exact_line, exact_plane, exact_shallow, mip_shallow, sampling
from lipkit.lipschitz._arrangement import arrange
from lipkit.lipschitz._cells import cells
from lipkit.lipschitz._flat_sweep import sweep_flats
from lipkit.networks import ReluNetwork, sample_random_relu
from tests.lipschitz.degenerate import some_network
from tests.lipschitz.oracles import FLAT, IDENTITY, TINY, integer_networks, pair_norm_by_directions
from tests.lipschitz.shallow_oracle import constants, feasible, open_patterns

NORMS = (1, 2, np.inf)
SEEDS = st.integers(0, 10**6)
# three planes of space meet in one line: not in general position
CROWDED = ReluNetwork([[[1, 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 1]], [[1, 1, -1, 1]]])
RANK = ReluNetwork(
    [
        [[1, 2, 0, 0], [2, 4, 0, 0], [-1, -2, 0, 0], [0, 0, 0, 0], [0, 1, 1, 0]],
        [[1, -1, 0.5, 3, 2]],
    ]
)
PARALLEL = ReluNetwork([[[1, 0], [1, 0], [0, 1], [0, 1]], [[1, -2, 1, -1]]], [[0, -1, 0, -1], [0]])


def cell_count(network):
    arrangement = arrange(network)
    return len(cells(arrangement.normals, arrangement.offsets).signs)


@pytest.mark.parametrize(
    ("network", "values", "count"),
    [
        (TINY, (2.5, math.sqrt(8.5), 4.0), 8),
        (sample_random_relu(2, 16, 1, rng=0), (2.0323725909, 2.2627035173, 3.1749187631), 32),
        # with biases the digest prints ...674 for p = 1; the gradient in rationals is ...67329
        (sample_random_relu(2, 16, 1, bias="normal", rng=0),
         (1.7239323673, 1.8574859358, 2.4195933081), 137),
        (sample_random_relu(3, 10, 1, bias="normal", rng=0),
         (3.0819311904, 3.2767504382, 4.8840123754), 176),
        (sample_random_relu(1, 16, 1, bias="normal", rng=0), (1.9083167719,) * 3, 17),
        (sample_random_relu(2, 16, 1, bias="normal", rng=0).without_biases(),
         (None, 1.3973881644, None), 32),
        (sample_random_relu(4, 30, 1, rng=7), (2.8164268568, 3.0906609023, 5.6510218355), None),
        (sample_random_relu(2, 10, 1, rng=7), (None, None, 1.8000927410), None),
        (CROWDED, (1, math.sqrt(2), 2), 12),
        (RANK, (2, 2.2912878475, 3.5), None),
        (PARALLEL, (1, math.sqrt(2), 2), 9),
    ],
)  # fmt: skip
def test_digest_values(network, values, count):
    for p, value in zip(NORMS, values, strict=True):
        if value is not None:
            bound = exact_shallow(network, p)
            assert bound.kind == "exact"
            assert bound.value == pytest.approx(value, abs=5.5e-11)
    if count is not None:
        assert cell_count(network) == count


@settings(max_examples=40)
@given(st.one_of(*(integer_networks(d, depth=1, most=5) for d in (1, 2, 3))))
def test_integer_networks_against_elimination(network):
    values, count = constants(network)
    for p, value in zip(NORMS, values, strict=True):
        for way in ("auto", "flats", "tree"):
            bound = exact_shallow(network, p, method=way)
            assert bound.kind == "exact", (way, p)
            assert bound.value == pytest.approx(value, rel=1e-12, abs=1e-12), (way, p)
    # hyperplanes that merge or lead nowhere make more patterns than cells, never fewer
    assert cell_count(network) <= max(1, count)


@pytest.mark.parametrize("seed", range(36))
def test_all_sorts_of_networks_against_elimination(seed):
    network = some_network(seed, depth=1, widest=6, inputs=1 + seed % 4)
    for p, value in zip(NORMS, constants(network)[0], strict=True):
        bound = exact_shallow(network, p)
        assert bound.kind == "exact"
        assert bound.value == pytest.approx(value, rel=1e-11, abs=1e-12)


@pytest.mark.parametrize(("d", "n", "count"), [(3, 10, 92), (4, 8, 128), (2, 9, 18)])
def test_the_number_of_cells_is_the_formula_s(d, n, count):  # digest, section 3.3
    assert count == 2 * sum(math.comb(n - 1, k) for k in range(d))
    assert cell_count(sample_random_relu(d, n, 1, rng=0)) == count


def test_the_number_of_cells_with_biases():
    for d, n in ((1, 7), (2, 6), (3, 5)):
        network = sample_random_relu(d, n, 1, bias="normal", rng=1)
        assert cell_count(network) == sum(math.comb(n, k) for k in range(d + 1))


@given(SEEDS, st.integers(1, 5), st.integers(1, 12), st.booleans(), st.sampled_from(NORMS))
@settings(max_examples=40)
def test_the_ways_agree_on_random_networks(seed, d, n, biased, p):
    network = sample_random_relu(d, n, 1, bias="normal" if biased else "zero", rng=seed)
    swept = exact_shallow(network, p, method="flats")
    assert swept.kind == "exact"
    arrangement = arrange(network)
    if len(arrangement) == arrangement.rank:
        whole = exact_shallow(network, p, method="patterns")
        assert whole.value == pytest.approx(swept.value, rel=1e-12)
    if d == 1:
        assert exact_line(network, p).value == pytest.approx(swept.value, rel=1e-10)
    if d == 2 and not biased:
        assert exact_plane(network, p).value == pytest.approx(swept.value, rel=1e-10)
    assert sampling(network, p, n=100, rng=seed).value <= swept.value * (1 + 1e-12)


@pytest.mark.parametrize("p", NORMS)
def test_wide_inputs_narrow_layer(p):
    # fewer neurons than inputs: every pattern has a cell
    network = sample_random_relu(40, 8, 1, bias="normal", rng=0)
    gains = network.weights[1].T * network.weights[0]
    patterns = np.arange(2**8)[:, None] >> np.arange(8) & 1
    dual = {1: np.inf, 2: 2, np.inf: 1}[p]
    wanted = np.linalg.norm(patterns @ gains, ord=dual, axis=1).max()
    bound = exact_shallow(network, p)
    assert bound.value == pytest.approx(wanted, rel=1e-12)
    assert bound.details["method"] == "patterns"
    assert exact_shallow(network, p, method="flats").value == pytest.approx(wanted, rel=1e-12)


def test_p_1_with_all_patterns_needs_no_search():
    network = sample_random_relu(200, 150, 1, rng=0)
    gains = network.weights[1].T * network.weights[0]
    wanted = max(np.maximum(gains, 0).sum(axis=0).max(), np.maximum(-gains, 0).sum(axis=0).max())
    assert exact_shallow(network, 1).value == pytest.approx(wanted, rel=1e-12)


PAIRS = [(1, 1), (1, 2), (2, 2), (2, np.inf), (np.inf, np.inf), (1.5, np.inf)]


@pytest.mark.parametrize(("p", "q"), PAIRS)
def test_several_outputs(p, q):
    for seed in range(3):
        rng = np.random.default_rng(seed)
        network = ReluNetwork([rng.normal(size=(7, 2)), rng.normal(size=(3, 7))],
                              [rng.normal(size=7), np.zeros(3)])  # fmt: skip
        patterns = open_patterns(network.weights[0], network.biases[0])
        jacobians = [(network.weights[1] * s) @ network.weights[0] for s in patterns]
        wanted = max(pair_norm_by_directions(J, p, q, 4001) for J in jacobians)
        assert exact_shallow(network, p, q=q).value == pytest.approx(wanted, rel=1e-5)


def test_several_outputs_in_a_pair_without_closed_form():
    network = ReluNetwork([np.eye(2), np.eye(2)])
    with pytest.raises(ValueError, match="norm pair: got l3 to l3 for 2 outputs"):
        exact_shallow(network, 3)


@pytest.mark.parametrize("seed", range(12))
def test_cells_that_meet_a_box(seed):
    network = some_network(2 * seed + 1, depth=1, widest=5, inputs=1 + seed % 3)
    d = network.input_dim
    box = (-0.5 * np.ones(d), np.linspace(0.3, 0.7, d))
    for p, value in zip(NORMS, constants(network, box=box)[0], strict=True):
        bound = exact_shallow(network, p, box=box)
        assert bound.value == pytest.approx(value, rel=1e-11, abs=1e-12)
        assert bound.kind == "exact"
        assert ((box[0] <= bound.witness) & (bound.witness <= box[1])).all()
    for d, exact in ((1, exact_line), (2, exact_plane)):
        network = sample_random_relu(d, 9, 1, bias="normal", rng=seed)
        wanted = exact(network, box=(-1, 0.5)).value
        assert exact_shallow(network, box=(-1, 0.5)).value == pytest.approx(wanted, rel=1e-10)


def test_kinked_functions():  # digest, section 6.1
    for network, truth in ((FLAT, 0.0), (IDENTITY, 1.0)):
        for p in NORMS:
            for way in ("auto", "flats", "tree", "patterns"):
                bound = exact_shallow(network, p, method=way)
                assert (bound.value, bound.kind) == (truth, "exact")


def test_zero_rows_and_unread_neurons_do_not_count():
    network = ReluNetwork([[[1.0, 2.0], [0, 0], [5, 5]], [[2, 9, 0]]], [[1, 3, 1], [0]])
    assert exact_shallow(network, np.inf).value == 6
    assert exact_shallow(network, np.inf).details["hyperplanes"] == 1


def test_a_merge_that_is_not_exact_makes_the_answer_a_lower_one():
    edge = ReluNetwork([[[1.0], [1.0]], [[1.0, -1.0]]], [[-1.0, -1.0 - 1e-13], [0.0]])
    assert exact_shallow(edge).kind in ("lower", "estimate")
    clear = ReluNetwork([[[1.0], [1.0]], [[1.0, -1.0]]], [[-1.0, -1.0 - 1e-9], [0.0]])
    assert exact_shallow(clear).kind == "exact"
    assert exact_shallow(clear).value == 1
    scaled = ReluNetwork([[[0.1, 0.3], [0.3, 0.9]], [[1.0, -1.0]]])  # 3 * 0.1 is not 0.3
    assert exact_shallow(scaled).kind != "exact"


def test_a_thin_cell_beside_a_crossing_is_seen():
    # three lines that nearly meet in a point: the triangle between them has its own gradient
    for thin, kind in ((1e-6, "exact"), (0.0, "exact"), (1e-13, "lower")):
        rows, shifts = [[1.0, 0], [0, 1.0], [-1.0, -1.0]], [0.0, 0.0, thin]
        network = ReluNetwork([rows, [[3.0, 3.0, 3.0]]], [shifts, [0]])
        bound = exact_shallow(network)
        assert bound.kind == kind
        # all three on only inside the triangle, where the gradients cancel: no harm done
        values, _ = constants(network, (2,))
        assert bound.value == pytest.approx(values[0], rel=1e-9)
        turned = ReluNetwork([rows, [[3.0, 3.0, -3.0]]], [shifts, [0]])
        bound = exact_shallow(turned)  # all three on: (6, 6), only inside the triangle
        wanted = constants(turned, (2,))[0][0]
        if kind == "exact":
            assert bound.value == pytest.approx(wanted, rel=1e-9)
        assert bound.value <= wanted * (1 + 1e-12)


def test_the_sweep_takes_crossings_of_many_planes():
    # all planes through pairs of opposite edges of a cube, and its faces' middles
    rows = [[*v] for v in np.vstack([np.eye(3)] + [
        [(np.eye(3)[i] + s * np.eye(3)[j]) for s in (1, -1)] for i, j in combinations(range(3), 2)
    ])]  # fmt: skip
    rng = np.random.default_rng(0)
    for _ in range(5):
        network = ReluNetwork([rows, rng.integers(-3, 4, size=(1, 9))])
        values, count = constants(network)
        assert count == 48  # the chambers of the cube's symmetries
        for p, value in zip(NORMS, values, strict=True):
            assert exact_shallow(network, p, method="flats").value == pytest.approx(
                value, rel=1e-12
            )


@pytest.mark.parametrize("readout", [(1, 1, -1, 1, 2), (1, 1, 1, -1, 1), (-1, -1, 1, 2, 1)])
def test_lines_that_more_planes_hold_than_need_be(readout):
    # with biases: three planes through one line of space; without: through one plane of four
    rows = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 1, 1.0]])
    space = ReluNetwork([rows[:, :3], [readout]], [[0, 0, 0, 1, -1], [0]])
    cone = ReluNetwork([rows, [readout]])
    for network in (space, cone):
        for p, value in zip(NORMS, constants(network)[0], strict=True):
            bound = exact_shallow(network, p, method="flats")
            assert bound.kind == "exact"
            assert bound.value == pytest.approx(value, rel=1e-12)


def test_what_is_not_looked_at_could_not_be_longer():
    network = sample_random_relu(5, 10, 1, bias="normal", rng=5)
    truth = mip_shallow(network, np.inf)
    swept = exact_shallow(network, np.inf, method="flats")
    assert (truth.kind, swept.kind) == ("exact", "exact")
    assert swept.value == pytest.approx(truth.value, rel=1e-10)
    assert swept.details["looked at"] < 0.6 * 2**4 * 7 * math.comb(10, 4)


def test_moving_and_turning_space_changes_nothing():
    rng = np.random.default_rng(0)
    for seed in range(6):
        network = some_network(2 * seed + 1, depth=1, inputs=3)
        Q = np.linalg.qr(rng.normal(size=(3, 3)))[0]
        moved = network.restrict(Q, rng.normal(size=3))
        assert exact_shallow(moved).value == pytest.approx(exact_shallow(network).value, rel=1e-9)


def test_biases_do_not_decrease_it_and_rescaled_neurons_do_not_matter():
    for seed in range(20):
        network = sample_random_relu(3, 8, 1, bias="normal", rng=seed)
        value = exact_shallow(network).value
        assert exact_shallow(network.without_biases()).value <= value * (1 + 1e-12)
        c = np.exp(np.random.default_rng(seed).normal(size=8))
        (W, a), (b, _) = network.weights, network.biases
        other = ReluNetwork([c[:, None] * W, a / c], [c * b, [0]])
        assert exact_shallow(other).value == pytest.approx(value, rel=1e-10)


def test_scales_far_from_one():
    network = sample_random_relu(3, 8, 1, bias="normal", rng=0)
    (W, a), (b, _) = network.weights, network.biases
    for factor in (1e-160, 1e160):
        for p in NORMS:
            value = exact_shallow(network, p).value
            scaled = ReluNetwork([factor * W, a], [factor * b, [0]])
            assert exact_shallow(scaled, p).value == pytest.approx(factor * value, rel=1e-9)


def test_the_arrangement_reproduces_the_gradient():
    for seed in range(30):
        network = some_network(seed, depth=1, outputs=1 + seed % 2)
        arrangement = arrange(network)
        assert np.allclose(np.linalg.norm(arrangement.normals, axis=1), 1)
        X = np.random.default_rng(seed).normal(size=(20, network.input_dim))
        heights = X @ arrangement.basis.T @ arrangement.normals.T + arrangement.offsets
        # directions that no row sees do not matter to the hyperplanes
        J = arrangement.start + (heights > 0) @ arrangement.gains
        np.testing.assert_allclose(J.reshape(20, -1), network.jacobian(X).reshape(20, -1),
                                   atol=1e-9)  # fmt: skip


def test_the_tree_stops_when_asked():
    network = sample_random_relu(3, 10, 1, rng=0)
    arrangement = arrange(network)
    some = cells(arrangement.normals, arrangement.offsets, most=10)
    assert not some.complete
    whole = cells(arrangement.normals, arrangement.offsets)
    assert whole.complete
    heights = whole.points @ arrangement.normals.T
    assert ((heights > 0) == whole.signs).all()
    assert len({tuple(s) for s in whole.signs.tolist()}) == 92


def test_the_sweep_reports_a_point_of_its_cell():
    for seed in range(10):
        network = sample_random_relu(4, 9, 1, bias="normal", rng=seed)
        arrangement = arrange(network)
        found = sweep_flats(arrangement, lambda v: np.linalg.norm(v, axis=-1))
        gates = arrangement.normals @ found.point + arrangement.offsets > 0
        J = arrangement.start + gates @ arrangement.gains
        assert np.linalg.norm(J) == pytest.approx(found.value, rel=1e-12)


def test_elimination_knows_what_is_feasible():
    assert feasible([[1, 0, 1], [-1, 0, 1]])
    assert not feasible([[1, 0, -1], [-1, 0, 1]])  # x > 1 and x < 1
    assert not feasible([[1, 1, 0], [-1, 0, 0], [0, -1, 0]])
    assert len(open_patterns(np.eye(2), np.zeros(2))) == 4


class TestBadInput:
    def test_depth(self):
        with pytest.raises(ValueError, match=r"got 2 hidden layers, expected 1; branch_and_bound"):
            exact_shallow(sample_random_relu(2, 3, 2, rng=0))
        with pytest.raises(ValueError, match="got 0 hidden layers"):
            exact_shallow(ReluNetwork([[[1.0]]]))

    def test_too_much_work(self):
        with pytest.raises(ValueError, match=r"got 300 hyperplanes in 9 dim.*branch_and_bound"):
            exact_shallow(sample_random_relu(9, 300, 1, rng=0))

    def test_way(self):
        with pytest.raises(ValueError, match="method: got 'rays', expected one of 'auto'"):
            exact_shallow(TINY, method="rays")
        with pytest.raises(ValueError, match="method: got 'flats' with a box"):
            exact_shallow(TINY, box=(-1, 1), method="flats")
        with pytest.raises(ValueError, match="got 'patterns' for 4 hyperplanes in 2 dimensions"):
            exact_shallow(TINY, method="patterns")
