"""What the slides and the teacher's page of this lesson say that was computed."""

import itertools
import math
from typing import Any

import numpy as np
from matplotlib.patches import Circle, Polygon
from scipy.spatial.distance import pdist
from scipy.special import betainc

from lipkit import experiments, lipschitz, networks
from lipkit.data import generic
from lipkit.experiments.digits import digits_network
from lipkit.teach import figures
from lipkit.theory.robustness_law import interpolation_floor

BLUE, VERMILION, INK = (figures.PALETTE[i] for i in (0, 1, 6))
PAPER = "#fefefe"  # becomes the colour of the page
SQUARE = networks.ReluNetwork([[[1, 0], [-1, 0], [0, 1], [0, -1]], [[1, 1, -1, -1]]])
BALLS = {"1": "ℓ₁: sum", "2": "ℓ₂: length", "inf": "ℓ∞: largest"}


def down(x: float, places: int = 1) -> str:
    """A lower answer that is printed must still be one."""
    return f"{math.floor(x * 10**places) / 10**places:,.{places}f}"


def up(x: float, places: int = 1) -> str:
    """An upper answer that is printed must still be one."""
    return f"{math.ceil(x * 10**places) / 10**places:,.{places}f}"


NAMES = "one_noise", "clever", "data_jacobian", "spectral_product", "local_pairs", "row_product"
SIDES = {"A": down, "B": "{:.1f}".format, "C": down, "D": up, "E": down, "F": lambda x: up(x, 0)}


def root(x: float) -> str:
    """A square root of a whole number, or the whole number, in TeX."""
    square = round(x * x)
    if not math.isclose(x * x, square):
        raise ValueError(f"root: got {x}, expected the root of a whole number")
    factor = max(k for k in range(1, math.isqrt(square) + 1) if square % k**2 == 0)
    rest = square // factor**2
    return f"{factor}" if rest == 1 else f"{'' if factor == 1 else factor}\\sqrt{{{rest}}}"


def computed() -> dict[str, Any]:
    """Every number as text and every figure as a picture, by the name that the texts use."""
    return six() | four_points() | ridge() | caps() | products()


def six() -> dict[str, Any]:
    """The six numbers, what they promise, and two figures."""
    experiment = experiments.EXPERIMENTS["six_numbers"]
    result = experiment(experiment.params(), seed=0)
    values = {letter: result[name] for letter, name in zip("ABCDEF", NAMES, strict=True)}
    shown = {letter: SIDES[letter](value) for letter, value in values.items()}
    return {f"six_{letter}": text for letter, text in shown.items()} | {
        "accuracy": f"{100 * result['accuracy']:.1f}",
        "E_over_D": f"{values['E'] / values['D']:.1f}",
        "E_limit": f"{math.sqrt(640) * values['D']:,.0f}",
        "F_alone": up(math.sqrt(10) * values["F"], 0),
        "broken_A": f"{100 * result['broken_one_noise']:.0f}",
        "promises": str(len(result["needed"])),
        "figure_ruler": figure_ruler(shown),
        "figure_promises": figure_promises(values, np.sort(result["needed"])),
    }


def figure_ruler(shown: dict[str, str]) -> figures.Picture:
    """The six numbers without their names."""
    entries = [(letter, float(text.replace(",", "")), "estimate") for letter, text in shown.items()]
    fig = figures.ruler(entries, unit="change of the output per change of the input", names=False)
    marks = ", ".join(f"{letter} at {text}" for letter, text in shown.items())
    return figures.show(fig, alt=f"Six marks on a logarithmic ruler, known by letters: {marks}.")


def figure_promises(values: dict[str, float], needed: Any) -> figures.Picture:
    """The share of broken promises against the number that was promised."""
    share = 1 - np.arange(len(needed)) / len(needed)
    broken = {letter: float((needed >= value).mean()) for letter, value in values.items()}
    fig, ax = figures.new(width=2.9, height=2.8)
    ax.plot([*needed, values["F"]], [*share, 0], color=VERMILION, drawstyle="steps-pre")
    for letter, value in values.items():
        ax.plot(value, broken[letter], "o", color=figures.EXACT.color, clip_on=False)
        figures.label_line(ax, value, broken[letter], letter, "exact", side="above")
    ax.set(
        xscale="log",
        ylim=(0, 1.15),
        xlabel="promised $K$",
        ylabel="share broken",
        yticks=[0, 0.5, 1],
    )
    alt = f"""The share of broken promises falls from 1 to 0 as K grows. A, at {values["A"]:.1f},
    breaks {broken["A"]:.0%}; above {needed[-1]:.1f} none is broken, and B to F stand at zero."""
    return figures.show(fig, alt=alt)


