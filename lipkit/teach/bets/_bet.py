"""What all bets share: a name, a question, the frame of the two blocks."""

import re
from html import escape
from typing import Any

from lipkit.teach.bets._block import Block, attribute, sentence

_ASKED: dict[str, str] = {}  # a cell may run again, so the same question is no second bet

_ASK = """<div class="lk-bet" id="bet-{name}" data-bet="{data}">
<p class="lk-bet-title">Your bet</p>
<div class="lk-bet-paper"><p>{question}</p>{paper}<p>Write it down before you read on.</p></div>
<form hidden autocomplete="off"><fieldset><legend>{question}</legend>{inputs}</fieldset>
<button type="submit">Commit</button></form>
<p role="status"></p>
</div>"""

_TELL = """<div class="lk-bet lk-reveal" data-reveal="{data}">
<p class="lk-reveal-wait" hidden>You have not bet yet. <a href="#bet-{name}">Bet first</a>, or:</p>
<details open><summary hidden>Show the answer</summary>
<p><span class="lk-reveal-word"></span>{answer}<span class="lk-reveal-word"></span>.{text}</p>{more}
</details>
</div>"""


class Bet(Block):
    """A name and a question; each kind of bet adds how a reader answers."""

    kind: str

    def __init__(self, name: str, question: str):
        self.question = sentence(question, "question")
        self.name = _new(name, self.question)

    def _ask(self, paper: str, inputs: str, data: dict[str, Any]) -> None:
        """Set the HTML: words for paper, inputs for the page, what its script needs to know."""
        self.html = _ASK.format(
            name=self.name,
            data=attribute({"name": self.name, "kind": self.kind, **data}),
            question=escape(self.question),
            paper=paper,
            inputs=inputs,
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, {self.question!r})"

    def _tell(self, answer: str, text: str, data: dict[str, Any], more: str = "") -> Block:
        """The answer as HTML, the author's sentence, what the script compares a bet with."""
        data = {"name": self.name, **data}
        text = " " + escape(sentence(text, "text")) if text else ""
        return Block(
            _TELL.format(name=self.name, data=attribute(data), answer=answer, text=text, more=more)
        )


def _new(name: str, question: str) -> str:
    if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)*", str(name)):
        raise ValueError(
            f"name: got {name!r}, expected lower-case letters, digits, hyphens and dots; "
            "write it like 'lipschitz-constants.sign'"
        )
    if _ASKED.setdefault(name, question) != question:
        raise ValueError(
            f"name: got {name!r} for a second question, expected a new name; choose another, or "
            "restart the kernel if you changed the question"
        )
    return name
