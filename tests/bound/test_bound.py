"""A Bound is a number that knows which side of the truth it is on."""

import copy
import math
import pickle
from dataclasses import FrozenInstanceError, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipkit.bound import LAYER, NETWORK, Bound, tightest

sizes = st.just(0.0) | st.floats(1e-100, 1e100)


def bound(value: float = 2.5, kind: Any = "upper", **changes: Any) -> Bound:
    fields: dict[str, Any] = {"quantity": NETWORK, "method": "autolip", **changes}
    return Bound(value, kind, **fields)


class TestNumber:
    @given(value=sizes, other=sizes | sizes.map(lambda x: -x))
    @settings(max_examples=50)
    def test_arithmetic_is_that_of_the_value(self, value: float, other: float) -> None:
        b = bound(value)
        for number in (other, np.float64(other)):
            assert b + number == value + other == number + b
            assert b - number == value - other
            assert number - b == other - value
            assert b * number == value * other == number * b
            assert abs(b - number) == abs(value - other)
            if other:
                assert b / number == value / other
            if value:
                assert number / b == other / value
        assert (-b, abs(b), float(b), b**2) == (-value, value, value, value * value)

    @pytest.mark.parametrize("kind", ["exact", "upper", "lower", "estimate"])
    def test_every_kind_is_a_number(self, kind: str) -> None:
        b = bound(3.0 + 1e-12, kind)
        assert np.isclose(b, 3)
        assert np.isclose(3, b)
        assert b == pytest.approx(3)
        assert math.isclose(b, 3, rel_tol=1e-9)
        assert math.sqrt(bound(4.0, kind)) == 2.0

    def test_results_are_plain_numbers(self) -> None:
        b = bound()
        for result in (b - 1, 1 - b, b * 2, b / 2, b + b, b - b, np.float64(2) * b, sum([b, b])):
            assert not isinstance(result, Bound)
            assert isinstance(result, float)

    def test_arrays_on_either_side(self) -> None:
        b, steps = bound(2.0), np.array([1.0, 2.0, 3.0])
        np.testing.assert_array_equal(b - steps, [1, 0, -1])
        np.testing.assert_array_equal(steps - b, [-1, 0, 1])
        np.testing.assert_array_equal(b * steps, [2, 4, 6])
        np.testing.assert_array_equal(b < steps, [False, False, True])
        np.testing.assert_array_equal(b >= steps, [True, True, False])
        np.testing.assert_array_equal(steps > b, [False, False, True])
        np.testing.assert_array_equal(b == steps, [False, True, False])
        assert np.asarray([b, bound(3.0)]).dtype == np.float64
        assert np.asarray(b, dtype=np.float32).dtype == np.float32

    def test_format(self) -> None:
        assert f"{bound(2.0 / 3):.3f}" == "0.667"
        assert f"{bound(2.0 / 3)}" == "≤ 0.666667"


class TestOrder:
    def test_numbers_compare_on_either_side(self) -> None:
        b = bound(2.5)
        assert b < 3
        assert b < 3
        assert np.float64(3) > b
        assert b <= 2.5
        assert b >= np.float32(2.5)
        assert not b > 2.5
        assert type(b < np.float64(3)) is bool

    @pytest.mark.parametrize("op", ["__lt__", "__le__", "__gt__", "__ge__"])
    def test_two_bounds_refuse_and_say_what_to_do(self, op: str) -> None:
        with pytest.raises(TypeError, match=r"\.value.*tightest\(\)"):
            getattr(bound(), op)(bound(3.0))

    def test_so_do_max_and_sorted(self) -> None:
        with pytest.raises(TypeError, match="tightest"):
            max(bound(1.0), bound(2.0))
        with pytest.raises(TypeError, match="tightest"):
            sorted([bound(2.0), bound(1.0, "lower")])

    def test_strings_are_no_numbers(self) -> None:
        with pytest.raises(TypeError):
            _ = bound() < "3"


class TestEquality:
    def test_equal_means_the_same_statement(self) -> None:
        assert bound() == bound(witness=np.ones(2), details={"a": 1})
        for other in (
            bound(2.6),
            bound(kind="lower"),
            bound(norm=(1, 2)),
            bound(domain="data"),
            bound(quantity=LAYER),
            bound(method="lipsdp"),
            bound(certified=True),
        ):
            assert bound() != other

    def test_boxes_compare_by_their_corners(self) -> None:
        box = (np.zeros(2), np.ones(2))
        assert bound(domain=box) == bound(domain=([0, 0], [1, 1]))
        assert bound(domain=box) != bound(domain=(np.zeros(2), 2 * np.ones(2)))
        assert bound(domain=box) != bound(domain="global")

    def test_hash_agrees_with_equality(self) -> None:
        assert bound(2.0) == 2 == bound(2.0)
        assert hash(bound(2.0)) == hash(2) == hash(np.float64(2.0))
        assert len({bound(), bound(), 2.5}) == 1
        assert len({bound(domain=(np.zeros(2), np.ones(2))), bound()}) == 2

    def test_other_things_are_unequal(self) -> None:
        assert bound() != "2.5"
        assert bound() != None  # noqa: E711  (the operator is what is tested)


