"""Draw the README's picture again, the landing page's: `python tools/landing.py`."""

from pathlib import Path

from lipkit.experiments import EXPERIMENTS
from lipkit.teach import figures

PICTURE = Path(__file__).parents[1] / "book/static/landing.svg"


def main() -> None:
    """Compute the two slices and write the picture."""
    ridge = EXPERIMENTS["ridge"]
    result = ridge(ridge.params("quick"), 0)
    slope = f"slope {int(10 * result['witness']) / 10}"  # rounded down: a lower answer
    panels = {"a random slice": result["random_slice"], "a chosen slice": result["ridge_slice"]}
    mark = ("a chosen slice", (1.0, 0.0), slope)
    notes = {"a random slice": "0 everywhere"}
    fig = figures.discs(panels, label="height $f(x)$", mark=mark, notes=notes)
    alt = (
        f"Heights of one network on two discs: a random slice, flat, and a chosen one with {slope}."
    )
    figures.show(fig, alt=alt).save(PICTURE)


if __name__ == "__main__":
    main()
