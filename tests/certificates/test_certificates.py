"""Certificates: the rule against closed forms, and every input that must be refused."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from torch import nn

from lipkit.bound import LAYER, NETWORK, Bound
from lipkit.certificates import (
    certified_radius,
    class_separation,
    linear_radius,
    local_slope,
    margin,
)
from lipkit.data import digits
from lipkit.lipschitz import autolip
from lipkit.networks import ReluNetwork, TwoLayerNetwork, sample_random_relu
from lipkit.norms import dual_vector, pair_norm, vector_norm

NORMS = (1, 2, math.inf)
seeds = st.integers(0, 2**32 - 1)


def upper(value: float, norm: tuple[float, float] = (2, math.inf), **how: Any) -> Bound:
    return Bound(value, how.pop("kind", "upper"), quantity=NETWORK, norm=norm, method="test", **how)


def three_logits(d: int = 5, width: int = 12, depth: int = 2) -> ReluNetwork:
    """A random network with three outputs."""
    net = sample_random_relu(d, width, depth, bias="normal", rng=0)
    last = np.random.default_rng(0).normal(size=(3, width))
    return ReluNetwork([*net.weights[:-1], last], [*net.biases[:-1], np.array([0.3, 0.0, -0.2])])


class TestMargin:
    def test_by_hand(self) -> None:
        logits = [[5.0, 2.0, 4.5], [1.0, 1.0, 0.0], [0.0, 9.0, -1.0]]
        np.testing.assert_array_equal(margin(logits, [0, 1, 2]), [0.5, 0.0, -10.0])

    def test_one_output_with_signs(self) -> None:
        for outputs in ([2.0, -3.0], [[2.0], [-3.0]]):
            np.testing.assert_array_equal(margin(outputs, [1, 1]), [2.0, -3.0])
        np.testing.assert_array_equal(margin([2.0, -3.0], [-1.0, -1.0]), [-2.0, 3.0])

    @given(seeds)
    def test_positive_where_the_class_is_right(self, seed: int) -> None:
        draws = np.random.default_rng(seed)
        logits, y = draws.normal(size=(20, 4)), draws.integers(0, 4, 20)
        np.testing.assert_array_equal(margin(logits, y) > 0, logits.argmax(axis=1) == y)

    def test_the_logits_stay_as_they_are(self) -> None:
        logits = np.array([[5.0, 2.0]])
        margin(logits, [0])
        np.testing.assert_array_equal(logits, [[5.0, 2.0]])

    def test_tensors(self) -> None:
        logits, y = torch.tensor([[5.0, 2.0, 4.5]], requires_grad=True), torch.tensor([0])
        np.testing.assert_array_equal(margin(logits, y), [0.5])
        assert certified_radius(logits, y, upper(1.0)) == pytest.approx([0.25])
        found = class_separation(logits.reshape(3, 1), torch.tensor([0, 0, 1]), 2)
        assert found.distance == 0.5

    def test_no_points(self) -> None:
        assert margin(np.zeros((0, 3)), np.zeros(0, dtype=int)).shape == (0,)


class TestCertifiedRadius:
    @pytest.mark.parametrize(("q", "divisor"), [(math.inf, 2), (2, math.sqrt(2)), (1, 1)])
    def test_the_rule(self, q: float, divisor: float) -> None:
        found = certified_radius([[4.0, 1.0, 2.5]], [0], upper(3.0, (2, q)))
        assert found == pytest.approx([1.5 / (divisor * 3)], rel=1e-15)

    def test_one_output(self) -> None:
        for q in NORMS:
            found = certified_radius([2.0, -2.0], [1, 1], upper(4.0, (2, q), kind="exact"))
            np.testing.assert_array_equal(found, [0.5, 0.0])

    @pytest.mark.parametrize("p", NORMS)
    @pytest.mark.parametrize("q", NORMS)
    def test_two_logits_attain_it(self, p: float, q: float) -> None:
        """Logits (w·x, -w·x): the nearest tie lies on the ball's surface, whatever p and q."""
        w, x = np.array([1.0, -2.0, 0.5]), np.array([0.3, 0.1, 0.9])
        W = np.stack([w, -w])
        # the constant of x -> (w·x, -w·x): 2^(1/q) times the dual norm of w
        L = 2 ** (1 / q) * np.abs(w @ dual_vector(w, p))
        r = certified_radius((W @ x)[None], [0], upper(L, (p, q), kind="exact"))[0]
        step = r * dual_vector(w, p)
        assert np.linalg.norm(step, ord=p) == pytest.approx(r)
        inside, outside = (W @ (x - t * step) for t in (1 - 1e-9, 1 + 1e-9))
        assert inside[0] > inside[1]
        assert outside[0] < outside[1]

    @settings(max_examples=50)
    @given(seeds, st.sampled_from(NORMS), st.sampled_from(NORMS))
    def test_nothing_inside_changes_the_class(self, seed: int, p: float, q: float) -> None:
        """The steepest directions of all pairs, scaled to the radius, and random ones."""
        if (p, q) in ((math.inf, 1), (math.inf, 2), (2, 1)):
            return  # these norms of a matrix are not computed exactly
        draws = np.random.default_rng(seed)
        W, x = draws.normal(size=(4, 6)), draws.normal(size=6)
        y = int((W @ x).argmax())
        L = pair_norm(W, p, q)
        r = certified_radius((W @ x)[None], [y], upper(float(L), (p, q)))[0]
        steps = [dual_vector(W[j] - W[y], p) for j in range(4) if j != y]
        steps += [v / np.linalg.norm(v, ord=p) for v in draws.normal(size=(20, 6))]
        assert all((W @ (x + (1 - 1e-9) * r * step)).argmax() == y for step in steps)

    @given(st.floats(1e-3, 1e3))
    def test_the_scale_of_the_network_does_not_matter(self, c: float) -> None:
        logits, y = np.array([[4.0, 1.0, 2.5]]), [0]
        plain = certified_radius(logits, y, upper(3.0))
        assert certified_radius(c * logits, y, upper(c * 3.0)) == pytest.approx(plain)

    def test_a_pair_as_one_output_certifies_more(self) -> None:
        """Digest, exercise 8: the constants of f_y - f_j are at most twice that of f."""
        net = three_logits(8, 16, 1)
        X = np.random.default_rng(1).normal(size=(30, 8))
        z = net(X)
        y = z.argmax(axis=1)
        whole = certified_radius(z, y, autolip(net, 2, q=math.inf))
        pairwise = np.full(len(X), np.inf)
        for a, b in itertools.permutations(range(3), 2):
            lead = ReluNetwork(
                [net.weights[0], (net.weights[1][a] - net.weights[1][b])[None]],
                [net.biases[0], net.biases[1][a : a + 1] - net.biases[1][b : b + 1]],
            )
            mine = y == a
            radius = certified_radius(lead(X[mine]), np.ones(mine.sum()), autolip(lead, 2))
            pairwise[mine] = np.minimum(pairwise[mine], radius)
        assert (pairwise >= whole * (1 - 1e-12)).all()
        assert np.median(pairwise / whole) > 1.05

    def test_an_infinite_bound_certifies_nothing(self) -> None:
        np.testing.assert_array_equal(certified_radius([[2.0, 1.0]], [0], upper(math.inf)), [0.0])

    def test_a_box_is_taken(self) -> None:
        box = upper(1.0, domain=(np.zeros(2), np.ones(2)))
        assert certified_radius([[2.0, 1.0]], [0], box) == pytest.approx([0.5])


