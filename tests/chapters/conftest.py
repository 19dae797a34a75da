"""How a test drops a hypothesis that a chapter calls needed: with a margin, and on the record."""

from collections.abc import Callable

import pytest

Breaks = Callable[..., None]


@pytest.fixture
def breaks(request: pytest.FixtureRequest) -> Breaks:
    """Asserts that a conclusion fails by at least `margin`, and records by how much it does.

    `breaks(found=…, at_most=…, margin=…)` where the theorem promises at most, `at_least=…` where
    it promises at least. The ledger's page prints what is recorded; the build refuses a break that
    records nothing.
    """

    def check(
        *,
        found: float,
        margin: float,
        at_most: float | None = None,
        at_least: float | None = None,
    ) -> None:
        assert (at_most is None) != (at_least is None), "give either at_most or at_least"
        promised = at_most if at_least is None else at_least
        gap = found - promised if at_least is None else promised - found
        assert margin > 0, "a break needs a margin"
        assert gap >= margin, f"fails by {gap:.3g}, not by {margin:.3g}: the hypothesis may go"
        side = "at most" if at_least is None else "at least"
        said = f"{side} {promised:.3g} promised, {found:.3g} found"
        request.node.user_properties.append(("break", said))

    return check
