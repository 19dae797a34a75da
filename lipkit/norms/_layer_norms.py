"""The norm of every layer of a model, as one input passes through it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lipkit import _validate
from lipkit._torch_state import evaluated
from lipkit.bound import Bound
from lipkit.norms._layer_kinds import kind_of, known_kind
from lipkit.norms._layer_matrix import checked_shape
from lipkit.norms._layer_rules import RULES, batch_norm_gains

if TYPE_CHECKING:
    from lipkit.norms._trace import Call


@dataclass(frozen=True)
class LayerNorm:
    """One layer of a model: its name in the model, its class, its input's shape, its constant.

    ``norm`` is None for a layer that is not known. The kind of a fused pair names both.
    """

    name: str
    kind: str
    input_shape: tuple[int, ...]
    norm: Bound | None

    @property
    def exact(self) -> bool:
        """Whether the constant is exact."""
        return self.norm is not None and self.norm.kind == "exact"


def layer_norms(
    model: Any,
    input_shape: Sequence[int],
    p: float,
    *,
    fuse_bn: bool = False,
    strict: bool = True,
) -> list[LayerNorm]:
    r"""The constant of every layer of a torch model, pair (p, p), in the order of a forward pass.

    Parameters
    ----------
    model
        A torch module. It runs once on zeros, in eval mode, without gradients; modes and hooks are
        restored even where it fails. A layer used twice gives two records. What the model computes
        outside of its modules, such as a sum of branches, is not seen.
    input_shape
        Without the batch, channels first.
    p
        1, 2 or ``inf``, as for :func:`~lipkit.norms.layer_lipschitz`.
    fuse_bn
        True takes a BatchNorm together with the convolution or Linear layer whose output it reads,
        if nothing else reads it: rescaling the weights of such a pair leaves its norm alone.
    strict
        False gives a layer that is not known a norm of None instead of an error.

    Returns a list of :class:`LayerNorm`. Raises ``TypeError`` for a layer that is not known, naming
    it, and for a model that is no torch module. [Derived, digest of layer norms, sections 3, 9.]

    >>> from torch import nn
    >>> model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 10))
    >>> for record in layer_norms(model, (1, 8, 8), 1):
    ...     print(record.name, record.kind, record.input_shape, record.exact)
    0 Conv2d (1, 8, 8) True
    1 ReLU (4, 6, 6) True
    2 Flatten (4, 6, 6) True
    3 Linear (144,) True
    """
    p, shape = _validate.exponent(p), checked_shape(input_shape)
    if not hasattr(model, "named_modules"):
        raise TypeError(f"model: got {type(model).__name__}, expected a torch module")
    from lipkit.norms._trace import trace

    with evaluated(model):
        calls, readers = trace(model, shape)
        pairs = _pairs(calls, readers) if fuse_bn else {}
        fused = {id(norm) for norm in pairs.values()}
        return [
            _fused(call, pairs[id(call)], p) if id(call) in pairs else _record(call, p, strict)
            for call in calls
            if id(call) not in fused
        ]


def _record(call: "Call", p: float, strict: bool) -> LayerNorm:
    kind = kind_of(call.layer)
    if kind is None:
        if strict:
            known_kind(call.layer)
        return LayerNorm(call.name, type(call.layer).__name__, call.input_shape, None)
    bound = RULES[kind](call.layer, kind, p, call.input_shape)[0]
    return LayerNorm(call.name, kind, call.input_shape, bound)


def _fused(call: "Call", follower: "Call", p: float) -> LayerNorm:
    kind, second = known_kind(call.layer), known_kind(follower.layer)
    gains = batch_norm_gains(follower.layer, second)
    bound = RULES[kind](call.layer, kind, p, call.input_shape, gains)[0]
    return LayerNorm(f"{call.name}+{follower.name}", f"{kind}+{second}", call.input_shape, bound)


def _pairs(calls: list["Call"], readers: Any) -> dict[int, "Call"]:
    """The BatchNorm that reads the output of a call, alone; by the identity of the call."""
    found = {}
    for call in calls:
        next_ones = [other for other in calls if other.source is call.result]
        alone = len(next_ones) == 1 and readers[id(call.result)] == 1
        if alone and _fits(call, next_ones[0]):
            found[id(call)] = next_ones[0]
    return found


def _fits(call: "Call", follower: "Call") -> bool:
    kind, second = kind_of(call.layer) or "", kind_of(follower.layer) or ""
    flat = kind == "Linear" and len(call.input_shape) == 1
    return second.startswith("BatchNorm") and (flat or kind.startswith("Conv"))
