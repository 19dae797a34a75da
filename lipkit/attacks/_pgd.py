"""Projected gradient ascent of the loss, from random points of the ball."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from lipkit import _validate
from lipkit._validate import Seed
from lipkit.attacks._border import Problem, problem, radius, step_length
from lipkit.attacks._found import Settings
from lipkit.attacks._losses import LOSSES, Goal
from lipkit.attacks._model import Model, attacked, input_gradient, logits_of
from lipkit.attacks._region import Region
from lipkit.attacks._result import AttackResult
from lipkit.attacks._run import run
from lipkit.attacks._start import Draws
from lipkit.attacks._trail import Trail


def pgd(
    model: Model,
    x: Any,
    y: Any,
    *,
    eps: float,
    p: float = math.inf,
    steps: int = 40,
    step_size: float | None = None,
    restarts: int = 1,
    bounds: Any = (0.0, 1.0),
    loss: str = "ce",
    targeted: Any = None,
    rng: Seed = 0,
    random_start: bool = True,
    early_stop: bool = False,
    batch_size: int | None = None,
) -> AttackResult:
    r"""Projected gradient ascent, keeping the best point met.

    .. math:: x_{k+1} = \Pi\bigl(x_k + \alpha\, s(\nabla_x L(x_k))\bigr), \qquad
        s_\infty(g) = \operatorname{sign} g, \quad s_2(g) = g/\|g\|_2

    :math:`\Pi` is the Euclidean projection to the points of the box within :math:`\varepsilon` of
    x in the lp norm. For p = 2 the maximiser of the loss linearised at the last step is tried too:
    what the steps, which turn slowly, tend to. A lower answer of the largest loss, exact on linear
    models with two classes; elsewhere a worse point than the one found may exist.

    Parameters
    ----------
    model
        A torch module, a :class:`~lipkit.networks.ReluNetwork`, or a function of tensors; it maps
        ``(n, ...)`` to logits ``(n, K)``. A module is attacked in eval mode and comes back as it
        was: modes, parameters, their gradients; no graph is kept.
    x, y
        Clean points ``(n, ...)``, floats, and their classes ``(n,)``, integers in 0 to K - 1, as
        tensors or arrays. They take the dtype and device of a module; before a function, tensors
        stay as they are and arrays take torch's default dtype. Balls are measured in double
        precision, so the device must know it: a CPU, CUDA or ROCm, not Apple's MPS.
    eps, p
        The radius, in the units of x, and the norm of the ball: 2 or ``numpy.inf``.
    steps, step_size
        How many steps and their length :math:`\alpha` in the lp norm,
        :math:`2.5\,\varepsilon/\text{steps}` by default.
    restarts, random_start
        Runs from new points, uniform in the ball; without ``random_start`` from x itself.
    bounds
        The box: two numbers, two arrays that broadcast against one input, or None.
    loss
        What is raised: ``"ce"``, ``"margin"`` (:math:`\max_{j\ne y} z_j - z_y`) or ``"dlr"`` (the
        margin over :math:`z_{\pi_1} - z_{\pi_3}`, three classes at least).
    targeted
        Classes ``(n,)`` to reach instead; ``"ce"`` is then minus the target's cross-entropy,
        ``"margin"`` :math:`z_t - z_y`, ``"dlr"`` the same over :math:`z_{\pi_1} -
        (z_{\pi_3} + z_{\pi_4})/2`, four classes at least.
    rng
        Decides the starts, and what the model itself draws; torch's global generator stays as it
        was. More restarts begin with the same ones as fewer.
    early_stop
        Leave a point once the attack has succeeded there: faster, and the loss is not the largest.
    batch_size
        Points at a time; it changes no start and no step, so nothing but rounding.

    Raises ``ValueError`` or ``TypeError`` for inputs that do not fit: an unknown norm or loss, a
    negative radius, points outside the box, integer images, classes the model does not have. What
    is suspicious and no error is said in ``flags``. [Madry et al. 2018.]

    >>> import torch
    >>> from lipkit.attacks import pgd
    >>> from lipkit.networks import ReluNetwork
    >>> model = ReluNetwork([[[2.0, 1.0], [0.0, 0.0]]], [[-1.0, 0.0]])  # z_0 > z_1: 2a + b > 1
    >>> result = pgd(model, [[0.5, 0.5]], [0], eps=0.2)
    >>> result.adversarial, result.success
    (tensor([[0.3000, 0.3000]], dtype=torch.float64), tensor([True]))
    """
    task = problem(model, x, y, eps=eps, p=p, bounds=bounds, loss=loss, targeted=targeted)
    steps = _validate.count(steps, "steps")
    length = step_length(step_size, 2.5 * task.eps / steps)
    restarts = _validate.count(restarts, "restarts")
    settings = Settings(steps, restarts, bool(early_stop), batch_size, length)
    ascent = partial(_ascend, steps=steps, size=length, random_start=bool(random_start))
    return run(ascent, task, settings, Draws(rng, restarts))


def _ascend(
    task: Problem,
    trail: Trail,
    draws: Draws,
    restart: int,
    *,
    steps: int,
    size: float,
    random_start: bool,
) -> None:
    """One run from one start over all its points."""
    x = task.region.x
    if random_start:
        x = task.region.inside(draws.ball(restart, x, task.region.p))
    for step in range(steps):
        logits, gradient = input_gradient(task.model, task.goal.total, x)
        trail.record(x, logits)
        if step in (0, steps - 1):
            trail.note(gradient)
        x = task.region.step(x, gradient, size)
        if trail.due and (going := trail.fold().going) is not None:
            x, gradient, task = x[going], gradient[going], task.take(going)
            if not len(x):
                return
    trail.record(x, logits_of(task.model, x))
    if task.region.p == 2:
        x = task.region.furthest(gradient)
        trail.record(x, logits_of(task.model, x))
    trail.fold()


def pgd_batch(
    model: nn.Module,
    x: Tensor,
    y: Tensor | None,
    *,
    eps: float,
    p: float = math.inf,
    steps: int = 7,
    step_size: float | None = None,
    bounds: tuple[float, float] | None = (0.0, 1.0),
    loss: str | Callable[[Tensor], Tensor] = "ce",
    generator: torch.Generator | None = None,
    start: Tensor | None = None,
) -> Tensor:
    r"""The last point of projected gradient ascent: the inner step of adversarial training.

    The rule of :func:`pgd` without restarts, record or flags; nothing is kept but the last point,
    ``(n, ...)``, which is inside ball and box to the last bit and holds no graph. The model is in
    eval mode meanwhile and comes back as it was.

    Parameters
    ----------
    x, y
        Tensors of the model's dtype, on its device, as in :func:`pgd`; y integer classes ``(n,)``.
    eps, p, steps, step_size, bounds
        As in :func:`pgd`.
    loss
        ``"ce"``, ``"margin"``, ``"dlr"``, or a function of the logits that returns the sum to be
        raised; then y may be None.
    generator
        On the device of x: the start is uniform in the ball. None starts at x itself.
    start
        Where to start instead, brought into the region.

    Raises ``ValueError`` for an unknown norm or loss, a negative radius or no step.

    >>> import torch
    >>> from lipkit.attacks import pgd_batch
    >>> model = torch.nn.Linear(2, 2, bias=False)
    >>> _ = model.load_state_dict({"weight": torch.tensor([[2.0, 1.0], [0.0, 0.0]])})
    >>> pgd_batch(model, torch.tensor([[0.5, 0.5]]), torch.tensor([0]), eps=0.25)
    tensor([[0.2500, 0.2500]])
    """
    steps = _validate.count(steps, "steps")
    low, high = bounds or (-math.inf, math.inf)
    size = step_length(step_size, 2.5 * radius(eps) / steps)
    total = loss if callable(loss) else _total(loss, y)
    with attacked(model, x.device, seed=None):
        corners = x.new_tensor(low), x.new_tensor(high)
        region = Region.of(x.detach().clone(), radius(eps), _validate.ball(p), *corners)
        x = _start(region, generator, start)
        for _ in range(steps):
            x = region.step(x, input_gradient(model, total, x)[1], size)
    return x.detach()


def _total(loss: str, y: Tensor | None) -> Callable[[Tensor], Tensor]:
    if y is None:
        raise TypeError(f"y: got None with loss={loss!r}, expected integer classes (n,)")
    return Goal(_validate.one_of(loss, "loss", LOSSES), y).total


def _start(region: Region, generator: torch.Generator | None, start: Tensor | None) -> Tensor:
    if start is not None:
        return region.project(start.detach())
    if generator is None:
        return region.x
    x, shape = region.x, region.x.shape
    if region.p == 2:
        wide = (len(x), x[0].numel() + 2)
        noise = torch.randn(wide, generator=generator, device=x.device, dtype=x.dtype)
        return region.inside(noise)
    noise = torch.rand(shape, generator=generator, device=x.device, dtype=x.dtype)
    return region.inside(2 * noise - 1)
