"""One explorer with every control, every mark and every hard case, for the tests."""

import math

import numpy as np

from lipkit.teach import explorer, figures, panels

WIDTHS = [1, 2, 5, 10, math.inf]
TICKS = np.linspace(-1, 1, 7)


def view(u, width, mode, noisy):
    """Values with gaps, zeros, infinities, texts that need escaping, polygons that come and go."""
    x = np.linspace(1, 30, 12)
    X, Y = np.meshgrid(TICKS, np.linspace(-1, 1, 5))
    heights = (X * u + (-1) ** mode * Y) * (1 + noisy)
    heights[0, 0] = np.nan
    squares = [
        np.array([[i, j], [i + 1, j], [i + 1, j + 1], [i, j + 1]], float) / 4 - 0.5
        for i in range(2 + noisy)
        for j in range(2)
    ]
    return {
        "x": x,
        "y": np.where((x > 10) & (x < 16) & (u > 0), np.nan, 0.3 + x ** (0.5 + u / 4)),
        "low": x**0.4,
        "high": x**0.9 * (1 + noisy),
        "flat": np.full(12, 2.0),
        "heights": heights,
        "strength": np.abs(heights),
        "squares": squares,
        "levels": np.linspace(-1, 1, len(squares)) * u,
        "here": -1 if u == 0 else int(u > 0),
        "steep": 2.0 + u,
        "far": 40.0 if u > 0.5 else 10.0,
        "slope": abs(u) * 10,
        "product": 31.26 if math.isinf(width) else 3.126 * width,
        "rate": math.inf if width == 10 else math.nan if width == 5 else 1 / width,
        "count": 12345 + int(100 * u),
        "word": '</script> & "flat"' if u == 0 else "steep",
        "constant": 7.0,
    }


def sample(name="exp-sample", **changes):
    """The explorer, or one that differs in some arguments."""
    description = {
        "title": "Turn & <move>",
        "controls": {
            "u": panels.slider("first input", -1, 1, step=0.25, unit="rad", start=0.25),
            "width": panels.slider("width", values=WIDTHS, start=2),
            "mode": panels.choice("plane", {"first": 0, "second": 1}),
            "noisy": panels.toggle("noise", on="with noise", off="without noise"),
        },
        "numbers": {
            "slope": panels.number("steepest slope", "lower", digits=2),
            "product": panels.number("product bound", "upper", digits=2),
            "rate": panels.number("rate", "exact", unit="1/s"),
            "count": panels.number("points"),
            "constant": panels.number("constant", "estimate"),
        },
        "show": [
            panels.plot(
                panels.heat("heights", x=(-1, 1), y=(-1, 1), disc=True, label="height"),
                panels.dot("u", 0.5, "a < b"),
                aspect="equal",
                title="A disc",
            ),
            panels.ruler("slope", "product", "rate", unit="slope", title="A ruler"),
            panels.plot(
                panels.band("x", "low", "high", "ten seeds", figures.PALETTE[2]),
                panels.curve("x", "y", "steepest slope", "upper"),
                panels.curve("x", "flat", "sampling", "lower", dash=True),
                panels.rule(y="steep", label="the truth"),
                panels.rule(x="far", label="here"),
                panels.rule(x=20.0, label="there"),
                panels.dot("far", 4.0, "digits", "estimate"),
                xlabel="width",
                ylabel="slope",
                xscale="log",
                yscale="log",
                xlim=(0.9, 30),
            ),
            panels.plot(
                panels.patches("squares", "levels", inside="here", label="slope"),
                panels.dot("u", "u"),
                xlabel="first",
                ylabel="second",
                xlim=(-1.2, 1.2),
                ylim=(-1.2, 1.2),
                drag=("u", None),
                aspect="equal",
            ),
            panels.plot(
                panels.heat("strength", x=(0, 4), y=(0, 2), pixels=True),
                xlabel="a",
                ylabel="b",
            ),
        ],
        "say": "At {u} it is {word}: {{{slope}}} of {product}, {noisy}.",
        "caption": "Move <it>.",
    }
    return explorer(view, name=name, **(description | changes))
