"""Each generic checker passes what has the property and says what lacks it."""

import fractions
import math
import re
from decimal import Decimal

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lipkit import lipschitz
from lipkit.bound import NETWORK, Bound
from lipkit.networks import ReluNetwork, TwoLayerNetwork
from lipkit.teach import graders as g
from lipkit.teach.graders import Wrong

UPPER = Bound(2.0, "upper", quantity=NETWORK, method="by hand")
STEP = ReluNetwork([[[1], [1]], [[1, -1]]], [[0, -1], [0]])
NUMBERS = st.floats(-1e6, 1e6)
X = np.array([3.0, -4.0])


def wrong(check: g.Check, answer) -> Wrong:
    with pytest.raises(Wrong) as caught:
        check.test(answer)
    return caught.value


def holds(check: g.Check, answer) -> bool:
    try:
        check.test(answer)
    except Wrong:
        return False
    return True


# -- readers -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "answer",
    [2, 2.0, np.float32(2), np.int8(2), np.array(2.0), np.array([[2.0]]), UPPER, [2],
     fractions.Fraction(2), Decimal(2), torch.tensor(2.0), torch.nn.Parameter(torch.tensor([2.0]))],
    ids=lambda answer: type(answer).__name__,
)  # fmt: skip
def test_number_takes_what_is_one_number(answer):
    value = g.number(answer)
    assert type(value) is float
    assert value == 2


@pytest.mark.parametrize(
    ("answer", "got"),
    [(None, "None"), ("2", "'2'"), (math.nan, "nan"), (-math.inf, "-inf"), (2j, "complex, "),
     (True, "True"), ([1, 2], "an array of shape (2,)"), ([], "an array of shape (0,)"),
     ([[1], [2, 3]], "[[1], [2, 3]]"), (torch.ones(2), "an array of shape (2,)"),
     (STEP, "ReluNetwork("), (object(), "an object of type object"), (abs, "the function abs"),
     ({1: 2}, "{1: 2}"), (np.array(["a"]), "an array of dtype")],
    ids=lambda x: str(type(x).__name__),
)  # fmt: skip
def test_number_refuses_the_rest_and_shows_it(answer, got):
    with pytest.raises(Wrong) as caught:
        g.number(answer)
    assert caught.value.got.startswith(got)
    assert caught.value.expected == "a number"
    assert ("not text" in caught.value.hint) == isinstance(answer, str)


def test_array_reads_shapes():
    assert g.array(2, None)([[1, 2, 3], [4, 5, 6]]).dtype == np.float64
    assert g.array()(torch.eye(2, requires_grad=True)).tolist() == [[1, 0], [0, 1]]
    for answer in ([1, 2], [[1, 2]], [[1, 2]] * 3, 1.0):
        with pytest.raises(Wrong, match="an array of shape") as caught:
            g.array(2, None)(answer)
        assert caught.value.expected == "an array of shape (2, any)"
    with pytest.raises(Wrong, match="nan among the numbers"):
        g.array()([1, np.nan])
    assert g.array(1)([5]).tolist() == [5]
    assert g.array(2)([UPPER, fractions.Fraction(1, 2)]).tolist() == [2, 0.5]
    for answer in ([UPPER, None], [UPPER, "1"], [UPPER, 1j], [10**400, UPPER]):
        with pytest.raises(Wrong):
            g.array(2)(answer)
    with pytest.raises(Wrong) as caught:
        g.array(1)([5, 6])
    assert caught.value.expected == "an array of shape (1,)"


def test_network_reads_networks_and_weights():
    read = g.network(inputs=2)
    pair = (torch.eye(2), np.array([1, 2]))
    sequential = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
    two_layer = TwoLayerNetwork(np.eye(2), [0, 0], [1, 1], "relu")
    for answer in (pair, list(pair), sequential, two_layer, read(pair)):
        assert isinstance(read(answer), ReluNetwork)
    assert read(pair)([3.0, -1.0]) == 3


