"""Code cells: short, seeded, and every picture with a name, a caption and an alt text from data."""

import ast
from collections.abc import Iterator
from statistics import median

from lint.chapter import HIDDEN, Block, Chapter
from lint.prose import Fault, typed_numbers
from lint.python import Call, assigned, calls, imported, is_none, is_number, text, tree

MOST_LINES, MEDIAN_LINES, MOST_FIGURES = 25, 8, 6
GENERATORS = {"default_rng", "Generator", "SeedSequence", "PCG64", "Philox", "BitGenerator"}
TORCH_DRAWS = {"rand", "randn", "randint", "randperm", "normal", "bernoulli", "multinomial"}
SEEDS = {"rng", "seed", "random_state", "generator"}
EXPLORER = ["title", "say", "caption"]
SAYS = [*EXPLORER, "question", "text"]


def lines(cell: Block) -> int:
    """How many lines of a cell a reader sees."""
    return sum(bool(line.strip()) for line in cell.body)


def size(chapter: Chapter) -> Iterator[Fault]:
    """Cells a reader can take in at a glance; at most six figures."""
    visible = [cell for cell in chapter.named("code-cell") if not cell.words & HIDDEN]
    for cell in visible:
        if lines(cell) > MOST_LINES:
            yield cell.line, f"{lines(cell)} lines, at most {MOST_LINES}: move the work into lipkit"
    middle = median(map(lines, visible)) if visible else 0
    if middle > MEDIAN_LINES:
        longest = max(visible, key=lines)
        yield (
            longest.line,
            f"visible cells have {middle:g} lines in the median, at most {MEDIAN_LINES}: shorten "
            f"this one ({lines(longest)} lines), or fold it with tags: [hide-input]",
        )
    shown = [block for block in chapter.blocks if block.figure or block.name.endswith("figure")]
    for block in shown[MOST_FIGURES:]:
        yield block.line, f"more than {MOST_FIGURES} figures: make it two chapters"


def code(chapter: Chapter) -> Iterator[Fault]:
    """Cells that can be read: options closed, Python that parses."""
    for cell in chapter.named("code-cell"):
        if not cell.closed:
            yield cell.line, "options are not closed: end them with --- at the line's start"
        elif cell.garbled:
            yield cell.line, "options are no YAML: look at their indentation and quotes"
        elif tree(cell) is None:
            yield cell.line, "the cell is no Python: mend it, without IPython's % and !"


def seeds(chapter: Chapter) -> Iterator[Fault]:
    """The same numbers in every run."""
    for cell in chapter.named("code-cell"):
        for module, line in imported(cell):
            if module == "random":
                yield line, "random has one state for all: use np.random.default_rng(0)"
        for call in calls(cell):
            if unseeded(call):
                yield call.line, f"{call.dotted} is not seeded here: pass rng=0 or default_rng(0)"


def unseeded(call: Call) -> bool:
    """Whether a call draws from, or sets, a state that other code shares."""
    numpy = call.dotted.startswith(("np.random.", "numpy.random."))
    given = [*call.positional, *call.keywords.values()]
    return (
        (numpy and call.name not in GENERATORS)
        or (call.name == "default_rng" and (not given or is_none(given[0])))
        or call.dotted in {"torch.manual_seed", "torch.seed"}
        or (
            call.dotted.startswith("torch.")
            and call.name in TORCH_DRAWS
            and "generator" not in call.keywords
        )
        or (call.name == "rvs" and not {"random_state", "rng"} & call.keywords.keys())
        or any(is_none(value) for name, value in call.keywords.items() if name in SEEDS)
    )


def figures(chapter: Chapter) -> Iterator[Fault]:
    """A name to refer to, a caption, and an alt text that says what the data say."""
    for cell in chapter.named("code-cell"):
        drawn = [call for call in calls(cell) if call.dotted in {"figures.show", "show"}]
        missing = [key for key in ("name", "caption") if not cell.figure.get(key)]
        if (drawn or "mystnb" in cell.options) and missing:
            yield cell.line, f"figure without {' and '.join(missing)}: add it to mystnb: figure:"
        if cell.figure.get("name") and not cell.figure_name.startswith("fig-"):
            yield cell.line, f"figure name {cell.figure_name}: begin it with fig-"
        for call in drawn:
            yield from alt_text(cell, call)
    for block in chapter.named("figure", "image"):
        if not str(block.options.get("alt", "")).strip():
            yield block.line, f"{block.name} without alt text: add :alt: and say what it shows"


def alt_text(cell: Block, call: Call) -> Iterator[Fault]:
    """What is wrong with the alt text of a figure."""
    alt = call.keywords.get("alt")
    if isinstance(alt, ast.Name):
        alt = assigned(cell, alt.id)
    if alt is None:
        yield call.line, 'figure without alt text: pass alt=f"…" and say what it shows'
        return
    nodes = list(ast.walk(alt))
    values = [node.value for node in nodes if isinstance(node, ast.FormattedValue)]
    if not any(not isinstance(value, ast.Constant) for value in values):
        yield call.line, "alt text without a value from the data: make it an f-string with one"
    for node in nodes:
        for number in typed_numbers(text(node)):
            yield call.line, f"typed number {number} in an alt text: take it from the data"


def explorers(chapter: Chapter) -> Iterator[Fault]:
    """An explorer says what it is, what each state shows, and what to look for."""
    for cell in chapter.named("code-cell"):
        for call in calls(cell):
            given = {*call.keywords, *cell.figure}  # a figure's caption serves as well
            missing = [word for word in EXPLORER if word not in given]
            if call.name == "explorer" and missing:
                yield call.line, f"explorer without {' and '.join(missing)}: pass {missing[0]}=…"


def said(chapter: Chapter) -> Iterator[Fault]:
    """What explorers and bets say to the reader holds no typed number, nor does an answer."""
    for cell in chapter.named("code-cell"):
        for call in calls(cell):
            if not (call.name in {"explorer", "reveal"} or call.dotted.startswith("bets.")):
                continue
            given = [*call.positional, *(call.keywords.get(word) for word in SAYS)]
            words = [text(node) for argument in given if argument for node in ast.walk(argument)]
            for number in dict.fromkeys(typed_numbers(" ".join(words))):
                yield call.line, f"typed number {number} in {call.name}: compute it"
            if call.name == "reveal" and any(map(is_number, call.positional)):
                yield call.line, "typed answer in reveal: pass the number that a cell computed"


def bets(chapter: Chapter) -> Iterator[Fault]:
    """A bet carries the chapter's slug, and is revealed further down."""
    found = [call for cell in chapter.named("code-cell") for call in calls(cell)]
    made = [call for call in found if call.dotted.startswith("bets.")]
    for call in made:
        name = text(call.positional[0] if call.positional else call.keywords.get("name"))
        if name and not name.startswith(f"{chapter.slug}."):
            yield call.line, f"bet {name}: begin its name with {chapter.slug}."
    revealed = sum(call.name == "reveal" for call in found)
    for call in made[revealed:]:
        yield call.line, "a bet that is never revealed: end a later cell with its .reveal(…)"
