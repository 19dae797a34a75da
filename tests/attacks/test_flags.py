"""Attacks that fail quietly say so, and healthy ones are silent."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from lipkit.attacks import FLAGS, AttackResult, apgd, fgsm, pgd, robust_accuracy
from lipkit.data import digits
from lipkit.training import fit, mlp

Model = Callable[[Tensor], Tensor]


@pytest.fixture(scope="module")
def trained() -> nn.Sequential:
    model = mlp((64, 48, 10), rng=0)
    fit(model, digits().train, epochs=12, batch_size=64, progress=False)
    return model


@pytest.fixture(scope="module")
def images() -> tuple[Any, Any]:
    X, y = digits().test
    return X[:100], y[:100]


def names(result: Any) -> list[str]:
    return [flag.split(":")[0] for flag in result.flags]


def saturated(model: Model) -> Model:
    return lambda x: 1e3 * model(x)


def squashed(model: Model) -> Model:
    return lambda x: torch.sigmoid(300 * model(x))


def quantised(model: Model) -> Model:
    return lambda x: model((4 * x).round() / 4)


def straight_through(model: Model) -> Model:
    """The gradient passes a rounding that the loss does not."""
    return lambda x: model(x + ((4 * x).round() / 4 - x).detach())


def thresholded(model: Model) -> Model:
    return lambda x: model((x > 0.5).float())


def noisy(model: Model) -> Model:
    return lambda x: model(x + 0.3 * torch.randn_like(x))


def shattered(model: Model) -> Model:
    """A ripple too fine to be of use, whose slope drowns that of the model."""
    ripple = torch.linspace(1, 2, 10)
    return lambda x: model(x) + 0.05 * torch.sin(3e4 * x.sum(dim=1, keepdim=True)) * ripple


def reversed_gradient(model: Model) -> Model:
    return lambda x: 2 * model(x).detach() - model(x)


MASKED = {
    saturated: "masked gradients",
    squashed: "zero gradients",
    quantised: "zero gradients",
    straight_through: "masked gradients",
    thresholded: "zero gradients",
    noisy: "masked gradients",
    shattered: "masked gradients",
    reversed_gradient: "masked gradients",
}


@pytest.mark.parametrize("mask", MASKED)
@pytest.mark.parametrize("attack", [fgsm, pgd, apgd])
def test_planted_masks_are_found(mask: Any, attack: Any, trained: Any, images: Any) -> None:
    result: AttackResult = attack(mask(trained), *images, eps=0.05)
    assert MASKED[mask] in names(result), result.flags


@pytest.mark.parametrize("p", [2.0, math.inf])
@pytest.mark.parametrize("loss", ["ce", "dlr", "margin"])
@pytest.mark.parametrize("eps", [1 / 255, 0.03, 0.1])
def test_healthy_attacks_are_silent(
    p: float, loss: str, eps: float, trained: Any, images: Any
) -> None:
    for attack in (fgsm, pgd, apgd):
        assert (
            attack(trained, *images, eps=eps if p == math.inf else 4 * eps, p=p, loss=loss).flags
            == ()
        )


@pytest.mark.parametrize("attack", [fgsm, pgd, apgd])
def test_random_answers_are_found_where_every_point_fell(
    attack: Any, trained: Any, images: Any
) -> None:
    """What fell in one draw may stand in the next; without draws, silence."""
    X, _ = images
    wrong = trained(torch.tensor(X, dtype=torch.float32)).argmin(dim=1)
    result = attack(noisy(trained), X, wrong, eps=0.05)
    assert result.success.all()
    assert names(result) == ["masked gradients"]
    assert "change from call to call" in result.flags[0]
    still = attack(trained, X, wrong, eps=0.05)
    assert still.success.all()
    assert still.flags == ()


def test_cross_entropy_fails_on_large_logits_where_the_others_do_not(
    trained: Any, images: Any
) -> None:
    """The same classifier: only the scale of its logits differs."""
    eps, large = 0.08, saturated(trained)
    plain, lost = (pgd(m, *images, eps=eps).success_rate for m in (trained, large))
    assert lost < plain - 0.1
    for loss in ("margin", "dlr"):
        a, b = (pgd(m, *images, eps=eps, loss=loss).success_rate for m in (trained, large))
        assert a == pytest.approx(b, abs=0.021)
        assert "masked gradients" not in names(pgd(large, *images, eps=eps, loss=loss))


def test_steps_too_short_or_too_few(trained: Any, images: Any) -> None:
    result = pgd(trained, *images, eps=0.1, steps=5, step_size=0.001)
    assert names(result)[0] == "budget unused"
    assert "5 steps of 0.001 reach 0.005 of eps 0.1" in result.flags[0]
    assert names(pgd(trained, *images, eps=0.1, steps=10, step_size=0.01)) == []


def test_random_points_that_do_better_are_said(trained: Any, images: Any) -> None:
    """An honest gradient and too short a way: corners of the ball go further."""
    result = pgd(trained, *images, eps=0.3, steps=10, step_size=1 / 255)
    assert names(result) == ["budget unused", "masked gradients"]
    assert "of 16 points one of 2 random points does better" in result.flags[1]
    assert "short step" not in result.flags[1]


def test_an_attack_that_stays_near() -> None:
    """A loss that is largest close by: the ball is not used, whatever the steps."""

    def near(x: Tensor) -> Tensor:
        away = (x - 0.51).abs().sum(dim=1, keepdim=True)
        return torch.cat([1 + away, 0 * away], dim=1)

    result = apgd(near, np.full((4, 4), 0.5), np.zeros(4, int), eps=0.4)
    assert names(result) == ["budget unused"]
    assert "at 4 of 4 points the attack stayed within half of eps 0.4" in result.flags[0]


def test_steps_too_large(trained: Any, images: Any) -> None:
    result = pgd(trained, *images, eps=0.03, step_size=0.3)
    assert "step too large" in names(result)
    assert "0.3 is more than the ball is wide, 0.06" in str(result.flags)


def test_steps_that_jump_over_the_top() -> None:
    """The loss is largest close by: long steps cross the place again and again."""

    def near(x: Tensor) -> Tensor:
        away = (x - 0.51).abs().sum(dim=1, keepdim=True)
        return torch.cat([1 + away, 0 * away], dim=1)

    x, y = np.full((4, 4), 0.5), np.zeros(4, int)
    result = pgd(near, x, y, eps=0.4, steps=40, step_size=0.3)
    assert "step too large: over the steps the loss fell by" in str(result.flags)
    assert "step too large" not in names(pgd(near, x, y, eps=0.4, steps=40, step_size=0.01))


def test_one_long_step_may_lower_the_loss() -> None:
    def bowl(x: Tensor) -> Tensor:
        height = 50 * (x.mean(dim=1, keepdim=True) - 0.51).square()
        return torch.cat([1 + height, 0 * height], dim=1)

    x, y = np.full((4, 4), 0.5), np.zeros(4, int)
    assert "loss not increasing" in names(fgsm(bowl, x, y, eps=0.2))
    assert "loss not increasing" not in names(pgd(bowl, x, y, eps=0.2))


@pytest.mark.parametrize(
    ("eps", "p", "scale", "bounds", "words"),
    [
        (8.0, math.inf, 1.0, (0.0, 1.0), "8 covers the box, 1 wide"),
        (9.0, 2, 1.0, (0.0, 1.0), "9 covers the box"),
        (8 / 255, math.inf, 255.0, (0.0, 255.0), "of the box, 255 wide"),
        (0.3, math.inf, 1.0, (0.0, 255.0), "x spans 1 of the box, 255 wide"),
    ],
)
def test_units(
    eps: float, p: float, scale: float, bounds: Any, words: str, trained: Any, images: Any
) -> None:
    X, y = images
    result = pgd(lambda x: trained(x / scale), scale * X, y, eps=eps, p=p, bounds=bounds, steps=5)
    assert names(result)[0] == "eps in the wrong units"
    assert words in result.flags[0]


def test_the_whole_box_is_a_legal_radius(trained: Any, images: Any) -> None:
    """And nothing stands in it: the usual check that gradients are not masked."""
    result = pgd(trained, *images, eps=1.0)
    assert result.success.all()
    assert result.flags == ()


def test_inputs_outside_the_box_by_rounding(trained: Any, images: Any) -> None:
    X, y = images
    X = X.astype(np.float32) * np.float32(1 + 3e-7)
    assert X.max() > 1
    result = pgd(trained, X, y, eps=0.05, steps=3)
    assert names(result) == ["inputs outside the box"]
    assert result.adversarial.max() <= 1


@pytest.mark.parametrize("attack", [fgsm, pgd, apgd])
def test_gradients_that_are_not_finite(attack: Any, trained: Any, images: Any) -> None:
    """The square root has no slope at 0, where the digits have many pixels; others go on."""

    def root(x: Tensor) -> Tensor:
        first = torch.arange(len(x)) < 10
        bad = (x - x.detach()).abs().sqrt().sum(dim=1) * 0
        return trained(x) + torch.where(first, bad, 0.0)[:, None]

    result = attack(root, *images, eps=0.1)
    assert "not finite" in names(result)
    assert torch.isfinite(result.adversarial).all()
    assert torch.isfinite(result.loss).all()


def test_every_flag_is_listed_once() -> None:
    assert len(set(FLAGS)) == len(FLAGS)


def test_robust_accuracy_passes_flags_on(trained: Any, images: Any) -> None:
    result = robust_accuracy(quantised(trained), *images, eps=0.05, attacks="pgd", steps=5)
    assert any(flag.startswith("pgd: zero gradients: at ") for flag in result.flags)
