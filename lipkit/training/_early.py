"""Early stopping: which epoch was best, and whether to go on; read from the rows alone."""

from collections.abc import Sequence
from typing import Any


def watched(row: dict[str, Any]) -> float:
    """What an epoch is judged by: robust accuracy, else accuracy, else minus the loss."""
    for column in ("validation_robust_accuracy", "validation_accuracy"):
        if column in row:
            return float(row[column])
    return -float(row["validation_loss"])


def best_epoch(rows: Sequence[dict[str, Any]]) -> int:
    """The first row of the best epoch, counted from 0."""
    values = [watched(row) for row in rows]
    return values.index(max(values))


def finished(rows: Sequence[dict[str, Any]], epochs: int, patience: int | None) -> bool:
    """Whether all epochs are there, or the best is ``patience`` epochs ago."""
    if len(rows) >= epochs:
        return True
    return bool(rows) and patience is not None and len(rows) - 1 - best_epoch(rows) >= patience
