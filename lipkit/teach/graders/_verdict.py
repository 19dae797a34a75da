"""What the checks of an exercise said, in plain text and in HTML."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

_MARKS = {"passed": "✓", "failed": "✗", "skipped": "–"}


@dataclass(frozen=True)
class Result:
    """What one check said: whether it passed, and if not, what was got and expected, and where."""

    name: str
    passed: bool
    got: str = ""
    at: str = ""
    expected: str = ""
    hint: str = ""

    @property
    def message(self) -> str:
        """What failed, in one line; empty if nothing did."""
        return "; ".join(f"{name}: {text}" for name, text in self.details() if name != "hint")

    def details(self) -> Iterator[tuple[str, str]]:
        """The lines under a failed check, each with its name."""
        for name in ("at", "got", "expected", "hint"):
            if text := getattr(self, name):
                yield name, text


@dataclass(frozen=True, repr=False)
class Verdict:
    """What the checks of one exercise said. True if all passed; a cell's last line shows it.

    Parameters
    ----------
    exercise, title
        Such as ``"lipschitz-constants.ex3"``, and the exercise's heading.
    results
        One :class:`Result` for each check that was tried, in order.
    skipped
        The names of the checks that were not tried, since they made no sense after a failure or an
        exception.

    >>> failed = Result("a number", False, got="text", expected="a number")
    >>> verdict = Verdict("demo.ex1", "Demo", (failed,), ("the right one",))
    >>> bool(verdict), verdict.passed
    (False, False)
    >>> print(verdict)
    demo.ex1 · Demo: not yet, 0 of 2 checks passed
      ✗ a number
          got       text
          expected  a number
      – not tried: the right one
    """

    exercise: str
    title: str
    results: tuple[Result, ...]
    skipped: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether every check was tried and passed."""
        return bool(self.results) and not self.skipped and all(r.passed for r in self.results)

    def __bool__(self) -> bool:
        return self.passed

    @property
    def summary(self) -> str:
        """The first line."""
        passed = sum(result.passed for result in self.results)
        total = len(self.results) + len(self.skipped)
        if self.passed:
            return f"correct, {_checks(total)} passed"
        return f"not yet, {passed} of {_checks(total)} passed"

    @property
    def _not_tried(self) -> str:
        return f"not tried: {'; '.join(self.skipped)}"

    def __str__(self) -> str:
        lines = [f"{self.exercise} · {self.title}: {self.summary}"]
        for result in self.results:
            lines.append(f"  {'✓' if result.passed else '✗'} {result.name}")
            lines += [f"      {name:<9} {text}" for name, text in result.details()]
        lines += [f"  – {self._not_tried}"] * bool(self.skipped)
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = [_row(result) for result in self.results]
        rows += [_item("skipped", self._not_tried)] * bool(self.skipped)
        state = "passed" if self.passed else "failed"
        return (
            f'<div class="lk-verdict lk-{state}"><p><strong>{escape(self.title)}: {self.summary}'
            f"</strong> <code>{escape(self.exercise)}</code></p><ul>{''.join(rows)}</ul></div>"
        )


def _checks(n: int) -> str:
    return f"{n} check{'s' if n != 1 else ''}"


def _row(result: Result) -> str:
    details = "".join(
        f"<dt>{name}</dt><dd>{_code(text) if name == 'at' else escape(text)}</dd>"
        for name, text in result.details()
    )
    state = "passed" if result.passed else "failed"
    return _item(state, result.name, f"<dl>{details}</dl>" if details else "")


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"


def _item(state: str, name: str, details: str = "") -> str:
    sign = f'<span role="img" aria-label="{state}">{_MARKS[state]}</span>'
    return f'<li class="lk-{state}">{sign} {escape(name)}{details}</li>'
