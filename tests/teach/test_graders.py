"""check and variant: what they find, what they refuse, what a verdict says, and to whom."""

import importlib
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipkit import teach
from lipkit.teach import Verdict, check, variant
from lipkit.teach.graders import (
    Check,
    Draws,
    Result,
    Task,
    Wrong,
    agrees,
    close_to,
    function,
    grade,
    known_tasks,
    number,
)
from tests.teach.grading import Grading, plain

TESTS = Path(__file__).parents[1]
SECRET = 1234.5678
TASK = Task("Secret", "a number", [close_to(SECRET, hint="Look <there>.")], reads=number)


# -- finding -------------------------------------------------------------------------------------
def test_the_room_offers_them():
    assert {"Verdict", "check", "variant"} <= set(teach.__all__)
    assert teach.check is check


@pytest.mark.parametrize(
    "name", ["", "ex3", "lipschitz-constants", "lipschitz-constants.ex99", "nowhere.ex1",
             "lipschitz_constants.ex3", "..ex1", None, 3]
)  # fmt: skip
def test_an_unknown_exercise_is_refused_and_the_known_ones_are_named(name):
    with pytest.raises(ValueError, match=r"got .*lipschitz-constants\.ex1, lipschitz-consta"):
        check(name, 1)
    with pytest.raises(ValueError, match=re.escape(repr(name))):
        variant(name, "ada")


def test_every_task_stands_in_a_table_of_tested_answers():
    files = [path for path in TESTS.rglob("test_*.py") if "(Grading)" in path.read_text()]
    for path in files:
        importlib.import_module(".".join(path.relative_to(TESTS.parent).with_suffix("").parts))
    tables = Grading.__subclasses__()
    tested = {f"{table.slug}.{label}" for table in tables for label in table.table}
    untested = sorted(set(known_tasks()) - tested)
    assert not untested, "write a table as in tests/chapters/test_lipschitz_constants_graders.py"


# -- the verdict ---------------------------------------------------------------------------------
def test_a_verdict_is_true_or_false():
    right, wrong = grade(TASK, SECRET), grade(TASK, 3.0)
    assert right
    assert right.passed is True
    assert not wrong
    assert wrong.passed is False
    assert not Verdict("demo.ex1", "Demo", ())
    assert not Verdict("demo.ex1", "Demo", (Result("a", True),), skipped=("b",))


def test_a_verdict_says_each_check_and_the_hint():
    verdict = grade(TASK, np.array([3.0]), name="demo.ex1")
    assert [result.name for result in verdict.results] == [
        "the form of the answer",
        "the right value",
    ]
    last = verdict.results[-1]
    assert (last.got, last.hint, last.at) == ("3", "Look <there>.", "")
    assert last.message == "got: 3; expected: another value"
    assert str(verdict) == repr(verdict)
    assert str(verdict).splitlines()[0] == "demo.ex1 · Secret: not yet, 1 of 2 checks passed"
    assert grade(TASK, SECRET).summary == "correct, 2 checks passed"


def test_the_secret_is_nowhere():
    function_task = Task("f", "f", [agrees(lambda x: SECRET * x, [1.0, 2.0])], reads=function)
    for task, answer in [(TASK, 3.0), (TASK, "x"), (function_task, abs), (function_task, SECRET)]:
        verdict = grade(task, answer)
        assert not verdict
        assert (
            "1234"
            not in f"{verdict} {verdict._repr_html_()} {vars(verdict)}".replace(
                f"got='{SECRET:.6g}'", ""
            )
            or answer == SECRET
        )


def test_html_escapes_and_says_in_words_what_colours_say():
    html = grade(TASK, 3.0, name="<script>")._repr_html_()
    assert "<script>" not in html
    assert "Look &lt;there&gt;." in html
    assert 'role="img" aria-label="failed">✗<' in html
    assert 'role="img" aria-label="passed">✓<' in html
    assert "Look <there>." in plain(html)
    late = Verdict("a", "b", (Result("<first>", False, got="x"),), ("second",))
    assert "&lt;first&gt;" in late._repr_html_()
    assert 'aria-label="skipped">–</span> not tried: second' in late._repr_html_()


