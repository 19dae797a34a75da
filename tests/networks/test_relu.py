"""Deep ReLU networks: torch is the oracle of values and gradients, algebra that of the rest."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lipkit.networks import ReluNetwork, sample_random_relu

seeds = st.integers(0, 2**32 - 1)
shapes = st.lists(st.integers(1, 6), min_size=2, max_size=5)


def network(sizes: list[int], seed: int, *, biases: bool = True) -> ReluNetwork:
    draws = np.random.default_rng(seed)
    pairs = list(zip(sizes[1:], sizes[:-1], strict=True))
    weights = [draws.normal(size=pair) for pair in pairs]
    return ReluNetwork(weights, [draws.normal(size=m) for m, _ in pairs] if biases else None)


def batch(n: int, d: int, seed: int) -> Any:
    return np.random.default_rng([seed, 1]).normal(size=(n, d))


def columns(out: Any) -> Any:
    return out[:, None] if out.ndim == 1 else out


class TestCall:
    @given(sizes=shapes, seed=seeds)
    @settings(max_examples=40)
    def test_value_and_gradient_against_torch(self, sizes: list[int], seed: int) -> None:
        f = network(sizes, seed)
        X = batch(5, sizes[0], seed)
        module = f.to_torch(torch.float64)
        x = torch.tensor(X, requires_grad=True)
        out = module(x)
        np.testing.assert_allclose(columns(f(X)), out.detach().numpy(), rtol=1e-12, atol=1e-12)
        J = f.jacobian(X)
        assert J.shape == (5, sizes[-1], sizes[0])
        for k in range(sizes[-1]):
            (grad,) = torch.autograd.grad(out[:, k].sum(), x, retain_graph=True)
            np.testing.assert_allclose(J[:, k], grad.numpy(), rtol=1e-12, atol=1e-12)

    @given(sizes=shapes, seed=seeds)
    @settings(max_examples=20)
    def test_shapes_of_a_point_and_of_a_batch(self, sizes: list[int], seed: int) -> None:
        d, m = sizes[0], sizes[-1]
        f = network(sizes, seed)
        X = batch(3, d, seed)
        assert f(X).shape == ((3,) if m == 1 else (3, m))
        assert f.gradient(X).shape == ((3, d) if m == 1 else (3, m, d))
        assert f.gradient(X[0]).shape == ((d,) if m == 1 else (m, d))
        assert isinstance(f(X[0]), float) if m == 1 else f(X[0]).shape == (m,)
        np.testing.assert_allclose(f(X[0]), f(X)[0], rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(f.gradient(X[0]), f.gradient(X)[0], rtol=1e-12, atol=1e-12)
        assert f(X[:0]).shape == (0, *f(X).shape[1:])

    def test_preactivations(self) -> None:
        f = network([3, 4, 5, 2], 0)
        X = batch(6, 3, 0)
        first = X @ f.weights[0].T + f.biases[0]
        second = np.maximum(first, 0) @ f.weights[1].T + f.biases[1]
        for got, true in zip(f.preactivations(X), (first, second), strict=True):
            np.testing.assert_allclose(got, true, rtol=1e-13)
        assert [z.shape for z in f.preactivations(X[0])] == [(4,), (5,)]
        assert ReluNetwork([np.eye(2)]).preactivations(np.ones(2)) == []

    def test_the_derivative_at_a_kink_is_zero(self) -> None:
        f = ReluNetwork([[[1.0]], [[1.0]]])
        assert f.gradient([0.0]).tolist() == [0.0]
        assert f.gradient([5e-324]).tolist() == [1.0]

    def test_an_affine_map_has_depth_zero(self) -> None:
        f = ReluNetwork([[[1.0, 2.0], [3.0, 4.0]]], [[1.0, -1.0]])
        assert (f.depth, f.widths, f.input_dim, f.output_dim) == (0, (), 2, 2)
        assert f([1.0, 1.0]).tolist() == [4.0, 6.0]
        assert f.gradient(np.zeros((3, 2))).tolist() == [[[1.0, 2.0], [3.0, 4.0]]] * 3

    def test_what_it_is(self) -> None:
        f = network([3, 4, 5, 2], 0)
        assert (f.depth, f.widths, f.input_dim, f.output_dim) == (2, (4, 5), 3, 2)
        assert repr(f) == "ReluNetwork(3 → 4 → 5 → 2)"
        assert not f.bias_free
        assert repr(f.without_biases()) == "ReluNetwork(3 → 4 → 5 → 2, no biases)"
        assert ReluNetwork([np.eye(2), np.eye(2)], [np.zeros(2), np.ones(2)]).bias_free


class TestOwnership:
    def test_copies_what_it_gets(self) -> None:
        W, b = np.eye(2), np.zeros(2)
        f = ReluNetwork([W], [b])
        W[0, 0], b[0] = 5.0, 5.0
        assert f([1.0, 0.0]).tolist() == [1.0, 0.0]

    def test_cannot_be_changed(self) -> None:
        f = network([2, 3, 1], 0)
        for array in (*f.weights, *f.biases):
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 0


class TestLaws:
    @given(sizes=shapes, seed=seeds, m=st.integers(1, 3))
    @settings(max_examples=30)
    def test_readout(self, sizes: list[int], seed: int, m: int) -> None:
        f, X = network(sizes, seed), batch(4, sizes[0], seed)
        C = np.random.default_rng(seed).normal(size=(m, sizes[-1]))
        g = f.with_readout(C)
        np.testing.assert_allclose(columns(g(X)), columns(f(X)) @ C.T, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(g.jacobian(X), C @ f.jacobian(X), rtol=1e-9, atol=1e-9)
        np.testing.assert_array_equal(f.with_readout(C[0])(X), f.with_readout(C[:1])(X))

    @given(sizes=shapes, seed=seeds, k=st.integers(1, 3))
    @settings(max_examples=30)
    def test_restriction(self, sizes: list[int], seed: int, k: int) -> None:
        draws = np.random.default_rng(seed)
        f = network(sizes, seed)
        U, o, T = draws.normal(size=(k, sizes[0])), draws.normal(size=sizes[0]), batch(4, k, seed)
        for origin, start in ((o, o), (None, 0.0)):
            g = f.restrict(U, origin)
            assert g.input_dim == k
            np.testing.assert_allclose(g(T), f(start + T @ U), rtol=1e-9, atol=1e-9)
            chain = f.jacobian(start + T @ U) @ U.T
            np.testing.assert_allclose(g.jacobian(T), chain, rtol=1e-9, atol=1e-9)
        np.testing.assert_array_equal(f.restrict(U[0], o)([1.0]), f.restrict(U[:1], o)([1.0]))

    @given(sizes=shapes, seed=seeds)
    @settings(max_examples=30)
    def test_without_biases_is_the_view_from_far_away(self, sizes: list[int], seed: int) -> None:
        f, X = network(sizes, seed), batch(4, sizes[0], seed)
        f0 = f.without_biases()
        assert f0.bias_free
        assert not np.any(f0(np.zeros(sizes[0])))
        np.testing.assert_allclose(f0(3 * X), 3 * f0(X), rtol=1e-9, atol=1e-9)
        far = 1e9
        np.testing.assert_allclose(f(far * X) / far, f0(X), rtol=1e-6, atol=1e-5)

    @given(sizes=shapes, seed=seeds)
    @settings(max_examples=30)
    def test_euler(self, sizes: list[int], seed: int) -> None:
        """Without biases f(x) = J(x) x, for the formal gradient too."""
        f, X = network(sizes, seed, biases=False), batch(4, sizes[0], seed)
        np.testing.assert_allclose(
            columns(f(X)), np.einsum("nod,nd->no", f.jacobian(X), X), rtol=1e-9, atol=1e-9
        )


class Doubled(nn.Sequential):
    """Looks like a Sequential and computes something else."""

    def forward(self, x: Any) -> Any:
        return 2 * super().forward(x)


class Shifted(nn.Linear):
    """Looks like a Linear and computes something else."""

    def forward(self, x: Any) -> Any:
        return 1 + super().forward(x)


class TestTorch:
    @given(sizes=shapes, seed=seeds)
    @settings(max_examples=20)
    def test_round_trip_in_float64_is_exact(self, sizes: list[int], seed: int) -> None:
        f = network(sizes, seed)
        g = ReluNetwork.from_torch(f.to_torch(torch.float64))
        for ours, theirs in zip((*f.weights, *f.biases), (*g.weights, *g.biases), strict=True):
            np.testing.assert_array_equal(ours, theirs)

    def test_default_dtype_and_generator(self) -> None:
        state = torch.get_rng_state()
        module = network([2, 3, 1], 0).to_torch()
        assert {p.dtype for p in module.parameters()} == {torch.get_default_dtype()}
        assert torch.equal(state, torch.get_rng_state())
        assert [type(layer) for layer in module] == [nn.Linear, nn.ReLU, nn.Linear]

    @pytest.mark.parametrize("affine", [True, False])
    @pytest.mark.parametrize("where", ["before", "between", "after"])
    def test_batch_norm_is_folded(self, where: str, affine: bool) -> None:
        torch.manual_seed(0)
        norms = {
            "before": [nn.BatchNorm1d(3, affine=affine), nn.Linear(3, 5), nn.ReLU()],
            "between": [nn.Linear(3, 5), nn.BatchNorm1d(5, eps=0.1, affine=affine), nn.ReLU()],
            "after": [nn.Linear(3, 5), nn.ReLU(), nn.BatchNorm1d(5, affine=affine)],
        }
        module = nn.Sequential(*norms[where], nn.Linear(5, 2)).double()
        for layer in module.modules():
            if isinstance(layer, nn.BatchNorm1d):
                layer.running_mean.normal_()
                layer.running_var.uniform_(0.1, 3)
                if affine:
                    nn.init.normal_(layer.weight)
                    nn.init.normal_(layer.bias)
        before = {name: t.clone() for name, t in module.state_dict().items()}
        f = ReluNetwork.from_torch(module)
        assert module.training
        assert all(torch.equal(before[name], t) for name, t in module.state_dict().items())
        X = batch(20, 3, 0)
        with torch.no_grad():
            true = module.eval()(torch.tensor(X)).numpy()
        np.testing.assert_allclose(f(X), true, rtol=1e-10, atol=1e-10)

    def test_what_is_skipped_and_what_is_merged(self) -> None:
        torch.manual_seed(0)
        module = nn.Sequential(
            nn.Flatten(),
            nn.Sequential(nn.Linear(4, 3, bias=False), nn.Dropout(0.5)),
            nn.Linear(3, 5),
            nn.Identity(),
            nn.ReLU(inplace=True),
            nn.Linear(5, 1),
        ).eval()
        f = ReluNetwork.from_torch(module)
        assert repr(f) == "ReluNetwork(4 → 5 → 1)"
        X = torch.randn(6, 1, 2, 2)
        np.testing.assert_allclose(
            f(X.flatten(1).numpy()), module(X).detach().numpy()[:, 0], rtol=1e-5, atol=1e-5
        )

    def test_one_module_in_several_places(self) -> None:
        relu, square = nn.ReLU(), nn.Linear(2, 2).double()
        module = nn.Sequential(square, relu, square, relu, square)
        X = batch(5, 2, 0)
        true = module(torch.tensor(X)).detach().numpy()
        np.testing.assert_allclose(ReluNetwork.from_torch(module)(X), true, rtol=1e-12)

    def test_a_single_layer(self) -> None:
        layer = nn.Linear(2, 3)
        np.testing.assert_array_equal(
            ReluNetwork.from_torch(layer).weights[0], layer.weight.detach().double().numpy()
        )

    @pytest.mark.parametrize(
        ("module", "message"),
        [
            (Doubled(nn.Linear(2, 2)), "got Doubled"),
            (nn.Sequential(Shifted(2, 2)), "got Shifted"),
            (
                nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1)),
                "got Tanh, expected Linear",
            ),
            (nn.Sequential(nn.Conv2d(1, 1, 3)), "got Conv2d"),
            (nn.Sequential(nn.Linear(2, 2), nn.ReLU()), "no Linear layer after the last ReLU"),
            (nn.Sequential(nn.ReLU(), nn.Linear(2, 2)), "no Linear layer before"),
            (nn.Sequential(), "no Linear layer"),
            (
                nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2, track_running_stats=False)),
                "BatchNorm1d",
            ),
        ],
    )
    def test_unknown_layers_are_named(self, module: nn.Module, message: str) -> None:
        with pytest.raises(TypeError, match=message):
            ReluNetwork.from_torch(module)


class TestBadInput:
    @pytest.mark.parametrize(
        ("weights", "biases", "message"),
        [
            ([], None, "weights: got an empty list"),
            ([np.eye(2), np.ones((1, 3))], None, r"weights\[1\]: got shape \(1, 3\), expected 2"),
            ([np.ones(2)], None, r"weights\[0\]: got shape \(2,\), expected 2 axes"),
            ([np.ones((0, 2))], None, r"weights\[0\].*at least one neuron"),
            ([np.ones((2, 0))], None, r"weights\[0\].*at least one neuron"),
            ([np.eye(2)], [], r"biases: got 0, expected 1"),
            ([np.eye(2)], [np.ones(3)], r"biases\[0\]: got shape \(3,\), expected \(2,\)"),
            ([np.eye(2)], [np.ones((2, 1))], r"biases\[0\].*1 axes"),
            ([[[math.nan, 0.0]]], None, r"weights\[0\]: got NaN"),
            ([np.eye(2)], [[0.0, math.inf]], r"biases\[0\]: got NaN or infinite"),
        ],
    )
    def test_weights(self, weights: Any, biases: Any, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            ReluNetwork(weights, biases)

    def test_points(self) -> None:
        f = network([3, 4, 1], 0)
        for call in (f, f.gradient, f.preactivations):
            with pytest.raises(
                ValueError, match=r"X: got shape \(2,\), expected \(3,\) or \(n, 3\)"
            ):
                call([1.0, 2.0])
            with pytest.raises(ValueError, match=r"\(5, 2\)"):
                call(np.ones((5, 2)))
            with pytest.raises(ValueError, match="NaN"):
                call([math.nan, 0.0, 0.0])

    def test_restriction(self) -> None:
        f = network([3, 4, 1], 0)
        with pytest.raises(ValueError, match=r"directions: got shape \(1, 2\)"):
            f.restrict([1.0, 0.0])
        with pytest.raises(ValueError, match=r"origin: got shape \(2,\)"):
            f.restrict(np.eye(3), [0.0, 0.0])
        with pytest.raises(ValueError, match=r"origin: got shape \(2, 3\)"):
            f.restrict(np.eye(3), np.zeros((2, 3)))

    def test_readout(self) -> None:
        f = network([3, 4, 2], 0)
        with pytest.raises(ValueError, match=r"C: got shape \(1, 3\), expected \(m, 2\)"):
            f.with_readout(np.ones(3))
        with pytest.raises(ValueError, match=r"C: got shape \(1, 1, 2\)"):
            f.with_readout(np.ones((1, 1, 2)))


class TestRandom:
    def test_digest_values(self) -> None:
        f = sample_random_relu(2, 16, 1, rng=np.random.default_rng(0))
        np.testing.assert_allclose(f.weights[0][0], [0.04445235, -0.04670612], atol=5e-9)
        assert f.weights[-1][0, 0] == pytest.approx(-0.15922501, abs=5e-9)
        g = sample_random_relu(3, 8, 2, rng=0)
        gradient = g.gradient([1, -0.5, 2])
        np.testing.assert_allclose(gradient, [1.57638048, -0.99646362, 0.88027218], atol=5e-9)
        assert np.linalg.norm(gradient) == pytest.approx(2.0622304195, abs=5e-11)

    def test_draw_order_with_biases(self) -> None:
        draws = np.random.default_rng(7)
        f = sample_random_relu(3, 5, 2, bias="normal", rng=7)
        for layer, n_in in ((0, 3), (1, 5)):
            W = draws.normal(size=(5, n_in)) * math.sqrt(2 / 5)
            np.testing.assert_array_equal(f.weights[layer], W)
            np.testing.assert_array_equal(f.biases[layer], draws.normal(size=5))
        np.testing.assert_array_equal(f.weights[2], draws.normal(size=(1, 5)))
        assert not f.biases[2].any()

    def test_the_law_of_the_gradient(self) -> None:
        """E ||grad||^2 = d exactly; its variance is d (d + 2) (1 + 5/N)^L - d^2."""
        d, width, depth, nets = 4, 10, 2, 2000
        draws = np.random.default_rng(0)
        x = np.array([1.0, -2.0, 0.5, 0.3])
        squares = [
            np.sum(sample_random_relu(d, width, depth, rng=draws).gradient(x) ** 2)
            for _ in range(nets)
        ]
        deviation = math.sqrt((d * (d + 2) * (1 + 5 / width) ** depth - d**2) / nets)
        assert abs(np.mean(squares) - d) < 4 * deviation  # fails by chance once in 16000 seeds

    def test_bias_free_unless_asked(self) -> None:
        assert sample_random_relu(2, 3, 1, rng=0).bias_free
        assert not sample_random_relu(2, 3, 1, bias="normal", rng=0).bias_free

    @pytest.mark.parametrize(
        ("call", "error", "message"),
        [
            ({"d": 0}, ValueError, "d: got 0, expected at least 1"),
            ({"width": 0}, ValueError, "width: got 0"),
            ({"depth": 0}, ValueError, "depth: got 0"),
            ({"depth": 1.5}, TypeError, "depth: got 1.5, expected an integer"),
            ({"bias": "uniforn"}, ValueError, "bias: got 'uniforn', expected one of 'zero'"),
            ({"rng": None}, TypeError, "rng: got None"),
            ({"rng": -1}, ValueError, "rng: got -1"),
        ],
    )
    def test_bad_input(self, call: Any, error: type[Exception], message: str) -> None:
        with pytest.raises(error, match=message):
            sample_random_relu(**{"d": 2, "width": 3, "depth": 1, "rng": 0, **call})
