"""Several answers into one: what is refused matters as much as what is returned."""

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipkit.bound import LAYER, NETWORK, Bound, Bracket, compose, tightest

BOX = (np.zeros(2), np.ones(2))


def bound(value: float, kind: Any = "upper", **changes: Any) -> Bound:
    fields: dict[str, Any] = {"quantity": NETWORK, "method": "m", **changes}
    return Bound(value, kind, **fields)


def layer(value: float, kind: Any = "upper", **changes: Any) -> Bound:
    return bound(value, kind, **{"quantity": LAYER, **changes})


class TestTightest:
    @given(st.lists(st.floats(0, 1e9), min_size=1, max_size=6))
    @settings(max_examples=30)
    def test_largest_lower_smallest_upper(self, values: list[float]) -> None:
        assert tightest(bound(v, "lower") for v in values).value == max(values)
        assert tightest([bound(v, "upper") for v in values]).value == min(values)

    @pytest.mark.parametrize("kind", ["lower", "upper"])
    def test_an_exact_answer_wins(self, kind: str) -> None:
        exact = bound(2.0, "exact")
        assert tightest([bound(2.0, kind), exact, bound(2.0, kind)]) is exact

    def test_returns_the_answer_itself(self) -> None:
        low = bound(2.0, "lower", witness=np.ones(2))
        assert tightest([bound(1.0, "lower"), low]) is low

    @pytest.mark.parametrize(
        ("bounds", "message"),
        [
            ([], "got none"),
            ([bound(1.0, "lower"), bound(2.0, "upper")], "mixed.*Bracket"),
            ([bound(1.0, "lower"), bound(2.0, "upper"), bound(1.5, "exact")], "mixed"),
            ([bound(1.0), bound(2.0, "estimate")], "estimate"),
            ([bound(1.0, "exact"), bound(2.0, "estimate")], "estimate"),
            ([bound(1.0), bound(2.0, norm=(1, 1))], "different norm"),
            ([bound(1.0), bound(2.0, quantity=LAYER)], "different quantity"),
            ([bound(1.0), bound(2.0, domain="data")], "different domain"),
            ([bound(1.0), bound(2.0, domain=BOX)], "different domain"),
        ],
    )
    def test_refuses(self, bounds: list[Bound], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            tightest(bounds)


class TestCompose:
    def test_product_with_the_outer_norms(self) -> None:
        got = compose(layer(2.0, norm=(1, 2)), layer(3.0, "exact", norm=(2, math.inf)))
        assert (got.value, got.kind, got.norm, got.quantity) == (
            6.0,
            "upper",
            (1, math.inf),
            NETWORK,
        )
        assert not got.certified

    def test_one_exact_layer_is_an_upper_answer_about_a_network(self) -> None:
        assert compose(layer(2.0, "exact")).kind == "upper"

    @given(st.lists(st.floats(1e-200, 1e200), min_size=1, max_size=5))
    @settings(max_examples=200)
    def test_certified_products_are_rounded_up(self, values: list[float]) -> None:
        got = compose(*(layer(v, certified=True) for v in values))
        exact = math.prod(map(Fraction, values))
        assert got.certified
        assert math.isinf(got.value) or Fraction(got.value) >= exact
        if all(1e-50 < v < 1e50 for v in values):  # no product on the way underflows
            assert Fraction(got.value) <= exact * (1 + Fraction(1, 10**14))

    def test_a_certified_product_that_underflows_stays_above(self) -> None:
        got = compose(layer(1e-200, certified=True), layer(1e-200, certified=True))
        assert got.value > 0

    def test_a_zero_layer_makes_the_product_zero(self) -> None:
        assert compose(layer(0.0), layer(math.inf)).value == 0.0
        assert compose(layer(math.inf), layer(0.0, certified=True)).value == 0.0

    def test_one_factor_without_certificate_spoils_it(self) -> None:
        assert not compose(layer(1.0, certified=True), layer(1.0)).certified

    @pytest.mark.parametrize(
        ("layers", "message"),
        [
            ((), "got none"),
            ((layer(1.0), layer(1.0, "lower")), "kind 'lower'"),
            ((layer(1.0, "estimate"), layer(1.0)), "kind 'estimate'"),
            ((layer(1.0, norm=(2, 1)), layer(1.0, norm=(2, 2))), "output norm 1.*input norm 2"),
            ((layer(1.0), layer(1.0, domain=BOX)), "global"),
            ((layer(1.0, domain="data"),), "global"),
        ],
    )
    def test_refuses(self, layers: tuple[Bound, ...], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            compose(*layers)


class TestBracket:
    def test_numbers(self) -> None:
        b = Bracket(bound(2.0, "lower"), bound(3.0))
        assert (b.ratio, b.width) == (1.5, 1.0)
        assert b.contains(2)
        assert b.contains(3.0)
        assert not b.contains(3.0001)
        assert not b.contains(1.9999)
        assert b.contains(bound(2.5, "estimate"))

    def test_exact_may_stand_on_both_sides(self) -> None:
        b = Bracket(bound(2.0, "exact"), bound(2.0, "exact"))
        assert (b.ratio, b.width) == (1.0, 0.0)

    @pytest.mark.parametrize(
        ("low", "high", "ratio", "width"),
        [(0.0, 0.0, 1.0, 0.0), (0.0, 1.0, math.inf, 1.0), (1.0, math.inf, math.inf, math.inf)],
    )
    def test_edges(self, low: float, high: float, ratio: float, width: float) -> None:
        b = Bracket(bound(low, "lower"), bound(high))
        assert (b.ratio, b.width) == (ratio, width)

    def test_infinite_on_both_sides(self) -> None:
        b = Bracket(bound(math.inf, "lower"), bound(math.inf))
        assert (b.ratio, b.width) == (1.0, 0.0)

    @pytest.mark.parametrize(
        ("low", "high", "message"),
        [
            (bound(1.0, "upper"), bound(2.0), "lower: got a bound of kind 'upper'"),
            (bound(1.0, "lower"), bound(2.0, "lower"), "upper: got a bound of kind 'lower'"),
            (bound(1.0, "estimate"), bound(2.0), "kind 'estimate'"),
            (bound(1.0, "lower"), bound(2.0, "estimate"), "kind 'estimate'"),
            (bound(2.0, "lower"), bound(1.0), "one of the two is wrong"),
            (bound(math.inf, "lower"), bound(1.0), "one of the two is wrong"),
            (bound(1.0, "lower", norm=(1, 1)), bound(2.0), "different norm"),
            (bound(1.0, "lower", domain=BOX), bound(2.0), "different domain"),
            (bound(1.0, "lower", quantity=LAYER), bound(2.0), "different quantity"),
        ],
    )
    def test_refuses(self, low: Bound, high: Bound, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            Bracket(low, high)

    def test_refuses_plain_numbers(self) -> None:
        with pytest.raises(TypeError, match="lower: got float, expected a Bound"):
            Bracket(1.0, bound(2.0))  # type: ignore[arg-type]

    def test_rounding_is_forgiven_unless_both_are_certified(self) -> None:
        low, high = 1.0 + 1e-12, 1.0
        assert Bracket(bound(low, "lower"), bound(high)).width == 0.0
        assert Bracket(bound(low, "lower", certified=True), bound(high)).ratio == 1.0
        with pytest.raises(ValueError, match="wrong"):
            Bracket(bound(low, "lower", certified=True), bound(high, certified=True))
        with pytest.raises(ValueError, match="wrong"):
            Bracket(bound(1.0 + 1e-8, "lower"), bound(1.0))

    def test_equal_brackets(self) -> None:
        make = [Bracket(bound(1.0, "lower"), bound(2.0), trail=[bound(3.0)]) for _ in range(2)]
        assert make[0] == make[1]
        assert hash(make[0]) == hash(make[1])
        assert isinstance(make[0].trail, tuple)

    @pytest.mark.parametrize(
        ("high", "said"),
        [(1.8391, "1.84"), (1.839, "1.839"), (0.1 + 0.2, "1"), (1e6 + 1, "1.001e+06"), (0.0, "1")],
    )
    def test_a_printed_ratio_is_one_too(self, high: float, said: str) -> None:
        b = Bracket(bound(0.3 if high < 1 else 1.0, "lower"), bound(max(high, 0.3)))
        assert repr(b).endswith(f"ratio {said})")
        assert f">{said}</td>" in b._repr_html_()

    def test_text_and_html(self) -> None:
        low, high = bound(1.0, "lower", method="<b>"), bound(2.0, method="a & b")
        b = Bracket(low, high)
        assert repr(b) == "Lipschitz constant of a network in [1, 2]  (ℓ2→ℓ2, global, ratio 2)"
        html = b._repr_html_()
        assert "&lt;b&gt;" in html
        assert "a &amp; b" in html
        assert "<b>" not in html
