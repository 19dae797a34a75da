"""What happened in each epoch."""

from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass
class History:
    """One row a finished epoch, oldest first.

    A row is a dict with ``epoch`` (from 1), ``train_loss``, ``train_accuracy``, the same of
    ``validation_`` if there was any, ``lr`` and ``seconds``. Losses are means per point. Those of
    training are taken on each batch before its step, so they lag behind the epoch's last weights;
    those of validation belong to the weights at its end. Accuracies, in [0, 1], are there for
    classes and for signs only. ``train_robust_accuracy`` counts the attacked points of the steps,
    and stands alone if the method uses no others; ``validation_robust_accuracy`` is there if an
    attack was given. ``train_loss`` is that of the method, without a penalty, and
    ``validation_loss`` that of the points themselves.

    ``norms`` has one record an epoch, norm and layer, if they were asked for: ``epoch``, ``layer``,
    ``kind``, ``fused`` (a layer together with its BatchNorm), ``p``, ``norm`` (None if unknown),
    ``answer`` (exact or upper). ``kept`` is the epoch whose weights the model holds.

    >>> history = History([{"epoch": 1, "train_loss": 0.25, "lr": 0.05, "seconds": 0.1}])
    >>> history, len(history), history.last["train_loss"]
    (History(1 epoch, train_loss 0.25), 1, 0.25)
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    norms: list[dict[str, Any]] = field(default_factory=list)
    kept: int | None = None

    @property
    def last(self) -> dict[str, Any]:
        """The last row; raises ``IndexError`` if no epoch was finished."""
        if not self.rows:
            raise IndexError("history: got no finished epoch, expected at least one")
        return self.rows[-1]

    def __len__(self) -> int:
        return len(self.rows)

    def to_frame(self) -> "DataFrame":
        """The rows as a pandas frame indexed by epoch; raises ``ImportError`` without pandas."""
        columns = list(self.rows[0]) if self.rows else ["epoch", "train_loss", "lr", "seconds"]
        frame = _pandas("to_frame", "rows").DataFrame(self.rows, columns=columns)
        return cast("DataFrame", frame.set_index("epoch"))

    def norms_to_frame(self) -> "DataFrame":
        """The norms of the layers as a tidy pandas frame; ``ImportError`` without pandas."""
        columns = ["epoch", "layer", "kind", "fused", "p", "norm", "answer"]
        pandas = _pandas("norms_to_frame", "norms")
        return cast("DataFrame", pandas.DataFrame(self.norms, columns=columns))

    def __repr__(self) -> str:
        results = [f"{name} {value:.4g}" for name, value in self._results()]
        epochs = f"{len(self)} epoch{'' if len(self) == 1 else 's'}"
        return f"History({', '.join([epochs, *results])})"

    def _repr_html_(self) -> str:
        if not self.rows:
            return "<p>No epoch finished.</p>"
        head = "".join(f'<th scope="col">{escape(name)}</th>' for name in self.rows[0])
        body = "".join(
            "<tr>" + "".join(f"<td>{_text(value)}</td>" for value in row.values()) + "</tr>"
            for row in self._shown()
        )
        return (
            f'<table class="lk-history"><caption>{len(self)} epochs of training</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )

    def _results(self) -> list[tuple[str, float]]:
        skipped = ("epoch", "lr", "seconds")
        return [(k, v) for k, v in (self.rows or [{}])[-1].items() if k not in skipped]

    def _shown(self) -> list[dict[str, Any]]:
        """At most ten rows, evenly spaced, the first and the last among them."""
        n = len(self.rows)
        picked = range(n) if n <= 10 else sorted({round(i * (n - 1) / 9) for i in range(10)})
        return [self.rows[i] for i in picked]


def _pandas(asked: str, instead: str) -> Any:
    try:
        import pandas
    except ImportError as error:
        raise ImportError(
            f"{asked}: got no pandas; pip install 'lipkit[sweep]', or read .{instead}"
        ) from error
    return pandas


def _text(value: Any) -> str:
    return escape(f"{value:.4g}" if isinstance(value, float) else str(value))
