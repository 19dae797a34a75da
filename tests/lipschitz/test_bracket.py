"""The bracket of all methods: what runs, what is kept, how it stops, and that it repeats."""

import math
import time
from inspect import signature

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipkit.bound import Bound
from lipkit.lipschitz import METHODS, autolip, bracket, exact_line, exact_plane, exact_shallow
from lipkit.lipschitz import _bracket as module
from lipkit.lipschitz._plan import EFFORTS, options
from lipkit.lipschitz._question import ask
from lipkit.networks import ReluNetwork, TwoLayerNetwork, sample_random_relu
from tests.lipschitz.degenerate import some_network
from tests.lipschitz.oracles import FLAT, IDENTITY, TINY

NORMS = (1, 2, np.inf)


def methods_of(found):
    return [bound.method for bound in found.trail]


@pytest.mark.parametrize("p", NORMS)
@pytest.mark.parametrize("seed", range(18))
def test_the_truth_lies_inside(seed, p):
    network = some_network(seed, inputs=1 + seed % 3, depth=1 + seed % 2)
    found = bracket(network, p)
    if network.input_dim == 1:
        truth = exact_line(network, p).value
    elif network.depth == 1:
        truth = exact_shallow(network, p).value
    elif network.input_dim == 2 and network.bias_free:
        truth = exact_plane(network, p).value
    else:
        truth = found.lower.value
    slack = 1e-9 * (1 + truth)
    assert found.lower.value - slack <= truth <= found.upper.value + slack
    for bound in found.trail:
        if bound.kind in ("lower", "exact"):
            assert bound.value <= truth + slack, bound
        if bound.kind in ("upper", "exact"):
            assert bound.value >= truth - slack, bound


@given(st.integers(0, 10**6), st.sampled_from(NORMS))
@settings(max_examples=12)
def test_in_a_box(seed, p):
    network = some_network(seed, inputs=2)
    box = ([-1, -1], [0.5, 1])
    found = bracket(network, p, box=box)
    truth = exact_plane(network, p, box=box).value
    assert found.lower.value <= truth * (1 + 1e-9) + 1e-12
    assert truth <= found.upper.value * (1 + 1e-9) + 1e-12
    assert all(bound.domain != "global" for bound in found.trail)


def test_cheapest_first_and_an_exact_answer_ends_it():
    found = bracket(sample_random_relu(2, 16, 3, rng=0))
    assert methods_of(found) == [
        "autolip", "eclipse_fast", "interval", "exact_plane", "certify_lower"
    ]  # fmt: skip
    assert found.lower.kind == found.upper.kind == "exact"
    assert found.ratio == 1
    deep = bracket(sample_random_relu(6, 16, 2, bias="normal", rng=0))
    order = [name for name in METHODS if name in methods_of(deep)]
    asked = [m for m in methods_of(deep) if m != "certify_lower"]
    assert asked[: len(order)] == order
    assert {"autolip", "crown", "ascent", "lipsdp", "branch_and_bound"} <= set(asked)


def test_the_lower_side_is_recomputed_in_exact_arithmetic():
    found = bracket(sample_random_relu(20, 50, 2, rng=0))
    assert found.lower.method == "certify_lower"
    assert found.lower.certified
    assert found.upper.certified
    best = max(b.value for b in found.trail if b.kind == "lower")
    assert found.lower.value == pytest.approx(best, rel=1e-12)


def test_the_same_arguments_give_the_same_bracket():
    network = sample_random_relu(5, 12, 2, bias="normal", rng=0)
    first, again, other = (bracket(network, rng=seed) for seed in (1, 1, 2))
    assert first == again
    assert [b.value for b in first.trail] == [b.value for b in again.trail]
    assert [b.value for b in first.trail] != [b.value for b in other.trail]
    drawn = [bracket(network, rng=np.random.default_rng(5)) for _ in range(2)]
    assert drawn[0] == drawn[1]


def test_more_effort_is_never_worse():
    network = sample_random_relu(4, 10, 2, rng=3)
    quick, normal = (bracket(network, effort=effort) for effort in ("quick", "normal"))
    assert normal.lower.value >= quick.lower.value * (1 - 1e-12)
    assert normal.upper.value <= quick.upper.value * (1 + 1e-12)
    assert normal.ratio == 1


def test_a_search_cut_short_counts_on_both_sides():
    network = sample_random_relu(6, 16, 2, bias="normal", rng=0)
    found = bracket(network, methods=["branch_and_bound"])
    above, below = found.trail[:2]
    assert (above.kind, below.kind) == ("upper", "lower")
    assert below.value == above.details["at least"] < above.value
    slope = np.linalg.norm(network.gradient(below.witness))
    assert below.value == pytest.approx(slope, rel=1e-12)
    assert found.lower.value == pytest.approx(slope, rel=1e-12)


def test_the_plan_asks_no_method_for_what_it_cannot_do():
    wide = sample_random_relu(9, 30, 1, rng=0)
    deep = sample_random_relu(3, 6, 2, bias="normal", rng=0)
    several = wide.with_readout(np.ones((3, 1)))
    for network in (wide, deep, several, wide.without_biases(), ReluNetwork([np.ones((2, 3))])):
        for p, q in ((1, 1), (2, 2), (2, 1), (np.inf, np.inf), (3, 3)):
            question = ask(network, p, q, None)
            for name in METHODS:
                given = options(name, question, EFFORTS["normal"])
                assert given is None or set(given) <= set(signature(METHODS[name]).parameters)
                if name == "mip_shallow" and given is not None:
                    assert p != 2
                    assert network.depth == 1
                if name == "seqlip" and given is not None:
                    assert p == 2


