"""How every table of tasks is tested: right answers pass, each wrong one fails for its reason.

A chapter's tests write one table, label -> Answers, and inherit from Grading:

    class TestGraders(Grading):
        slug, table = "my-chapter", TABLE
"""

import re
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from html import unescape
from typing import Any, ClassVar

import numpy as np
import pytest

from lipkit.teach import check
from lipkit.teach.graders import Verdict, known_tasks


@dataclass(frozen=True)
class Answers:
    """Answers to one task.

    right
        At least two that differ in how they were found.
    wrong
        (why, answer, the name of the check that catches it), every misreading that applies first.
    secrets
        Words and numbers of the solution, which no verdict on a wrong answer may say.
    """

    right: Sequence[Any]
    wrong: Sequence[tuple[str, Any, str]]
    secrets: Sequence[str | float]
    student_id: str | None = None


class Evil:
    """Whatever is asked of it, it fails."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(f"no {name}")

    def _fail(self, *args: Any) -> Any:
        raise RuntimeError("evil")

    __call__ = __len__ = __iter__ = __getitem__ = __eq__ = __bool__ = __float__ = _fail
    __array__ = __str__ = __repr__ = _fail
    __hash__ = None


RELEASED = threading.Event()


def endless(*_: Any) -> None:
    """A loop that no exception ends."""
    while not RELEASED.is_set():
        with suppress(BaseException):
            time.sleep(0.005)


def failing(*_: Any) -> None:
    raise ZeroDivisionError("my own mistake")


def recursive(*args: Any) -> Any:
    return recursive(*args)


def leaving(*_: Any) -> None:
    raise SystemExit(3)


def giving(value: Any) -> Any:
    return lambda *_: value


BAD: dict[str, Any] = {
    "None": None,
    "text": "the answer",
    "NaN": float("nan"),
    "infinity": np.inf,
    "complex": 1j,
    "boolean": True,
    "empty list": [],
    "empty dict": {},
    "ragged": [[1, 2], [3]],
    "wrong shape": np.zeros((7, 7, 7)),
    "NaN array": np.full((3, 4), np.nan),
    "type": float,
    "evil": Evil(),
    "exception": failing,
    "recursion": recursive,
    "exit": leaving,
    "no arguments": lambda: 0.0,
    **{f"gives {value!r}": giving(value) for value in (None, "1.0", np.nan, 1j, np.ones((3, 3)))},
    "gives evil": giving(Evil()),
}


def words(verdict: Verdict) -> str:
    """What the verdict says of its own accord, without the input that it shows."""
    return " ".join(
        f"{r.name} {r.got} {r.expected} {r.hint}" for r in verdict.results if not r.passed
    )


def leaks(secret: str | float, verdict: Verdict) -> bool:
    said = words(verdict).lower()
    if isinstance(secret, str):
        return secret.lower() in said
    found = [float(x) for x in re.findall(r"\d+\.?\d*(?:e[+-]?\d+)?", said)]
    return any(abs(x - secret) <= 1e-3 * abs(secret) for x in found)


def plain(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", html))


class Grading:
    """The tests of one table."""

    slug: ClassVar[str]
    table: ClassVar[dict[str, Answers]]

    def each(self):
        for label, answers in self.table.items():
            yield f"{self.slug}.{label}", answers

    def test_the_table_is_complete(self):
        mine = [name for name in known_tasks() if name.startswith(f"{self.slug}.")]
        assert mine == [name for name, _ in self.each()]
        for name, answers in self.each():
            assert len(answers.right) >= 2, name
            assert len(answers.wrong) >= 3, name
            assert answers.secrets, name

    def test_right_answers_pass(self, subtests: pytest.Subtests):
        for name, answers in self.each():
            for i, answer in enumerate(answers.right):
                with subtests.test(task=name, right=i):
                    verdict = check(name, answer, student_id=answers.student_id, time_limit=60)
                    assert verdict, verdict

    def test_wrong_answers_fail_for_their_own_reason(self, subtests: pytest.Subtests):
        for name, answers in self.each():
            for why, answer, caught_by in answers.wrong:
                with subtests.test(task=name, wrong=why):
                    verdict = check(name, answer, student_id=answers.student_id, time_limit=60)
                    failed = [r for r in verdict.results if not r.passed]
                    assert not verdict
                    assert failed[0].name == caught_by, verdict
                    assert failed[0].got, verdict
                    assert failed[0].expected, verdict

    def test_a_verdict_does_not_give_the_answer_away(self, subtests: pytest.Subtests):
        for name, answers in self.each():
            for why, answer, _ in answers.wrong:
                with subtests.test(task=name, wrong=why):
                    verdict = check(name, answer, student_id=answers.student_id, time_limit=60)
                    assert not [s for s in answers.secrets if leaks(s, verdict)], verdict
                    shown = plain(verdict._repr_html_())
                    for result in verdict.results:
                        assert all(text in shown for _, text in result.details())

    def test_bad_answers_fail(self, subtests: pytest.Subtests):
        for name, _ in self.each():
            for kind, answer in BAD.items():
                with subtests.test(task=name, bad=kind):
                    verdict = check(name, answer, time_limit=60)
                    assert not verdict
                    assert "Traceback" not in str(verdict)

    def test_endless_answers_end(self, subtests: pytest.Subtests):
        RELEASED.clear()
        try:
            for name, _ in self.each():
                with subtests.test(task=name):
                    assert not check(name, endless, time_limit=0.2)
        finally:
            RELEASED.set()
