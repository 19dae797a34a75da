"""What the chapter claims, on layers of a few channels, from the stored runs, and on the digits."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from torch import nn

from lipkit import norms
from lipkit.certificates import SteepClassifier, class_separation, robust_steep_classifier
from lipkit.experiments import load_result
from lipkit.experiments.batch_norm_gauge import PARTS, STATISTICS, gauge_view, stretch
from lipkit.experiments.four_trainings import interval
from lipkit.training import renew_batch_norm
from tests.conftest import ROOT

SHAPE = (2, 5, 5)


def stored(name):
    return load_result(ROOT / f"book/static/results/{name}.json")


NONE = 1e-300  # torch wants a positive constant; beside any variance this one is 0


def layers(eps=NONE, seed=0, activation=nn.ReLU, channels=3):
    """Convolution, BatchNorm, activation, convolution, BatchNorm, with random gains and shifts."""
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Conv2d(2, channels, 3, padding=1),
        nn.BatchNorm2d(channels, eps=eps),
        activation(),
        nn.Conv2d(channels, 4, 3, padding=1),
        nn.BatchNorm2d(4, eps=eps),
    ).double()
    with torch.no_grad():
        for layer in (model[1], model[4]):
            layer.weight.uniform_(0.5, 2).mul_(torch.sign(torch.randn(len(layer.weight))))
            layer.bias.normal_()
    renew_batch_norm(model, points(seed), batch_size=1000)
    return model.eval()


def points(seed, n=40):
    return torch.tensor(np.random.default_rng(seed).normal(size=(n, *SHAPE)))


def counted(model, seed=0):
    renew_batch_norm(model, points(seed), batch_size=1000)
    return model


def times_kernel(model, factor, *, anew=True):
    copy = deepcopy(model)
    with torch.no_grad():
        scale = torch.as_tensor(factor, dtype=torch.float64)
        copy[0].weight.mul_(scale.reshape(-1, 1, 1, 1))
        copy[0].bias.mul_(scale)
    return counted(copy) if anew else copy


def times_gains(model, factor, *, anew=True):
    copy = deepcopy(model)
    with torch.no_grad():
        copy[1].weight.mul_(factor)
        copy[1].bias.mul_(factor)
    return counted(copy) if anew else copy


def fused(model):
    found = norms.layer_norms(model, SHAPE, np.inf, fuse_bn=True)
    return np.array([each.norm.value for each in found if "+" in each.kind])


@torch.no_grad()
def largest_change(one, other, n=30):
    """Of an output, at points on which nothing was counted, over the largest output."""
    x = 3 * points(9, n)
    before, after = one(x), other(x)
    return float((after - before).abs().max() / before.abs().max())


# -- two gauges ----------------------------------------------------------------------------------
@pytest.mark.parametrize("eps", [NONE, 1e-5, 0.3])
@pytest.mark.parametrize("seed", range(3))
def test_the_output_stretches_by_the_formula(eps, seed):
    model = layers(eps, seed)
    counted(model)
    c = 10.0 ** np.random.default_rng(seed).uniform(-3, 3, 3)
    v, shift = model[1].running_var.numpy(), model[1].bias.detach()[:, None, None]
    scaled = times_kernel(model, c)
    s = torch.tensor(stretch(v, c, eps))[:, None, None]
    x = points(7)
    with torch.no_grad():
        wanted = shift + s * (model[:2](x) - shift)
        torch.testing.assert_close(scaled[:2](x), wanted, rtol=1e-9, atol=1e-9)
    taps = np.abs(model[0].weight.detach().numpy()).sum(axis=(1, 2, 3))
    gains = np.abs(model[1].weight.detach().numpy()) / np.sqrt(v + eps)
    assert fused(model)[0] == pytest.approx((gains * taps).max())
    assert fused(scaled)[0] == pytest.approx((stretch(v, c, eps) * gains * taps).max())
    if eps == NONE:
        assert largest_change(model, scaled) < 1e-9


def test_the_stretch_rises_from_nothing_to_a_limit():
    c = np.geomspace(1e-8, 1e8, 200)
    s = stretch(0.04, c, 1e-5)
    assert (np.diff(s) > -1e-12).all()
    assert s[0] < 1e-4
    assert s[-1] == pytest.approx(np.sqrt(1 + 1e-5 / 0.04))
    assert stretch(0.04, 1.0) == 1


@pytest.mark.parametrize("c", [1e-6, 0.3, 1e6])
def test_the_fused_norm_is_a_gauge_before_another_batch_norm(c):
    model = layers()
    scaled = times_gains(model, c)
    assert largest_change(model, scaled) < 1e-7
    np.testing.assert_allclose(fused(scaled) / fused(model), [c, 1 / c], rtol=1e-7)


def test_the_factor_must_be_positive(breaks):
    model = layers()
    breaks(found=largest_change(model, times_kernel(model, -1.0)), at_most=0.0, margin=0.3)


def test_the_statistics_must_be_counted_anew(breaks):
    model = layers()
    left = times_kernel(model, 10.0, anew=False)
    breaks(found=largest_change(model, left), at_most=0.0, margin=0.3)
    left = times_gains(model, 10.0, anew=False)
    assert largest_change(model, left) > 0.3


def test_the_constant_of_batch_norm_must_be_zero(breaks):
    model = layers(1e-5)
    scaled = times_kernel(model, 1e-3)
    breaks(found=largest_change(model[:2], scaled[:2]), at_most=0.0, margin=0.3)
    assert largest_change(model, times_kernel(model, 1e3)) < 1e-4  # upwards it hardly counts


def gain_where_nothing_varies(c):
    """Of a 1 × 1 convolution with weight c and its BatchNorm, counted on one grey value."""
    pair = nn.Sequential(nn.Conv2d(1, 1, 1, bias=False), nn.BatchNorm2d(1)).double()
    with torch.no_grad():
        pair[0].weight.fill_(c)
    renew_batch_norm(pair, torch.full((10, 1, 5, 5), 0.5), batch_size=10)
    with torch.no_grad():
        black, white = (pair.eval()(torch.full((1, 1, 1, 1), v).double()) for v in (0.0, 1.0))
    return float((white - black).abs())


def test_the_channel_must_vary_where_it_is_counted(breaks):
    stretched = gain_where_nothing_varies(10.0) / gain_where_nothing_varies(1.0)
    assert stretched == pytest.approx(stretch(0.0, 10.0))
    breaks(found=stretched, at_most=np.sqrt(1 + 1e-5 / 0.04), margin=8)


def test_nothing_else_may_read_the_convolution(breaks):
    model = layers()
    scaled = times_kernel(model, 10.0)
    x = points(7)
    with torch.no_grad():
        before, after = (each[0](x) + each[:2](x) for each in (model, scaled))
    found = float((after - before).abs().max() / before.abs().max())
    breaks(found=found, at_most=0.0, margin=0.3)


def test_the_second_gauge_needs_a_homogeneous_activation(breaks):
    model = layers(activation=nn.Tanh)
    counted(model)
    breaks(found=largest_change(model, times_gains(model, 10.0)), at_most=0.0, margin=0.1)


# -- any constant --------------------------------------------------------------------------------
X = np.random.default_rng(3).uniform(size=(12, 3))
Y = np.arange(12) % 3


def least_margin(f, eps, draws, many=200):
    """The least lead of the right class at random points of the balls, corners among them."""
    least = np.inf
    for x, label in zip(f.points, f.labels, strict=True):
        steps = draws.uniform(-eps, eps, size=(many, len(x)))
        if np.isinf(f.p):
            steps[: many // 2] = eps * np.sign(steps[: many // 2])
        else:
            lengths = np.linalg.norm(steps, f.p, axis=1, keepdims=True)
            steps *= eps / lengths * draws.uniform(0.5, 1, size=(many, 1))
        z = f(x + steps)
        lead = z[:, label] - np.delete(z, label, axis=1).max(axis=1)
        least = min(least, lead.min())
    return least


@pytest.mark.parametrize("p", [1, 2, np.inf])
@pytest.mark.parametrize("omega", [0.0, 50.0, 1e5])
def test_every_ball_keeps_its_label_whatever_the_constant(p, omega):
    r = class_separation(X, Y, p).r
    f = robust_steep_classifier(X, Y, eps=0.7 * r, omega=omega, p=p)
    assert f.margin == pytest.approx(2 * (r - 0.7 * r - f.height))
    least = least_margin(f, f.eps, np.random.default_rng(0))
    assert least >= f.margin - 1e-9
    assert least <= f.margin + 2 * f.height + 0.6 * r  # the promise is not idle


@pytest.mark.parametrize("p", [1, 2, np.inf])
def test_the_slope_is_met_inside_every_ball(p):
    r = class_separation(X, Y, p).r
    f = robust_steep_classifier(X, Y, eps=0.5 * r, omega=1e4, p=p)
    sides = f.lipschitz
    for x in f.points:
        t = np.linspace(-f.eps, f.eps, 4000)
        line = np.repeat(x[None], len(t), axis=0)
        line[:, 0] += t
        chords = np.abs(np.diff(f(line), axis=0)).max(axis=1) / np.diff(t)
        assert chords.max() >= sides.lower.value * 0.9
        assert chords.max() <= sides.upper.value * (1 + 1e-6)


def test_two_points_by_hand():
    f = robust_steep_classifier([[0.0], [1.0]], [0, 1], eps=0.4, omega=1e4, eta=0.09)
    t = np.linspace(-0.4, 0.4, 200_001)[:, None]
    lead = f(t)[:, 0] - f(t)[:, 1]
    assert f.margin == pytest.approx(0.02)
    assert 0.02 - 1e-9 <= lead.min() <= 0.021
    assert f.lipschitz.lower.value == pytest.approx(899)


def hinge(t):
    return np.maximum(t, 0)


def largest(a, b):
    return b + hinge(a - b)


def test_on_an_interval_it_is_a_relu_network():
    """Built of affine maps and hinges alone, as in the proof: |x|, least distances, the wave."""
    f = robust_steep_classifier([[0.0], [0.2], [1.0]], [0, 0, 1], eps=0.3, omega=40.0, eta=0.05)
    x = np.linspace(-1, 2, 3001)

    def distance(members):
        found = None
        for a in members:
            absolute = hinge(x - a) + hinge(a - x)
            found = absolute if found is None else -largest(-found, -absolute)
        return found

    t = 40.0 * x
    kinks = np.arange(-41, 83, 2)
    signs = np.where(np.arange(len(kinks)) % 2, 2.0, -2.0)
    start = 1.0 - abs((kinks[0] - 1 + 1) % 4 - 2)
    rises = 1.0 if 1 - abs((kinks[0] - 0.5 + 1) % 4 - 2) > start else -1.0
    wave = start + rises * (t - (kinks[0] - 1))
    wave = wave + sum(rises * s * hinge(t - k) for s, k in zip(signs, kinks, strict=True))
    built = np.stack([-distance([0.0, 0.2]) + 0.05 * wave, -distance([1.0]) - 0.05 * wave], axis=1)
    np.testing.assert_allclose(built, f(x[:, None]), atol=1e-9)


def test_the_classes_must_be_further_apart_than_two_radii(breaks):
    """0 and 1 with ε = 0.6: a point lies in both balls, so one of them loses its label."""
    f = SteepClassifier(np.array([[0.0], [1.0]]), np.array([0, 1]), 2, 0.6, 0.5, 1e-6, 0.0)
    least = least_margin(f, 0.6, np.random.default_rng(0))
    breaks(found=least, at_least=0.0, margin=0.1)
    with pytest.raises(ValueError, match=r"below r = 0\.5"):
        robust_steep_classifier([[0.0], [1.0]], [0, 1], eps=0.6, omega=1.0)


def test_the_wave_must_leave_room(breaks):
    f = SteepClassifier(np.array([[0.0], [1.0]]), np.array([0, 1]), 2, 0.4, 0.5, 0.3, 1e3)
    breaks(found=least_margin(f, 0.4, np.random.default_rng(0)), at_least=0.0, margin=0.3)
    with pytest.raises(ValueError, match=r"expected below r - eps"):
        robust_steep_classifier([[0.0], [1.0]], [0, 1], eps=0.4, omega=1e3, eta=0.3)


def test_a_ball_that_is_a_point_has_no_slope(breaks):
    """With ε = 0 the ball is one point: the logits have constant 0 on it."""
    f = robust_steep_classifier([[0.0], [1.0]], [0, 1], eps=0.0, omega=1e4)
    spread = np.ptp(f(np.zeros((5, 1))), axis=0).max()
    breaks(found=spread, at_least=f.lipschitz.lower.value, margin=1000)


# -- the stored runs -----------------------------------------------------------------------------
def view(pair, part, power, statistics=STATISTICS[0]):
    return gauge_view(pair, PARTS[part], statistics, power, runs=stored("batch_norm_gauge"))


def test_a_thousandth_of_a_kernel_moves_the_fused_norm_and_not_the_robust_accuracy():
    before, after, further = (view(1, 0, power) for power in (0, -3, -4))
    assert after["layer"] == pytest.approx(1e-3 * before["layer"], rel=1e-4)
    assert after["fused"] < 0.2 * before["fused"]
    assert 0.05 < after["change"] < 0.2
    assert abs(after["robust"] / before["robust"] - 1) < 0.05
    assert further["robust"] < 0.5 * before["robust"]  # one more power is too much


def test_upwards_nothing_moves_but_the_layer_norm():
    for pair in (1, 2, 3):
        before, after = view(pair, 0, 0), view(pair, 0, 5)
        assert after["layer"] == pytest.approx(1e5 * before["layer"], rel=1e-4)
        assert after["change"] < 1e-4
        for name in ("fused", "product", "radius", "clean", "robust"):
            assert after[name] == pytest.approx(before[name], rel=1e-3), name


def test_a_fused_norm_is_a_gauge_before_another_pair_and_the_head_scales():
    for pair in (1, 2):
        before, after = view(pair, 1, 0), view(pair, 1, 5)
        assert after["fused"] == pytest.approx(1e5 * before["fused"], rel=1e-4)
        assert after["change"] < 1e-4
        assert after["product"] == pytest.approx(before["product"], rel=1e-3)
    before, after = view(3, 1, 0), view(3, 1, 5)
    assert after["product"] == pytest.approx(1e5 * before["product"], rel=1e-3)
    assert after["radius"] == pytest.approx(before["radius"], rel=0.02)
    assert abs(after["robust"] - before["robust"]) < 0.02
    assert 1e-5 < before["radius"] < 1e-4


def test_statistics_that_are_left_are_a_part_of_the_layer():
    for pair in (1, 2, 3):
        before, after = view(pair, 0, 0), view(pair, 0, -3, STATISTICS[1])
        assert after["fused"] == pytest.approx(1e-3 * before["fused"], rel=1e-4)
        assert after["clean"] < 0.2


def log_ratio(key, layer=None):
    """Ends of the intervals of the log ratios to the plain network, a column for each method."""
    values = np.array(stored("four_trainings").data[key])
    values = values if layer is None else values[:, :, layer]
    _, low, high = interval(np.log(values[:, 1:] / values[:, :1]))
    return low, high


def test_kernels_grow_and_fused_norms_shrink_under_attack():
    kernels = [log_ratio("conv_l1", layer) for layer in range(3)]
    assert sum((low > 0).sum() for low, _ in kernels) >= 5
    assert sum((high < 0).sum() for _, high in kernels) <= 1
    assert np.exp(max(high.max() for _, high in kernels)) < 1.25  # "comparable" is fair
    pairs = [log_ratio("fused_sup", layer) for layer in range(3)]
    assert sum((high < 0).sum() for _, high in pairs) >= 7
    assert all((low < 0).all() for low, _ in pairs)
    assert (log_ratio("constant_sup")[1] < 0).all()


def test_quotients_rise_with_every_method_and_margins_do_not():
    runs = stored("four_trainings")
    robust = np.array(runs.data["robust"])
    _, low, _ = interval(robust[:, 1:] - robust[:, :1])
    assert (low > 0.2).all()
    assert (log_ratio("reach")[0] > np.log(1.5)).all()
    margin, product = (np.array(runs.data[key]) for key in ("margin", "constant_sup"))
    quotient = np.log(margin / product)
    _, low, _ = interval(quotient[:, 1:] - quotient[:, :1])
    assert (low > 0).all()
    low, high = log_ratio("margin")
    assert (low < 0).all()
    assert low[0] < 0 < high[0]  # of PGD: not established


def test_the_steep_classifier_stands_and_its_constant_certifies_nothing():
    data = {name: np.array(value) for name, value in stored("steep_attacked").data.items()}
    assert (data["train"] == 1).all()
    assert (data["margin"] > 0).all()
    assert (data["lower"][:, -1] > 1e5).all()
    assert (data["by_constant"][:, 0] == 1).all()
    assert (data["by_constant"][:, -1] == 0).all()
    assert (data["test"] < 0.95).all()  # separation of the training images is no promise here


def test_the_held_network_certifies_what_the_plain_one_cannot():
    runs = stored("hard_constraint")
    radii = np.array(runs.params["radii"])
    at = {eps: int(np.flatnonzero(np.isclose(radii, eps))[0]) for eps in (0.1, 0.3)}
    hit = {eps: runs.params["attacked_at"].index(eps) for eps in (0.1, 0.3, 0.6)}
    pair, stands, clean = (np.array(runs.data[key]) for key in ("by_pair", "stands", "clean"))
    plain, held, attacked = range(3)
    assert interval(pair[:, held, at[0.1]] - pair[:, plain, at[0.1]])[1] > 0.5
    assert interval(stands[:, held, hit[0.3]] - stands[:, plain, hit[0.3]])[1] > 0.1
    assert interval(stands[:, held, hit[0.6]] - stands[:, attacked, hit[0.6]])[2] < 0
    _, low, high = interval(clean[:, held] - clean[:, plain])
    assert low < 0 < high
    gap = stands[:, held, hit[0.3]] - pair[:, held, at[0.3]]
    assert (gap >= 0).all()
    assert gap.mean() < 0.01  # both sides meet
    assert np.allclose(np.array(runs.data["norms"])[:, held], 2, atol=1e-3)