class TestBadInputRadius:
    def test_misclassified_or_tied_is_zero(self) -> None:
        found = certified_radius([[1.0, 2.0], [2.0, 2.0]], [0, 0], upper(1.0))
        np.testing.assert_array_equal(found, [0.0, 0.0])

    def test_a_constant_network(self) -> None:
        logits, y = [[2.0, 1.0], [1.0, 2.0], [1.0, 1.0]], [0, 0, 0]
        with pytest.raises(ValueError, match=r"bound: got L = 0.*constant_network=True"):
            certified_radius(logits, y, upper(0.0))
        found = certified_radius(logits, y, upper(0.0), constant_network=True)
        np.testing.assert_array_equal(found, [math.inf, 0.0, 0.0])

    @pytest.mark.parametrize("kind", ["lower", "estimate"])
    def test_a_bound_on_the_wrong_side(self, kind: str) -> None:
        with pytest.raises(ValueError, match=rf"got one of kind '{kind}', expected 'upper' or 'ex"):
            certified_radius([[2.0, 1.0]], [0], upper(1.0, kind=kind))

    @pytest.mark.parametrize("number", [3.0, 3, np.float64(3.0), None])
    def test_a_number_is_no_bound(self, number: Any) -> None:
        with pytest.raises(TypeError, match=r"bound: got .*, expected a lipkit Bound"):
            certified_radius([[2.0, 1.0]], [0], number)

    def test_a_bound_on_the_data(self) -> None:
        with pytest.raises(ValueError, match=r"holds on 'data', expected 'global' or a box"):
            certified_radius([[2.0, 1.0]], [0], upper(1.0, domain="data"))

    def test_negative_constants_and_norms_below_one_are_no_bounds(self) -> None:
        with pytest.raises(ValueError, match="value: got -1"):
            upper(-1.0)
        with pytest.raises(ValueError, match=r"norm\[1\]: got 0.5"):
            upper(1.0, (2, 0.5))

    def test_a_layer_is_a_network_of_one(self) -> None:
        bound = Bound(1.0, "exact", quantity=LAYER, norm=(2, 2), method="svd")
        assert certified_radius([[2.0, 1.0]], [0], bound) == pytest.approx([1 / math.sqrt(2)])


