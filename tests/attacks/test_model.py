"""The model comes back as it was, and is attacked in eval mode whatever mode it is in."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from lipkit.attacks import apgd, apgd_targeted, fgsm, pgd, pgd_batch, robust_accuracy

X = torch.from_numpy(np.random.default_rng(0).uniform(size=(12, 5))).float()
Y = torch.arange(12) % 4


def batch(model: Any, x: Any, y: Any, **how: Any) -> Any:
    return pgd_batch(model, x, y, steps=3, **how)


ATTACKS = [fgsm, pgd, apgd, apgd_targeted, robust_accuracy, batch]


def net() -> nn.Sequential:
    torch.manual_seed(0)
    layers = [nn.Linear(5, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 4)]
    model = nn.Sequential(*layers)
    model[1].running_var.fill_(0.1)
    return model


def state(model: nn.Module) -> list[Any]:
    return [
        [(name, tensor.clone()) for name, tensor in model.state_dict().items()],
        [parameter.requires_grad for parameter in model.parameters()],
        [None if p.grad is None else p.grad.clone() for p in model.parameters()],
        [module.training for module in model.modules()],
    ]


def same(a: Any, b: Any) -> bool:
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(same(s, t) for s, t in zip(a, b, strict=True))
    return torch.equal(a, b) if isinstance(a, Tensor) else a == b


def mixed() -> nn.Sequential:
    """Some modules train, some do not; some parameters are frozen, some hold gradients."""
    model = net().train()
    model[3].eval()
    model[0].bias.requires_grad_(False)
    model[4].weight.grad = torch.ones(4, 8)
    return model


@pytest.mark.parametrize("attack", ATTACKS)
def test_left_as_found(attack: Any) -> None:
    model = mixed()
    before = state(model)
    with torch.no_grad():
        attack(model, X, Y, eps=0.1)
    assert same(before, state(model))


@pytest.mark.parametrize("attack", ATTACKS)
def test_left_as_found_after_an_error(attack: Any) -> None:
    model = mixed()
    before, torch_before = state(model), torch.get_rng_state()

    def fail(module: nn.Module, inputs: Any) -> None:
        raise RuntimeError("planted")

    model[4].register_forward_pre_hook(fail)
    with pytest.raises(RuntimeError, match="planted"):
        attack(model, X, Y, eps=0.1)
    assert same(before, state(model))
    assert torch.equal(torch_before, torch.get_rng_state())


@pytest.mark.parametrize("attack", [fgsm, pgd, apgd, apgd_targeted])
def test_eval_mode_decides(attack: Any) -> None:
    trained, evaluated = net().train(), net().eval()
    results = [attack(model, X, Y, eps=0.1) for model in (trained, evaluated)]
    assert torch.equal(results[0].adversarial, results[1].adversarial)
    assert results[0].flags[0].startswith("training mode")
    assert not any("training mode" in flag for flag in results[1].flags)


def test_training_mode_is_no_matter_without_such_layers() -> None:
    plain = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 4)).train()
    assert not any("training mode" in flag for flag in pgd(plain, X, Y, eps=0.1).flags)


@pytest.mark.parametrize("attack", ATTACKS)
def test_under_inference_mode_and_without_gradients(attack: Any) -> None:
    model = net().eval()
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    plain = attack(model, X, Y, eps=0.1)
    with torch.inference_mode():
        inside = attack(model, X.clone(), Y, eps=0.1)
    where = (lambda r: r) if attack is batch else (lambda r: r.adversarial)
    assert torch.equal(where(plain), where(inside))


def test_inputs_are_not_written_to() -> None:
    x, y = X.clone().requires_grad_(), Y.clone()
    for attack in ATTACKS:
        attack(net(), x, y, eps=0.1)
        assert torch.equal(x, X)
        assert torch.equal(y, Y)
        assert x.grad is None


def test_inputs_take_the_model_s_precision() -> None:
    result = pgd(net().double().eval(), X.numpy(), Y.numpy().astype(np.int32), eps=0.1, steps=3)
    assert result.adversarial.dtype == torch.float64
    assert pgd(net().eval(), X.double(), Y, eps=0.1, steps=3).adversarial.dtype == torch.float32