def test_methods_by_name_run_cheapest_first_whatever_they_take():
    network = sample_random_relu(3, 8, 1, rng=0)
    found = bracket(network, methods=["lipsdp", "autolip", "sampling", "seqlip_greedy"])
    assert methods_of(found)[:4] == ["autolip", "sampling", "seqlip_greedy", "lipsdp"]
    assert found.upper.method == "lipsdp"
    one_sided = bracket(network, methods=["autolip"])
    assert one_sided.lower == 0
    assert one_sided.lower.method == "none"
    no_upper = bracket(network, methods=["ascent"])
    assert math.isinf(no_upper.upper.value)
    with pytest.raises(ValueError, match="got 3 inputs, expected 2"):
        bracket(network, methods=["exact_plane"])


def test_networks_of_every_kind():
    assert bracket(TwoLayerNetwork([[1.0, 2.0]], [0.0], [3.0], "relu")).ratio == 1
    assert bracket(ReluNetwork([[[3.0, 4.0]]])).contains(5)
    assert bracket(TINY, 1).upper == 2.5
    for network, truth in ((FLAT, 0), (IDENTITY, 1)):
        found = bracket(network)
        assert (found.lower.value, found.upper.value) == (truth, truth)
    several = ReluNetwork([np.random.default_rng(0).normal(size=s) for s in ((9, 4), (3, 9))])
    for p, q in ((2, 1), (3, 3), (np.inf, 2), (1, 1)):
        found = bracket(several, p, q=q)
        assert 0 < found.lower.value <= found.upper.value
        assert found.upper.norm == (p, q)


def slow(network, p=2, *, q=None, box=None, rng=0, **options):
    time.sleep(0.2)
    return autolip(network, p, q=q, box=box)


def stop(network, p=2, **options):
    raise KeyboardInterrupt


def test_the_time_limit_stops_it_and_says_so(monkeypatch):
    monkeypatch.setitem(module.METHODS, "autolip", slow)
    network = sample_random_relu(5, 12, 2, rng=0)
    with pytest.warns(UserWarning, match=r"the time limit of 0.1 s is over.*without: eclipse_fast"):
        found = bracket(network, time_limit=0.1)
    assert methods_of(found) == ["autolip"]
    assert found.upper.method == "autolip"
    assert found.lower == 0
    assert found.upper.details["not run"][0] == "eclipse_fast"
    assert found.lower.details["not run"] == found.upper.details["not run"]
    whole = bracket(network, time_limit=1000.0)
    assert "not run" not in whole.upper.details


def test_a_search_that_time_cut_short_is_said():
    network = sample_random_relu(6, 20, 3, rng=0)
    with pytest.warns(UserWarning, match=r"limit of 0.01 s is over, so branch_and_bound ended ear"):
        found = bracket(network, methods=["branch_and_bound"], time_limit=0.01)
    assert found.upper.kind == "upper"
    assert found.upper.details["not run"] == found.lower.details["not run"] == []


def test_an_interrupt_returns_what_is_known(monkeypatch):
    network = sample_random_relu(5, 12, 2, rng=0)
    monkeypatch.setitem(module.METHODS, "ascent", stop)
    with pytest.warns(UserWarning, match="interrupted, so not all methods ran; without: ascent"):
        found = bracket(network)
    assert found.upper.value < math.inf
    assert found.lower.value > 0
    assert found.upper.details["not run"][0] == "ascent"
    monkeypatch.setitem(module.METHODS, "autolip", stop)
    with pytest.raises(KeyboardInterrupt):
        bracket(network)


def test_a_wrong_method_is_found_out(monkeypatch):
    def wrong(network, p=2, **options):
        return Bound(0.1, "upper", quantity="Lipschitz constant of a network", method="wrong")

    monkeypatch.setitem(module.METHODS, "eclipse_fast", wrong)
    with pytest.raises(ValueError, match="one of the two is wrong"):
        bracket(sample_random_relu(5, 12, 2, rng=0))


def test_progress_is_silent_unless_asked(monkeypatch, capsys):
    monkeypatch.setattr("lipkit.lipschitz._progress._PATIENCE", 0.0)
    network = sample_random_relu(3, 6, 2, rng=0)
    bracket(network)
    assert capsys.readouterr() == ("", "")
    bracket(network, progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "ascent" in err
    assert err.endswith("\r")


class TestBadInput:
    @pytest.mark.parametrize(
        ("call", "error", "message"),
        [
            ({"effort": "all"}, ValueError, "effort: got 'all', expected one of 'quick'"),
            ({"methods": "lipsdp"}, ValueError, "methods: got 'lipsdp', expected one of 'auto'"),
            ({"methods": ["lip"]}, ValueError, "methods: got 'lip', expected one of 'autolip'"),
            ({"methods": []}, ValueError, "methods: got none, expected 'auto' or at least one"),
            ({"time_limit": 0}, ValueError, "time_limit: got 0, expected a positive"),
            ({"rng": None}, TypeError, "rng: got None"),
            ({"p": 0.3}, ValueError, "p: got 0.3"),
            ({"box": (1, 0)}, ValueError, "expected lower < upper"),
        ],
    )
    def test_arguments(self, call, error, message):
        with pytest.raises(error, match=message):
            bracket(TINY, **call)

    def test_network(self):
        with pytest.raises(TypeError, match="network: got list"):
            bracket([np.eye(2)])
