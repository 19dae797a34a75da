"""Many settings side by side, and what the effective estimator costs in each."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.theory.adversarial_features._columns import Columns
from lipkit.theory.adversarial_features._resolvents import Resolvent, Traces, marchenko_pastur


@dataclass(frozen=True)
class Problem(Columns):
    r"""Arrays of one shape; ``ridge`` is :math:`\lambda_r/\mu_1^2`.

    ``resolvent`` gives the traces of :math:`W^\top W`.
    """

    psi1: Array
    psi2: Array
    tau2: Array
    eps: Array
    kappa: Array
    kappa_j: Array
    ridge: Array
    resolvent: Resolvent = marchenko_pastur

    @classmethod
    def of(cls, columns: Mapping[str, Any]) -> "Problem":
        """From checked columns by name."""
        return cls(*(columns[f.name] for f in fields(cls) if f.name != "resolvent"))

    @property
    def extra(self) -> Array:
        """Zero eigenvalues of WW', per input."""
        return np.maximum(self.psi1 - 1.0, 0.0)

    @property
    def sigma2(self) -> Array:
        r"""The irreducible risk :math:`\sigma^2`."""
        traces = self.resolvent(self.kappa, self.psi1)
        return self.tau2 + self.kappa * traces.first + (1.0 - traces.rank)


class Estimator:
    r"""The effective estimator: its degrees of freedom, and its risk and gradient.

    .. math:: \hat\theta \simeq (\Omega + \omega_1 J^2 + \omega_2 \mu_1^2 I)^{-1}
              (\mu_1 W\beta - \eta\,\Omega^{1/2} g/\sqrt d)

    with risk :math:`A^2 = c_0 + \eta^2 a_1` and gradient :math:`s^2 = b_0 + \eta^2 b_1`, every one
    a sum of positive terms. [Digest of adversarial random features, 5.1, rearranged.]
    """

    def __init__(self, problem: Problem, omega1: Array, omega2: Array):
        self.problem = problem
        self.lam = 1.0 / (1.0 + omega1)
        self.lost = omega1 * self.lam  # 1 - lam, without the cancellation
        mixed = self.lam * (problem.kappa + omega2) + self.lost * problem.kappa_j
        self.kappa_mix = mixed
        zeros = problem.extra
        self._zeros = np.divide(zeros, mixed, out=np.zeros_like(mixed), where=zeros > 0)

    @cached_property
    def _traces(self) -> Traces:
        return self.problem.resolvent(self.kappa_mix, self.problem.psi1)

    @property
    def degrees(self) -> Array:
        """D, degrees of freedom per input."""
        kappa, t = self.problem.kappa, self._traces
        return self.lam * (self._zeros * kappa + t.x_first + kappa * t.first)

    @property
    def c0(self) -> Array:
        r"""Noise-free risk :math:`\sigma^2 + a_0`."""
        t, k = self._traces, self.kappa_mix
        shrink = self.lost**2 * t.rank + 2 * self.lost * self.lam * k * t.first
        shrink = shrink + (self.lam * k) ** 2 * t.second
        spread = self.problem.kappa * self.lam**2 * t.x_second
        return self.problem.tau2 + (1.0 - t.rank) + shrink + spread

    @property
    def a1(self) -> Array:
        return self._quadratic(self.problem.kappa, self.problem.kappa)

    @property
    def b1(self) -> Array:
        return self._quadratic(self.problem.kappa, self.problem.kappa_j)

    @property
    def b0(self) -> Array:
        t = self._traces
        return self.lam**2 * (t.xx_second + self.problem.kappa_j * t.x_second)

    def _quadratic(self, a: Array, b: Array) -> Array:
        t = self._traces
        zeros = np.divide(self._zeros, self.kappa_mix, out=np.zeros_like(a), where=self._zeros > 0)
        bulk = t.xx_second + (a + b) * t.x_second + a * b * t.second
        return self.lam**2 * (zeros * a * b + bulk)
