"""What the chapter claims, against torch; each hypothesis called needed is dropped, and breaks."""

from itertools import product

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from lipkit import norms
from lipkit.data import digits
from lipkit.experiments.digits_cnn import CONVOLUTIONS, IMAGE, digits_cnn
from lipkit.experiments.reshaped_kernel import conv_norms
from tests.chapters.layer_matrix import matrix

TAPS = np.arange(1.0, 10.0).reshape(1, 1, 3, 3)
SIGNED = np.array([[-1.0, 2, -3], [4, -5, 6], [7, -8, 9]])[None, None]
WAVE = np.array([[[1.0, -1.0, 1.0]]])


def layers(seed, most=60):
    """Random kernels and geometries with zeros: (K, n, stride, padding, dilation)."""
    rng = np.random.default_rng(seed)
    shapes = product((1, 2, 3), (1, 2, 3, 4, 5), (1, 2, 3), (0, 1, 2, 3), (1, 2))
    fit = [(k, n, s, p, d) for k, n, s, p, d in shapes if n + 2 * p > d * (k - 1)]
    for i in rng.choice(len(fit), most, replace=False):
        k, n, s, p, d = fit[i]
        yield rng.uniform(0.5, 2, (3, 2, k, k)) * rng.choice([-1, 1], (3, 2, k, k)), n, s, p, d


def sees_no_padding(k, n, s, p, d):
    """By looking at every output, on one axis."""
    starts = range(-p, n + p - d * (k - 1), s)
    return any(start >= 0 and start + d * (k - 1) < n for start in starts)


def on_torus(kernel, N, dilation=1):
    """The largest singular value over the frequencies, by the sum in the text."""
    k, waves = kernel.shape[-1], np.arange(N)
    phase = np.exp(2j * np.pi * np.outer(waves, dilation * np.arange(k)) / N)
    symbol = np.einsum("oiab,ua,vb->uvoi", kernel, phase, phase)
    return np.linalg.norm(symbol, 2, axis=(2, 3)).max()


def reshape_norm(kernel):
    return np.linalg.norm(kernel.reshape(len(kernel), -1), 2)


def norm(A):
    return np.linalg.norm(A, 2)


