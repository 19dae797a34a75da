"""Every bad input has an error that says what was got and what to do."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from lipkit.attacks import apgd, apgd_targeted, fgsm, pgd, pgd_batch, robust_accuracy

X = np.random.default_rng(0).uniform(size=(6, 4))
Y = np.arange(6) % 3
ALL = [fgsm, pgd, apgd, apgd_targeted, robust_accuracy]


def net(classes: int = 5) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, classes)).double()


def changed(name: str, value: Any) -> dict[str, Any]:
    return {"model": net(), "x": X, "y": Y, "eps": 0.1, "p": math.inf, name: value}


def with_nan() -> np.ndarray:
    x = X.copy()
    x[0, 0] = math.nan
    return x


BAD = {
    "a negative radius": ("eps", -0.1, ValueError, "eps: got -0.1"),
    "an infinite radius": ("eps", math.inf, ValueError, "eps"),
    "a radius that is no number": ("eps", math.nan, ValueError, "eps"),
    "a radius for each point": ("eps", [0.1] * 6, ValueError, "eps"),
    "the norm 1": ("p", 1, ValueError, "p: got 1, expected 2 or numpy.inf"),
    "the norm 3": ("p", 3, ValueError, "p: got 3"),
    "a norm below 1": ("p", 0.5, ValueError, "p"),
    "a norm by name": ("p", "inf", TypeError, "p"),
    "x above the box": ("x", X + 0.7, ValueError, "outside the box"),
    "x below the box": ("x", X - 0.2, ValueError, "outside the box"),
    "images of 0 to 255": ("x", X * 255, ValueError, "bounds=.*in the units of x"),
    "integer images": ("x", (X * 255).astype(np.uint8), TypeError, "divide images of 0 to 255"),
    "integer images as a tensor": ("x", torch.ones(6, 4, dtype=torch.int64), TypeError, "floats"),
    "strings": ("x", np.full((6, 4), "a"), TypeError, "x: got dtype"),
    "NaN in x": ("x", with_nan(), ValueError, "NaN"),
    "a single point": ("x", X[0], ValueError, "a batch"),
    "no class for a point": ("y", Y[:-1], ValueError, r"y: got shape \(5,\), expected \(6,\)"),
    "one-hot classes": ("y", np.eye(3)[Y].astype(int), ValueError, "y: got shape"),
    "float classes": ("y", Y.astype(float), TypeError, "integer classes"),
    "a class too high": ("y", Y + 3, ValueError, "y: got classes 3 to 5, expected 0 to 4"),
    "a class too low": ("y", Y - 1, ValueError, "y: got classes -1 to 1"),
    "no model": ("model", 3, TypeError, "model: got int"),
    "one logit": ("model", net(1), ValueError, "got 1 logit"),
    "no batch in the outputs": ("model", lambda x: x.sum(), ValueError, "expected .n, K. logits"),
    "outputs that are no tensor": ("model", lambda x: [1], ValueError, "list"),
    "NaN in the logits": ("model", lambda x: x * math.nan, ValueError, "NaN or infinite logits"),
    "a box upside down": ("bounds", (1.0, 0.0), ValueError, "lower < upper"),
    "a box of one number": ("bounds", 1.0, TypeError, "a pair"),
    "a box that is no number": ("bounds", (math.nan, 1.0), ValueError, "NaN"),
    "a box of another shape": ("bounds", (np.zeros(3), 1.0), ValueError, "bounds"),
}


@pytest.mark.parametrize("attack", ALL)
@pytest.mark.parametrize("name", BAD)
def test_refused(attack: Any, name: str) -> None:
    field, value, error, message = BAD[name]
    arguments = changed(field, value)
    call = [arguments.pop(key) for key in ("model", "x", "y")]
    with pytest.raises(error, match=message):
        attack(*call, **arguments)


@pytest.mark.parametrize(
    ("attack", "field", "value", "error"),
    [
        (pgd, "steps", 0, ValueError),
        (pgd, "steps", 2.0, TypeError),
        (apgd, "steps", 0, ValueError),
        (pgd, "restarts", 0, ValueError),
        (apgd, "restarts", 0, ValueError),
        (pgd, "step_size", 0.0, ValueError),
        (pgd, "step_size", -1.0, ValueError),
        (pgd, "batch_size", 0, ValueError),
        (pgd, "rng", None, TypeError),
        (pgd, "rng", -1, ValueError),
        (pgd, "loss", "cross-entropy", ValueError),
        (fgsm, "loss", None, ValueError),
        (apgd, "targeted", Y, ValueError),
        (apgd, "targeted", Y + 3, ValueError),
        (apgd, "targeted", Y[:2], ValueError),
        (apgd, "targeted", 1, ValueError),
        (apgd_targeted, "targets", 0, ValueError),
        (robust_accuracy, "attacks", "square", ValueError),
        (robust_accuracy, "attacks", (), ValueError),
    ],
)
def test_refused_options(attack: Any, field: str, value: Any, error: Any) -> None:
    with pytest.raises(error, match=field):
        attack(net(), X, Y, eps=0.1, **{field: value})


def test_the_ratio_of_logits_needs_three_classes_and_four_with_a_target() -> None:
    two, three = (nn.Linear(4, k).double() for k in (2, 3))
    with pytest.raises(ValueError, match="'dlr' loss and 2 classes, expected at least 3"):
        apgd(two, X, Y % 2, eps=0.1, loss="dlr")
    apgd(three, X, Y, eps=0.1, loss="dlr", steps=2)
    with pytest.raises(ValueError, match=r"'dlr' loss and 3 classes, .* 4; use loss='marg"):
        apgd(three, X, Y, eps=0.1, loss="dlr", targeted=(Y + 1) % 3)
    with pytest.raises(ValueError, match="targeted 'dlr' loss and 3 classes"):
        apgd_targeted(three, X, Y, eps=0.1)
    assert float(robust_accuracy(two, X, Y % 2, eps=0.1, steps=2)) <= 1


def test_half_precision_is_refused() -> None:
    with pytest.raises(TypeError, match="float32 or float64"):
        pgd(net().half(), X, Y, eps=0.1)


def test_a_batch_checks_what_is_cheap() -> None:
    x, y = torch.from_numpy(X), torch.from_numpy(Y)
    for how in ({"p": 1}, {"loss": "hinge"}, {"steps": 0}, {"step_size": 0.0}, {"eps": -0.1}):
        with pytest.raises(ValueError, match=next(iter(how))):
            pgd_batch(net(), x, y, **{"eps": 0.1, **how})
    with pytest.raises(TypeError, match="y: got None"):
        pgd_batch(net(), x, None, eps=0.1)