def four_points() -> dict[str, Any]:
    """Slopes and products of |x1| - |x2|, as roots, and two figures."""
    exact = {p: lipschitz.exact_plane(SQUARE, p=float(p)).value for p in BALLS}
    product = {p: lipschitz.autolip(SQUARE, p=float(p)).value for p in BALLS}
    return {f"slope_{p}": root(value) for p, value in exact.items()} | {
        **{f"product_{p}": root(value) for p, value in product.items()},
        **on_together(),
        "figure_four": figure_four(),
        "figure_balls": figure_balls(exact),
    }


def on_together() -> dict[str, str]:
    """Norms with the neurons kept that are on at some point, and with any of them kept."""
    first, second = SQUARE.weights
    on = [first @ corner > 0 for corner in itertools.product([-1, 1], repeat=2)]
    kept = itertools.product([0, 1], repeat=len(first))
    return {
        "on_first": root(max(np.linalg.norm(first[mask], 2) for mask in on)),
        "on_second": root(max(np.linalg.norm(second[:, mask], 2) for mask in on)),
        "on_any": root(max(np.linalg.norm(second * mask @ first, 2) for mask in kept)),
        "on_all": str(tuple(int(slope) for slope in (second @ first)[0])),
    }


def figure_four() -> figures.Picture:
    """The four points and the heights of the function that fits them."""
    ticks = np.linspace(-1.6, 1.6, 161)
    x, y = np.meshgrid(ticks, ticks)
    fig, ax = figures.new(width=3.1, height=3.1)
    lines = ax.contour(x, y, abs(x) - abs(y), levels=[-1, -0.5, 0, 0.5, 1], colors=figures.MUTED)
    ax.clabel(lines, levels=[-1, 0, 1], fmt="%g", colors=INK)
    for point, sign in zip([(1, 0), (-1, 0), (0, 1), (0, -1)], "++−−", strict=True):
        ax.plot(*point, "o", color=BLUE if sign == "+" else VERMILION, markersize=14)
        ax.annotate(sign, point, color=PAPER, ha="center", va="center", weight="bold")
    ax.set(aspect="equal", xlabel="$x_1$", ylabel="$x_2$", xticks=[-1, 0, 1], yticks=[-1, 0, 1])
    alt = """Four points of the plane: plus at (1, 0) and (-1, 0), minus at (0, 1) and (0, -1),
    among the level lines of the function; the line of height 0 is the two diagonals."""
    return figures.show(fig, alt=alt)


def figure_balls(exact: dict[str, float]) -> figures.Picture:
    """One unit of movement in three norms, and the best step."""
    shapes = {
        "1": Polygon([(1, 0), (0, 1), (-1, 0), (0, -1)]),
        "2": Circle((0, 0), 1),
        "inf": Polygon([(1, 1), (-1, 1), (-1, -1), (1, -1)]),
    }
    best = {"1": (1, 0), "2": (math.sqrt(0.5), -math.sqrt(0.5)), "inf": (1, -1)}
    fig, axes = figures.new(columns=3, width=4.2, height=1.9)
    for ax, (p, title) in zip(axes, BALLS.items(), strict=True):
        shapes[p].set(facecolor="none", edgecolor=INK, linewidth=1.5)
        ax.add_patch(shapes[p])
        arrow = {
            "arrowstyle": "-|>",
            "color": VERMILION,
            "linewidth": 2.5,
            "shrinkA": 0,
            "shrinkB": 0,
        }
        ax.annotate("", best[p], (0, 0), arrowprops=arrow)
        ax.axline(best[p], slope=1, color=INK, linewidth=1, linestyle="--")
        ax.set(aspect="equal", xlim=(-1.3, 1.3), ylim=(-1.3, 1.3), title=title)
        gain = f"gain {exact[p]:.3g}"
        ax.text(0, -1.7, gain, color=VERMILION, weight="bold", fontsize=12, ha="center")
        ax.axis("off")
    gains = ", ".join(f"{title} {exact[p]:.3g}" for p, title in BALLS.items())
    alt = f"""The unit ball in three norms, a diamond, a circle and a square, each with an arrow to
    a point that gains most and a dashed line of equal gain there. The gains are {gains}."""
    return figures.show(fig, alt=alt)


