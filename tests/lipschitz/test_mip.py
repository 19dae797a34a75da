"""Mixed-integer programs: the digest's values, other exact ways, and the trap at the origin."""

import math

import numpy as np
import pytest

from lipkit.lipschitz import exact_shallow, mip_shallow
from lipkit.networks import ReluNetwork, sample_random_relu
from tests.lipschitz.degenerate import some_network
from tests.lipschitz.shallow_oracle import constants
from tests.lipschitz.test_shallow import CROWDED, PARALLEL

ENDS = (1, np.inf)


@pytest.mark.parametrize(
    ("d", "n", "p", "value", "trap"),
    [(2, 10, np.inf, 1.8000927410, 2.0798417412), (4, 30, np.inf, 5.6510218355, 6.9256396197),
     (4, 30, 1, 2.8164268568, None)],
)  # fmt: skip
def test_digest_values_and_the_trap_at_the_origin(d, n, p, value, trap):  # digest, 5.8 and 6.3
    network = sample_random_relu(d, n, 1, rng=7)
    bound = mip_shallow(network, p)
    assert (bound.kind, bound.method) == ("exact", "mip_shallow")
    assert bound.value == pytest.approx(value, abs=5.1e-11)
    assert bound.details["dual bound"] == pytest.approx(value, rel=2e-9)
    if trap is not None:
        with pytest.warns(UserWarning, match="faces=False: without biases every gate pattern"):
            whole = mip_shallow(network, p, faces=False)
        assert whole.kind == "upper"  # no open cell has these gates
        assert whole.value == pytest.approx(trap, abs=5.1e-11)


@pytest.mark.parametrize("p", ENDS)
@pytest.mark.parametrize("seed", range(16))
def test_never_below_elimination_and_exact_where_it_says_so(seed, p):
    network = some_network(seed, depth=1, widest=6, inputs=1 + seed % 3)
    truth = constants(network, (p,))[0][0]
    bound = mip_shallow(network, p)
    assert bound.kind in ("exact", "upper")
    assert bound.value >= truth * (1 - 1e-9)
    if bound.kind == "exact":
        assert bound.value == pytest.approx(truth, rel=1e-9, abs=1e-12)
        assert bound.details["dual bound"] >= truth * (1 - 1e-9)


@pytest.mark.parametrize("p", ENDS)
def test_the_same_as_the_sweep(p):
    for seed in range(4):
        bias = "normal" if seed % 2 else "zero"
        network = sample_random_relu(3 + seed, 12, 1, bias=bias, rng=seed)
        swept, solved = exact_shallow(network, p, method="flats"), mip_shallow(network, p)
        assert solved.kind == "exact"
        assert solved.value == pytest.approx(swept.value, rel=1e-10)
        assert exact_shallow(network, p, method="mip").value == pytest.approx(
            swept.value, rel=1e-10
        )


def test_crowded_arrangements_are_overestimated_and_that_is_said():  # digest, sections 5.3, 5.8
    for network, p, truth, value in (
        (CROWDED, 1, 1, 1), (CROWDED, np.inf, 2, 3), (PARALLEL, 1, 1, 2), (PARALLEL, np.inf, 2, 2)
    ):  # fmt: skip
        bound = mip_shallow(network, p)
        assert bound.value == pytest.approx(value, abs=1e-9)
        assert bound.kind == ("exact" if value == truth else "upper")
    inside = mip_shallow(PARALLEL, 1, box=([-2, -2], [3, 3]))
    assert (inside.kind, inside.value) == ("exact", pytest.approx(1))


@pytest.mark.parametrize("p", ENDS)
@pytest.mark.parametrize("seed", range(6))
def test_in_a_box(seed, p):
    network = some_network(2 * seed + 1, depth=1, widest=5, inputs=1 + seed % 3)
    d = network.input_dim
    box = (-0.5 * np.ones(d), np.linspace(0.3, 0.7, d))
    truth = constants(network, (p,), box)[0][0]
    bound = mip_shallow(network, p, box=box)
    assert bound.value >= truth * (1 - 1e-9)
    if bound.kind == "exact":
        assert bound.value == pytest.approx(truth, rel=1e-9, abs=1e-12)
        assert ((box[0] <= bound.witness) & (bound.witness <= box[1])).all()


def test_several_outputs_with_q_inf():
    rng = np.random.default_rng(0)
    network = ReluNetwork([rng.normal(size=(8, 3)), rng.normal(size=(2, 8))],
                          [rng.normal(size=8), np.zeros(2)])  # fmt: skip
    for p in ENDS:
        swept = exact_shallow(network, p, q=np.inf, method="flats")
        assert mip_shallow(network, p, q=np.inf).value == pytest.approx(swept.value, rel=1e-10)


def test_out_of_time_the_dual_bound_is_the_answer():
    network = sample_random_relu(5, 40, 1, rng=0)
    bound = mip_shallow(network, 1, time_limit=0.05)
    assert bound.kind == "upper"
    assert bound.value == bound.details["dual bound"]
    assert bound.value >= exact_shallow(network, 1).value * (1 - 1e-9)


def test_a_network_with_nothing_left():
    assert mip_shallow(ReluNetwork([[[1.0], [-1]], [[1.0, -1]]]), 1).value == 1
    assert mip_shallow(ReluNetwork([[[0.0]], [[1.0]]]), np.inf).value == 0


def test_it_prints_nothing(capfd):
    mip_shallow(sample_random_relu(5, 20, 1, rng=0), 1)
    assert capfd.readouterr() == ("", "")


class TestBadInput:
    def test_p(self):
        with pytest.raises(ValueError, match=r"p: got 2, expected 1 or inf.*exact_shallow"):
            mip_shallow(sample_random_relu(2, 3, 1, rng=0))

    def test_q(self):
        network = ReluNetwork([np.eye(2), np.eye(2)])
        with pytest.raises(ValueError, match="q: got 1 for 2 outputs, expected inf"):
            mip_shallow(network, 1)

    def test_depth(self):
        with pytest.raises(ValueError, match="got 3 hidden layers, expected 1"):
            mip_shallow(sample_random_relu(2, 3, 3, rng=0), 1)

    def test_inputs(self):
        with pytest.raises(ValueError, match="got 17 inputs, expected at most 16 for p = inf"):
            mip_shallow(sample_random_relu(17, 3, 1, rng=0), math.inf)

    def test_time_limit(self):
        with pytest.raises(ValueError, match="time_limit: got 0, expected a positive number"):
            mip_shallow(sample_random_relu(2, 3, 1, rng=0), 1, time_limit=0)
