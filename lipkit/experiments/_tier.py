"""How much computing: one word, read from the environment."""

import os
from typing import Final

from lipkit import _validate

TIERS: Final = ("test", "quick", "standard", "full")


def tier() -> str:
    """The tier named by the environment variable ``LIPKIT_TIER``: test, quick, standard or full.

    Without the variable, quick: seconds, the book's own. test is for the test suite, standard takes
    minutes, full hours. Raises ``ValueError`` for any other word.

    >>> tier() in ("test", "quick", "standard", "full")
    True
    """
    return _validate.one_of(os.environ.get("LIPKIT_TIER") or "quick", "LIPKIT_TIER", TIERS)
