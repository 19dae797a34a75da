"""A break must fail the conclusion by its margin, on the side that is promised, and say so."""

import pytest


def test_it_records_what_it_found(request, breaks):
    breaks(found=3, at_most=1, margin=1.5)
    breaks(found=0.5, at_least=2, margin=1.5)
    assert request.node.user_properties == [
        ("break", "at most 1 promised, 3 found"),
        ("break", "at least 2 promised, 0.5 found"),
    ]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"found": 3, "at_most": 1, "margin": 2.5}, "fails by 2, not by 2.5"),
        ({"found": 1, "at_most": 3, "margin": 0.5}, "fails by -2, not by 0.5"),
        ({"found": 3, "at_least": 1, "margin": 0.5}, "fails by -2, not by 0.5"),
        ({"found": float("nan"), "at_most": 1, "margin": 0.5}, "fails by nan"),
        ({"found": 3, "at_most": 1, "margin": 0.0}, "needs a margin"),
        ({"found": 3, "at_most": 1, "margin": -1.0}, "needs a margin"),
        ({"found": 3, "margin": 1.0}, "give either at_most or at_least"),
        ({"found": 3, "at_most": 1, "at_least": 5, "margin": 1.0}, "give either at_most or at"),
    ],
)
def test_what_is_no_break_is_refused(request, breaks, given, message):
    with pytest.raises(AssertionError, match=message):
        breaks(**given)
    assert request.node.user_properties == []
