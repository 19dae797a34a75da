"""The experiments on shrinking norms: measures against matrices, pairs, and the four pulls."""

import math

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

from lipkit import norms, training
from lipkit.experiments import cnn_measures as measure
from lipkit.experiments import load_result, save_result
from lipkit.experiments import shrunken_cnns as runs
from lipkit.experiments.four_pulls import PULLS, STEP, STEPS, four_pulls, start
from lipkit.experiments.three_cnns import NETWORKS, three_cnns
from lipkit.training import small_cnn

SHAPES = ((1, 8, 8), (2, 8, 8), (4, 4, 4))


def network(batch_norm=False, width=2):
    """Drawn, with BatchNorm that has seen images."""
    model = small_cnn(width=width, batch_norm=batch_norm, rng=3)
    if batch_norm:
        draws = np.random.default_rng(0)
        for layer in model.modules():
            if isinstance(layer, nn.BatchNorm2d):
                with torch.no_grad():
                    layer.weight.copy_(torch.tensor(draws.normal(size=layer.num_features)))
                layer.running_var.copy_(torch.tensor(draws.uniform(0.1, 2, layer.num_features)))
                layer.num_batches_tracked += 1
    return model.double().eval()


def matrices(model):
    """Of the convolutions, each with its BatchNorm, and of the linear layer."""
    x, found = torch.zeros(1, 1, 8, 8, dtype=torch.float64), []
    for layer in model:
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            shape = x.shape[1:] if isinstance(layer, nn.Conv2d) else (x[0].numel(),)
            found.append(np.array(norms.materialize(layer, shape)))
        if isinstance(layer, nn.BatchNorm2d):
            gain = (layer.weight / torch.sqrt(layer.running_var + layer.eps)).detach().numpy()
            found[-1] *= np.repeat(gain, x[0, 0].numel())[:, None]
        x = layer(x)
    return found


@pytest.mark.parametrize("batch_norm", [False, True])
def test_product_and_path_against_matrices(batch_norm):
    model = network(batch_norm)
    each = matrices(model)
    true = [np.linalg.norm(A, np.inf) for A in each]
    np.testing.assert_allclose(measure.sup_norms(model, fused=True), true)
    path = np.linalg.norm(np.linalg.multi_dot([np.abs(A) for A in each[::-1]]), np.inf)
    assert measure.path_bound(model) == pytest.approx(path)
    assert measure.steepest(model, np.zeros((3, 1, 8, 8))) <= path < math.prod(true)
    assert len(measure.gains(model)) == 3 * batch_norm


def test_layers_by_themselves():
    model = network(batch_norm=True)
    plain, gains = measure.sup_norms(model, fused=False), measure.gains(model)
    np.testing.assert_allclose(plain[1::2], gains)
    kernels = [layer.weight.detach().numpy() for layer in model if isinstance(layer, nn.Conv2d)]
    taps = [np.abs(K).sum(axis=(1, 2, 3)).max() for K in kernels]
    np.testing.assert_allclose(plain[:6:2], taps)


