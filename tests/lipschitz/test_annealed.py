"""The hand-written derivative of the annealed slope against torch's autograd."""

import numpy as np
import pytest
import torch

from lipkit.lipschitz import _annealed
from lipkit.networks import ReluNetwork, sample_random_relu

rng = np.random.default_rng(0)
NETWORKS = [
    sample_random_relu(3, 7, 1, bias="normal", rng=1),
    sample_random_relu(4, 6, 3, bias="normal", rng=2),
    ReluNetwork([rng.normal(size=s) for s in ((5, 4), (6, 5), (3, 6))]),
    ReluNetwork([rng.normal(size=(2, 3))]),
]


def annealed_slope(network, X, c, u, beta, scales):
    """The sum over the batch of c^T J(x) u in torch, gates and all."""
    h, t = X, torch.tensor(u)
    for layer, (W, b) in enumerate(zip(network.weights[:-1], network.biases[:-1], strict=True)):
        W, b = torch.tensor(W), torch.tensor(b)
        z = h @ W.T + b
        s = z.square().mean(dim=1, keepdim=True).sqrt().detach()
        s = s if scales is None else torch.tensor(scales[layer])
        gate = torch.sigmoid(beta * z / s)
        h, t = z * gate, (t @ W.T) * gate
    return (torch.tensor(c) * (t @ torch.tensor(network.weights[-1]).T)).sum()


@pytest.mark.parametrize("network", NETWORKS, ids=repr)
@pytest.mark.parametrize("beta", [0.5, 2.0, 20.0])
@pytest.mark.parametrize("own_scales", [False, True])
def test_climb_is_the_gradient(network, beta, own_scales):
    draws = np.random.default_rng(3)
    X, u = draws.normal(size=(2, 5, network.input_dim))
    c = draws.normal(size=(5, network.output_dim))
    scales = [draws.uniform(0.5, 2, size=n) for n in network.widths] if own_scales else None
    trace = _annealed.forward(network, X, beta, scales)
    image, entering = _annealed.push_forward(network, trace, u)
    back = _annealed.pull_back(network, trace, c)
    points = torch.tensor(X, requires_grad=True)
    slope = annealed_slope(network, points, c, u, beta, scales) + 0 * points.sum()
    (wanted,) = torch.autograd.grad(slope, points)
    assert np.sum(c * image) == pytest.approx(slope.item(), rel=1e-12)
    assert np.sum(back * u) == pytest.approx(slope.item(), rel=1e-12)
    climbed = _annealed.climb(network, trace, c, entering)
    np.testing.assert_allclose(climbed, wanted.numpy(), rtol=1e-10, atol=1e-12)


def test_sharp_gates_give_the_jacobian():
    network = NETWORKS[2]
    X = np.random.default_rng(4).normal(size=(20, 4))
    trace = _annealed.forward(network, X, 1e6, None)
    for i, row in enumerate(np.eye(3)):
        pulled = _annealed.pull_back(network, trace, np.tile(row, (20, 1)))
        np.testing.assert_allclose(pulled, network.gradient(X)[:, i], rtol=1e-9, atol=1e-12)