@pytest.mark.parametrize(
    ("answer", "got"),
    [([], "weights: got an empty list"), (([[1, 2]], [1, 2]), "weights[1]: got shape"), (3, "3"),
     (STEP, "inputs: 1"), ((np.eye(2), np.eye(2)), "outputs: 2"), ("net", "'net'"),
     (([[1, 1]],), "hidden layers: 0"), (([[np.nan, 1]], [1]), "nan among"),
     ((None, [1]), "None"), (np.eye(2), "one matrix, of shape (2, 2)"),
     ([[1, 2], [3, 4]], "one matrix, of shape (2, 2)"), ([1, 2], "one vector, of shape (2,)"),
     (torch.eye(2), "one matrix"), (([1, 2], [3, 4]), "W of shape (2,)"),
     ((1, 2, 3), "one vector"), (([[1, 2]], "a"), "'a'"), (torch.nn.Softmax(0), "a torch Softmax")],
    ids=lambda x: str(type(x).__name__),
)  # fmt: skip
def test_network_refuses_the_rest(answer, got):
    with pytest.raises(Wrong) as caught:
        g.network(inputs=2, hidden=1)(answer)
    assert got in caught.value.got
    assert caught.value.expected


def test_fields_read_each_entry():
    read = g.fields(a=g.number, b=g.text)
    assert read({"b": " UP  per", "a": [1]}) == {"a": 1.0, "b": "up per"}
    for answer in ({"a": 1}, {"a": 1, "b": "x", "c": 2}, [1, 2], None):
        with pytest.raises(Wrong) as caught:
            read(answer)
        assert caught.value.expected == "a dict with the keys 'a', 'b'"
    with pytest.raises(Wrong) as caught:
        read({"a": "x", "b": "y"})
    assert (caught.value.at, caught.value.expected) == ("entry 'a'", "a number")


def test_function_and_text():
    assert g.function(len) is len
    assert g.anything(3) == 3
    with pytest.raises(Wrong) as caught:
        g.function(3.0)
    assert "without calling" in caught.value.hint
    with pytest.raises(Wrong, match="3"):
        g.text(3)


# -- against an oracle ---------------------------------------------------------------------------
@given(NUMBERS, NUMBERS)
def test_close_to_is_isclose(true, answer):
    assert holds(g.close_to(true, rtol=1e-3), answer) == np.isclose(answer, true, 1e-3, 0)
    assert holds(g.close_to(lambda: true), true)


def test_close_to_reads_the_shape_of_the_oracle():
    check = g.close_to([1.0, 2.0], mistakes={"Upside down.": [2.0, 1.0]}, expected="in order")
    assert holds(check, (1, 2))
    assert wrong(check, 1.0).got == "an array of shape ()"
    assert wrong(check, [2, 1]).hint == "Upside down."
    assert wrong(check, [2, 2]).hint == ""
    assert wrong(check, [2, 2]).expected == "in order"
    assert wrong(check, [2, 2]).got == "[2, 2]"


@pytest.mark.parametrize(
    ("rtol", "answer", "hint"),
    [(1e-3, 1.4, "Give 4 sig"), (1e-6, 1.414, "Give 7 sig"), (1e-6, 1.43, "Give 7 sig"),
     (1e-3, 1.3, ""), (1e-3, -1.414, ""), (0.02, 1.37, ""), (1e-3, 2.01, "Squared."),
     (1e-3, 99, "Too far."), (1e-3, 2.05, "")],
)  # fmt: skip
def test_close_to_says_what_may_have_happened(rtol, answer, hint):
    mistakes = {"Squared.": 2.0, "Too far.": lambda x: x > 50}
    failed = wrong(g.close_to(2**0.5, rtol=rtol, mistakes=mistakes), answer)
    assert hint in failed.hint
    assert bool(hint) == bool(failed.hint)


@given(st.lists(NUMBERS, min_size=1), NUMBERS.filter(lambda c: abs(c) > 1e-3))
def test_agrees_on_every_input(inputs, shift):
    check = g.agrees(lambda x: 2 * x, iter(inputs), atol=1e-9)
    for _ in range(2):  # the inputs are kept
        assert holds(check, lambda x: x + x)
        assert not holds(check, lambda x: x + x + shift * 10 * (1 + abs(x)))


