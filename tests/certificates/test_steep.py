"""The robust and steep classifier: its margin, its constant, its hypotheses."""

import math
from typing import Any

import numpy as np
import pytest

from lipkit.certificates import class_separation, margin, robust_steep_classifier


def scattered(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """21 points on a jittered grid of the unit square, three classes."""
    rng = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(np.arange(5), np.arange(5)), axis=-1).reshape(-1, 2)[:21] / 4
    return grid + rng.uniform(-0.06, 0.06, grid.shape), rng.integers(0, 3, 21)


@pytest.mark.parametrize("p", [1.0, 2.0, math.inf])
@pytest.mark.parametrize("omega", [0.0, 10.0, 1e4, 1e6])
def test_robust_everywhere_and_steep_somewhere(p: float, omega: float) -> None:
    X, y = scattered()
    r = class_separation(X, y, p).r
    eps = 0.8 * r
    f = robust_steep_classifier(X, y, eps=eps, omega=omega, p=p)
    rng = np.random.default_rng(1)
    steps = rng.uniform(-1, 1, (400, 2))
    lengths = np.linalg.norm(steps, p, axis=1)[:, None]
    steps *= eps * rng.uniform(0, 1, (400, 1)) ** 0.3 / lengths
    for x, label in zip(X, y, strict=True):
        inside = x + np.concatenate([steps, eps * np.eye(2) * 0.999, np.zeros((1, 2))])
        found = margin(f(inside), np.full(len(inside), label))
        assert found.min() >= f.margin - 1e-12
    assert f.margin > 0


@pytest.mark.parametrize("p", [1.0, 2.0, math.inf])
def test_the_constant_lies_in_its_bracket(p: float) -> None:
    X, y = scattered()
    eps = 0.8 * class_separation(X, y, p).r
    for omega in (0.0, 50.0, 1e4):
        f = robust_steep_classifier(X, y, eps=eps, omega=omega, p=p)
        h = 1e-3 / max(omega, 1.0)
        steepest = 0.0
        for axis in np.eye(2):
            base = X[:, None] + np.linspace(-0.9 * eps, 0.9 * eps, 301)[:, None] * [1.0, 0.0]
            base = base.reshape(-1, 2)
            rise = np.abs(f(base + h * axis) - f(base)).max(axis=1)
            steepest = max(steepest, float(rise.max() / h))
        assert f.lipschitz.lower.value <= steepest * (1 + 1e-6)
        assert steepest <= f.lipschitz.upper.value * (1 + 1e-6)


def test_two_points_on_a_line() -> None:
    """The digest's check: margin at least 0.02 on [-0.4, 0.4], whatever the frequency."""
    for omega in (0.0, 1.0, 1e2, 1e4):
        f = robust_steep_classifier([[0.0], [1.0]], [0, 1], eps=0.4, omega=omega, eta=0.09)
        x = np.arange(-0.4, 0.4 + 1e-9, 4e-6 * 25)[:, None]
        logits = f(x)
        gap = logits[:, 0] - logits[:, 1]
        assert gap.min() >= 0.02 - 1e-9
        if omega == 0:
            assert gap.min() == pytest.approx(0.2)
    assert gap.min() == pytest.approx(0.02, abs=2e-3)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"eps": 0.5, "omega": 1.0}, "below r = 0.5, half the distance of rows 0 and 1"),
        ({"eps": -0.1, "omega": 1.0}, "eps: got -0.1"),
        ({"eps": 0.4, "omega": -1.0}, "omega: got -1"),
        ({"eps": 0.4, "omega": 1.0, "eta": 0.1}, "eta: got 0.1, expected below r - eps = 0.1"),
        ({"eps": 0.4, "omega": 1.0, "p": 0.5}, "p"),
    ],
)
def test_hypotheses_are_enforced(how: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        robust_steep_classifier([[0.0], [1.0]], [0, 1], **how)


def test_one_class_and_wrong_dimension() -> None:
    with pytest.raises(ValueError, match="at least two"):
        robust_steep_classifier([[0.0], [1.0]], [0, 0], eps=0.1, omega=1.0)
    f = robust_steep_classifier([[0.0], [1.0]], [0, 1], eps=0.1, omega=1.0)
    with pytest.raises(ValueError, match="expected 1"):
        f([[0.0, 1.0]])
