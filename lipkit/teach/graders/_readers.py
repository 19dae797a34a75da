"""Readers turn what a student hands over into what the checks expect, or say what is wrong."""

import math
import re
import sys
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from lipkit._validate import Array
from lipkit.bound import Bound, Kind
from lipkit.lipschitz import as_relu_network
from lipkit.networks import ReluNetwork
from lipkit.teach.graders._check import Wrong, located
from lipkit.teach.graders._show import show

Reader: TypeAlias = Callable[[Any], Any]

_SIZES = ("inputs", "outputs", "hidden layers")
_KIND_WORDS: dict[str, str] = {
    **{word: kind for kind in get_args(Kind) for word in (kind, f"{kind}bound")},
    **{"▲": "lower", "▼": "upper", "●": "exact", "◆": "estimate"},
    **{"underestimate": "lower", "overestimate": "upper"},
}
_NEGATIONS = {"not", "no", "never", "neither", "nor", "isn't"}


def anything(answer: Any) -> Any:
    """The answer as it is.

    >>> anything("as it is")
    'as it is'
    """
    return answer


def number(answer: Any) -> float:
    """A finite float, from a number, a ``Bound``, a torch scalar or an array with one entry.

    >>> number(3), number(np.array([2.5]))
    (3.0, 2.5)
    """
    return float(_real(answer, "a number", 1).item())


def array(*shape: int | None) -> Reader:
    """A reader of finite float arrays; None stands for any length, no shape for any shape.

    >>> array(2, None)([[1, 2, 3], [4, 5, 6]]).shape
    (2, 3)
    """
    wanted = f"an array of shape {_shape_text(shape)}" if shape else "an array"

    def read(answer: Any) -> Array:
        values = _real(answer, wanted)
        if shape and not _fits(values.shape, shape):
            raise Wrong(f"an array of shape {values.shape}", expected=wanted)
        return values

    return read


def function(answer: Any) -> Callable[..., Any]:
    """Something that can be called.

    >>> function(abs)(-2)
    2
    """
    if not callable(answer):
        raise Wrong(
            show(answer),
            expected="a function",
            hint="Hand over the function itself, without calling it.",
        )
    return answer  # type: ignore[no-any-return]


def text(answer: Any) -> str:
    """A word or a sentence, in lower case, with single blanks.

    >>> text(" The  Frobenius norm ")
    'the frobenius norm'
    """
    if not isinstance(answer, str):
        raise Wrong(show(answer), expected="text in quotes")
    return " ".join(answer.lower().split())


def kind(answer: Any) -> str:
    """The kind of a ``Bound``, or the one that a few words or a mark ▲ ▼ ● ◆ name.

    >>> kind("lower"), kind("An upper bound"), kind("▼")
    ('lower', 'upper', 'upper')
    """
    if isinstance(answer, Bound):
        return answer.kind
    words = re.findall(r"[\w']+|[▲▼●◆]", re.sub("[-‐‑]", "", text(answer)))
    named = {_KIND_WORDS[word] for word in words if word in _KIND_WORDS}
    if len(named) != 1 or _NEGATIONS.intersection(words):
        raise Wrong(show(answer), expected='one of "lower", "upper", "exact", "estimate"')
    return named.pop()


def network(
    inputs: int | None = None, outputs: int | None = 1, *, hidden: int | None = None
) -> Reader:
    """A reader of ReLU networks: a network, or a list of its weights, whose last may be flat.

    ``hidden`` counts hidden layers; None stands for any number.

    >>> network(inputs=2)(([[1, 0], [0, 2]], [1, 0.5]))
    ReluNetwork(2 → 2 → 1, no biases)
    """

    def read(answer: Any) -> ReluNetwork:
        net = _as_network(answer)
        got = (net.input_dim, net.output_dim, net.depth)
        for name, n, wanted in zip(_SIZES, got, (inputs, outputs, hidden), strict=True):
            if wanted is not None and n != wanted:
                raise Wrong(f"{show(net)}, {name}: {n}", expected=f"{name}: {wanted}")
        return net

    return read


