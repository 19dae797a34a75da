"""Run all races and print a table; with --check, fail if a goal is missed by more than 20 %."""

import argparse
import platform
import sys
from collections.abc import Iterator
from itertools import chain

import numpy as np
import torch

from benchmarks import adversarial_features, attacks, convolutions, lipschitz, norms, training
from benchmarks._race import Finish, Race, run


def races() -> Iterator[Race]:
    """All of them, room by room."""
    yield from norms.races()
    yield from convolutions.races()
    yield from lipschitz.races()
    yield from training.races()
    yield from attacks.races()
    yield from adversarial_features.races()


def row(finish: Finish) -> str:
    """One line of the table."""
    ours, theirs = finish.answers
    verdict = "missed" if finish.missed else "ok"
    return (
        f"{finish.race.task:48} {finish.race.peer:26} "
        f"{1e3 * finish.ours:9.2f} {1e3 * finish.theirs:9.2f}"
        f" {finish.ratio:7.3f} {finish.race.goal:6.2f} {verdict:7} {ours:11.5g} {theirs:11.5g}"
    )


def main() -> int:
    """The table, and 1 if a goal is missed and that was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    torch.set_num_threads(1)
    print(f"{platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__}")
    print(
        f"{'task':48} {'peer':26} {'ours/ms':>9} {'peer/ms':>9} {'ratio':>7} {'goal':>6} {'':7} "
        f"{'our answer':>11} {'theirs':>11}"
    )
    missed = 0
    for race in races():
        finish = run(race)
        missed += finish.missed
        print(row(finish), flush=True)
    for measure in chain(convolutions.measures(), attacks.measures()):
        missed += measure.missed
        verdict = "missed" if measure.missed else "ok"
        print(f"{measure.task:75} {measure.value:7.3f} {measure.goal:6.2f} {verdict}", flush=True)
    return int(check and missed > 0)


if __name__ == "__main__":
    sys.exit(main())
