"""What may come in as a network, and what is turned away at the door."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from lipkit.lipschitz import (
    METHODS,
    as_relu_network,
    autolip,
    bracket,
    exact_plane,
    linear_regions,
)
from lipkit.networks import ReluNetwork, TwoLayerNetwork, sample_random_relu

S3 = sample_random_relu(2, 16, 3, rng=0)


def test_a_torch_module_gives_the_same_answers():
    module = S3.to_torch(torch.float64)
    for name in ("autolip", "sampling", "ascent", "exact_plane", "interval", "branch_and_bound"):
        assert METHODS[name](module, 1).value == pytest.approx(
            METHODS[name](S3, 1).value, rel=1e-12
        )
    assert bracket(module).upper.value == pytest.approx(bracket(S3).upper.value, rel=1e-12)
    assert len(linear_regions(module, (-1, 1))) == len(linear_regions(S3, (-1, 1)))
    line = S3.restrict([1.0, 2.0])
    assert METHODS["exact_line"](line.to_torch(torch.float64)) == METHODS["exact_line"](line)


def test_a_two_layer_network_gives_the_same_answers():
    W, b, a = [[1.0, 2.0], [-1.0, 0.5]], np.zeros(2), [1.0, -3.0]
    two = TwoLayerNetwork(W, b, a, "relu")
    deep = ReluNetwork([W, [a]])
    assert exact_plane(two) == exact_plane(deep)
    assert as_relu_network(deep) is deep


def test_other_networks_are_turned_away():
    with pytest.raises(ValueError, match="activation: got 'tanh', expected 'relu'"):
        autolip(TwoLayerNetwork([[1.0]], [0.0], [1.0], "tanh"))
    with pytest.raises(TypeError, match="module: got Tanh, expected Linear"):
        autolip(torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Tanh(), torch.nn.Linear(2, 1)))
    for thing in ([np.eye(2)], np.sin, None):
        with pytest.raises(TypeError, match=r"network: got .*, expected a ReluNetwork.*build Relu"):
            autolip(thing)


@pytest.mark.parametrize("name", METHODS)
def test_bad_norms_and_boxes(name):
    network = S3.restrict([1.0, 2.0]) if name == "exact_line" else S3
    method = METHODS[name]
    with pytest.raises(ValueError, match=r"p: got 0\.5, expected 1 <= p"):
        method(network, 0.5)
    with pytest.raises(TypeError, match="q: got 'two', expected a number"):
        method(network, 2, q="two")
    with pytest.raises(ValueError, match="expected lower < upper everywhere"):
        method(network, box=(1, 0))
    with pytest.raises(TypeError, match="box: got int, expected a pair"):
        method(network, box=3)
    with pytest.raises(TypeError, match="unexpected keyword argument"):
        method(network, effort="all")


def test_torch_is_neither_needed_nor_imported():
    program = (
        "import sys; from lipkit import lipschitz, networks\n"
        "f = networks.sample_random_relu(2, 4, 1, rng=0)\n"
        "for name in set(lipschitz.METHODS) - {'exact_line', 'mip_shallow'}:\n"
        "    lipschitz.METHODS[name](f)\n"
        "lipschitz.mip_shallow(f, 1), lipschitz.bracket(f)\n"
        "lipschitz.certify_lower(f, [1.0, 2.0])\n"
        "many = networks.sample_random_relu_batch(3, 2, 4, 1, rng=0)\n"
        "lipschitz.gradient_lower_bounds(many, rng=0)\n"
        "lipschitz.exact_line(f.restrict([1.0, 0.0])), lipschitz.linear_regions(f, (-1, 1))\n"
        "try: lipschitz.autolip(object())\n"
        "except TypeError as error: assert 'build ReluNetwork' in str(error)\n"
        "assert not {'torch', 'pandas', 'matplotlib', 'cvxpy', 'tqdm'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
