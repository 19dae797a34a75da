"""Find a task, vary it, and grade an answer."""

import pkgutil
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from lipkit.teach.graders import tasks
from lipkit.teach.graders._check import Check, Untried, Wrong
from lipkit.teach.graders._errors import describe, own_line
from lipkit.teach.graders._limit import Stop, TimeLimit, limited
from lipkit.teach.graders._quiet import quiet
from lipkit.teach.graders._task import Task
from lipkit.teach.graders._variants import Draws
from lipkit.teach.graders._verdict import Result, Verdict

FORM = "the form of the answer"


def check(
    exercise: str,
    answer: Any,
    *,
    student_id: str | int | None = None,
    time_limit: float | None = None,
) -> Verdict:
    """Whether the answer to an exercise has the properties asked for.

    Parameters
    ----------
    exercise
        The chapter's slug and the exercise's number, such as ``"lipschitz-constants.ex3"``.
    answer
        What the exercise says to hand over.
    student_id
        Checks against that student's :func:`variant`; None against the exercise's own text.
    time_limit
        Seconds that one check may take; None is the task's own, a few seconds.

    Returns a :class:`Verdict`, whatever the answer does: an exception, an endless loop or a wrong
    type is a failed check. Raises ``ValueError`` for an unknown exercise, and names the known ones.

    >>> print(check("lipschitz-constants.ex6", 25.3).summary)
    correct, 2 checks passed
    """
    task = find(exercise)
    parameters = task.parameters if student_id is None else variant(exercise, student_id)
    return grade(task, answer, name=exercise, parameters=parameters, time_limit=time_limit)


def variant(exercise: str, student_id: str | int) -> Mapping[str, Any]:
    """A student's own parameters of an exercise: the same on every machine.

    Drawn from SHA-256 of the exercise's name and the id, whatever the id's case and blanks. An
    exercise without variants gives its own parameters to everybody. Raises ``ValueError`` for an
    unknown exercise, an empty id or the text ``"your id"``, and ``TypeError`` for an id that is
    neither text nor integer.

    >>> variant("lipschitz-constants.ex6", "ada l") == variant("lipschitz-constants.ex6", " Ada L")
    True
    """
    task, draws = find(exercise), Draws(exercise, student_id)
    return dict(task.draw(draws) if task.draw else task.parameters)


def grade(
    task: Task,
    answer: Any,
    *,
    name: str = "task",
    parameters: Mapping[str, Any] | None = None,
    time_limit: float | None = None,
) -> Verdict:
    """The verdict of a task that stands in no chapter; otherwise as :func:`check`.

    >>> from lipkit.teach.graders import close_to, number
    >>> bool(grade(Task("Half", "a number", [close_to(0.5)], reads=number), 1 / 2))
    True
    """
    given = task.parameters if parameters is None else parameters
    seconds = task.seconds if time_limit is None else time_limit
    read: list[Any] = []
    form = Check(FORM, lambda raw: read.append(_read(task, raw)), gate=True)
    result, go_on = _run(form, answer, seconds)
    results, skipped = [result], []
    for each in task.checks_for(given):
        if not go_on:
            skipped.append(each.name)
            continue
        try:
            result, go_on = _run(each, read[0], seconds)
            results.append(result)
        except Untried as why:
            skipped.append(f"{each.name} ({why})")
    return Verdict(name, task.title, tuple(results), tuple(skipped))


def find(exercise: str) -> Task:
    """The task of this name."""
    slug, _, label = str(exercise).partition(".")
    table = _table(slug) if slug in _slugs() else {}
    if label not in table:
        known = ", ".join(known_tasks())
        raise ValueError(f"exercise: got {exercise!r}, expected one of {known}")
    return table[label]


def known_tasks() -> list[str]:
    """The names of all exercises that can be checked.

    >>> "lipschitz-constants.ex3" in known_tasks()
    True
    """
    return [f"{slug}.{label}" for slug in _slugs() for label in _table(slug)]


def _slugs() -> list[str]:
    names = (module.name for module in pkgutil.iter_modules(tasks.__path__))
    return sorted(name.replace("_", "-") for name in names if not name.startswith("_"))


def _table(slug: str) -> dict[str, Task]:
    module = import_module(f"{tasks.__name__}.{slug.replace('-', '_')}")
    return dict(module.TASKS)


def _read(task: Task, raw: Any) -> Any:
    try:
        return task.reads(raw)
    except Wrong as wrong:
        wrong.expected = wrong.expected if wrong.at else task.answer
        raise


def _run(check: Check, answer: Any, seconds: float) -> tuple[Result, bool]:
    """The result, and whether the next check makes sense."""
    try:
        with quiet():
            wrong = limited(lambda: _failure(check, answer), seconds)
        go_on = not check.gate
    except TimeLimit as late:
        wrong, go_on = _too_long(seconds, late), False
    if wrong is None:
        return Result(check.name, True), True
    hint = wrong.hint or check.hint
    return Result(check.name, False, wrong.got, wrong.at, wrong.expected, hint), go_on


def _failure(check: Check, answer: Any) -> Wrong | None:
    """What is wrong with the answer; whatever it raises is."""
    try:
        check.test(answer)
    except Wrong as wrong:
        return wrong
    except (Stop, Untried):
        raise
    except BaseException as error:
        return Wrong(describe(error), expected="no error")
    return None


def _too_long(seconds: float, late: TimeLimit) -> Wrong:
    line = own_line(late.stack)
    said = f"still running after {seconds:g} seconds" + (f" ({line})" if line else "")
    if not late.stopped:
        said += "; it could not be stopped, restart the kernel to be rid of it"
    return Wrong(
        said,
        at=late.busy_with,
        expected="an answer within that time",
        hint="Does every loop end? A bare except: also catches what should stop it.",
    )
