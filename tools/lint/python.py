"""The Python of a cell: its calls, with the lines on which they stand."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from lint.chapter import Block


@dataclass
class Call:
    """A call: the dotted name it was written with, and its line in the file."""

    dotted: str
    line: int
    node: ast.Call

    @property
    def name(self) -> str:
        """The last part of its name."""
        return self.dotted.rpartition(".")[2]

    @property
    def positional(self) -> list[ast.expr]:
        """Its positional arguments."""
        return self.node.args

    @property
    def keywords(self) -> dict[str, ast.expr]:
        """Its keyword arguments."""
        return {word.arg: word.value for word in self.node.keywords if word.arg}


def tree(cell: Block) -> ast.Module | None:
    """The cell as Python, or nothing if it is not."""
    try:
        return ast.parse("\n".join(cell.body))
    except SyntaxError:
        return None


def walk(cell: Block) -> Iterator[ast.AST]:
    """Every node of a cell's Python."""
    return ast.walk(tree(cell) or ast.Module([], []))


def calls(cell: Block) -> Iterator[Call]:
    """Every call in a cell, in the order of its lines."""
    found = [node for node in walk(cell) if isinstance(node, ast.Call)]
    for node in sorted(found, key=lambda call: (call.lineno, call.col_offset)):
        yield Call(ast.unparse(node.func), cell.first + node.lineno - 1, node)


def imported(cell: Block) -> Iterator[tuple[str, int]]:
    """The modules that a cell imports from, with their lines."""
    for node in walk(cell):
        if isinstance(node, ast.Import):
            yield from ((alias.name, cell.first + node.lineno - 1) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "", cell.first + node.lineno - 1


def assigned(cell: Block, name: str) -> ast.expr | None:
    """What a name was last given in a cell."""
    found = None
    for node in walk(cell):
        if isinstance(node, ast.Assign):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
            found = node.value if name in names else found
    return found


def is_none(node: ast.expr | None) -> bool:
    """Whether an argument is the word None."""
    return isinstance(node, ast.Constant) and node.value is None


def text(node: ast.AST | None) -> str:
    """The string that a node is, or nothing."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def is_number(node: ast.AST) -> bool:
    """Whether a node is a number written out."""
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float)
