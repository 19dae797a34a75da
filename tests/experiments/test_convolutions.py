"""The kernel as a layer, and the digits CNN, against torch."""

from itertools import product

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from lipkit import norms
from lipkit.experiments import EXPERIMENTS
from lipkit.experiments.digits_cnn import CONVOLUTIONS, IMAGE, digits_cnn
from lipkit.experiments.kernel_layer import KERNELS, PADDINGS, kernel_layer
from lipkit.experiments.reshaped_kernel import conv_norms

STATES = list(product(KERNELS, (1, 2), PADDINGS, (1, 2, 3, 4)))


def by_torch(kernel, stride, padding, size):
    """The matrix, column by column; None where torch refuses the layer."""
    x = torch.eye(size**2, dtype=torch.float64).reshape(-1, 1, size, size)
    mode = "constant" if padding == "zeros" else padding
    try:
        x = x if padding == "none" else F.pad(x, [1] * 4, mode=mode)
        out = F.conv2d(x, torch.tensor(KERNELS[kernel])[None, None], stride=stride)
    except RuntimeError:
        return None
    return out.reshape(size**2, -1).T.numpy()


def test_every_state_of_the_explorer_is_that_of_torch():
    missing = 0
    for state in STATES:
        seen, A = kernel_layer(*state), by_torch(*state)
        if A is None:
            missing += 1
            assert np.isnan(seen["two"])
            assert np.isnan(seen["matrix"]).all()
            assert seen["free"] == "there is no such layer"
            continue
        for name, p in (("one", 1), ("two", 2), ("sup", np.inf)):
            assert seen[name] == pytest.approx(np.linalg.norm(A, p), abs=1e-12)
        shown = seen["matrix"][::-1][: A.shape[0], : A.shape[1]]
        np.testing.assert_allclose(shown * (np.abs(A).max() or 1), A, atol=1e-12)
        assert np.isfinite(seen["matrix"]).sum() == A.size
        assert seen["two"] <= seen["certificate"] * (1 + 1e-9)
        assert seen["sup"] <= seen["taps"] * (1 + 1e-12)
    assert missing == len(KERNELS) * 2 * 3


def test_what_the_text_tells_to_try():
    start = kernel_layer("1 to 9", 1, "zeros", 4)
    assert (start["one"], start["sup"], start["taps"]) == (45, 45, 45)
    assert kernel_layer("1 to 9", 1, "reflect", 4)["one"] == 96
    assert [kernel_layer("1 to 9", 1, "zeros", 1)[key] for key in ("one", "two", "sup")] == [5] * 3
    strided = kernel_layer("1 to 9", 2, "zeros", 4)
    assert (strided["one"], strided["sup"]) == (20, 45)
    for padding, one in (("zeros", 45), ("reflect", 78)):
        assert kernel_layer("signed", 1, padding, 4)["one"] == one
    checker = kernel_layer("checker", 1, "zeros", 3)
    assert checker["circle"] < checker["two"] - 1


def test_words_for_the_condition():
    for size, words in ((2, "every output sees padding"), (3, "some output sees no padding")):
        assert kernel_layer("blur", 1, "zeros", size)["free"] == words


@pytest.mark.parametrize("normalised", [False, True])
def test_the_same_seed_trains_the_same_network(normalised):
    before = torch.random.get_rng_state()
    one, two = (digits_cnn(3, epochs=1, normalised=normalised)[0] for _ in range(2))
    assert torch.equal(torch.random.get_rng_state(), before)
    for place in (0, 2, 4, 7):
        assert torch.equal(one[place].weight, two[place].weight)
    assert not one.training


def test_the_convolutions_read_what_the_table_says():
    model, split = digits_cnn(0, epochs=0)
    x = torch.tensor(split.test.X[:2], dtype=torch.float32).reshape(-1, *IMAGE)
    shapes = {}
    for place, layer in enumerate(model):
        shapes[place] = tuple(x.shape[1:])
        x = layer(x)
    assert all(shapes[place] == shape for place, shape in CONVOLUTIONS)


def test_norms_of_the_layers_are_those_of_their_matrices():
    model, _ = digits_cnn(1, epochs=1)
    reshaped, below, above = conv_norms(model)
    for i, (place, shape) in enumerate(CONVOLUTIONS):
        weight = model[place].weight.detach().double().numpy()
        true = np.linalg.norm(norms.materialize(model[place], shape), 2)
        assert reshaped[i] == pytest.approx(np.linalg.norm(weight.reshape(len(weight), -1), 2))
        assert below[i] <= true * (1 + 1e-12)
        assert true <= above[i]
        assert above[i] / below[i] < 1.0002


def test_torch_normalises_the_reshaped_kernel():
    model, _ = digits_cnn(0, normalised=True)
    reshaped, below, _ = conv_norms(model)
    assert ((reshaped > 0.99) & (reshaped < 1.05)).all()
    assert (below > 1.2 * reshaped).all()


def test_the_experiment_keeps_its_order():
    reshaped = EXPERIMENTS["reshaped_kernel"]
    found = reshaped(reshaped.params("test"), 0)
    for key in ("drawn", "plain", "normalised"):
        assert ((found[key] >= 1 - 1e-9) & (found[key] <= 3)).all()
    assert found["promised"] < found["slope"] <= found["product"]
    assert found["promised"] * np.prod(found["normalised"]) <= found["product"] * (1 + 1e-9)
    assert found["broken"] > 0.9