class TestCopies:
    @pytest.mark.parametrize("domain", ["global", (np.zeros(3), np.ones(3))])
    def test_pickle_and_copy(self, domain: Any) -> None:
        b = bound(domain=domain, norm=(1, math.inf), certified=True, source="x", details={"a": [1]})
        for twin in (pickle.loads(pickle.dumps(b)), copy.copy(b), copy.deepcopy(b), replace(b)):
            assert twin == b
            assert hash(twin) == hash(b)
            assert repr(twin) == repr(b)
            assert (twin.details, twin.source, twin.certified) == ({"a": [1]}, "x", True)

    def test_frozen(self) -> None:
        with pytest.raises(FrozenInstanceError):
            bound().value = 1.0  # type: ignore[misc]

    def test_details_are_its_own(self) -> None:
        details = {"a": 1}
        b = bound(details=details)
        details["a"] = 2
        assert b.details == {"a": 1}
        assert bound().details == {}


class TestBadInput:
    @pytest.mark.parametrize("value", [-1.0, -1e-300, math.nan, np.float64("nan"), -math.inf])
    def test_value(self, value: float) -> None:
        with pytest.raises(ValueError, match="at least 0"):
            bound(value)

    def test_infinity_and_zero_are_answers(self) -> None:
        assert float(bound(math.inf)) == math.inf
        assert float(bound(0, "lower")) == 0.0
        assert type(bound(np.float32(2)).value) is float

    def test_kind(self) -> None:
        with pytest.raises(ValueError, match=r"kind: got 'uper'.*'exact', 'upper', 'lower'"):
            bound(kind="uper")

    def test_an_estimate_cannot_be_certified(self) -> None:
        with pytest.raises(ValueError, match="estimate"):
            bound(kind="estimate", certified=True)

    @pytest.mark.parametrize("norm", [(0.5, 2), (2, math.nan), (2, 0)])
    def test_norm(self, norm: tuple[float, float]) -> None:
        with pytest.raises(ValueError, match=r"norm\[[01]\].*1 <="):
            bound(norm=norm)

    def test_positional_fields_end_after_the_kind(self) -> None:
        with pytest.raises(TypeError):
            Bound(1.0, "upper", NETWORK, method="x")  # type: ignore[misc,call-arg]


class TestText:
    def test_repr_says_everything(self) -> None:
        b = bound(norm=(1, math.inf), domain=(np.zeros(3), np.ones(3)), certified=True)
        assert repr(b) == (
            "Lipschitz constant of a network ≤ 2.5  "
            "(ℓ1→ℓ∞, a box in 3 dimensions, autolip, certified)"
        )
        signs = {k: str(bound(1.0, k))[0] for k in ("exact", "upper", "lower", "estimate")}
        assert signs == {"exact": "=", "upper": "≤", "lower": "≥", "estimate": "≈"}

    def test_html_escapes_what_comes_from_outside(self) -> None:
        nasty = "<script>alert('x')</script> & co"
        html = bound(quantity=nasty, method=nasty, domain=nasty)._repr_html_()
        assert "<script>" not in html
        assert html.count("&lt;script&gt;") == 3
        assert "&amp; co" in html

    def test_html_names_the_kind_and_the_rounding(self) -> None:
        assert "not accounted for" in bound()._repr_html_()
        assert "not accounted for" not in bound(certified=True)._repr_html_()
        assert ">lower<" in bound(kind="lower")._repr_html_()


def test_tightest_is_the_way_out_that_the_error_names() -> None:
    assert tightest([bound(3.0), bound(2.0)]).value == 2.0


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (103.65019727, "upper", "103.651"),
        (56.358197, "lower", "56.3581"),
        (56.358197, "exact", "56.3582"),
        (56.358197, "estimate", "56.3582"),
        (0.1, "upper", "0.1"),
        (np.inf, "upper", "inf"),
        (0.0, "lower", "0"),
        (123456.7, "upper", "123457"),
        (1234567.8, "lower", "1.23456e+06"),
    ],
)
def test_a_printed_bound_is_rounded_to_its_own_side(value, kind, text):
    assert str(bound(value, kind)).split(" ", 1)[1] == text


@given(st.floats(1e-6, 1e6), st.sampled_from(["lower", "upper"]), st.booleans())
def test_a_printed_bound_is_still_a_bound(value, kind, certified):
    for spec in (".1f", ".3f", ".4g", ",.2f", ".2e"):
        printed = float(format(bound(value, kind, certified=certified), spec).replace(",", ""))
        slack = 0 if certified else 1e-9 * value
        off = value - printed if kind == "upper" else printed - value
        assert off <= slack
