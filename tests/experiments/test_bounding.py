"""The experiments and views of the chapter *Bounding a network*, against brute force."""

from itertools import pairwise

import numpy as np
import pytest

from lipkit import lipschitz
from lipkit.experiments import EXPERIMENTS, false_bounds
from lipkit.experiments.digits import digits_network
from lipkit.experiments.digits_gap import wide_digits_network
from lipkit.experiments.free_gates import WIDTHS, answers_by_width, twin
from lipkit.experiments.twelve_methods import bracket_so_far, cell_share, twelve_answers
from lipkit.networks import ReluNetwork, sample_random_relu

CORNER = ReluNetwork([np.eye(3), [[1.0, 1.0, 1.0]]])


@pytest.fixture(scope="module")
def rows():
    return twelve_answers(sample_random_relu(3, 10, 1, rng=1), [1, 1000], rng=0)


# -- twelve methods ------------------------------------------------------------------------------
def test_every_answer_is_on_its_side_of_the_steepest_of_many_points(rows):
    f = sample_random_relu(3, 10, 1, rng=1)
    X = np.random.default_rng(0).normal(size=(400_000, 3))
    steepest = np.linalg.norm(f.gradient(X), axis=1).max()
    for name, bounds in rows:
        for b in bounds:
            assert b.norm == (2, 2)
            assert b.domain == "global"
            if b.kind == "lower":
                assert b.value <= steepest * (1 + 1e-9), name
            if b.kind == "upper":
                assert b.value >= steepest * (1 - 1e-9), name
            if b.kind == "exact":
                assert b.value == pytest.approx(steepest), name


def test_all_twelve_methods_have_a_row_and_the_bracket_only_shrinks(rows):
    names = {name.split(",")[0] for name, _ in rows}
    assert names == set(lipschitz.METHODS) - {"exact_line", "exact_plane"}
    low, high = bracket_so_far(rows)
    assert (np.diff(low) >= 0).all()
    assert (np.diff(high) <= 0).all()
    assert low[0] == 0
    assert np.isfinite(high[0])
    assert low[-1] == pytest.approx(high[-1])
    assert low[-1] == lipschitz.exact_shallow(sample_random_relu(3, 10, 1, rng=1)).value


def test_the_share_of_an_octant_is_an_eighth():
    found = cell_share(CORNER, np.array([1.0, 2.0, 0.5]), n=100_000, rng=0)
    assert found == pytest.approx(1 / 8, rel=0.02)


def test_the_share_of_a_wedge_is_its_angle():
    for angle in (1e-3, 0.2, 1.5):
        W = [[0.0, 1.0], [np.sin(angle), -np.cos(angle)]]
        f = ReluNetwork([W, [[1.0, 1.0]]])
        x = np.array([np.cos(angle / 2), np.sin(angle / 2)])
        assert cell_share(f, x, n=1000, rng=0) == pytest.approx(angle / (2 * np.pi))


def test_the_shares_of_all_cells_add_up_to_one_and_are_those_of_simulation():
    f = sample_random_relu(3, 6, 1, rng=3)
    X = np.random.default_rng(0).normal(size=(200_000, 3))
    gates, first, counts = np.unique(
        X @ f.weights[0].T > 0, axis=0, return_index=True, return_counts=True
    )
    shares = np.array([cell_share(f, X[i], rng=int(i)) for i in first])
    assert len(gates) == 32  # n_cells(6, 3): all of them were seen
    assert shares.sum() == pytest.approx(1, abs=0.01)
    error = np.sqrt(counts) / len(X)
    assert (np.abs(shares - counts / len(X)) < 5 * error + 0.05 * shares).all()


@pytest.mark.parametrize(
    ("network", "x", "message"),
    [
        (sample_random_relu(3, 6, 2, rng=0), [1.0, 0, 0], "expected one hidden layer"),
        (sample_random_relu(3, 6, 1, bias="normal", rng=0), [1.0, 0, 0], "no biases"),
        (sample_random_relu(1, 6, 1, rng=0), [1.0], "two inputs"),
        (ReluNetwork([[[1.0, 0.0]], [[1.0]]]), [1.0, 0.0], "as many neurons"),
        (ReluNetwork([[[1.0, 0], [2, 0]], [[1.0, 1]]]), [1.0, 0.0], "wider than a half-sphere"),
    ],
)
def test_a_share_that_cannot_be_found_is_refused(network, x, message):
    with pytest.raises(ValueError, match=message):
        cell_share(network, np.array(x))


def test_the_experiment_of_the_steepest_cell():
    cell = EXPERIMENTS["steepest_cell"]
    first, again = cell(cell.params("test"), 0), cell(cell.params("test"), 0)
    assert first == again
    f = sample_random_relu(3, 8, 1, rng=0)
    X = np.random.default_rng(5).normal(size=(400_000, 3))
    slopes = np.linalg.norm(f.gradient(X), axis=1)
    assert slopes.max() == pytest.approx(first["exact"])
    seen = np.mean(slopes > first["exact"] * (1 - 1e-9))
    assert first["share"] == pytest.approx(seen, rel=0.1)
    assert first["sampling"] <= first["ascent"] <= first["exact"] * (1 + 1e-9)


