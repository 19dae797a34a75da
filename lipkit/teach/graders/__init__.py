"""Grade an answer by its properties: say what failed, on which input, and a hint; never the answer.

A chapter's tasks are a table in ``graders/tasks/``, one module a chapter, named by its slug with
underscores. A task says what to hand over, how that is read, and what must hold:

>>> import numpy as np
>>> from lipkit.teach.graders import Task, agrees, case, function, grade, homogeneous
>>> TASKS = {
...     "ex1": Task(
...         title="The dual norm",
...         answer="a function dual(g), the dual norm of the sup norm of an array g",
...         reads=function,
...         checks=[
...             homogeneous(1, [np.array([1.0, -2.0])], hint="Twice the gradient, twice the gain."),
...             agrees(
...                 lambda g: np.abs(g).sum(),
...                 [np.array([3.0, -4.0]), case(np.zeros(3), about="no slope at all")],
...                 mistakes={"That is the sup norm itself.": lambda g: np.abs(g).max()},
...                 expected="the largest gain of a step of sup norm 1",
...                 hint="Every coordinate may move by one: which sign does each choose?",
...             ),
...         ],
...     )
... }
>>> print(grade(TASKS["ex1"], lambda g: max(abs(g)), name="demo.ex1"))
demo.ex1 · The dual norm: not yet, 2 of 3 checks passed
  ✓ the form of the answer
  ✓ homogeneous of degree 1
  ✗ right on every input
      at        [3, -4]
      got       4, too small
      expected  the largest gain of a step of sup norm 1
      hint      That is the sup norm itself.
"""

from lipkit.teach.graders._cases import Case, call, case
from lipkit.teach.graders._check import Check, Wrong, each, gate, item
from lipkit.teach.graders._grade import check, grade, known_tasks, variant
from lipkit.teach.graders._laws import (
    counterexample,
    homogeneous,
    invariant,
    monotone,
    not_mutating,
    raises,
    shape,
    witness,
)
from lipkit.teach.graders._readers import (
    anything,
    array,
    fields,
    function,
    kind,
    network,
    number,
    text,
)
from lipkit.teach.graders._show import show
from lipkit.teach.graders._task import Task
from lipkit.teach.graders._values import agrees, bound_kind, close_to, exactly, lower, one_of, upper
from lipkit.teach.graders._variants import Draws
from lipkit.teach.graders._verdict import Result, Verdict

__all__ = [
    "Case",
    "Check",
    "Draws",
    "Result",
    "Task",
    "Verdict",
    "Wrong",
    "agrees",
    "anything",
    "array",
    "bound_kind",
    "call",
    "case",
    "check",
    "close_to",
    "counterexample",
    "each",
    "exactly",
    "fields",
    "function",
    "gate",
    "grade",
    "homogeneous",
    "invariant",
    "item",
    "kind",
    "known_tasks",
    "lower",
    "monotone",
    "network",
    "not_mutating",
    "number",
    "one_of",
    "raises",
    "shape",
    "show",
    "text",
    "upper",
    "variant",
    "witness",
]
