"""Norm decay: the largest row or column of every layer shrinks a little in each step."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from lipkit import _validate
from lipkit.training._penalty import Penalty
from lipkit.training._weighted import LayersOf

_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


class NormDecay(Penalty):
    r"""Norm decay: :math:`\beta \sum_\ell \|A_\ell\|_p`, p = 1 or inf, by a buffered step.

    .. math:: b \leftarrow \gamma b, \quad b_{\mathcal A} \leftarrow g_{\mathcal A}, \qquad
              \nabla L \leftarrow \nabla L + \beta b

    Here g is a subgradient of the layer's norm, the signs of the weights on its largest row
    (p = inf) or column (p = 1), and :math:`\mathcal A` is where it is not 0. With ``memory`` 0 the
    step is the subgradient's; otherwise it is *not*: rows that were largest a moment ago are still
    pushed, as in the authors' code, with :math:`\gamma = 1/2`. It passes through the momentum.

    Parameters
    ----------
    strength
        :math:`\beta`, at least 0.
    p
        1 or ``inf``: of which norm. Units: those of the layer, output per input.
    input_shape
        Of the model, without the batch; it decides what the border of an image reads.
    memory
        :math:`\gamma`, in [0, 1).
    gain_cap
        A number c: before each step every BatchNorm gain :math:`|\gamma_o|/\sqrt{v_o + \epsilon}`
        above c is cut down to c (the authors' code cuts one channel of a layer a step). None
        leaves BatchNorm alone; rescaling a convolution before it changes nothing but this gain.

    Linear layers and convolutions of every kind decay, biases and BatchNorm do not; layers that are
    not trained are left out. Raises ``ValueError`` for a strength below 0, a memory outside [0, 1),
    another p, or a call before the gradients are there. [Liang and Huang 2021, from their code;
    digest of layer norms, section 5.1. The subgradient is derived, and exact at every border.]

    >>> decay = NormDecay(1e-3, math.inf, input_shape=(1, 8, 8))
    >>> decay
    NormDecay(strength=0.001, p=inf, input_shape=(1, 8, 8), memory=0.5, gain_cap=None)
    >>> sorted(decay.norms(nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(72, 2))))
    ['0', '2']
    """

    def __init__(
        self,
        strength: float,
        p: float = math.inf,
        *,
        input_shape: Sequence[int],
        memory: float = 0.5,
        gain_cap: float | None = None,
    ) -> None:
        self.strength = _validate.nonnegative(strength, "strength")
        self.p = one_or_inf(p)
        self.memory = float(_validate.real_array(memory, "memory", 0).item())
        if not 0 <= self.memory < 1:
            raise ValueError(f"memory: got {memory!r}, expected a number in [0, 1)")
        self.gain_cap = None if gain_cap is None else _validate.positive(gain_cap, "gain_cap")
        self.layers = LayersOf(input_shape)
        self._buffers: dict[str, Tensor] = {}

    def norms(self, model: nn.Module) -> dict[str, float]:
        """The norm of every layer that decays, by its name."""
        return {layer.name: layer.norm(self.p).item() for layer in self.layers(model)}

    def after_backward(self, model: nn.Module) -> None:
        """Add the buffers, times the strength, to the gradients."""
        for layer in self.layers(model):
            if layer.weight.grad is None:
                raise ValueError(
                    f"{layer.name}: got no gradient, expected one; call loss.backward() first"
                )
            key = f"{layer.name} {layer.input_size}"
            pushed = self._pushed(key, layer.subgradient(self.p))
            layer.weight.grad.add_(pushed, alpha=self.strength)
        if self.gain_cap is not None:
            cap_gains(model, self.gain_cap)

    def _pushed(self, key: str, subgradient: Tensor) -> Tensor:
        old = self._buffers.get(key)
        if old is not None:
            faded = self.memory * old.to(subgradient.device)
            subgradient = torch.where(subgradient != 0, subgradient, faded)
        self._buffers[key] = subgradient
        return subgradient

    def state_dict(self) -> dict[str, Any]:
        """The buffers."""
        return {key: buffer.clone() for key, buffer in self._buffers.items()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take them over; each moves to its layer's device when it is next pushed."""
        self._buffers = {key: buffer.clone() for key, buffer in state.items()}

    def __repr__(self) -> str:
        return (
            f"NormDecay(strength={self.strength:g}, p={self.p:g}, "
            f"input_shape={self.layers.input_shape}, memory={self.memory:g}, "
            f"gain_cap={self.gain_cap})"
        )


def one_or_inf(p: float) -> float:
    """1 or infinity, the norms that are sums."""
    p = _validate.exponent(p)
    if p != 1 and not math.isinf(p):
        raise ValueError(f"p: got {p:g}, expected 1 or numpy.inf")
    return p


@torch.no_grad()
def cap_gains(model: nn.Module, cap: float) -> None:
    """In every BatchNorm, bring each gain above the cap down to it: every channel, signs kept."""
    for layer in model.modules():
        if not isinstance(layer, _BATCH_NORMS) or layer.running_var is None or not layer.affine:
            continue
        most = cap * torch.sqrt(layer.running_var + layer.eps)
        layer.weight.copy_(torch.minimum(torch.maximum(layer.weight, -most), most))