def test_agrees_says_where_and_on_which_side():
    inputs = [1.0, g.case(2.0, about="two")]
    check = g.agrees(abs, inputs, mistakes={"A square.": lambda x: x * x}, expected="the size")
    failed = wrong(check, lambda x: x * x)
    assert (failed.at, failed.got) == ("two: 2", "4, too large")
    assert (failed.expected, failed.hint) == ("the size", "A square.")
    assert wrong(check, lambda x: 0.5).got == "0.5, too small"
    failed = wrong(check, lambda x: None)
    assert (failed.at, failed.got, failed.expected) == ("1", "None", "a number")


@given(hnp.arrays(float, 3, elements=st.integers(-10, 10)))
def test_upper_and_lower(x):
    norm = np.linalg.norm
    assert holds(g.upper(norm, [x]), lambda v: np.abs(v).sum())
    assert holds(g.lower(norm, [x]), lambda v: np.abs(v).max())
    for check in (g.upper(norm, [x]), g.lower(norm, [x])):
        assert holds(check, norm)
        assert holds(check, lambda v: norm(v) * (1 + 1e-12))
        assert holds(check, lambda v: norm(v) * (1 - 1e-12))
    assert not holds(g.upper(norm, [x]), lambda v: 0.9 * norm(v) - 1e-3)
    assert not holds(g.lower(norm, [x]), lambda v: 1.1 * norm(v) + 1e-3)


def test_upper_and_lower_say_the_side():
    failed = wrong(g.upper(np.linalg.norm, [X]), lambda x: 4)
    assert (failed.got, failed.at) == ("4, too small", "[3, -4]")
    assert wrong(g.lower(np.linalg.norm, [X]), lambda x: 7).got == "7, too large"
    assert wrong(g.upper(np.abs, [X]), lambda x: [3, 3]).got == "[3, 3]"


@pytest.mark.parametrize(
    ("value", "same", "other"),
    [(3, 3, 4), ("a", "a", "b"), ({1, 2}, {2, 1}, {1}), ([1, 2], np.array([1, 2]), [2, 1]),
     (True, True, False), (None, None, 0), ([1, 2], (1, 2), [[1, 2]])],
)  # fmt: skip
def test_exactly(value, same, other):
    assert holds(g.exactly(value), same)
    assert not holds(g.exactly(value), other)


def test_one_of_forgives_case_blanks_and_the():
    check = g.one_of("Frobenius", "Hilbert-Schmidt", mistakes={"Order 2.": ["spectral", "l2"]})
    for said in ("frobenius", " The  FROBENIUS norm", "Hilbert-Schmidt norm"):
        assert holds(check, said)
    assert wrong(check, "the spectral norm").hint == "Order 2."
    for said in ("the Frobenius norms", "Product of the Frobenius norms", "hilbert\u2013schmidt",
                 "It is the Frobenius matrix norm.", "Frobenius norm of each layer"):  # fmt: skip
        assert holds(check, said)
    for said in ("not the Frobenius norm", "Frobenius or spectral", "norm", ""):
        assert not holds(check, said)
    assert wrong(check, "Forbenius").hint == "Is it spelled right?"
    assert wrong(check, "nuclear").hint == ""
    assert wrong(check, 2).expected == "text in quotes"


def test_bound_kind():
    check = g.bound_kind("upper")
    assert holds(check, UPPER)
    assert holds(check, "Upper")
    assert holds(check, lipschitz.autolip(STEP))
    assert holds(check, "an upper bound")
    assert wrong(check, lipschitz.sampling(STEP, n=10, rng=0)).got == "'lower'"
    assert wrong(check, "exact").got == "'exact'"
    assert wrong(check, "a lower bound").got == "'lower'"
    assert not holds(check, 2.0)


KINDS = {
    "lower": ["lower", "A lower answer", "lower bound", "▲", "underestimate", "lower-bound"],
    "upper": ["UPPER", "an upper answer", "the upper bound", "▼", "over-estimate", "upperbound",
              "It is still an upper answer.", "(upper)", " upper\n"],
    "exact": ["exact", "an exact answer", "●", "exact value"],
    "estimate": ["estimate", "an estimate", "◆"],
}  # fmt: skip


@pytest.mark.parametrize(("kind", "said"), [(k, said) for k in KINDS for said in KINDS[k]])
def test_kind_reads_words_and_marks(kind, said):
    assert g.kind(said) == kind