# -- free gates ----------------------------------------------------------------------------------
def test_the_twin_turns_what_counts_negatively():
    f = sample_random_relu(3, 7, 1, bias="normal", rng=0)
    g = twin(f)
    x = np.random.default_rng(0).normal(size=3)
    q = f.weights[1][0][:, None] * f.weights[0]
    assert g(x) == pytest.approx(np.maximum(q @ x, 0).sum())
    assert g.bias_free
    with pytest.raises(ValueError, match="one hidden layer and one output"):
        twin(sample_random_relu(3, 7, 2, rng=0))


@pytest.mark.parametrize("seed", range(4))
def test_the_answers_of_free_gates_by_brute_force(seed):
    found = EXPERIMENTS["free_gates"]({"d": 2, "width": 10}, seed)
    f = sample_random_relu(2, 10, 1, rng=seed)
    q = f.weights[1].T * f.weights[0]
    every = np.array(list(np.ndindex(*[2] * 10))) @ q
    turns = np.linspace(0, 2 * np.pi, 100_001)
    X = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    assert found["free"] == pytest.approx(np.linalg.norm(every, axis=1).max())
    assert found["exact"] == pytest.approx(np.linalg.norm(f.gradient(X), axis=1).max())
    product = np.linalg.norm(f.weights[0], 2) * np.linalg.norm(f.weights[1])
    assert found["autolip"] == pytest.approx(product)
    order = ["sampling", "exact", "free", "lipsdp", "eclipse_fast", "autolip"]
    assert all(found[a] <= found[b] * (1 + 1e-9) for a, b in pairwise(order))


def test_the_view_has_the_numbers_of_its_state_and_the_curves_of_all_widths():
    seen = answers_by_width(2, 8, 1)
    run = EXPERIMENTS["free_gates"]({"d": 2, "width": 8}, 1)
    for name, value in run.items():
        assert seen[name] == value
        assert seen[f"by_{name}"][WIDTHS.index(8)] == value
        assert seen[f"by_{name}"].shape == (len(WIDTHS),)
    assert seen["lost"] == run["lipsdp"] / run["exact"]
    assert 0.9 * run["exact"] < seen["ascent"] <= run["exact"] * (1 + 1e-9)
    assert 0.9 * run["free"] < seen["seqlip_greedy"] <= run["free"] * (1 + 1e-9)


# -- false bounds --------------------------------------------------------------------------------
def test_each_trap_is_what_it_says():
    found = false_bounds.false_bounds()
    assert found["coupled"] == (0.0, pytest.approx(1))
    assert found["origin"] == (4.0, pytest.approx(3))
    assert found["greedy"] == (2.0, pytest.approx(3))
    assert found["power"] == (pytest.approx(np.sqrt(1.64 / 1.16)), pytest.approx(2))
    assert found["tolerance"] == (pytest.approx(np.sqrt(0.8)), pytest.approx(1))


def test_power_iteration_reaches_the_norm_in_the_end():
    assert false_bounds.power_iteration(false_bounds.PAIR, [1, 0.1], 30) == pytest.approx(2)


@pytest.mark.parametrize("eps", [0.01, 0.1, 0.3])
def test_no_smaller_value_passes_a_solver_of_this_tolerance(eps):
    t = np.linspace(0.01, 5, 20_000)
    least = np.where(2 * t - 1 + eps > 0, t**2 / (2 * t - 1 + eps) - eps, np.inf).min()
    assert false_bounds.tolerant_lipsdp(eps) ** 2 == pytest.approx(least, abs=1e-6)


# -- digits --------------------------------------------------------------------------------------
def test_the_gap_of_a_small_digits_network():
    gap = EXPERIMENTS["digits_gap"]
    found = gap(gap.params("test"), 0)
    assert found["found"] <= found["lipsdp"] <= found["product"]
    assert found["lost"] == found["lipsdp"] / found["found"]
    network = wide_digits_network(8, 1, 0)
    assert network.widths == (8, 8, 8)
    product = np.prod([np.linalg.norm(W, 2) for W in network.weights])
    assert found["product"] == pytest.approx(product)


def test_the_network_of_width_32_is_that_of_chapter_1_and_at_birth_it_is_another():
    usual, _ = digits_network(0)
    same, birth = wide_digits_network(32, 30, 0), wide_digits_network(32, 0, 0)
    for W, V in zip(usual.weights, same.weights, strict=True):
        np.testing.assert_array_equal(W, V)
    assert np.abs(usual.weights[0] - birth.weights[0]).max() > 0.01


def test_local_answers_stand_on_their_side():
    box = EXPERIMENTS["digits_box"]
    found = box({"radius": 0.003, "nodes": 5}, 0)
    network, split = digits_network(0)
    noise = np.random.default_rng(0).uniform(-0.003, 0.003, size=(500, 64))
    J = network.jacobian(split.test.X[0] + noise)
    seen = np.linalg.norm(J, 2, axis=(1, 2)).max()
    assert found["at"] <= found["found"] * (1 + 1e-9)
    assert seen <= found["parts"] <= found["crown"] <= found["interval"]
    assert found["found"] <= found["parts"] * (1 + 1e-9)