@pytest.mark.parametrize(
    ("logits", "y", "message"),
    [
        ([[1.0], [2.0]], [0, 0], "one class alone has no margin"),
        (np.zeros((2, 0)), [0, 0], r"logits: got shape \(2, 0\)"),
        (np.zeros((2, 3, 1)), [0, 0], r"logits: got shape \(2, 3, 1\)"),
        ([[1.0, math.nan]], [0], "logits: got NaN"),
        ([[1.0, math.inf]], [0], "logits: got NaN or infinite"),
        ([[1.0, 2.0]], [2], "labels 2 to 2, expected classes 0 to 1"),
        ([[1.0, 2.0]], [-1], "labels -1 to -1, expected classes 0 to 1"),
        ([[1.0, 2.0]], [0, 1], r"y: got shape \(2,\)"),
        ([[1.0, 2.0]], [0.0], "dtype float64, expected .* integers"),
        ([[1.0, 2.0]], ["a"], "dtype <U1"),
        ([1.0, 2.0], [0, 1], "labels other than -1 and 1 beside one output"),
    ],
)
def test_bad_logits_and_labels(logits: Any, y: Any, message: str) -> None:
    for call in (margin, lambda z, t: certified_radius(z, t, upper(1.0))):
        with pytest.raises(ValueError, match=message):
            call(logits, y)


