"""On more than three hundred networks, degenerate ones included, no lower answer is above an upper.

Every method that takes the network runs; an exact answer counts on both sides.
"""

import itertools
import math

import numpy as np
import pytest

from lipkit.lipschitz import METHODS, autolip, crown, eclipse_fast, interval, lipsdp, seqlip
from tests.lipschitz.degenerate import he_network, some_network

NORMS = (1, 2, np.inf)
CHEAP = {
    "sampling": {"n": 60},
    "ascent": {"n": 40, "starts": 3, "steps": 8, "walks": 1},
    "branch_and_bound": {"nodes": 40},
    "autolip": {"certified": True},
    "eclipse_fast": {"certified": True},
    "lipsdp": {"gap": 1e-5},
}
SLACK = 2e-9  # relative; a certified answer needs none beside another


def all_kinds(seed):
    if seed % 5 == 4:
        return he_network(seed, d=1 + seed % 4, width=6, depth=1 + seed % 3,
                          bias="normal" if seed % 2 else "zero")  # fmt: skip
    return some_network(seed, outputs=2 if seed % 7 == 6 else 1)


def answers(network, p, box):
    """The answers of all methods that take the question, by name."""
    found = {}
    for name, method in METHODS.items():
        try:
            found[name] = method(network, p, box=box, rng=0, **CHEAP.get(name, {}))
        except ValueError as error:
            if "expected" not in str(error):  # it does not apply, and says what would
                raise
    return found


@pytest.mark.parametrize("block", range(16))
def test_no_lower_answer_is_above_an_upper_one(block):
    for seed in range(20 * block, 20 * block + 20):
        network = all_kinds(seed)
        p = NORMS[seed % 3] if seed % 2 else 2
        box = None
        if seed % 3 == 2:
            box = (-np.ones(network.input_dim), np.linspace(0.2, 1, network.input_dim))
        found = answers(network, p, box)
        assert len(found) >= 6
        lower = [b for b in found.values() if b.kind in ("lower", "exact")]
        upper = [b for b in found.values() if b.kind in ("upper", "exact")]
        for low, high in itertools.product(lower, upper):
            slack = 0 if low.certified and high.certified else SLACK * (1 + high.value)
            assert low.value <= high.value + slack, (seed, p, low, high)


@pytest.mark.parametrize("block", range(4))
def test_upper_bounds_stand_in_their_order(block):  # digest, section 5.14
    for seed in range(15 * block, 15 * block + 15):
        network = all_kinds(seed)
        product = autolip(network).value
        quick, semidefinite = eclipse_fast(network).value, lipsdp(network).value
        assert semidefinite <= quick * (1 + 2e-7) + 1e-12
        assert quick <= product * (1 + 1e-9) + 1e-12
        assert seqlip(network).value <= product * (1 + 1e-9) + 1e-12
        if network.depth == 1 and network.output_dim == 1:
            gates = seqlip(network).value
            assert gates <= semidefinite * (1 + 1e-9) + 1e-12
            assert semidefinite <= math.sqrt(math.pi / 2) * gates * (1 + 1e-6) + 1e-12
        for p in NORMS:
            assert crown(network, p).value <= interval(network, p).value * (1 + 1e-12)


def test_all_gates_bound_all_points():  # digest, section 4.5: free gates know no cells
    ratios = []
    for width in (16, 64, 256):
        network = he_network(0, d=4, width=width, depth=1)
        lower = METHODS["ascent"](network).value
        ratios.append(lipsdp(network).value / lower)
    assert ratios == sorted(ratios)  # the relaxation loses with the width, the truth does not grow
    assert ratios[-1] > 1.6 * ratios[0]
