"""The experiments of the chapter on large norms, at sizes of seconds."""

from types import SimpleNamespace

import numpy as np
import pytest

from lipkit.attacks import pgd
from lipkit.experiments import EXPERIMENTS
from lipkit.experiments.batch_norm_gauge import (
    MEASURES,
    PARTS,
    STATISTICS,
    batch_norm_gauge,
    gauge_network,
    gauge_view,
    layer_pair,
    logits,
    rescaled,
    stretch,
)
from lipkit.experiments.four_trainings import KEPT, METHODS, four_trainings, interval
from lipkit.experiments.hard_constraint import (
    TRAININGS,
    certificates,
    hard_constraint,
    trained,
    tumours,
)
from lipkit.experiments.robust_cnn_norms import robust_cnn_norms
from lipkit.experiments.steep_attacked import as_module, steep_attacked
from lipkit.lipschitz import exact_line
from lipkit.networks import ReluNetwork


@pytest.fixture(scope="module")
def gauge():
    return batch_norm_gauge(batch_norm_gauge.params("test"), 0)


@pytest.mark.parametrize("name", ["four_trainings", "hard_constraint", "steep_attacked"])
def test_they_repeat_and_depend_on_their_seed(name):
    run = EXPERIMENTS[name]
    once, again, other = (run(run.params("test"), seed) for seed in (0, 0, 1))
    for key, value in once.items():
        np.testing.assert_array_equal(value, again[key])
    assert any(not np.array_equal(value, other[key]) for key, value in once.items())


class TestGauge:
    def test_the_kernel_moves_by_its_factor_and_nothing_else_upwards(self, gauge):
        counted = STATISTICS.index("counted anew")
        layer = gauge["layer"][:, 0, counted]  # (layers, powers -3, 0, 2)
        np.testing.assert_allclose(layer / layer[:, 1:2], [[1e-3, 1, 100]] * 3, rtol=1e-5)
        for name in ("fused", "product", "radius"):
            up, before = gauge[name][:, 0, counted, 2], gauge[name][:, 0, counted, 1]
            np.testing.assert_allclose(up, before, rtol=1e-3)
        assert (gauge["change"][:, 0, counted, 2] < 1e-3).all()
        assert (gauge["change"][:, :, :, 1] == 0).all()
        assert (gauge["change"][:, 0, 1 - counted, 2] > 0.3).all()

    def test_the_fused_norm_shrinks_by_the_formula(self, gauge):
        params = batch_norm_gauge.params("test")
        model, split = gauge_network(params, 0)
        for i in range(3):
            conv, norm = layer_pair(model, i)
            taps = conv.weight.detach().double().numpy()
            v, gain = (t.detach().double().numpy() for t in (norm.running_var, norm.weight))
            rows = np.abs(taps).sum(axis=(1, 2, 3)) * np.abs(gain) / np.sqrt(v + norm.eps)
            assert gauge["fused"][i, 0, 0, 1] == pytest.approx(rows.max(), rel=1e-5)
            shrunk = (rows * stretch(v, 1e-3)).max()
            assert gauge["fused"][i, 0, 0, 0] == pytest.approx(shrunk, rel=1e-3)
        same = rescaled(model, 0, 1.0, split, part=PARTS[0], anew=True)
        np.testing.assert_array_equal(logits(model, split.test.X), logits(same, split.test.X))

    def test_gains_before_another_batch_norm_move_two_norms_apart(self, gauge):
        counted = STATISTICS.index("counted anew")
        fused, whole = (gauge[name][:2, 1, counted] for name in ("fused", "product"))
        np.testing.assert_allclose(fused[:, 2] / fused[:, 1], [100, 100], rtol=1e-4)
        np.testing.assert_allclose(whole[:, 2] / whole[:, 1], [1, 1], rtol=1e-2)
        last = gauge["product"][2, 1, counted]
        assert last[2] / last[1] == pytest.approx(100, rel=1e-4)

    def test_a_factor_for_each_channel(self):
        model, split = gauge_network(batch_norm_gauge.params("test"), 0)
        factors = np.array([1e3, 1.0, 30.0, 7.0], dtype=np.float32)
        other = rescaled(model, 0, factors, split, part=PARTS[0], anew=True)
        before, after = (logits(each, split.test.X) for each in (model, other))
        assert np.abs(after - before).max() < 1e-3 * np.abs(before).max()

    def test_the_view_reads_what_was_stored(self, gauge):
        data = {name: gauge[name][None] for name in MEASURES}
        runs = SimpleNamespace(params=batch_norm_gauge.params("test"), data=data)
        shown = gauge_view(2, PARTS[1], STATISTICS[0], 2.0, runs=runs)
        for name in MEASURES:
            assert shown[name] == gauge[name][1, 1, 0, 2]
        assert np.isnan(shown["change_curve"][1])
        with pytest.raises(ValueError, match=r"power: got 1, expected one of the stored"):
            gauge_view(2, PARTS[1], STATISTICS[0], 1.0, runs=runs)


