"""Which rule a torch module falls under, read from its class: torch itself is not needed."""

from collections.abc import Iterator
from typing import Any

from lipkit.norms._layer_rules import LINEAR, RULES

BLOCKS = ("Sequential", "Residual")


def kind_of(layer: Any) -> str | None:
    """The name of the class that says what this layer computes, if it is known.

    A subclass counts as its base unless it has a forward of its own.
    """
    bases: tuple[Any, ...] = type(layer).__mro__
    for base in bases:
        ours = base.__module__.startswith(("torch.nn.modules.", "lipkit.norms."))
        if ours and (base.__name__ in RULES or base.__name__ in BLOCKS):
            return base.__name__ if bases[0].forward is base.forward else None
    return None


def known_kind(layer: Any) -> str:
    """The same, or a TypeError that names the layer."""
    kind = kind_of(layer)
    if kind is None:
        raise TypeError(
            f"layer: got {type(layer).__name__}, which is not known, expected a Sequential or a "
            f"residual block of these: {', '.join(sorted(RULES))}; write it with them"
        )
    return kind


def parts(block: Any) -> Iterator[Any]:
    """The layers of nested Sequentials in their order; anything else as it is."""
    if known_kind(block) == "Sequential":
        for child in block:
            yield from parts(child)
    else:
        yield block


def is_linear(layer: Any) -> bool:
    """Whether every layer in it is linear."""
    kind = known_kind(layer)
    if kind == "Sequential":
        return all(map(is_linear, layer))
    if kind == "Residual":
        return is_linear(layer.body) and is_linear(layer.shortcut)
    return kind in LINEAR
