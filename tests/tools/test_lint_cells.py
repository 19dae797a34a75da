"""The linter finds cells that are long, unseeded or not described."""

from pathlib import Path

import pytest

from tests.tools.planting import CELL, GOOD, Plant, assert_found, between, faults

RIDGE = "## A ridge"
DRAWN = "rng = np.random.default_rng(0)"
ALT = 'alt=f"Heights, the largest {heights.max():.1f}."'
CAPTION = "    caption: |\n      A figure, {glue:text}`slope:.2f`.\n"
REVEAL = "wager.reveal(slope)"
PLAIN = f"{RIDGE}\n\n{CELL}"
FIGURE = "---\nmystnb: {figure: {name: fig-%d, caption: c}}\n---\nfigures.show(fig, alt=f'{x}')"
EXPLORER_FIGURE = (
    "---\nmystnb: {figure: {name: fig-e, caption: c}}\n---\nexplorer(f, title='A', say='{x}')"
)


def figures(count: int) -> str:
    return RIDGE + "\n\n" + "".join(CELL % (FIGURE % n) for n in range(count))


def drawn(line: str) -> str:
    return f"{line}\n{DRAWN}"


PLANTED = {
    "open options": Plant(
        RIDGE, PLAIN % "---\ntags: [x]\n  ---\nx = 1", "options are not closed", "^[x]"
    ),
    "no YAML": Plant(
        RIDGE, PLAIN % "---\ntags: [x\n---\nx = 1", "options are no YAML", "^tags: [x"
    ),
    "no Python": Plant(RIDGE, PLAIN % "%time x", "the cell is no Python", "^%time"),
    "long cell": Plant(REVEAL, "x = 1\n" * 24 + REVEAL, "26 lines, at most 25", "^x = 1"),
    "median": Plant(
        RIDGE, RIDGE + f"\n\n{CELL}" % ("y = 1\n" * 9) * 4, "9 lines in the median", "^y = 1"
    ),
    "figures": Plant(RIDGE, figures(6), "more than 6 figures", "^fig-one"),
    "np.random.seed": Plant(DRAWN, drawn("np.random.seed(0)"), "np.random.seed is", "seed(0)"),
    "legacy sampler": Plant(DRAWN, drawn("np.random.randn(3)"), "np.random.randn is", "randn"),
    "no seed": Plant("rng(0)", "rng()", "default_rng is not seeded", "default_rng()"),
    "seed None": Plant("rng(0)", "rng(None)", "default_rng is not seeded", "(None)"),
    "seed by name": Plant("rng(0)", "rng(seed=None)", "default_rng is not seeded", "seed=None"),
    "rng=None": Plant(DRAWN, drawn("ascent(f, rng=None)"), "ascent is not seeded", "ascent"),
    "random_state": Plant(DRAWN, drawn("cut(X, random_state=None)"), "cut is not", "cut"),
    "import random": Plant(DRAWN, drawn("import random"), "random has one", "import random"),
    "from random": Plant(DRAWN, drawn("from random import choice"), "has one", "from random"),
    "torch seed": Plant(DRAWN, drawn("torch.manual_seed(0)"), "torch.manual_seed", "torch"),
    "torch draw": Plant(DRAWN, drawn("torch.randn(3)"), "torch.randn is not seeded", "torch"),
    "scipy draw": Plant(DRAWN, drawn("norm.rvs(size=3)"), "norm.rvs is not seeded", "rvs"),
    "legacy state": Plant(DRAWN, drawn("np.random.RandomState(0)"), "RandomState is", "State(0)"),
    "no caption": Plant(CAPTION, "", "figure without caption", "^fig-one"),
    "no name": Plant("    name: fig-one\n", "", "figure without name", "^A figure,"),
    "plain figure": Plant(
        RIDGE, PLAIN % f"figures.show(g, {ALT})", "figure without name and caption", "^show(g"
    ),
    "prefix": Plant("name: fig-one", "name: one", "begin it with fig-", "^name: one"),
    "no alt": Plant(f", {ALT}", "", "figure without alt text", "figures.show"),
    "constant": Plant(ALT, 'alt="Heights."', "alt text without a value", "figures.show"),
    "constant f-string": Plant(ALT, 'alt=f"{3} hills."', "alt text without", "figures.show"),
    "alt by name": Plant(
        f"figures.show(fig, {ALT})",
        "words = 'Heights.'\nfigures.show(fig, alt=words)",
        "alt text without a value",
        "alt=words",
    ),
    "typed in alt": Plant("the largest {", "not 2.5 but {", "typed number 2.5 in an", "not 2.5"),
    "picture": Plant(
        RIDGE, RIDGE + "\n\n```{figure} x.svg\n:name: fig-x\n```", "figure without alt", "x.svg"
    ),
    "title": Plant(', title="A ridge"', "", "explorer without title: pass ti", "explorer("),
    "say": Plant(', say="{x}"', "", "explorer without say", "explorer("),
    "caption": Plant(', caption="Walk."', "", "explorer without caption", "explorer("),
    "bet": Plant('"chapter.steep"', '"steep"', "begin its name with chapter.", "bets.Number"),
    "typed in an explorer": Plant(
        'say="{x}"', 'say="{x} of 2,000"', "typed number 2,000 in explorer", "explorer("
    ),
    "typed in a bet": Plant('"How steep?"', '"Over 0.5?"', "typed number 0.5 in Num", "bets.Num"),
    "typed in a reveal": Plant(REVEAL, 'wager.reveal(x, "It is 27.9.")', "27.9 in reveal", "27.9"),
    "typed answer": Plant(REVEAL, "wager.reveal(28)", "typed answer in reveal", "reveal(28)"),
    "never revealed": Plant(REVEAL, "slope", "never revealed", "bets.Number"),
}