class TestLocalSlope:
    @pytest.mark.parametrize("p", NORMS)
    def test_a_linear_network(self, p: float) -> None:
        draws = np.random.default_rng(0)
        W, X, y = draws.normal(size=(4, 6)), draws.normal(size=(9, 6)), draws.integers(0, 4, 9)
        dual = {1: math.inf, 2: 2, math.inf: 1}[p]
        pairs = [[np.linalg.norm(W[c] - W[j], ord=dual) for j in range(4) if j != c] for c in y]
        leads = [[(W[c] - W[j]) @ x for j in range(4) if j != c] for x, c in zip(X, y, strict=True)]
        linear = ReluNetwork([W])
        np.testing.assert_allclose(local_slope(linear, X, y, p), np.max(pairs, axis=1))
        radius = np.min(np.maximum(leads, 0) / np.array(pairs), axis=1)
        np.testing.assert_allclose(linear_radius(linear, X, y, p), radius, atol=1e-15)

    @pytest.mark.parametrize("p", NORMS)
    def test_the_linear_radius_is_the_distance(self, p: float) -> None:
        """A step of this length changes the class of a linear network, a shorter one does not."""
        W, x = np.random.default_rng(2).normal(size=(3, 5)), np.full(5, 0.3)
        y = int((W @ x).argmax())
        r = linear_radius(ReluNetwork([W]), x[None], [y], p)[0]
        steps = [dual_vector(W[j] - W[y], p) for j in range(3) if j != y]
        assert all((W @ (x + (1 - 1e-9) * r * u)).argmax() == y for u in steps)
        assert any((W @ (x + (1 + 1e-9) * r * u)).argmax() != y for u in steps)

    @pytest.mark.parametrize("p", NORMS)
    def test_finite_differences_never_beat_an_upper_bound_and_reach_the_slope(
        self, p: float
    ) -> None:
        net = three_logits()
        X, y = np.random.default_rng(1).normal(size=(10, 5)), np.arange(10) % 3
        J = net.jacobian(X)
        found = local_slope(net, X, y, p)
        for x, c, slope, jacobian in zip(X, y, found, J, strict=True):
            reached = 0.0
            for j in {0, 1, 2} - {int(c)}:
                u = 1e-7 * dual_vector(jacobian[c] - jacobian[j], p)
                change = net(x + u) - net(x)
                reached = max(reached, (change[c] - change[j]) / 1e-7)
            assert slope == pytest.approx(reached, rel=1e-5)

    def test_a_module_gives_what_its_arrays_give(self) -> None:
        X, y = np.random.default_rng(1).normal(size=(10, 5)), np.arange(10) % 3
        module = three_logits().to_torch().double()
        net = ReluNetwork.from_torch(module)
        for p in NORMS:
            np.testing.assert_allclose(local_slope(module, X, y, p), local_slope(net, X, y, p))
            np.testing.assert_allclose(
                linear_radius(module, torch.from_numpy(X), y, p), linear_radius(net, X, y, p)
            )

    def test_a_module_is_taken_in_eval_mode_and_left_as_it_was(self) -> None:
        model = nn.Sequential(
            nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Dropout(), nn.Linear(8, 3)
        )
        model[1].eval()
        modes = [module.training for module in model.modules()]
        before = {name: t.clone() for name, t in model.state_dict().items()}
        X, y = np.random.default_rng(0).normal(size=(6, 1, 4, 4)), np.arange(6) % 3
        with torch.no_grad():
            first = local_slope(model, X, y, 2)
        np.testing.assert_array_equal(first, local_slope(model, X, y, 2))
        assert [module.training for module in model.modules()] == modes
        assert all(torch.equal(before[name], t) for name, t in model.state_dict().items())
        assert all(parameter.grad is None for parameter in model.parameters())

    def test_in_parts_as_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        net = three_logits()
        X, y = np.random.default_rng(1).normal(size=(11, 5)), np.arange(11) % 3
        whole = local_slope(net, X, y, 2), linear_radius(net, X, y, 2)
        monkeypatch.setattr("lipkit.certificates._gradients._ENTRIES_AT_ONCE", 60)
        np.testing.assert_array_equal(local_slope(net, X, y, 2), whole[0])
        np.testing.assert_array_equal(linear_radius(net, X, y, 2), whole[1])

    def test_one_output_with_signs(self) -> None:
        two = TwoLayerNetwork([[3.0, 4.0]], [0.0], [1.0], "relu")
        X = [[1.0, 1.0], [-1.0, -1.0], [1.0, 1.0]]
        y = [1.0, 1.0, -1.0]
        np.testing.assert_allclose(local_slope(two, X, y, 2), [5.0, 0.0, 5.0])
        np.testing.assert_allclose(linear_radius(two, X, y, 2), [7 / 5, 0.0, 0.0])

    def test_right_and_flat_is_infinite(self) -> None:
        flat = ReluNetwork([np.zeros((2, 3))], [[1.0, 0.0]])
        np.testing.assert_array_equal(linear_radius(flat, np.ones((2, 3)), [0, 1], 2), [np.inf, 0])

    def test_it_is_below_an_upper_bound(self) -> None:
        net = three_logits()
        X, y = np.random.default_rng(1).normal(size=(50, 5)), np.arange(50) % 3
        assert local_slope(net, X, y, 2).max() <= 2 * autolip(net, 2, q=math.inf).value

    @pytest.mark.parametrize(
        ("network", "X", "y", "error", "message"),
        [
            (lambda x: x, np.ones((2, 3)), [0, 1], TypeError, "network: got function"),
            (ReluNetwork([np.eye(3)]), np.ones((2, 4)), [0, 1], ValueError, "X: got shape"),
            (ReluNetwork([np.eye(3)]), np.ones((2, 3)), [0, 3], ValueError, "classes 0 to 2"),
            (ReluNetwork([np.eye(3)]), np.ones((2, 3)), [0], ValueError, "y: got shape"),
            (ReluNetwork([np.ones((1, 3))]), np.ones((2, 3)), [0, 0], ValueError, "-1 and 1"),
            (nn.Linear(3, 3), np.ones(3), [0], ValueError, r"X: got shape \(3,\), expected"),
            (nn.Linear(3, 3), np.full((1, 3), math.nan), [0], ValueError, "X: got NaN"),
        ],
    )
    def test_bad_input(self, network: Any, X: Any, y: Any, error: Any, message: str) -> None:
        for call in (local_slope, linear_radius):
            with pytest.raises(error, match=message):
                call(network, X, y, 2)
        with pytest.raises(ValueError, match=r"p: got 0\.5"):
            local_slope(ReluNetwork([np.eye(3)]), np.ones((1, 3)), [0], 0.5)