@pytest.mark.parametrize(
    "said",
    ["", "bound", "supper", "lower or upper", "not lower", "isn't upper", "▲▼", 2, None],
)
def test_kind_refuses_what_names_none_or_two(said):
    with pytest.raises(Wrong) as caught:
        g.kind(said)
    if isinstance(said, str):
        assert caught.value.expected == 'one of "lower", "upper", "exact", "estimate"'


def test_kind_reads_bounds():
    assert g.kind(UPPER) == "upper"
    assert g.kind(lipschitz.sampling(STEP, n=10, rng=0)) == "lower"


# -- laws ----------------------------------------------------------------------------------------
def test_shape_of_a_value_and_of_what_a_function_gives():
    assert g.shape().gate
    assert holds(g.shape(), 3)
    assert not holds(g.shape(), [1, 2])
    assert holds(g.shape(2, inputs=[X]), lambda x: 2 * x)
    assert not holds(g.shape(2, inputs=[X, np.ones(3)]), lambda x: 2 * x)
    assert wrong(g.shape(inputs=[X]), lambda x: x).at == "[3, -4]"


@given(st.floats(0.2, 3), hnp.arrays(float, 2, elements=st.floats(0.1, 10)))
def test_homogeneous(degree, x):
    def power(v):
        return np.sum(v**2) ** (degree / 2)

    assert holds(g.homogeneous(degree, [x]), power)
    assert not holds(g.homogeneous(degree + 0.1, [x]), power)
    assert not holds(g.homogeneous(degree, [x]), lambda v: power(v) + 1)


def test_homogeneous_scales_the_first_argument():
    check = g.homogeneous(1, [g.case(X, 3)], hint="h")
    assert holds(check, lambda x, p: np.linalg.norm(x, p))
    failed = wrong(check, lambda x, p: p)
    assert failed.at == "[3, -4], 3"
    assert "0.5 times" in failed.got


def test_invariant():
    check = g.invariant(lambda x, y: (y, x), [g.case(1.0, 2.0)])
    assert holds(check, lambda x, y: x * y)
    failed = wrong(check, lambda x, y: x - y)
    assert (failed.at, failed.got) == ("1, 2; then 2, 1", "-1 at the first, 1 at the second")
    turned = g.invariant(lambda x: x[::-1], [np.arange(4.0)])
    assert holds(turned, np.sum)
    assert not holds(turned, lambda x: x[:2])
    assert not holds(turned, lambda x: x[: 1 + int(x[0])])  # another shape


@given(st.lists(NUMBERS, min_size=2, unique=True).map(sorted))
def test_monotone(inputs):
    assert holds(g.monotone(inputs), lambda x: 2 * x)
    assert holds(g.monotone(inputs), lambda x: 0)
    assert holds(g.monotone(inputs, increasing=False), lambda x: -x)
    gap = min(np.diff(inputs))
    if gap > 1e-6:
        assert not holds(g.monotone(inputs), lambda x: -x)
        assert not holds(g.monotone(inputs, increasing=False), lambda x: x)


def test_raises():
    check = g.raises((ValueError, KeyError), ["one", g.case("two", about="a word")])
    assert holds(check, float)
    assert wrong(check, len).got == "3"
    assert wrong(check, lambda x: float(x) if x == "one" else 1 / 0).got.startswith("ZeroDivision")
    assert wrong(check, lambda x: 1).expected == "ValueError or KeyError"
    assert wrong(check, lambda x: float(x) if x == "one" else 2).at == "a word: 'two'"
    with pytest.raises(Wrong, match="SystemExit"):
        check.test(lambda x: exit())


def test_not_mutating_sees_changes_and_protects_the_others():
    inputs = [[3, 1, 2], g.case(np.array([2.0, 1.0]), about="an array")]
    check = g.not_mutating(inputs)
    assert holds(check, sorted)
    assert not holds(check, lambda x: x.sort())
    assert wrong(check, lambda x: x if isinstance(x, list) else x.sort()).at == "an array: [2, 1]"
    assert inputs[0] == [3, 1, 2]
    assert inputs[1].args[0].tolist() == [2, 1]
    spoil = g.agrees(lambda x: x[0], inputs)
    assert holds(spoil, lambda x: (x[0], x.sort())[0])
    assert holds(spoil, lambda x: (x[0], x.sort())[0])  # the second time, too
    assert not holds(g.not_mutating([g.case(STEP)]), lambda f: f.weights[0].fill(0))