def fields(**readers: Reader) -> Reader:
    """A reader of dicts, each entry read by its own reader.

    >>> fields(slope=number, kind=text)({"slope": 1, "kind": "Upper"})
    {'slope': 1.0, 'kind': 'upper'}
    """
    wanted = f"a dict with the keys {', '.join(map(repr, readers))}"

    def read(answer: Any) -> dict[str, Any]:
        if not isinstance(answer, Mapping):
            raise Wrong(show(answer), expected=wanted)
        if set(answer) != set(readers):
            raise Wrong(f"the keys {', '.join(map(show, answer))}", expected=wanted)
        return {key: located(f"entry {key!r}", readers[key], answer[key]) for key in readers}

    return read


def _as_network(answer: Any) -> ReluNetwork:
    _refuse_half(answer)
    try:
        if isinstance(answer, (list, tuple)):
            weights = [_real(W, "a list of weight matrices") for W in answer]
            return ReluNetwork([*weights[:-1], np.atleast_2d(weights[-1])] if weights else [])
        return as_relu_network(answer)
    except TypeError:
        raise Wrong(show(answer), expected="a ReluNetwork or a list of its weights") from None
    except ValueError as error:
        raise Wrong(str(error), expected="weights that fit together") from None


def _refuse_half(answer: Any) -> None:
    """Refuse W without a, and a W that is no matrix, where (W, a) is asked for."""
    pair = isinstance(answer, tuple) and len(answer) == 2
    got = None if answer is None else _plain(answer[0] if pair else answer)
    if got is None or got.dtype.kind not in "iuf" or not got.size:
        return
    if pair and got.ndim == 1:
        raise Wrong(
            f"W of shape {got.shape}",
            expected="a matrix W, with a row for each neuron",
            hint="For one input that is a column: np.reshape(W, (-1, 1)).",
        )
    if not pair and got.ndim in (1, 2):
        raise Wrong(
            f"one {'matrix' if got.ndim == 2 else 'vector'}, of shape {got.shape}",
            expected="(W, a)",
            hint="A network needs two: hand over (W, a), with the output weights a.",
        )


def _real(answer: Any, wanted: str, size: int | None = None) -> Array:
    """Finite floats, with ``size`` entries if given."""
    hint = _FORGOTTEN.get(type(answer), "")
    plain = _plain(answer)
    if plain is None or plain.dtype.kind not in "iuf":
        complex_ = "complex, " if plain is not None and plain.dtype.kind == "c" else ""
        raise Wrong(complex_ + show(answer), expected=wanted, hint=hint)
    if size is not None and plain.size != size:
        raise Wrong(f"an array of shape {plain.shape}", expected=wanted)
    values: Array = plain.astype(np.float64)
    if not np.isfinite(values).all():
        bad = next(x for x in values.ravel() if not math.isfinite(x))
        raise Wrong(f"{bad} among the numbers" if size != 1 else str(bad), expected=wanted)
    return values


_FORGOTTEN = {
    type(None): "Does your function end with return?",
    str: "Hand over a number, not text: such as 3 * np.sqrt(2), without quotes.",
}


def _plain(answer: Any) -> NDArray[Any] | None:
    """The answer as an array, or None if it is no array of anything."""
    torch = sys.modules.get("torch")  # there is no tensor before torch is imported
    if torch is not None and isinstance(answer, torch.Tensor):
        return np.asarray(answer.detach().cpu())
    if hasattr(answer, "__float__") and not isinstance(answer, (bool, np.ndarray, np.generic)):
        return np.array(float(answer))  # a Bound, a Fraction, ...
    try:
        values = np.asarray(answer)
        if values.dtype.kind == "O" and all(hasattr(x, "__float__") for x in values.flat):
            return values.astype(float)  # a list with a Bound in it
        return values
    except (ValueError, TypeError, OverflowError):  # rows of different lengths
        return None


def _fits(got: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    return len(got) == len(wanted) and all(
        w is None or g == w for g, w in zip(got, wanted, strict=True)
    )


def _shape_text(shape: tuple[int | None, ...]) -> str:
    sizes = ["any" if n is None else str(n) for n in shape]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"