class TestClassSeparation:
    @pytest.mark.parametrize("p", [1, 1.5, 2, 7, math.inf])
    @settings(max_examples=30)
    @given(seed=seeds)
    def test_all_pairs(self, p: float, seed: int) -> None:
        draws = np.random.default_rng(seed)
        X, y = draws.integers(0, 9, size=(40, 3)) * 1.0, draws.integers(0, 3, 40)
        if len(np.unique(y)) < 2:
            return
        D = np.array([vector_norm(X - x, p) for x in X])
        D[y[:, None] == y] = np.inf
        found = class_separation(X, y, p)
        i, j = found.pair
        assert found.distance == D.min() == D[i, j] == 2 * found.r
        assert found.classes == (y[i], y[j])

    def test_digits_against_scipy(self) -> None:
        X, y = digits().train
        for p, name in ((1, "cityblock"), (2, "euclidean"), (math.inf, "chebyshev")):
            D = cdist(X, X, name)
            D[y[:, None] == y] = np.inf
            assert class_separation(X, y, p).distance == pytest.approx(D.min(), rel=1e-14)

    def test_in_parts_as_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        X, y = digits().test
        whole = class_separation(X, y, 2)
        monkeypatch.setattr("lipkit.certificates._separation._AT_ONCE", 7)
        assert class_separation(X, y, 2) == whole

    @pytest.mark.parametrize("scale", [1e-160, 1e160])
    def test_any_scale(self, scale: float) -> None:
        X, y = np.array([[0.0, 0.0], [3.0, 4.0], [9.0, 9.0]]), [0, 1, 1]
        found = class_separation(scale * X, y, 2)
        assert found.distance == pytest.approx(5 * scale)
        assert found.pair == (0, 1)

    def test_large_exponents(self) -> None:
        """Powers of small differences underflow: the pair must be found all the same."""
        X = np.array([[1.0, 0.0], [1.0 - 1e-7, 0.0], [1.0 - 1e-8, 1e-8], [0.0, 1.0]])
        assert class_separation(X, [0, 1, 1, 1], 60).pair == (0, 2)

    def test_images(self) -> None:
        X = np.random.default_rng(0).normal(size=(6, 1, 2, 2))
        flat = class_separation(X.reshape(6, 4), np.arange(6) % 2, 2)
        assert class_separation(X, np.arange(6) % 2, 2) == flat


class TestBadInputSeparation:
    def test_a_point_in_two_classes(self) -> None:
        found = class_separation([[1.0, 2.0], [3.0, 4.0], [1.0, 2.0]], [0, 0, 1], 2)
        assert (found.distance, found.r, found.pair) == (0.0, 0.0, (0, 2))
        assert found.message == "rows 0 and 2 are one point in classes 0 and 1: no radius is robust"

    def test_duplicates_within_a_class_are_harmless(self) -> None:
        found = class_separation([[0.0], [0.0], [1.0], [1.0]], [0, 0, 1, 1], 2)
        assert found.r == 0.5
        assert "eps < 0.5" in found.message

    @pytest.mark.parametrize(
        ("X", "y", "message"),
        [
            ([[0.0], [1.0]], [3, 3], "y: got 1 classes, expected at least two"),
            (np.zeros((0, 2)), np.zeros(0, dtype=int), "y: got 0 classes"),
            ([[0.0], [1.0]], [0], r"X, y: got shapes \(2, 1\) and \(1,\)"),
            ([0.0, 1.0], [0, 1], r"X, y: got shapes \(2,\)"),
            ([[0.0], [1.0]], [0.0, 1.0], "dtype float64"),
            ([[0.0], [math.nan]], [0, 1], "X: got NaN"),
        ],
    )
    def test_refused(self, X: Any, y: Any, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            class_separation(X, y, 2)
        with pytest.raises(ValueError, match="p: got 0"):
            class_separation([[0.0], [1.0]], [0, 1], 0)
