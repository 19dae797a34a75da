"""Regression under attack: exact fits with a certificate, and exact test risks."""

from lipkit.regression._adversarial import RegressionFit, adversarial_least_squares
from lipkit.regression._attack import FeatureAttack, attack
from lipkit.regression._attack_training import AttackTraining, train_under_attack
from lipkit.regression._recovery import exact_recovery_radius
from lipkit.regression._ridge import ridge_least_squares
from lipkit.regression._risks import Risks, rf_risks

__all__ = [
    "AttackTraining",
    "FeatureAttack",
    "RegressionFit",
    "Risks",
    "adversarial_least_squares",
    "attack",
    "exact_recovery_radius",
    "rf_risks",
    "ridge_least_squares",
    "train_under_attack",
]
