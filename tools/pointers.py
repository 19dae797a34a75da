"""Whether what the ledger points at is there: a function of `lipkit`, a test."""

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path


def missing_function(dotted: str) -> Iterator[str]:
    """What is wrong with the dotted path of a public object of `lipkit`, found by import."""
    module, _, name = dotted.rpartition(".")
    try:
        found = hasattr(import_module(module or dotted), name)
    except ImportError:
        found = False
    if not found or not dotted.startswith("lipkit."):
        yield f"no function {dotted}: give the path of one, such as lipkit.lipschitz.autolip"


def missing_test(node: str, source: Path) -> Iterator[str]:
    """What is wrong with the node id of a test, found without running it."""
    path, _, names = node.partition("::")
    file = source / path
    if not file.is_file():
        yield f"no file {path}: give the test as tests/…/test_….py::test_…"
        return
    scope: list[ast.stmt] = ast.parse(file.read_text(encoding="utf-8")).body
    for name in names.split("[")[0].split("::"):
        inside = [item for item in scope if getattr(item, "name", None) == name]
        if not name.lower().startswith("test") or not inside:
            yield f"no test {names} in {path}: mend the name, or write the test"
            return
        scope = getattr(inside[0], "body", [])
