"""An answer may do what it likes: the verdict comes in time, and nothing else has changed."""

import random
import subprocess
import sys
import threading
import time
import warnings
from contextlib import suppress

import numpy as np
import pytest

from lipkit.teach import check
from lipkit.teach.graders import Task, agrees, case, close_to, function, grade, number
from lipkit.teach.graders._errors import describe
from lipkit.teach.graders._limit import TimeLimit, limited
from tests.teach.grading import BAD, RELEASED, endless

SQUARE = Task(
    "Square", "a function", [agrees(lambda x: x * x, [case(3.0, about="three")])], reads=function
)


def said(answer, **options):
    """The last result of a task that asks for squares."""
    return grade(SQUARE, answer, time_limit=options.pop("time_limit", 60), **options).results[-1]


# -- time ----------------------------------------------------------------------------------------
def spinning(x):
    while True:
        x += 1


def guarded(x):
    while True:
        try:
            x += 1
        except Exception:
            x = 0


@pytest.mark.parametrize("answer", [spinning, guarded])
def test_a_loop_is_stopped(answer):
    before = threading.active_count()
    result = said(answer, time_limit=0.5)
    assert result.got.startswith("still running after 0.5 seconds (line ")
    assert "could not be stopped" not in result.got
    assert result.at == "three: 3"
    assert "bare except" in result.hint
    assert threading.active_count() <= before


def test_a_loop_that_cannot_be_stopped_is_left_and_said():
    RELEASED.clear()
    try:
        result = said(endless, time_limit=0.5)
        assert "restart the kernel" in result.got
        assert "line" in result.got
    finally:
        RELEASED.set()


@pytest.mark.parametrize("speak", [lambda: print("x"), lambda: input("x")])
def test_a_loop_that_prints_or_asks_is_silent_ever_after(capsys, speak):
    spoken = []

    def chatting(x):
        while not RELEASED.is_set():
            with suppress(BaseException):
                while not RELEASED.is_set():
                    with suppress(BaseException):
                        speak()
                    spoken.append(x)

    RELEASED.clear()
    try:
        assert "still running" in said(chatting, time_limit=0.5).got
        before = len(spoken)
        time.sleep(0.1)
        assert len(spoken) == before > 0
    finally:
        RELEASED.set()
    assert capsys.readouterr() == ("", "")


def test_after_a_time_limit_nothing_is_tried():
    task = Task("T", "", [*SQUARE.checks, *SQUARE.checks], reads=function)
    verdict = grade(task, spinning, time_limit=0.5)
    assert len(verdict.results) == 2
    assert len(verdict.skipped) == 1


def test_what_comes_too_late_does_not_count():
    def slow(x):
        try:
            while True:
                time.sleep(0.01)
        except BaseException:
            return x * x

    assert said(slow, time_limit=0.5).got.startswith("still running")


def test_endless_reading_ends():
    class Endless:
        def __float__(self):
            while True:
                pass

    verdict = grade(Task("T", "a number", [close_to(1)], reads=number), Endless(), time_limit=0.5)
    assert verdict.results[0].got.startswith("still running")


def test_the_tasks_own_limit_holds_without_another():
    task = Task("T", "", SQUARE.checks, reads=function, seconds=0.5)
    assert "after 0.5 seconds" in grade(task, spinning).results[-1].got


def test_limited_returns_raises_and_stops():
    assert limited(lambda: 3, 60) == 3
    with pytest.raises(KeyError):
        limited(lambda: {}[1], 60)
    with pytest.raises(TimeLimit, match="stopped") as caught:
        limited(lambda: spinning(0), 0.05)
    assert caught.value.stopped


def test_it_works_in_a_thread_and_many_at_once():
    verdicts = []
    threads = [
        threading.Thread(target=lambda: verdicts.append(grade(SQUARE, lambda x: x * x)))
        for _ in range(8)
    ]
    stdout = sys.stdout
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(verdicts)
    assert len(verdicts) == 8
    assert sys.stdout is stdout


def test_an_answer_that_checks_itself_ends():
    result = said(lambda x: grade(SQUARE, abs), time_limit=0.5)
    assert result.got.startswith("still running")
    assert grade(SQUARE, lambda x: x * x)


def test_a_script_ends_after_a_loop_that_cannot_be_stopped():
    code = """
import time
from lipkit.teach import check
def endless(f):
    while True:
        try: time.sleep(0.01)
        except: pass
print(check("lipschitz-constants.ex3", endless, time_limit=0.5))
"""
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120
    )
    assert process.returncode == 0, process.stderr
    assert "restart the kernel" in process.stdout
    assert process.stderr == ""


