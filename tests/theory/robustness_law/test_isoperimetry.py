"""The isoperimetric laws: their constants, and every hypothesis by name."""

import math
from typing import Any

import pytest

from lipkit.theory.robustness_law import bubeck_sellke_bound, isoperimetric_law

BASE: dict[str, Any] = {"n": 10**6, "d": 1000, "p": 10**4, "eps": 0.5, "delta": 0.01}


class TestFiniteClass:
    def test_digest_value(self) -> None:
        law = isoperimetric_law(1000, 100, 200.0)
        assert law.value == pytest.approx(3.9081094, abs=5e-8)
        assert (law.kind, law.details["reading"]) == ("lower", "tail")

    @pytest.mark.parametrize("gamma", [0.3, 1.0])
    @pytest.mark.parametrize("c", [1.0, 100 / 99])
    def test_at_its_value_the_chance_of_failing_is_delta(self, gamma: float, c: float) -> None:
        n, d, log_card, delta = 5000, 100, 40.0, 0.03
        L = isoperimetric_law(n, d, log_card, gamma, delta, c).value
        flat = log_card - n * gamma**2 * d / (32 * c * L**2)
        assert math.exp(flat) + 2 * math.exp(-n * gamma**2 / 8) == pytest.approx(delta)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ((10, 10, 1.0), "delta: got 0.01, expected more than 0.573"),
            ((1000, 10, -1.0), "log_card: got -1.0"),
            ((1000, 10, 1.0, 0.0), "gamma: got 0.0"),
            ((1000, 10, 1.0, 1.0, 1.0), "delta: got 1.0"),
            ((1000, 10, 1.0, 1.0, 0.1, 0.0), "c: got 0.0"),
            ((1000, 0, 1.0), "d: got 0"),
        ],
    )
    def test_bad_input(self, arguments: Any, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            isoperimetric_law(*arguments)


class TestBubeckSellke:
    def test_digest_value(self) -> None:
        law = bubeck_sellke_bound(**BASE)
        assert law.value == pytest.approx(0.1411298, abs=5e-8)
        assert law.details["probability"] == 0.99
        assert "a class with 10000 bounded parameters with MSE at most 0.5" in law.quantity

    def test_the_printed_formula(self) -> None:
        law = bubeck_sellke_bound(10**7, 50, 300, 0.25, 0.02, c=2.0, W=3.0, J=7.0, k=2)
        inner = 10**7 * 50 / (300 * math.log(60 * 21 / 0.25) + math.log(200))
        assert law.value == pytest.approx(0.25 / (512 * math.sqrt(2)) * math.sqrt(inner))

    def test_the_sample_must_be_large_enough(self) -> None:
        """8^4 k log(8k/delta) <= n eps^2, to the last point."""
        least = math.ceil(8**4 * 3 * math.log(24 / 0.01) / 0.25)
        bubeck_sellke_bound(**(BASE | {"k": 3, "n": least}))
        with pytest.raises(ValueError, match=rf"n: got {least - 1}, expected at least {least}"):
            bubeck_sellke_bound(**(BASE | {"k": 3, "n": least - 1}))
        with pytest.raises(ValueError, match=r"n: got 60000.*8\^4 k log\(8k/delta\) <= n eps\^2"):
            bubeck_sellke_bound(**(BASE | {"n": 60_000, "delta": 0.05}))

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"sigma2": 0.0}, "sigma2: got 0, expected positive label noise"),
            ({"sigma2": 0.3}, "sigma2: got 0.3, expected eps = 0.5 to 1"),
            ({"sigma2": 1.5}, "sigma2: got 1.5"),
            ({"W": 0.001}, "W, J: got 60 W J = 0.06, expected more than eps"),
            ({"W": math.inf}, "W: got NaN or infinite"),
            ({"J": 0.0}, "J: got 0.0"),
            ({"c": 0.0}, "c: got 0.0"),
            ({"eps": 0.0}, "eps: got 0.0, expected a probability"),
            ({"eps": 1.0}, "eps: got 1.0"),
            ({"delta": 1.0}, "delta: got 1.0"),
            ({"p": 0}, "p: got 0"),
            ({"k": 0}, "k: got 0"),
        ],
    )
    def test_every_hypothesis_by_name(self, change: dict[str, Any], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            bubeck_sellke_bound(**(BASE | change))

    def test_a_count_of_parameters_is_whole(self) -> None:
        with pytest.raises(TypeError, match=r"p: got 2\.5, expected an integer"):
            bubeck_sellke_bound(**(BASE | {"p": 2.5}))

    def test_it_is_silent_at_the_sizes_of_a_laptop(self) -> None:
        assert bubeck_sellke_bound(**BASE).value < 1
        assert bubeck_sellke_bound(**(BASE | {"n": 10**8, "p": 10**3})).value > 1
