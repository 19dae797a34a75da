"""A bet on a number."""

from html import escape

from lipkit import _validate
from lipkit.teach.bets._bet import Bet
from lipkit.teach.bets._block import Block, plain


class Number(Bet):
    """A bet on a number between ``low`` and ``high``, typed into a field.

    On the scale "log" the bet is compared with the truth by their ratio, on "linear" by their
    difference. ``unit`` stands behind every number. Raises ``ValueError`` unless ``low < high``,
    both finite, and ``low > 0`` on the scale "log".

    >>> wager = Number("doc.slope", "How steep is the ridge?", low=0.1, high=1000, scale="log")
    >>> answer = wager.reveal(27.9, "One random point in a billion knows.")
    """

    kind = "number"

    def __init__(
        self,
        name: str,
        question: str,
        *,
        low: float,
        high: float,
        scale: str = "linear",
        unit: str = "",
    ):
        super().__init__(name, question)
        self.limits = low, high = limits((low, high), scale, "low and high")
        self.unit = f" {unit}" if unit else ""
        between = f"between {plain(low)} and {plain(high)}"
        ends = f'min="{low:.15g}" max="{high:.15g}"'
        field = f'<input type="number" {ends} step="any" inputmode="decimal" required>'
        inputs = f"<label>A number {between}: {field}{escape(self.unit)}</label>"
        paper = f"<p>A number {between}{escape(self.unit)}.</p>"
        data = {"limits": self.limits, "log": scale == "log", "unit": self.unit}
        self._ask(paper, inputs, data)

    def reveal(self, truth: float, text: str = "") -> Block:
        """Say what it is, and in ``text`` why; the last line of a cell.

        Four digits of ``truth`` are shown: round a lower answer down before the call, an upper one
        up. Raises ``ValueError`` if ``truth`` lies outside the limits, so that no bet could win.
        """
        value = within(truth, self.limits, "truth", 0).item()
        answer = f"Here it is <strong>{plain(value)}{escape(self.unit)}</strong>"
        return self._tell(answer, text, {"truth": value})


def limits(pair: tuple[float, float], scale: str, name: str) -> tuple[float, float]:
    """The checked ends of an axis."""
    ends = _validate.real_array(pair, name, 1)
    if ends.shape != (2,) or not ends[0] < ends[1]:
        raise ValueError(f"{name}: got {pair}, expected two numbers, the smaller one first")
    if _validate.one_of(scale, "scale", ("linear", "log")) == "log" and ends[0] <= 0:
        raise ValueError(
            f'{name}: got {pair} on the scale "log", expected positive numbers; '
            'raise the lower one or use "linear"'
        )
    return ends[0].item(), ends[1].item()


def within(values: object, ends: tuple[float, float], name: str, ndim: int) -> _validate.Array:
    """Finite numbers inside the limits, which a reader can bet on."""
    array = _validate.real_array(values, name, ndim)  # type: ignore[arg-type]
    wrong = array[(array < ends[0]) | (array > ends[1])]
    if wrong.size:
        raise ValueError(
            f"{name}: got {wrong.flat[0]:g}, expected numbers in [{ends[0]:g}, {ends[1]:g}]; "
            "widen the limits of the bet"
        )
    return array