# -- errors --------------------------------------------------------------------------------------
def test_an_exception_is_shown_with_the_students_line():
    def helper(x):
        return np.linalg.norm(x, axis=7)

    result = said(lambda x: helper(x))
    assert "AxisError: axis 7 is out of bounds" in result.got
    assert "return np.linalg.norm(x, axis=7))" in result.got
    assert f"line {helper.__code__.co_firstlineno + 1}" in result.got
    assert result.at == "three: 3"
    assert result.expected == "no error"


@pytest.mark.parametrize(
    ("answer", "name"),
    [("exception", "ZeroDivisionError"), ("recursion", "RecursionError"), ("exit", "SystemExit"),
     ("no arguments", "TypeError"), ("evil", "RuntimeError"), ("gives evil", "RuntimeError")],
)  # fmt: skip
def test_every_exception_is_named(answer, name):
    assert name in said(BAD[answer]).got


def test_an_answer_may_leave_while_it_is_read():
    class Leaving:
        def __float__(self):
            raise SystemExit(3)

    assert grade(Task("T", "", [], reads=number), Leaving()).results[0].got.startswith("SystemExit")


def test_exceptions_that_are_no_exceptions():
    def interrupt(x):
        raise KeyboardInterrupt

    class Own(BaseException):
        pass

    def own(x):
        raise Own("mine")

    class Silent(Exception):
        def __str__(self):
            raise RuntimeError

    def silent(x):
        raise Silent

    assert said(interrupt).got.startswith("KeyboardInterrupt")
    assert "Own: mine" in said(own).got
    assert "Silent" in said(silent).got


def test_code_without_a_file_is_described():
    space = {}
    exec("def answer(x):\n    return x / 0", space)
    assert said(space["answer"]).got == "ZeroDivisionError: float division by zero (line 2)"
    assert describe(ValueError("x" * 999)).endswith("…")
    assert len(describe(ValueError("x" * 999))) < 200


# -- no trace ------------------------------------------------------------------------------------
def test_nothing_is_printed_or_warned(capsys):
    def loud(x):
        print("loud")
        print("loud", file=sys.stderr)
        sys.stdout.write("loud")
        warnings.warn("loud", stacklevel=1)
        return x * x * np.float64(1) + 0 * np.sqrt(np.float64(1))

    def overflowing(x):
        np.log(np.zeros(1)) * 0
        return x * x

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert said(loud).passed
        assert said(overflowing).passed
    assert capsys.readouterr() == ("", "")


def test_input_does_not_wait():
    assert said(lambda x: float(input("x? "))).got.startswith("EOFError")


def changing(x):
    random.seed(5)
    np.random.seed(5)  # noqa: NPY002
    np.seterr(all="raise")
    np.set_printoptions(precision=1)
    sys.setrecursionlimit(5000)
    warnings.simplefilter("error")
    sys.stdout = sys.stderr = sys.stdin = None
    return x * x


def snapshot():
    return (
        random.getstate(),
        str(np.random.get_state()),  # noqa: NPY002
        np.geterr(),
        np.get_printoptions(),
        sys.getrecursionlimit(),
        list(warnings.filters),
        (sys.stdout, sys.stderr, sys.stdin),
    )


@pytest.mark.parametrize("end", ["return", "raise", "loop"])
def test_nothing_is_changed(end):
    def answer(x):
        changing(x)
        if end == "raise":
            raise ValueError
        while end == "loop":
            pass
        return x * x

    before = snapshot()
    result = said(answer, time_limit=0.5 if end == "loop" else 60)
    assert result.passed == (end == "return")
    assert snapshot() == before


def test_the_callers_settings_do_not_matter():
    with np.errstate(all="raise"):
        assert said(lambda x: x * x + 0 * np.exp(np.float64(-1e4))).passed
    random.seed(1)
    first = said(lambda x: random.random()).got
    random.seed(2)
    assert said(lambda x: random.random()).got == first
    assert said(lambda x: np.random.normal()).got == said(lambda x: np.random.normal()).got  # noqa: NPY002


def test_verdicts_repeat():
    for name in ("lipschitz-constants.ex3", "lipschitz-constants.ex6"):
        for answer in (abs, 8.0, lambda f: f.gradient([0.1])[0]):
            assert check(name, answer) == check(name, answer)


@pytest.mark.parametrize("task", ["lipschitz-constants.ex3", "lesson-1.task1"])
def test_base_libraries_are_enough(task):
    code = f"""
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {{"torch", "matplotlib", "ipywidgets", "pandas", "sklearn"}}:
            raise ImportError(name)
sys.meta_path.insert(0, Absent())
from lipkit.teach import check
print(check({task!r}, abs).summary)
"""
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    assert process.stdout.startswith("not yet")
