"""A bet on one of a few answers."""

from collections.abc import Sequence
from html import escape

from lipkit import _validate
from lipkit.teach.bets._bet import Bet
from lipkit.teach.bets._block import Block, sentence


class Choice(Bet):
    """A bet on one of a few answers, shown as radio buttons.

    Raises ``ValueError`` if there are fewer than two ``options``, or two alike.

    >>> wager = Choice("doc.steeper", "Which is steeper?", ["the hill", "the ridge"])
    >>> answer = wager.reveal("the ridge", "It is thin, so walkers miss it.")
    """

    kind = "choice"

    def __init__(self, name: str, question: str, options: Sequence[str]):
        super().__init__(name, question)
        self.options = [sentence(option, "options") for option in options]
        if len(set(self.options)) < max(2, len(self.options)):
            raise ValueError(
                f"options: got {self.options}, expected two or more, all different; name each once"
            )
        paper = f"<ul>{''.join(f'<li>{escape(option)}</li>' for option in self.options)}</ul>"
        radios = "".join(
            f'<label><input type="radio" name="{name}" value="{escape(option)}" required>'
            f" {escape(option)}</label>"
            for option in self.options
        )
        inputs = f'<div class="lk-bet-options">{radios}</div>'
        self._ask(paper, inputs, {"options": self.options})

    def reveal(self, truth: str, text: str = "") -> Block:
        """Say which option is right, and in ``text`` why; the last line of a cell.

        Raises ``ValueError`` if ``truth`` is none of the options.
        """
        _validate.one_of(truth, "truth", self.options)
        return self._tell(f"<strong>{escape(truth)}</strong> is the one", text, {"truth": truth})
