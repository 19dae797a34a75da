"""The outer losses of adversarial training, as functions of two batches of logits."""

from torch import Tensor
from torch.nn import functional as F


def trades_loss(clean: Tensor, attacked: Tensor, y: Tensor, *, beta: float = 6.0) -> Tensor:
    r"""The cross-entropy at x, and how far the class probabilities move from x to x'.

    .. math:: \mathrm{CE}(f(x), y) + \beta\,\mathrm{KL}\bigl(\sigma(f(x)) \,\|\, \sigma(f(x'))\bigr)

    ``clean`` and ``attacked`` are logits ``(n, K)`` at x and at x', ``y`` is ``(n,)``, integers;
    :math:`\sigma` is the softmax. The answer is the mean over the batch, in nats, and its gradient
    runs through both batches of logits. :math:`\beta = 6` is customary, Liang and Huang's code
    takes 1. Raises ``ValueError`` for logits of different shapes.
    [Zhang et al. 2019; digest of layer norms, section 7.1.]

    >>> import torch
    >>> clean, attacked = torch.tensor([[0.0, 0.0]]), torch.tensor([[2.0, 0.0]])
    >>> round(trades_loss(clean, attacked, torch.tensor([0]), beta=1.0).item(), 4)
    1.1269
    """
    _check(clean, attacked)
    return F.cross_entropy(clean, y) + beta * divergence(clean, attacked, reduction="batchmean")


def alp_loss(clean: Tensor, attacked: Tensor, y: Tensor, *, beta: float = 1.0) -> Tensor:
    r"""The mean cross-entropy at x and x', and how far the logits move: adversarial logit pairing.

    .. math:: \tfrac12 \mathrm{CE}(f(x), y) + \tfrac12 \mathrm{CE}(f(x'), y)
        + \beta\,\mathrm{MSE}(f(x), f(x'))

    Arguments and errors as for :func:`trades_loss`; MSE is the mean over points and classes.
    [Kannan et al. 2018; digest of layer norms, section 7.1, where :math:`\beta` is 1.]

    >>> import torch
    >>> clean, attacked = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 0.0]])
    >>> round(alp_loss(clean, attacked, torch.tensor([0]), beta=1.0).item(), 4)
    2.41
    """
    _check(clean, attacked)
    both = F.cross_entropy(clean, y) + F.cross_entropy(attacked, y)
    return both / 2 + beta * F.mse_loss(clean, attacked)


def _check(clean: Tensor, attacked: Tensor) -> None:
    if clean.ndim != 2 or clean.shape != attacked.shape:  # they would be broadcast, silently
        raise ValueError(
            f"clean, attacked: got shapes {tuple(clean.shape)} and {tuple(attacked.shape)}, "
            "expected (n, K) twice: the logits of the same points before and after the attack"
        )


def divergence(clean: Tensor, attacked: Tensor, reduction: str) -> Tensor:
    """KL between the class probabilities of two batches of logits, summed over the classes."""
    return F.kl_div(
        F.log_softmax(attacked, dim=1),
        F.log_softmax(clean, dim=1),
        reduction=reduction,
        log_target=True,
    )
