"""The region: nothing leaves ball or box by a bit, and the projection is the nearest point."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from torch import Tensor

from lipkit.attacks import apgd, fgsm, pgd, pgd_batch
from lipkit.attacks._region import Region, distance

NORMS = [2.0, math.inf]
PRECISIONS = [torch.float32, torch.float64]


def region(x: Tensor, eps: float, p: float, box: tuple[float, float] = (0.0, 1.0)) -> Region:
    return Region.of(x, eps, p, x.new_tensor(box[0]), x.new_tensor(box[1]))


def points(seed: int, n: int, d: int, dtype: torch.dtype, scale: float = 1.0) -> Tensor:
    draws = np.random.default_rng(seed)
    X = draws.uniform(size=(n, d))
    X[draws.uniform(size=(n, d)) < 0.3] = 0.0  # pixels on the faces of the box
    X[draws.uniform(size=(n, d)) < 0.1] = 1.0
    return torch.tensor(X * scale, dtype=dtype)


def assert_inside(x: Tensor, moved: Tensor, eps: float, p: float, high: float = 1.0) -> None:
    """In exact arithmetic, and by the sums that a user would do."""
    assert moved.dtype == x.dtype
    assert moved.shape == x.shape
    assert (moved >= 0).all()
    assert (moved <= high).all()
    assert (distance(moved, x, p) <= eps).all()
    assert (torch.linalg.vector_norm((moved - x).flatten(1), ord=p, dim=1).double() <= eps).all()
    for a, b in zip(moved.flatten(1).tolist(), x.flatten(1).tolist(), strict=True):
        apart = [abs(Fraction(s) - Fraction(t)) for s, t in zip(a, b, strict=True)]
        size = max(apart) if p == math.inf else sum(t * t for t in apart)
        assert size <= (Fraction(eps) if p == math.inf else Fraction(eps) ** 2)


def model(d: int, dtype: torch.dtype) -> torch.nn.Sequential:
    torch_draws = torch.Generator().manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(d, 6), torch.nn.Tanh(), torch.nn.Linear(6, 4))
    for parameter in net.parameters():
        parameter.data = 3 * torch.randn(parameter.shape, generator=torch_draws)
    return net.to(dtype)


@given(
    seed=st.integers(0, 10**6),
    eps=st.one_of(st.floats(1e-6, 3), st.sampled_from([0.1, 8 / 255, 0.3, 1.0, 1e-7])),
    p=st.sampled_from(NORMS),
    dtype=st.sampled_from(PRECISIONS),
    scale=st.sampled_from([1.0, 255.0]),
)
def test_never_outside(seed: int, eps: float, p: float, dtype: torch.dtype, scale: float) -> None:
    x = points(seed, 4, 9, dtype, scale)
    area = region(x, eps, p, (0.0, scale))
    draws = torch.Generator().manual_seed(seed)
    noise = torch.randn(x.shape, generator=draws, dtype=dtype)
    wide = torch.randn(4, 11, generator=draws, dtype=dtype) if p == 2 else noise.clamp(-1, 1)
    for moved in (
        area.project(x + 3 * eps * noise),
        area.project(x + 0.1 * eps * noise),
        area.step(x, noise, 0.7 * eps),
        area.furthest(noise),
        area.surface(noise),
        area.inside(wide),
    ):
        assert_inside(x, moved, eps, p, scale)


@settings(max_examples=30)
@given(
    seed=st.integers(0, 10**6),
    eps=st.floats(1e-4, 1.5),
    p=st.sampled_from(NORMS),
    dtype=st.sampled_from(PRECISIONS),
)
def test_attacks_never_outside(seed: int, eps: float, p: float, dtype: torch.dtype) -> None:
    x, y = points(seed, 3, 5, dtype), torch.tensor([0, 1, 2])
    net = model(5, dtype)
    how = {"eps": eps, "p": p}
    for result in (
        fgsm(net, x, y, **how),
        pgd(net, x, y, steps=3, rng=seed, **how),
        apgd(net, x, y, steps=5, rng=seed, early_stop=True, **how),
    ):
        assert_inside(x, result.adversarial, eps, p)
        torch.testing.assert_close(result.radius, distance(result.adversarial, x, p))
    assert_inside(x, pgd_batch(net, x, y, steps=3, **how), eps, p)


@pytest.mark.parametrize("p", NORMS)
def test_large_inputs_in_single_precision(p: float) -> None:
    x = points(0, 8, 3072, torch.float32)
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    for eps in (0.03, 0.5, 8 / 255):
        area = region(x, eps, p)
        for moved in (area.project(x + noise), area.furthest(noise), area.surface(noise)):
            assert (distance(moved, x, p) <= eps).all()
            assert torch.linalg.vector_norm(moved - x, ord=p, dim=1).max().item() <= eps
        assert distance(area.furthest(noise), x, p).min() >= eps * (1 - 5e-5)


@pytest.mark.parametrize("eps", [0.05, 0.4, 1.1, 5.0])
@pytest.mark.parametrize("p", NORMS)
def test_projection_is_the_nearest_point(p: float, eps: float) -> None:
    """Against the multiplier of the ball, found by a root finder, coordinate by coordinate."""
    x = points(1, 20, 7, torch.float64)
    z = x + torch.randn(x.shape, generator=torch.Generator().manual_seed(1), dtype=x.dtype)
    found = region(x, eps, p).project(z)
    for here, there, given_ in zip(x.numpy(), z.numpy(), found.numpy(), strict=True):
        if p == math.inf:
            true = np.clip(there, np.maximum(here - eps, 0), np.minimum(here + eps, 1))
        else:
            true = nearest(here, there, eps)
        np.testing.assert_allclose(given_, true, atol=1e-9)


def nearest(x: np.ndarray, z: np.ndarray, eps: float) -> np.ndarray:
    def at(multiplier: float) -> np.ndarray:
        return np.clip(x + (z - x) / (1 + multiplier), 0, 1)

    def excess(multiplier: float) -> float:
        return float(np.linalg.norm(at(multiplier) - x) - eps)

    return at(0.0) if excess(0.0) <= 0 else at(brentq(excess, 0, 1e6, xtol=1e-14))


@pytest.mark.parametrize("p", NORMS)
def test_furthest_maximises_the_inner_product(p: float) -> None:
    """No feasible point among many, nor a scaled and clipped gradient, does better."""
    x = points(2, 12, 6, torch.float64)
    g = torch.randn(x.shape, generator=torch.Generator().manual_seed(2), dtype=x.dtype)
    for eps in (0.1, 0.7, 3.0):
        area = region(x, eps, p)
        best = (g * (area.furthest(g) - x)).sum(dim=1)
        for t in np.geomspace(1e-3, 1e3, 400):
            other = area.project(x + float(t) * g) if p == math.inf else (x + float(t) * g)
            other = other.clamp(0, 1)
            feasible = distance(other, x, p) <= eps
            assert ((g * (other - x)).sum(dim=1)[feasible] <= best[feasible] + 1e-9).all()


@pytest.mark.parametrize("p", NORMS)
@pytest.mark.parametrize("dtype", PRECISIONS)
def test_no_radius_and_no_gradient_leave_the_point(p: float, dtype: torch.dtype) -> None:
    x = points(3, 5, 4, dtype)
    noise = torch.ones_like(x)
    still = region(x, 0.0, p)
    wide = torch.ones(5, 6, dtype=dtype) if p == 2 else noise
    for moved in (
        still.project(x + 1),
        still.furthest(noise),
        still.surface(noise),
        still.inside(wide),
        region(x, 0.3, p).step(x, torch.zeros_like(x), 0.1),
        region(x, 0.3, p).furthest(torch.zeros_like(x)),
    ):
        assert torch.equal(moved, x)


def test_vanishing_gradients_have_a_direction() -> None:
    """1e-25 squared is 0 in single precision, and still a gradient."""
    x = torch.full((1, 2), 0.5)
    moved = region(x, 0.1, 2.0).step(x, torch.tensor([[3e-25, 4e-25]]), 0.05)
    torch.testing.assert_close(moved, torch.tensor([[0.53, 0.54]]))


@pytest.mark.parametrize("p", NORMS)
def test_starts_are_uniform_in_the_ball(p: float) -> None:
    """The radius of a uniform point has distribution function r^d."""
    n, d = 4000, 3
    x = torch.zeros(n, d, dtype=torch.float64)
    area = region(x, 0.5, p, (-math.inf, math.inf))
    draws = np.random.default_rng(0)
    noise = draws.normal(size=(n, d + 2)) if p == 2 else draws.uniform(-1, 1, size=(n, d))
    share = np.sort((distance(area.inside(torch.from_numpy(noise)), x, p) / 0.5).numpy() ** d)
    assert np.abs(share - (np.arange(n) + 0.5) / n).max() < 1.63 / math.sqrt(n)  # 1 %, Kolmogorov
