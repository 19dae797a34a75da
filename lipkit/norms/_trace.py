"""One pass through a torch model, and what each of its layers was given. Imports torch."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_iter

from lipkit.norms._layer_kinds import BLOCKS, kind_of


@dataclass(frozen=True)
class Call:
    """One use of a layer in the pass: its name, itself, what it read, what it gave."""

    name: str
    layer: nn.Module
    source: Tensor
    result: Any

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one input."""
        return tuple(self.source.shape[1:])


class Readers(TorchFunctionMode):
    """Counts, by identity, how many functions take a tensor and give tensors back."""

    def __init__(self) -> None:
        super().__init__()
        self.count: Counter[int] = Counter()
        self._alive: list[Any] = []  # an identity comes back when its tensor is freed

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        self._alive.append(out)
        if _tensors(out):
            self.read((args, kwargs or {}))
        return out

    def read(self, values: Any) -> None:
        """Count one more reader of each tensor among the values."""
        self.count.update(_tensors(values))


def _tensors(values: Any) -> set[int]:
    return {id(value) for value in tree_iter(values) if isinstance(value, Tensor)}


def trace(model: nn.Module, input_shape: tuple[int, ...]) -> tuple[list[Call], Counter[int]]:
    """The calls of the layers on one input of zeros, in order, and the readers of each tensor."""
    calls: list[Call] = []
    numbers = next(iter((*model.parameters(), *model.buffers())), torch.empty(0))
    dtype = numbers.dtype if numbers.is_floating_point() else None
    x = torch.zeros(1, *input_shape, dtype=dtype, device=numbers.device)
    with ExitStack() as stack:
        for name, layer in _layers(model):
            handle = layer.register_forward_hook(_recorder(name, calls), with_kwargs=True)
            stack.callback(handle.remove)
        stack.enter_context(torch.no_grad())
        readers = stack.enter_context(Readers())
        readers.read(model(x))  # who calls the model reads what it returns
    return calls, readers.count


def _recorder(name: str, calls: list[Call]) -> Any:
    def record(layer: nn.Module, args: Any, kwargs: Any, result: Any) -> None:
        source = next(value for value in tree_iter((args, kwargs)) if isinstance(value, Tensor))
        calls.append(Call(name, layer, source, result))

    return record


def _layers(module: nn.Module, name: str = "") -> Iterator[tuple[str, nn.Module]]:
    """What a rule or nothing more is inside of, each once."""
    kind, children = kind_of(module), dict(module.named_children())
    is_block = kind in BLOCKS or (kind is None and children and not _own_parameters(module))
    if not is_block:
        yield name or type(module).__name__, module
        return
    seen: set[int] = set()
    for key, child in children.items():
        for found, layer in _layers(child, f"{name}.{key}" if name else key):
            if id(layer) not in seen:
                seen.add(id(layer))
                yield found, layer


def _own_parameters(module: nn.Module) -> bool:
    return next(module.parameters(recurse=False), None) is not None