# -- row sums and column sums --------------------------------------------------------------------
def test_row_and_column_sums_are_those_of_the_absolute_taps():
    for K, n, s, p, d in layers(0, 120):
        A = matrix(K, n, s, p, dilation=d)
        x = torch.ones(1, 2, n, n, dtype=torch.float64, requires_grad=True)
        out = F.conv2d(x, torch.tensor(np.abs(K)), stride=s, padding=p, dilation=d)
        out.sum().backward()
        rows, columns = np.linalg.norm(A, np.inf), np.linalg.norm(A, 1)
        assert out.max().item() == pytest.approx(rows)
        assert x.grad.max().item() == pytest.approx(columns)
        how = {"input_size": n, "stride": s, "padding": p, "dilation": d}
        assert norms.conv_norm(K, np.inf, **how).value == pytest.approx(rows)
        assert norms.conv_norm(K, 1, **how).value == pytest.approx(columns)
        tap_sum = np.abs(K).sum(axis=(1, 2, 3)).max()
        free = sees_no_padding(K.shape[-1], n, s, p, d)
        assert free == (d * (K.shape[-1] - 1) + 1 + -(-p // s) * s - p <= n)
        if free:
            assert rows == pytest.approx(tap_sum)
        else:
            assert rows <= tap_sum - np.abs(K).min() + 1e-9


def test_sums_need_zeros(breaks):
    read_twice = np.linalg.norm(matrix(np.abs(SIGNED), 4, padding=1, mode="reflect"), 1)
    true = np.linalg.norm(matrix(SIGNED, 4, padding=1, mode="reflect"), 1)
    assert (true, read_twice) == (78, 96)
    breaks(found=true, at_least=read_twice, margin=15)


def test_the_tap_sum_needs_an_output_without_padding(breaks):
    true = np.linalg.norm(matrix(TAPS, 1, padding=1), np.inf)
    breaks(found=true, at_least=TAPS.sum(), margin=39)


def test_one_pixel_moves_the_mirrored_outputs_by_more_than_the_taps():
    image = torch.zeros(1, 1, 4, 4, dtype=torch.float64)
    moved = []
    for y, x in product(range(4), repeat=2):
        changed = image.clone()
        changed[0, 0, y, x] = 1
        out = F.conv2d(F.pad(changed, [1] * 4, mode="reflect"), torch.tensor(TAPS))
        moved.append(out.abs().sum().item())
    assert max(moved) == 96
    how = {"input_size": 4, "padding": 1, "padding_mode": "reflect"}
    assert norms.conv_norm(TAPS, 1, **how).value == 96
    assert np.count_nonzero(np.array(moved) > 45) > 1


def test_the_matrix_of_the_text_by_hand():
    A = matrix([[[1, 2, 3]]], 4, padding=1, mode="reflect")
    np.testing.assert_array_equal(A, [[2, 4, 0, 0], [1, 2, 3, 0], [0, 1, 2, 3], [0, 0, 4, 2]])


def test_the_plan_does_not_grow_with_the_image():
    found = [
        norms.sum_plan((64, 64, 3, 3), 1, input_size=n, padding=1, padding_mode="reflect")
        for n in (8, 50, 1000)
    ]
    assert {tuple(axis.counts.shape for axis in plan.axes) for plan in found} == {((3, 4),) * 2}


# -- the torus -----------------------------------------------------------------------------------
def test_a_large_enough_torus_is_above():
    for K, n, s, p, d in layers(1, 120):
        true = norm(matrix(K, n, s, p, dilation=d))
        for more in (0, 1, 2):
            assert true <= on_torus(K, n + p + more, d) * (1 + 1e-9)


def test_the_torus_of_n_is_exact_for_circular_padding():
    rng = np.random.default_rng(2)
    for k, n in [(1, 3), (3, 3), (3, 4), (3, 6), (5, 5), (5, 7)]:
        K = rng.normal(size=(2, 3, k, k))
        A = matrix(K, n, padding=k // 2, mode="circular") if k > 1 else matrix(K, n)
        assert norm(A) == pytest.approx(on_torus(K, n))


def test_the_torus_must_have_room_for_the_padding(breaks):
    true = norm(matrix(WAVE, 3, padding=1))
    assert true == pytest.approx(1 + np.sqrt(2))
    phase = np.exp(2j * np.pi * np.outer(np.arange(3), np.arange(3)) / 3)
    circle = np.abs(phase @ WAVE[0, 0]).max()
    breaks(found=true, at_most=circle, margin=0.4)


def test_every_odd_circle_of_the_figure_is_too_small():
    for n in range(3, 13, 2):
        circle = norms.conv_norm(WAVE, 2, input_size=n, padding=1, padding_mode="circular").value
        assert circle < norm(matrix(WAVE, n, padding=1)) - 1e-3


def test_the_torus_needs_zeros(breaks):
    true = norm(matrix(TAPS, 4, padding=1, mode="reflect"))
    assert true == pytest.approx(51.870990)
    breaks(found=true, at_most=max(on_torus(TAPS, N) for N in range(3, 20)), margin=6)


def test_a_witness_and_a_certificate_meet():
    taps = np.random.default_rng(0).normal(size=(16, 16, 3, 3)) / 12
    bracket = norms.conv_norm_bracket(taps, input_size=32, padding=1)
    x = torch.tensor(np.asarray(bracket.lower.witness))
    image = F.conv2d(x[None], torch.tensor(taps), padding=1)
    assert (image.norm() / x.norm()).item() >= bracket.lower.value
    assert bracket.upper.value <= on_torus(taps, 33) * (1 + 1e-6)
    assert bracket.upper.value >= on_torus(taps, 33) * (1 - 1e-9)
    assert bracket.ratio < 1.001


# -- the reshaped kernel -------------------------------------------------------------------------
def test_the_reshaped_kernel_lies_within_a_factor():
    free = 0
    for K, n, s, p, d in layers(3, 120):
        true, R, k = norm(matrix(K, n, s, p, dilation=d)), reshape_norm(K), K.shape[-1]
        assert true <= k * R * (1 + 1e-9)
        if sees_no_padding(k, n, s, p, d):
            free += 1
            assert true >= R * (1 - 1e-9)
            if s >= d * (k - 1) + 1:
                assert true == pytest.approx(R)
    assert free > 30


@pytest.mark.parametrize("mode", ["circular", "reflect", "replicate"])
def test_the_lower_side_holds_with_any_padding(mode):
    rng = np.random.default_rng(6)
    for n in (3, 4, 5):
        K = rng.normal(size=(2, 2, 3, 3))
        assert norm(matrix(K, n, padding=1, mode=mode)) >= reshape_norm(K) * (1 - 1e-9)


def test_the_reshaped_kernel_needs_an_output_without_padding(breaks):
    breaks(found=norm(matrix(TAPS, 1, padding=1)), at_least=reshape_norm(TAPS), margin=11)


def test_the_reshaped_kernel_needs_one_group(breaks):
    layer = torch.nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False, dtype=torch.float64)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(TAPS).expand(8, 1, 3, 3))
    assert reshape_norm(layer.weight.detach().numpy()) == pytest.approx(np.sqrt(8 * 285))
    K = torch.nn.utils.parametrizations.spectral_norm(layer).eval().weight.detach().numpy()
    true = norm(matrix(K, 4, padding=1, groups=8))
    assert true * np.sqrt(8 * 285) == pytest.approx(35.344230)
    breaks(found=true, at_least=reshape_norm(K), margin=0.25)


def test_the_upper_side_holds_with_groups():
    rng = np.random.default_rng(7)
    for k, n, s, g in product((1, 2, 3), (3, 5), (1, 2, 3), (2, 3)):
        K = rng.normal(size=(2 * g, 2, k, k))
        A = matrix(K, n, s, k // 2, groups=g)
        each = [reshape_norm(K[2 * i : 2 * i + 2]) for i in range(g)]
        assert norm(A) <= k * max(each) * (1 + 1e-9)
        assert max(each) <= reshape_norm(K) * (1 + 1e-9)


def test_windows_apart_need_an_output_without_padding():
    assert norm(matrix(TAPS, 1, 3, 1)) == pytest.approx(5)
    assert reshape_norm(TAPS) == pytest.approx(16.881943)


def test_the_factor_needs_zeros(breaks):
    true = norm(matrix(TAPS, 4, padding=1, mode="reflect"))
    breaks(found=true, at_most=3 * reshape_norm(TAPS), margin=1.2)


def test_the_kernel_of_ones_reaches_the_factor():
    ones = np.ones((1, 1, 3, 3))
    for n in (4, 10, 20):
        expected = (1 + 2 * np.cos(np.pi / (n + 1))) ** 2
        assert norm(matrix(ones, n, padding=1)) == pytest.approx(expected)


def test_a_normalised_network_breaks_its_promise():
    for seed in range(3):
        model, _ = digits_cnn(seed, normalised=True)
        reshaped, below, above = conv_norms(model)
        last = norms.operator_norm(model[7], 2).value
        true = [norm(norms.materialize(model[place], shape)) for place, shape in CONVOLUTIONS]
        np.testing.assert_allclose(true, above, rtol=1e-6)
        np.testing.assert_allclose(true, below, rtol=1e-4)
        assert np.prod(reshaped) * last < 1.05
        assert np.prod(true) * last < 10.2
        assert steepest(model, seed) > 7.2


def steepest(model, seed, images=10):
    """The largest quotient over a step along the top direction of the Jacobian at an image."""
    X = torch.tensor(digits(rng=seed).test.X[:images]).reshape(-1, *IMAGE)
    model = model.double()
    found = []
    for x in X:
        J = torch.autograd.functional.jacobian(lambda v: model(v[None])[0], x).reshape(10, 64)
        step = 1e-5 * torch.linalg.svd(J)[2][0].reshape(IMAGE)
        with torch.no_grad():
            change = model((x + step)[None]) - model((x - step)[None])
        found.append((change.norm() / (2 * step.norm())).item())
    return max(found)