def test_after_a_gate_nothing_is_tried():
    calls = []
    checks = [
        Check("open", lambda x: calls.append("open")),
        Check("shut", lambda x: _wrong(), gate=True),
        Check("after", lambda x: calls.append("after")),
    ]
    verdict = grade(Task("Gates", "anything", checks), 1)
    assert calls == ["open"]
    assert verdict.skipped == ("after",)
    assert str(verdict).endswith("\n  – not tried: after")
    assert verdict.summary == "not yet, 2 of 4 checks passed"


def test_without_a_gate_all_are_tried():
    checks = [Check("first", lambda x: _wrong()), Check("second", lambda x: None)]
    assert [r.passed for r in grade(Task("T", "", checks), 1).results] == [True, False, True]


def _wrong():
    raise Wrong("that", at="here", expected="this")


def test_the_form_says_what_to_hand_over():
    result = grade(TASK, None).results[0]
    assert (result.got, result.expected) == ("None", "a number")
    assert "return" in result.hint


# -- variants ------------------------------------------------------------------------------------
def test_a_variant_is_the_same_everywhere():
    assert variant("lipschitz-constants.ex1", "ada") == {"s": 6.1, "t": 3.9, "target": 9000.0}
    assert variant("lipschitz-constants.ex6", 7) == variant("lipschitz-constants.ex6", "7")
    composed, decomposed = "Zo\u00eb", "Zoe\u0308"
    assert variant("lipschitz-constants.ex6", composed) == variant(
        "lipschitz-constants.ex6", decomposed
    )
    for written in ("Ada", " ADA ", "a da", "ad\u00a0A\n"):
        assert variant("lipschitz-constants.ex1", written) == variant(
            "lipschitz-constants.ex1", "ada"
        )


def test_students_and_exercises_differ():
    ids = [f"student-{i}" for i in range(300)]
    found = {tuple(variant("lipschitz-constants.ex1", i).values()) for i in ids}
    assert len(found) > 290
    draws = [Draws(name, "ada").integer(0, 10**9) for name in known_tasks()]
    assert len(set(draws)) == len(draws)


def test_without_variants_all_have_the_text():
    assert variant("lipschitz-constants.ex3", "ada") == {}
    assert not check("lipschitz-constants.ex3", abs, student_id="ada")


@pytest.mark.parametrize(
    ("student", "error"),
    [("", ValueError), ("  ", ValueError), ("your id", ValueError), (" Your ID", ValueError),
     (1.5, TypeError), (True, TypeError), (b"a", TypeError)],
)  # fmt: skip
def test_a_student_needs_an_id(student, error):
    with pytest.raises(error, match=r"student_id: got .* pass"):
        variant("lipschitz-constants.ex6", student)
    with pytest.raises(error, match="student_id"):
        check("lipschitz-constants.ex6", 1, student_id=student)


@given(st.text(min_size=1).filter(str.strip), st.integers(-50, 50), st.integers(0, 100))
def test_draws_stay_in_their_range(student, low, width):
    draws = Draws("demo.ex1", student)
    assert low <= draws.integer(low, low + width) <= low + width
    value = draws.decimal(low, low + width, places=2)
    assert low <= value <= low + width
    assert round(value, 2) == value
    assert draws.choice("abc") in "abc"


def test_draws_are_even():
    draws = Draws("demo.ex1", "ada")
    counts = np.bincount([draws.integer(0, 5) for _ in range(6000)])
    assert ((counts - 1000) ** 2 / 1000).sum() < 30  # chi-square, 5 degrees: beyond 1e-5


# -- whatever is handed over ---------------------------------------------------------------------
PLAIN = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.complex_numbers()
    | st.text(max_size=5)
    | st.binary(max_size=3)
)
ANYTHING = st.recursive(
    PLAIN, lambda x: st.lists(x) | st.dictionaries(st.text(max_size=4), x), max_leaves=12
)


@settings(max_examples=30)
@given(ANYTHING)
def test_anything_gets_a_verdict(answer):
    for name in known_tasks():
        verdict = check(name, answer)
        assert verdict.results
        assert not verdict
        assert len(str(verdict)) < 5000
    assert not grade(Task("f", "f", [agrees(abs, [1.0])], reads=function), lambda x: answer) or (
        abs(answer) == pytest.approx(1)
    )