def test_not_mutating_does_not_judge_a_call_that_failed():
    task = g.Task("T", "f", [g.not_mutating([[3, 1, 2]], hint="Copy it.")], reads=g.function)
    verdict = g.grade(task, lambda x: {}[len(x)])
    assert not verdict
    assert [r.name for r in verdict.results] == ["the form of the answer"]
    assert re.fullmatch(r"leaves its input as it was \(KeyError: 3 .*\)", *verdict.skipped)
    assert "Copy it." not in str(verdict)
    assert g.grade(task, sorted)


def test_witness_and_counterexample():
    even = g.witness(lambda n: n % 2 == 0, name="even", expected="an even number", hint="h")
    assert holds(even, 4)
    assert (wrong(even, 3).got, wrong(even, 3).expected) == ("3", "an even number")
    large = g.witness(
        lambda n: n > 9, name="n", expected="e", mistakes={"Near.": lambda n: n > 7}, hint="Far."
    )
    check = g.Task("T", "n", [large], reads=g.number)
    assert [g.grade(check, n).results[-1].hint for n in (10, 8, 3)] == ["", "Near.", "Far."]
    odd = g.counterexample(
        lambda n: n % 2 == 0, name="odd", expected="odd", said=lambda n: f"the number {n}"
    )
    assert holds(odd, 3)
    assert wrong(odd, 4).got == "the number 4"


def test_gate_item_and_each():
    positive = g.witness(lambda x: x > 0, name="positive", expected="above 0", hint="h")
    assert g.gate(positive).gate
    entry = g.item("a", positive)
    assert (entry.name, entry.hint) == ("a: positive", "h")
    assert holds(entry, {"a": 1})
    assert wrong(entry, {"a": -1}).at == "entry 'a'"
    rows = g.each("row", g.each("column", positive))
    assert holds(rows, [[1, 2], [3, 4]])
    assert wrong(rows, [[1, 2], [3, -4]]).at == "row 2, column 2"
    assert g.item("a", g.gate(positive)).gate
    assert g.each("row", g.gate(positive)).gate


# -- show ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("value", "shown"),
    [(-0.0, "0"), (1e-12, "1e-12"), (123456789, "123456789"), (10**400, "a number of type int"),
     (np.nan, "nan"), (True, "True"), (np.float32(0.5), "0.5"), (2 + 1j, "2+1j"),
     (np.ones((5, 5)), "an array of shape (5, 5)"), (np.array(3), "3"), ("x" * 99, None),
     ([1, "a", None], "[1, 'a', None]"), ((1,), "(1)"), ({"a": X}, "{'a': [3, -4]}"),
     (list(range(99)), "a list of length 99"), (dict.fromkeys(range(99)), "a dict of length 99"),
     (STEP, "ReluNetwork([[[1], [1]], [[1, -1]]], [[0, -1], [0]])"), (UPPER, "≤ 2"),
     (torch.ones(2, 3), "a torch Tensor of shape (2, 3)"), (len, "the function len"),
     (lipschitz, "an object of type module"), (float, "the function float")],
    ids=lambda x: str(type(x).__name__),
)  # fmt: skip
def test_show(value, shown):
    if shown is None:
        assert len(g.show(value)) < 70
    else:
        assert g.show(value) == shown


def test_a_shown_network_can_be_pasted():
    network = eval(g.show(STEP), {"ReluNetwork": ReluNetwork})
    x = np.linspace(-2, 2, 9)[:, None]
    np.testing.assert_array_equal(network(x), STEP(x))
    wide = ReluNetwork([np.ones((30, 2)), np.ones((1, 30))])
    assert g.show(wide) == "ReluNetwork(2 → 30 → 1, no biases)"


def test_show_is_short_whatever_comes():
    deep = [1.0]
    for _ in range(6):
        deep = [deep] * 20
    assert len(g.show(deep)) <= 300
    deep.append(deep)
    assert g.show([1, [2, [3, [4, 5]]]]) == "[1, [2, [3, a list of length 2]]]"
    assert g.show({1: deep})