def ridge() -> dict[str, Any]:
    """The network of groups, probed and then asked at one point."""
    experiment = experiments.EXPERIMENTS["ridge"]
    params = experiment.params()
    result = experiment(params, seed=0)
    X, y = generic(params["n"], params["d"], rng=0)
    apart = pdist(X)[pdist(y[:, None]) > 0]
    slope = down(result["witness"])
    fig = figures.discs(
        {"a random slice": result["random_slice"], "a chosen slice": result["ridge_slice"]},
        label="height $f(x)$",
        notes={"a random slice": "0 everywhere"},
        mark=("a chosen slice", (1.0, 0.0), f"slope {slope}"),
        width=4.2,
    )
    alt = f"""Heights of one network on two discs. The random slice is flat, 0 everywhere. The
    chosen slice has a hill and a valley that meet at a marked point of slope {slope}."""
    return {f"ridge_{name}": f"{params[name]:,}" for name in ("n", "d", "k", "points")} | {
        "ridge_typical": down(2 / float(np.median(apart))),
        "ridge_closest": down(interpolation_floor(X, y).value),
        "ridge_seen": f"one in {down(1e-6 / result['seen'], 0)} million",
        "ridge_chance": up(100 * params["points"] * result["seen"], 2),
        "ridge_random": f"{result['random']:.2f}",
        "ridge_witness": slope,
        "ridge_global": down(result["global"]),
        "figure_ridge": figures.show(fig, alt=alt),
    }


def caps() -> dict[str, Any]:
    """The share of the sphere on which one neuron with threshold 1/2 is on, by dimension."""
    share = {d: 0.5 * betainc((d - 1) / 2, 0.5, 0.75) for d in (2, 64, 1200)}
    texts = {d: f"one in {1 / s:,.0f}" for d, s in share.items() if s > 1e-9}
    texts[1200] = f"one in $10^{{{-math.log10(share[1200]):.0f}}}$"
    return {f"cap_{d}": text for d, text in texts.items()} | {"figure_cap": figure_cap()}


def figure_cap() -> figures.Picture:
    """The unit circle and the cap beyond u.x = 1/2."""
    angle = np.linspace(-np.pi / 3, np.pi / 3, 100)
    fig, ax = figures.new(width=3.0, height=3.0)
    ax.add_patch(Circle((0, 0), 1, facecolor="none", edgecolor=INK))
    ax.plot(np.cos(angle), np.sin(angle), color=VERMILION, linewidth=5, solid_capstyle="butt")
    ax.axvline(0.5, color=figures.MUTED, linestyle="--")
    ax.annotate("", (0.98, 0), (0, 0), arrowprops={"arrowstyle": "-|>", "color": INK})
    ax.annotate("$u$", (0.3, 0.06), ha="center")
    ax.annotate("on", (1.08, 0), color=VERMILION, weight="bold", va="center")
    ax.annotate("off: slope 0", (-0.9, 0.3))
    ax.set(aspect="equal", xlim=(-1.1, 1.35), ylim=(-1.15, 1.15))
    ax.axis("off")
    alt = """A circle with a unit vector u. The neuron is on only in the cap beyond one half of u, a
    third of the circle; elsewhere its slope is 0."""
    return figures.show(fig, alt=alt)


def products() -> dict[str, Any]:
    """How much the product bound loses: random networks in the plane, and the digits network."""
    gap = experiments.EXPERIMENTS["product_gap"]
    ratios = experiments.sweep(gap, {"width": [32], "depth": [8]}, seeds=range(20), progress=False)
    network, _ = digits_network(seed=0)
    upper, found = lipschitz.autolip(network, certified=True), lipschitz.ascent(network, rng=0)
    return {
        "product_deep": f"{ratios.ratio.median():,.0f}",
        "digits_upper": f"{upper:.1f}",
        "digits_found": f"{found:.1f}",
        "digits_ratio": up(upper / found, 2),
    }
