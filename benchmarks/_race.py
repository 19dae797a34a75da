"""Two ways to the same answer, timed in turn."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

TOLERANCE = 1.2  # a goal is missed beyond 20 %


@dataclass(frozen=True)
class Race:
    """What both do, who the peer is, how ours may compare, and how to run them.

    ``goal`` is the largest ratio, our seconds over theirs. Each function returns a number to show.
    """

    task: str
    peer: str
    goal: float
    ours: Callable[[], float]
    theirs: Callable[[], float]
    repeats: int = 7


@dataclass(frozen=True)
class Measure:
    """A number that is no time, and how large it may be."""

    task: str
    value: float
    goal: float

    @property
    def missed(self) -> bool:
        """Whether the goal is missed by more than the tolerance."""
        return self.value > TOLERANCE * self.goal


@dataclass(frozen=True)
class Finish:
    """Median seconds of each, the median of the ratios pair by pair, and both answers."""

    race: Race
    ours: float
    theirs: float
    ratio: float
    answers: tuple[float, float]

    @property
    def missed(self) -> bool:
        """Whether the goal is missed by more than the tolerance."""
        return self.ratio > TOLERANCE * self.race.goal


def run(race: Race) -> Finish:
    """One warm-up each, then A B A B …, so that a machine that slows down slows both."""
    answers = race.ours(), race.theirs()
    pairs = [(_seconds(race.ours), _seconds(race.theirs)) for _ in range(race.repeats)]
    ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    return Finish(race, ours, theirs, statistics.median(a / b for a, b in pairs), answers)


def _seconds(function: Callable[[], float]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start