def test_the_path_does_not_see_a_rescaled_channel():
    model = network()
    path, product = measure.path_bound(model), math.prod(measure.sup_norms(model, fused=True))
    x = torch.rand(4, 1, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    before = model(x)
    with torch.no_grad():
        model[0].weight[1] *= 50
        model[0].bias[1] *= 50
        model[2].weight[:, 1] /= 50
    torch.testing.assert_close(model(x), before)
    assert measure.path_bound(model) == pytest.approx(path)
    assert math.prod(measure.sup_norms(model, fused=True)) > 3 * product


def test_steepest_against_jacobians():
    model = network()
    X = measure.digit_images(0).test.X[:5]
    J = [torch.autograd.functional.jacobian(model, torch.tensor(x)[None]) for x in X]
    slopes = [j.reshape(10, 64).abs().sum(dim=1).max().item() for j in J]
    assert measure.steepest(model, X) == pytest.approx(max(slopes))


def test_without_an_attack_robust_is_clean():
    model, test = network(width=4).float(), measure.digit_images(1).test
    assert measure.robust(model, test, 0.0, 2, 0) == measure.accuracy(model, test)
    assert measure.robust(model, test, 1.0, 10, 0) == 0


def test_three_trainings():
    params = three_cnns.params("test")
    found, again = three_cnns(params, 1), three_cnns(params, 1)
    for name, values in found.items():
        np.testing.assert_array_equal(values, again[name])
        assert len(values) == len(NETWORKS)
    assert (found["robust"] <= found["clean"]).all()
    assert (found["steepest"] <= found["path"]).all()
    assert (found["path"] <= found["product"]).all()
    np.testing.assert_allclose(found["norms"].prod(axis=1), found["product"], rtol=1e-3)
    assert three_cnns.params("quick") == three_cnns.params("standard")


class TestShrunken:
    def test_shapes_and_pairs(self):
        params = runs.shrunken_cnns.params("test")
        found = runs.shrunken_cnns(params, 0)
        assert found["plain_test"].shape == (4,)
        assert found["robust"].shape == (4, 4, 3)
        assert found["layers"].shape == (4, 4, 3, 4)
        assert (found["robust"] <= found["test"]).all()
        assert (found["path"] <= found["product"] * (1 + 1e-6)).all()
        normalised = list(runs.REGIMES).index("normalised")
        assert (np.delete(found["gains"], normalised, axis=0) == 1).all()
        assert (found["gains"][normalised] != 1).all()
        one = runs.shrunken_cnns({**params, "regimes": ("noisy",), "methods": ("clip",)}, 0)
        np.testing.assert_array_equal(one["plain_layers"][0], found["plain_layers"][3])
        np.testing.assert_array_equal(one["layers"][0, 0], found["layers"][3, 3])

    def test_what_is_trained_on(self):
        for name, setting in runs.REGIMES.items():
            train, validation, test = runs._points(setting, 300, 5)
            assert len(validation.y) == 300
            assert len(train.y) == (setting["n"] or 1047)
            rows = {row.tobytes() for row in np.concatenate([train.X, validation.X])}
            assert not rows & {row.tobytes() for row in test.X}
            assert not {r.tobytes() for r in train.X} & {r.tobytes() for r in validation.X}
            clean = runs._points(runs.REGIMES[name] | {"noise": 0.0}, 300, 5)
            for noisy, true in ((train, clean[0]), (validation, clean[1])):
                np.testing.assert_array_equal(noisy.X, true.X)
                wrong = np.mean(noisy.y != true.y)
                assert wrong == pytest.approx(0.9 * setting["noise"], abs=0.06)

    def test_a_strength_of_nothing_is_plain(self):
        params = runs.shrunken_cnns.params("test")
        setting = runs.REGIMES["scarce"]
        points = runs._points(setting, 300, 2)
        plain = runs._run("", 0.0, points, setting, params, 2)
        for method in ("weight", "sup", "one"):
            same = runs._run(method, 0.0, points, setting, params, 2)
            np.testing.assert_array_equal(same["layers"], plain["layers"])
        other = runs._run("sup", 0.05, points, setting, params, 2)
        assert other["product"] < plain["product"]

    def test_the_mildest_of_the_best_is_chosen(self):
        at = runs.chosen([[0.9, 0.9, 0.8], [0.1, 0.3, 0.3]])
        np.testing.assert_array_equal(at, [0, 1])
        np.testing.assert_array_equal(runs.taken([[5, 6, 7], [8, 9, 10]], at), [5, 9])

    def test_files_of_different_seeds_are_refused(self, tmp_path):
        params = runs.shrunken_cnns.params("test")
        shape = (2, 1, 1, 3)
        files = []
        for i, seeds in enumerate(([0, 1], [0, 1], [2, 3])):
            path = tmp_path / f"{i}.json"
            data = {"test": np.full(shape, float(i))}
            how = {"experiment": runs.shrunken_cnns, "params": params, "tier": "test"}
            save_result(path, data, seeds=seeds, **how)
            files.append(load_result(path))
        joined = runs.together(files[:2])
        np.testing.assert_array_equal(joined["test"][1, :, 0, 0], [0, 1])
        with pytest.raises(ValueError, match="expected the same in all"):
            runs.together(files)

    def test_one_attack_after_the_other_leaves_as_many(self):
        model, test = network(width=4).float(), measure.digit_images(1).test
        both = measure.robust(model, test, 0.05, 10, 0)
        assert measure.standing(model, test, 0.05, 10, 0) == pytest.approx(both, abs=0.01)

    def test_the_interval_is_that_of_scipy(self):
        draws = np.random.default_rng(0)
        a, b = draws.normal(size=(2, 8))
        mean, half = runs.paired(a, b, level=0.9)
        theirs = stats.ttest_rel(a, b).confidence_interval(0.9)
        np.testing.assert_allclose([mean - half, mean + half], theirs)
        with pytest.raises(ValueError, match="expected at least two"):
            runs.paired([1.0], [2.0])


class TestFourPulls:
    def test_the_first_steps_by_hand(self):
        K = start()
        for pull in ("largest channel", "with memory"):
            seen = four_pulls(pull, 1)
            assert seen["sup"] == pytest.approx(8 - 9 * STEP)
            assert seen["moved"] == pytest.approx(3 * STEP)
        decayed = four_pulls("weight decay", 2)
        assert decayed["sup"] == pytest.approx(8 * (1 - 9 * STEP / 8) ** 2)
        assert decayed["moved"] == pytest.approx((1 - decayed["sup"] / 8) * np.linalg.norm(K))

    def test_the_nearest_layer_is_that_of_the_package(self):
        for steps in (0, 7, 80, STEPS):
            radius = four_pulls("largest channel", steps)["sup"]
            nearest = training.project_l1_ball(torch.tensor(start()), radius).numpy()
            seen = four_pulls("nearest layer", steps)
            assert seen["sup"] == pytest.approx(radius)
            assert seen["moved"] == pytest.approx(np.linalg.norm(nearest - start()))

    def test_the_memory_is_that_of_the_package(self):
        layer = nn.Linear(9, 4, bias=False).double()
        with torch.no_grad():
            layer.weight.copy_(torch.tensor(start()))
        decay = training.NormDecay(STEP, input_shape=(9,))
        for _ in range(40):
            layer.weight.grad = torch.zeros_like(layer.weight)
            decay.after_backward(layer)
            with torch.no_grad():
                layer.weight -= layer.weight.grad
        sums = layer.weight.detach().abs().sum(dim=1).numpy()
        seen = four_pulls("with memory", 40)
        assert [seen[f"channel{o}"][20] for o in range(1, 5)] == pytest.approx(list(sums))

    def test_what_the_text_tells_to_see(self):
        end = {pull: four_pulls(pull, 80) for pull in PULLS}
        pulled, nearest = end["largest channel"], end["nearest layer"]
        assert nearest["moved"] <= pulled["moved"] <= 1.03 * nearest["moved"]
        assert pulled["least"] > 0.9 * pulled["sup"]
        assert end["weight decay"]["least"] == pytest.approx(
            end["weight decay"]["sup"] * 3.5 / 8, rel=1e-9
        )
        assert pulled["nought"] > 2 * end["weight decay"]["nought"]

    def test_what_it_refuses(self):
        with pytest.raises(ValueError, match="expected at most"):
            four_pulls("weight decay", STEPS + 1)
        with pytest.raises(ValueError, match="pull: got"):
            four_pulls("clipping", 1)