FINE = {
    "hidden cell": ("tags: [hide-input]\n", "tags: [hide-input]\n" + 30 * "# x\n"),
    "long hidden cell": (DRAWN, drawn(30 * "x = 1\n")),
    "five figures": (RIDGE, figures(5)),
    "generators": (DRAWN, drawn("rng = np.random.Generator(np.random.PCG64(0))")),
    "torch generator": (DRAWN, drawn("torch.randn(3, generator=torch.Generator())")),
    "scipy seed": (DRAWN, drawn("norm.rvs(size=3, random_state=0)")),
    "imports": (DRAWN, drawn("import numpy as np\nfrom numpy.random import default_rng")),
    "described picture": (RIDGE, RIDGE + "\n\n```{figure} x.svg\n:alt: A hill.\n```"),
    "other randint": (DRAWN, drawn("rng.integers(3), draws.random(2)")),
    "alt by name": (ALT, "alt=f'{x}'"),
    "choices of an explorer": ('say="{x}"', 'say="{x}", controls=choice({"400": 400})'),
    "figure's caption": (
        'explorer(height, title="A ridge", say="{x}", caption="Walk.")',
        f"1\n```\n\n```{{code-cell}} ipython3\n{EXPLORER_FIGURE}",
    ),
    "computed words": (REVEAL, 'wager.reveal(x, f"It is {x:.1f} of two thousand.")'),
    "joined alt": (ALT, 'alt="Marks: " + ", ".join(f"{x} at {y}" for x, y in marks)'),
}


@pytest.mark.parametrize("plant", PLANTED.values(), ids=PLANTED)
def test_a_planted_fault_is_found(plant: Plant, tmp_path: Path) -> None:
    assert_found(plant, tmp_path)


@pytest.mark.parametrize(("old", "new"), FINE.values(), ids=FINE)
def test_what_is_fine_is_left_alone(old: str, new: str, tmp_path: Path) -> None:
    assert GOOD.count(old) == 1
    assert faults(tmp_path, GOOD.replace(old, new)) == []


def test_randomness_is_looked_for_in_hidden_cells_and_in_solutions(tmp_path: Path) -> None:
    assert "hide-input" in between("```{code-cell} ipython3\n---", DRAWN)
    solution = Plant(
        'check("chapter.ex2"', 'np.random.seed(0)\ncheck("chapter.ex2"', "seed", "seed"
    )
    assert_found(solution, tmp_path)
