"""An experiment is a pure function: the same seed gives the same fields, bit for bit."""

import numpy as np

from lipkit.experiments import EXPERIMENTS


def changed_by_seed(name: str) -> dict[str, bool]:
    """For each field of an experiment that repeats, whether another seed changes it."""
    run = EXPERIMENTS[name]
    once, again, other = (run(run.params("test"), seed) for seed in (0, 0, 1))
    assert once.keys() == again.keys() == other.keys()
    for key, value in once.items():
        np.testing.assert_array_equal(value, again[key])
    return {key: not np.array_equal(value, other[key]) for key, value in once.items()}
