"""Attacks on a classifier: points inside ball and box where the loss is large."""

from lipkit.attacks._apgd import apgd
from lipkit.attacks._apgd_targeted import apgd_targeted
from lipkit.attacks._fgsm import fgsm
from lipkit.attacks._flags import FLAGS
from lipkit.attacks._pgd import pgd, pgd_batch
from lipkit.attacks._result import AttackResult
from lipkit.attacks._robust import RobustAccuracy, robust_accuracy

__all__ = [
    "FLAGS",
    "AttackResult",
    "RobustAccuracy",
    "apgd",
    "apgd_targeted",
    "fgsm",
    "pgd",
    "pgd_batch",
    "robust_accuracy",
]
