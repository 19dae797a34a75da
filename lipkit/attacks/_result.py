"""What an attack found, and what it has to say about itself."""

import math
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, eq=False)
class AttackResult:
    r"""The points an attack found, one for each clean point, and how it got there.

    Each is a lower answer of the largest loss within :math:`\varepsilon`, and where ``success``
    holds an upper answer, ``radius``, of the distance to the nearest misclassified point; where it
    does not, nothing is proved. Tensors are on the model's device and hold no graph.

    Attributes
    ----------
    adversarial
        ``(n, ...)``, of the model's dtype, inside ball and box to the last bit: of the points met
        that succeed the one with the largest loss, else the one with the largest loss.
    success
        ``(n,)`` bool: the class predicted at ``adversarial`` is not y; under ``targeted``, it is
        the target. A clean point that is misclassified is a success, except that ``fgsm`` returns
        the end of its step and judges that one alone.
    loss
        ``(n,)``, at ``adversarial``. The loss is the one the attack raised: ``"ce"`` is the
        cross-entropy in nats, under ``targeted`` the negative one of the target.
    loss_trace
        ``(steps + 1, n)``, the loss at each point visited by the restart that found
        ``adversarial``; NaN once a point was no longer attacked.
    radius
        ``(n,)`` float64, :math:`\|x' - x\|_p`, in the units of x.
    prediction, clean_prediction
        ``(n,)``, the classes at ``adversarial`` and at the clean points.
    steps
        Gradients taken for each point, restarts included.
    flags
        What may be wrong with this attack, in words; empty if nothing was noticed. Each begins with
        one of :data:`FLAGS` and a colon.
    """

    adversarial: Tensor
    success: Tensor
    loss: Tensor
    loss_trace: Tensor
    radius: Tensor
    prediction: Tensor
    clean_prediction: Tensor
    steps: int
    flags: tuple[str, ...]

    @property
    def success_rate(self) -> float:
        """The share of points where the attack succeeds; NaN for no points."""
        return self.success.double().mean().item() if len(self.success) else math.nan

    def __repr__(self) -> str:
        """A line: how many points fell, and the flags."""
        names = ", ".join(flag.split(":")[0] for flag in self.flags) or "none"
        fell, n = int(self.success.sum()), len(self.success)
        return f"AttackResult(success {fell} of {n}, steps {self.steps}, flags: {names})"