class TestFourTrainings:
    def test_a_row_is_one_training_of_the_other_experiment(self):
        params = four_trainings.params("test")
        found = four_trainings(params, 0)
        assert set(found) == set(KEPT)
        own = {k: v for k, v in params.items() if k != "methods"}
        alone = robust_cnn_norms(
            robust_cnn_norms.params("quick")
            | own
            | {"eps_test": params["eps"], "method": METHODS[1]},
            0,
        )
        for name in KEPT:
            np.testing.assert_array_equal(found[name][1], alone[name])

    def test_all_begin_from_the_same_weights(self):
        params = four_trainings.params("test") | {"epochs": 1, "n_train": 1, "steps_test": 1}
        found = four_trainings(params, 0)
        # one step of one image: the norms have hardly left those of the draw
        np.testing.assert_allclose(found["conv_l1"], found["conv_l1"][:1].repeat(4, 0), rtol=0.2)

    def test_the_constant_bounds_the_slopes(self):
        found = four_trainings(four_trainings.params("test"), 0)
        assert (found["slope"] <= 2 * found["constant_sup"]).all()
        whole = found["fused_sup"].prod(axis=1) * found["linear_sup"][:, 0]
        np.testing.assert_allclose(found["constant_sup"], whole, rtol=1e-6)

    def test_the_interval_covers(self):
        draws = np.random.default_rng(0).normal(loc=1.0, size=(8, 4000))
        _, low, high = interval(draws)
        assert np.mean((low < 1) & (high > 1)) == pytest.approx(0.95, abs=0.01)
        mean, low, high = interval(np.full((3, 2), 2.0))
        assert (mean == 2).all()
        assert (low == high).all()


class TestSteep:
    def test_the_module_is_the_classifier(self):
        from lipkit.certificates import robust_steep_classifier

        draws = np.random.default_rng(1)
        X, y = draws.uniform(size=(30, 5)), np.arange(30) % 3
        f = robust_steep_classifier(X, y, eps=0.0, omega=50.0)
        points = draws.uniform(size=(40, 5))
        import torch

        np.testing.assert_allclose(as_module(f)(torch.from_numpy(points)).numpy(), f(points))

    def test_no_attack_fools_it_on_its_own_points(self):
        found = steep_attacked(steep_attacked.params("test"), 0)
        assert (found["train"] == 1).all()
        assert (found["transfer"] <= found["test"]).all()
        assert found["by_constant"][0] == 1
        assert found["by_constant"][1] < 0.1
        assert (found["lower"] <= found["found"]).all()
        assert (found["found"] <= found["upper"] * (1 + 1e-9)).all()

    def test_the_attack_works_where_there_is_no_promise(self):
        """The same attack with twice the half-separation fools the same classifier."""
        from lipkit.certificates import robust_steep_classifier
        from lipkit.data import digits

        X, y = (side[:100] for side in digits(rng=0).train)
        f = robust_steep_classifier(X, y, eps=0.1, omega=1e4)
        hit = pgd(as_module(f), X, y, eps=2.2 * f.separation, steps=20, loss="margin", rng=0)
        assert hit.success.numpy().mean() > 0.5


class TestHardConstraint:
    def test_what_is_held_stays_held(self):
        found = hard_constraint(hard_constraint.params("test"), 0)
        held = TRAININGS.index("held")
        assert (found["norms"][held] <= 2 * (1 + 1e-6)).all()
        np.testing.assert_allclose(found["constant"], found["norms"].prod(axis=1))
        assert (found["norms"][0] > 2).all()

    def test_certified_below_pairs_below_attacked_below_clean(self):
        params = hard_constraint.params("test")
        found, radii = hard_constraint(params, 0), np.array(params["radii"])
        assert (found["by_product"] <= found["by_pair"]).all()
        for k, eps in enumerate(params["attacked_at"]):
            at = np.flatnonzero(np.isclose(radii, eps))
            assert (found["by_pair"][:, at[0]] <= found["stands"][:, k]).all()
        assert (found["stands"] <= found["clean"][:, None]).all()

    def test_the_pair_certificate_on_a_line(self):
        """Along a line the constant of the difference is exact: the pair's radius is below it."""
        split, params = tumours(0), hard_constraint.params("test")
        model = trained("plain", split, params, 0)
        one, two = certificates(model, split.test)
        assert (one <= two + 1e-12).all()
        network = ReluNetwork.from_torch(model)
        rows = np.flatnonzero(two > 0)[:5]
        draws = np.random.default_rng(0)
        for i in rows:
            x, sign = split.test.X[i], 2 * split.test.y[i] - 1
            way = np.sign(draws.normal(size=len(x)))
            W, b = network.weights, network.biases
            along = ReluNetwork(
                [W[0] @ way[:, None], W[1][1:] - W[1][:1]],
                [W[0] @ x + b[0], b[1][1:] - b[1][:1]],
            )
            steep = exact_line(along, box=([-1.0], [1.0])).value
            assert sign * float(along([0.0])) / steep >= two[i] * (1 - 1e-9)

    def test_tumours_are_standardised_by_the_training_side(self):
        split = tumours(3)
        assert split.train.X.shape == (400, 30)
        assert split.test.X.shape == (169, 30)
        np.testing.assert_allclose(split.train.X.mean(axis=0), 0, atol=1e-12)
        np.testing.assert_allclose(split.train.X.std(axis=0), 1)
        assert np.abs(split.test.X.mean(axis=0)).max() > 1e-3
