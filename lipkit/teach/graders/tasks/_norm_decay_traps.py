"""Chapter *Norm decay*, ex4 and ex5: code to be caught by a test, and a clip that does not hold."""

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.norms import conv_norm
from lipkit.teach import graders as g

Pair = tuple[int, int]
Pull = Callable[[Array, int, Pair, Pair], Array]


# -- ex4: one right pull, and four of public code, in our words ----------------------------------
def tap_sets(k: int, n: int, stride: Pair, padding: Pair) -> list[list[Pair]]:
    """The taps that read one pixel together, for every pixel of an n × n image."""

    def on_axis(y: int, s: int, p: int) -> list[int]:
        last = (n + 2 * p - k) // s
        return [a for a in range(k) if (y + p - a) % s == 0 and 0 <= (y + p - a) // s <= last]

    rows = [on_axis(y, stride[0], padding[0]) for y in range(n)]
    columns = [on_axis(x, stride[1], padding[1]) for x in range(n)]
    return [list(product(a, b)) for a, b in product(rows, columns) if a and b]


def _pulled(K: Array, sets: Sequence[Sequence[Pair]], *, by_column: bool = False) -> Array:
    """Signs on the largest input channel and tap set; a set is looked up in the flat taps."""
    k = K.shape[-1]
    flat = K.reshape(*K.shape[:2], k * k)
    found = np.zeros_like(flat)
    if not sets:  # every output reads padding only
        return np.zeros_like(K)
    places = [[a + k * b if by_column else k * a + b for a, b in taps] for taps in sets]
    sums = [[np.abs(flat[:, i][:, at]).sum() for at in places] for i in range(K.shape[1])]
    i, best = np.unravel_index(int(np.argmax(sums)), (K.shape[1], len(places)))
    found[:, i, places[best]] = np.sign(flat[:, i, places[best]])
    return np.asarray(found.reshape(K.shape))


def right(K: Array, n: int, stride: Pair, padding: Pair) -> Array:
    """A subgradient of the l1 norm."""
    return _pulled(K, tap_sets(K.shape[-1], n, stride, padding))


def shared(K: Array, n: int, stride: Pair, padding: Pair) -> Array:
    """Another, where several columns are largest: the mean of theirs."""
    sets = tap_sets(K.shape[-1], n, stride, padding)
    unique = [list(taps) for taps in dict.fromkeys(map(tuple, sets))]
    sums = {
        (i, tuple(taps)): sum(np.abs(K[:, i, a, b]).sum() for a, b in taps)
        for i in range(K.shape[1])
        for taps in unique
    }
    top = [key for key, value in sums.items() if np.isclose(value, max(sums.values()))]
    found = np.zeros_like(K)
    for i, taps in top:
        for a, b in taps:
            found[:, i, a, b] += np.sign(K[:, i, a, b]) / len(top)
    return found


def transposed(K: Array, n: int, stride: Pair, padding: Pair) -> Array:
    """Defect 1: sets numbered column by column, taps flattened row by row."""
    return _pulled(K, tap_sets(K.shape[-1], n, stride, padding), by_column=True)


def in_place(K: Array, n: int, stride: Pair, padding: Pair) -> Array:
    """Defect 2: where every set is one tap, the signs are taken on a view of the weights."""
    sets = tap_sets(K.shape[-1], n, stride, padding)
    found = _pulled(K, sets)
    if K.shape[-1] > 1 and max(map(len, sets), default=0) == 1:
        chosen = found != 0
        K[chosen] = np.sign(K[chosen])
    return found


def idle(K: Array, n: int, stride: Pair, padding: Pair) -> Array:
    """Defect 3: the buffer of a layer with one tap is filled, and never added."""
    found = right(K, n, stride, padding)
    return np.zeros_like(K) if K.shape[-1] == 1 else found


def frozen() -> Pull:
    """Defect 4: the size of the image is that of the first call."""
    seen: dict[Any, list[list[Pair]]] = {}

    def pull(K: Array, n: int, stride: Pair, padding: Pair) -> Array:
        key = (K.shape[-1], stride, padding)
        seen.setdefault(key, tap_sets(K.shape[-1], n, stride, padding))
        return _pulled(K, seen[key])

    return pull


def _raises() -> Pull:
    """The same, as an assertion."""
    seen: list[int] = []

    def pull(K: Array, n: int, stride: Pair, padding: Pair) -> Array:
        seen.append(n)
        if n != seen[0]:
            raise AssertionError(f"the input size was {seen[0]} and is now {n}")
        return right(K, n, stride, padding)

    return pull


def _verdict(name: str, makers: Sequence[Callable[[], Pull]], wanted: bool, hint: str) -> g.Check:
    def test(fine: Any) -> None:
        for make in makers:
            said = g.call(lambda: fine(make()), g.case())  # noqa: B023
            if not isinstance(said, (bool, np.bool_)):
                raise g.Wrong(g.show(said), expected="True or False")
            if bool(said) is not wanted:
                raise g.Wrong(f"{said}, for {name}", expected="the other verdict")

    return g.Check(name, test, hint)


TESTS_OF_PULLS = [
    g.gate(
        _verdict(
            "a pull that is right",
            [lambda: right, lambda: shared],
            True,
            "Ask for what every subgradient has: several columns may be the largest, and then "
            "more than one answer is right.",
        )
    ),
    _verdict(
        "a pull at other weights than those that meet on a pixel",
        [lambda: transposed],
        False,
        "On layers that look the same along both axes it cannot be told from a right one.",
    ),
    _verdict(
        "a pull that spoils the weights",
        [lambda: in_place],
        False,
        "Was the kernel the same afterwards, on layers whose windows do not overlap?",
    ),
    _verdict(
        "a pull that does nothing to some layers",
        [lambda: idle],
        False,
        "Which is the smallest kernel that you tried?",
    ),
    _verdict(
        "a pull that remembers the first image",
        [frozen, _raises],
        False,
        "Did you hand one kernel two images? An error is a failure, too.",
    ),
]


# -- ex5: clipped, and still too large -----------------------------------------------------------
def _left(K: Array) -> float:
    """The l2 norm of the layer, with zeros on 8 × 8 pixels, after a clip at 1."""
    import torch

    from lipkit.training import clip_singular_values

    weight = torch.tensor(np.array(K, dtype=float))[None, None]
    clipped = clip_singular_values(weight, 1.0, 8).numpy()
    return _exact(clipped)


def _exact(K: Array) -> float:
    from lipkit.norms import conv_matrix

    A = conv_matrix(K, input_size=8, padding=1).toarray()
    return float(np.linalg.norm(A, 2))


def _untouched(K: Array) -> bool:
    circle = conv_norm(K[None, None], 2, input_size=8, padding=1, padding_mode="circular")
    return circle.value <= 1 + 1e-9


CLIPPED = [
    g.witness(
        lambda K: _left(K) >= 1.9,
        name="what is left of the bound",
        said=lambda K: f"a norm of {_left(K):.4g} after the clip",
        expected="a norm of at least 1.9 after the clip at 1",
        mistakes={
            "Nothing was cut: all its singular values are at most the bound.": _untouched,
            "The right shape, too little to cut: how large may it be?": (
                lambda K: _left(50 * K / max(np.abs(K).max(), 1e-12)) >= 1.9
            ),
        },
        hint="Cropping loses most where the clipped kernel is spread out: cut deep, at most waves.",
    )
]
