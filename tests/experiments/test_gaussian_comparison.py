"""The experiments and explorers of the chapter on Gaussian comparison."""

import numpy as np
import pytest

from lipkit.experiments import ridgeless_shadow as ridgeless
from lipkit.experiments.two_halves import draws, two_halves
from tests.experiments.repeating import changed_by_seed


@pytest.mark.parametrize("name", ["ridgeless_risks", "sign_vectors"])
def test_they_repeat_and_depend_on_their_seed(name):
    assert all(changed_by_seed(name).values())


@pytest.mark.parametrize("delta", [0.25, 0.5, 1.5, 4.0])
def test_the_explorer_and_least_squares_agree(delta):
    seen = ridgeless.ridgeless_shadow(delta, 20)
    n = seen["n"]
    ends = [ridgeless.ridgeless_distance(*ridgeless.data(n, 20, 0.25, s)) for s in range(20)]
    assert seen["risk"] == pytest.approx(0.25 + np.median(ends) ** 2, rel=0.02)
    assert (seen["problem_low"] <= seen["problem"] + 1e-12).all()
    assert (seen["problem"] <= seen["problem_high"] + 1e-12).all()


def test_the_bands_shrink():
    wide, thin = (ridgeless.ridgeless_shadow(2, d) for d in (5, 80))
    for name in ("problem", "shadow"):
        gap = [np.mean(seen[f"{name}_high"] - seen[f"{name}_low"]) for seen in (wide, thin)]
        assert gap[1] < gap[0] / 2


def test_a_set_without_a_name_is_refused():
    with pytest.raises(ValueError, match="of"):
        draws("cube", 2, 2)


def test_the_shares_are_those_of_the_draws():
    seen, (truth, shadow) = two_halves("signs", 2, 4), draws("signs", 2, 4)
    t = seen["t"][7] * np.sqrt(2)
    assert seen["small"][7] == np.mean(truth <= t)
    assert seen["large_shadow"][7] == min(1, 2 * np.mean(shadow >= t))
