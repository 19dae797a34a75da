"""Chapter *Lipschitz constants*, ex4: three trainings, whose numbers differ a little by machine."""

import numpy as np

from lipkit._validate import Array
from lipkit.teach import graders as g


def _promised(row: Array) -> None:
    found, upper, margin, radius = row
    half = margin / (2 * upper)
    g.close_to(
        margin / (np.sqrt(2) * upper),
        rtol=0.02,
        expected="the radius that the theorem promises for this margin",
        mistakes={
            "A lower answer promises nothing.": margin / (np.sqrt(2) * found),
            "Two logits move with the input: one may fall while the other rises.": margin / upper,
            "Two logits cannot both move by K at once: how long is e_c - e_j?": half,
        },
    ).test(radius)


_POSITIVE = g.witness(
    lambda row: bool((row > 0).all()),
    name="positive numbers",
    expected="four positive numbers",
    hint="Single margins may be negative; their median is not.",
)
_THREE = g.witness(
    lambda rows: len(np.unique(rows[:, :3], axis=0)) == 3,
    name="three networks",
    expected="a different network in each row",
    hint="Is the number of epochs passed on?",
)
_ORDERED = g.witness(
    lambda row: row[0] <= row[1],
    name="lower and upper answers in order",
    said=lambda row: f"found {g.show(row[0])}, product {g.show(row[1])}",
    expected="no point that is steeper than an upper answer",
    hint="Both must be of the same network and in the same norms.",
)
# the middle of 16 seeds, for 5, 20 and 80 epochs; seeds differ by less than 20% from it
_PRODUCTS = np.array([64.0, 97.0, 131.0])
_MARGINS = np.array([4.6, 8.4, 12.7])
_SIZES = "wide ranges, in which every such training lies"


def _within(factor: float, got: Array, middle: Array) -> bool:
    return bool((np.abs(np.log(got / middle)) < np.log(factor)).all())


_RISING = g.witness(
    lambda rows: bool((np.diff(rows[:, 1:3], axis=0) > 0).all()),
    name="products and margins that rise",
    said=lambda rows: f"products {g.show(rows[:, 1])}, margins {g.show(rows[:, 2])}",
    expected="larger ones after a longer training",
    hint="Are the rows in the order 5, 20, 80 epochs?",
)
_SIZE_OF_PRODUCTS = g.witness(
    lambda rows: _within(1.5, rows[:, 1], _PRODUCTS),
    name="the size of the products",
    said=lambda rows: g.show(rows[:, 1]),
    expected=_SIZES,
    mistakes={
        "Is that the product of spectral norms, and in ℓ2?": (
            lambda rows: bool((rows[:, 1] > 20 * _PRODUCTS).all())
        )
    },
    hint="It is what lipschitz.autolip computes of the trained network.",
)
_SIZE_OF_FOUND = g.witness(
    lambda rows: bool((rows[:, 0] > 0.1 * rows[:, 1]).all()),
    name="the size of what was found",
    said=lambda rows: g.show(rows[:, 0]),
    expected=_SIZES,
    hint="Did the search start from one point only? lipschitz.ascent starts from many.",
)
_SIZE_OF_MARGINS = g.witness(
    lambda rows: _within(1.5, rows[:, 2], _MARGINS),
    name="the size of the margins",
    said=lambda rows: g.show(rows[:, 2]),
    expected=_SIZES,
    hint="It is the median over the test digits, each with its own label.",
)
LONGER_TRAINING = [
    g.gate(g.each("row", _POSITIVE)),
    g.gate(_THREE),
    g.each("row", _ORDERED),
    _RISING,
    _SIZE_OF_FOUND,
    _SIZE_OF_PRODUCTS,
    _SIZE_OF_MARGINS,
    g.each("row", g.Check("radii", _promised, "What may the margin be divided by, and why?")),
]
