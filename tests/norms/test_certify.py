"""The pieces of the certificates: Cholesky bounds, complex Gram iteration, circles, the adjoint."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lipkit.norms import conv_matrix
from lipkit.norms._certify import top_eigenvalue, top_singular_value
from lipkit.norms._circle import circle
from lipkit.norms._conv_apply import Convolution
from lipkit.norms._geometry import geometry
from lipkit.norms._gram import gram_upper_bound, gram_upper_bounds
from lipkit.norms._lanczos import lanczos
from lipkit.norms._torus import Torus
from tests.norms.conv_oracles import configurations
from tests.norms.test_certified import at_least_norm, positive_semidefinite

small = arrays(
    np.float64, st.tuples(st.integers(1, 4), st.integers(1, 4)), elements=st.floats(-1, 1)
)


# -- Cholesky bounds -----------------------------------------------------------------------------
@given(small)
@settings(max_examples=150)
def test_eigenvalue_bound_in_exact_arithmetic(A: Any) -> None:
    """t I - G has no negative eigenvalue, G the matrix in floats as it is."""
    G = A @ A.T
    G = (G + G.T) / 2
    largest, bound = top_eigenvalue([G])
    exact = [[(Fraction(bound) if i == j else 0) - Fraction(G[i, j]) for j in range(len(G))]
             for i in range(len(G))]  # fmt: skip
    assert positive_semidefinite(exact)
    assert bound <= max(largest * (1 + 1e-11), 1.1e-60)


@given(small)
@settings(max_examples=100)
def test_singular_value_bound_in_exact_arithmetic(A: Any) -> None:
    bound = top_singular_value(A)
    assert at_least_norm(bound, A)
    assert bound <= np.linalg.norm(A, 2) * (1 + 1e-9) + 1e-29


def test_batches_and_their_order_do_not_matter() -> None:
    draws = np.random.default_rng(0)
    X = draws.normal(size=(40, 5, 7)) + 1j * draws.normal(size=(40, 5, 7))
    G = X @ X.conj().swapaxes(1, 2)
    true = np.linalg.norm(X, 2, axis=(1, 2)).max() ** 2
    for order in (np.arange(40), np.arange(40)[::-1], draws.permutation(40)):
        for step in (1, 7, 40):
            batches = [G[order[i : i + step]] for i in range(0, 40, step)]
            largest, bound = top_eigenvalue(batches)
            assert largest == pytest.approx(true, rel=1e-11)
            assert true * (1 - 1e-14) <= bound <= true * (1 + 1e-10)


def test_the_bound_is_raised_until_it_is_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    """With eigenvalues that come out too small, only the factorisation can be trusted."""
    real = np.linalg.eigvalsh
    monkeypatch.setattr(np.linalg, "eigvalsh", lambda G: real(G) * (1 - 1e-6))
    largest, bound = top_eigenvalue([np.diag([1.0, 3.0])])
    assert largest == pytest.approx(3 * (1 - 1e-6))
    assert 3 <= bound <= 3 * (1 + 1e-4)


def test_rounding_grows_with_the_side() -> None:
    """A large matrix of equal eigenvalues: the bound pays for its rounding, and little more."""
    Q = np.linalg.qr(np.random.default_rng(0).normal(size=(200, 200)))[0]
    assert 1 <= top_singular_value(Q) <= 1 + 1e-9


# -- Gram iteration of complex matrices ----------------------------------------------------------
def test_complex_gram_iteration() -> None:
    draws = np.random.default_rng(0)
    X = draws.normal(size=(6, 5, 3)) + 1j * draws.normal(size=(6, 5, 3))
    true = np.linalg.norm(X, 2, axis=(1, 2))
    bounds = gram_upper_bounds(X)
    assert (bounds >= true * (1 - 1e-14)).all()
    assert (bounds <= true * (1 + 1e-8)).all()
    for steps in range(5):
        values = np.linalg.svd(X, compute_uv=False)
        schatten = (values ** (2 ** (steps + 1))).sum(axis=1) ** (1 / 2 ** (steps + 1))
        np.testing.assert_allclose(gram_upper_bounds(X, steps=steps), schatten, rtol=1e-12)


def test_gram_iteration_has_the_digest_s_values() -> None:  # random ReLU networks, section 5.1
    A = np.random.default_rng(0).normal(size=(50, 50))
    found = [gram_upper_bounds(A, steps=k) / np.linalg.norm(A, 2) for k in range(1, 9)]
    printed = [1.691, 1.208, 1.064, 1.0207, 1.0072, 1.0022, 1.00038, 1.00002]
    for value, text in zip(found, printed, strict=True):
        assert round(float(value), len(str(text)) - 2) == text
    assert found == sorted(found, reverse=True)


def test_complex_gram_iteration_of_extreme_scales() -> None:
    X = np.array([[[1 + 2j, 3.0]], [[0.0, 0.0]], [[1e300j, 1e-300]], [[1e-300, 1e-300j]]])
    bounds = gram_upper_bounds(X)
    true = np.array([14**0.5, 0.0, 1e300, 2**0.5 * 1e-300])
    np.testing.assert_allclose(bounds, true, rtol=1e-9)
    assert bounds[1] == 0


@pytest.mark.parametrize("heads", [1, 8, 64, 256])
def test_complex_sums_that_lose_their_tail(heads: int) -> None:
    """Squares of the tail are below half an ulp of what is summed before."""
    v = np.full((4_000, 1), 2.0**-27.5) * np.exp(0j)
    v[:heads] = 1j
    wide = np.kron(v, np.ones((1, 8)))  # eight equal columns
    square = 8 * sum(Fraction(abs(x)) ** 2 for x in v[:, 0].tolist())
    value = Fraction(gram_upper_bounds(wide).item())
    assert square <= value**2 <= square * (1 + Fraction(1, 10**8))


def test_many_real_matrices_at_once() -> None:
    A = np.random.default_rng(0).normal(size=(2, 3, 4, 6))
    one_by_one = [[gram_upper_bound(a) for a in row] for row in A]
    np.testing.assert_allclose(gram_upper_bounds(A), one_by_one, rtol=1e-9)


# -- the torus -----------------------------------------------------------------------------------
def test_transfer_matrices_against_the_digests_formula() -> None:
    """A stride by aliased frequencies side by side, over the root of the strides' product."""
    K = np.random.default_rng(0).normal(size=(3, 2, 3, 3))
    n, s, d = np.array([12, 12]), (3, 2), (2, 1)
    shape = geometry(K.shape, input_size=12, stride=s, dilation=d, padding=((2, 2), (1, 1)),
                     padding_mode="circular")  # fmt: skip
    torus = Torus(K.reshape(shape.kernel_shape), shape)
    assert torus.points == (4, 6)
    for index in torus.frequencies():
        aliased = []
        for jump in np.ndindex(*s):
            turn = 2 * np.pi * (index + np.array(jump) * torus.points) / n
            wave = [np.exp(1j * turn[j] * d[j] * np.arange(K.shape[2 + j])) for j in range(2)]
            aliased.append(np.einsum("oiab,a,b->oi", K, *wave))
        side_by_side = np.concatenate(aliased, axis=1) / np.sqrt(6)
        ours = torus.matrices(index[None])[0, 0]
        np.testing.assert_allclose(
            np.linalg.svd(ours, compute_uv=False),
            np.linalg.svd(side_by_side, compute_uv=False), rtol=1e-12,
        )  # fmt: skip


def test_one_frequency_of_each_pair() -> None:
    for size in ((5,), (6,), (4, 5), (3, 4, 2), (1, 1)):
        shape = geometry((1, 1, *(2,) * len(size)), input_size=size, padding="same",
                         padding_mode="circular")  # fmt: skip
        torus = Torus(np.ones(shape.kernel_shape), shape)
        kept = {tuple(j) for j in torus.frequencies().tolist()}
        every = set(np.ndindex(*torus.points))
        opposite = {tuple((-np.array(j)) % torus.points) for j in kept}
        assert kept | opposite == every
        assert len(kept) == (len(every) + sum(
            tuple((-np.array(j)) % torus.points) == j for j in every)) // 2  # fmt: skip


def test_circles() -> None:
    """Points, phases and factors of each kind of axis, by hand."""

    def of(taps: int, **layer: Any) -> Any:
        return circle(geometry((1, 1, taps), **layer).axes[0])

    opened = of(3, input_size=5, padding=1)
    assert (opened.points, opened.factor, opened.exact) == (6, 1, False)
    assert of(3, input_size=5, padding=9).points == 7  # no more than the kernel's reach
    assert of(3, input_size=5, padding=1, stride=2).points == 3
    assert of(3, input_size=4, padding=1, stride=2).points == 3  # 4 + 1, rounded up to 6
    assert of(4, input_size=5, padding="same").points == 7  # 1 before, 2 after
    assert of(3, input_size=5, padding=((0, 2),)).points == 7
    assert of(3, input_size=4, padding=((0, 1),), stride=2).points == 3  # reads one pixel beyond
    assert of(3, input_size=5, padding=((0, 1),), stride=2).points == 3  # and here none
    apart = of(3, input_size=9, stride=3)
    assert (apart.points, apart.exact, apart.phases.tolist()) == (1, True, [0, 1, 2])
    closed = of(3, input_size=6, padding=1, padding_mode="circular", stride=2)
    assert (closed.points, closed.exact, closed.shifts.tolist()) == (3, True, [0, 0, 1])
    odd = of(3, input_size=5, padding=1, padding_mode="circular", stride=2)
    assert (odd.points, odd.factor, odd.exact) == (5, 1, False)
    twice = of(3, input_size=4, padding=3, padding_mode="circular")
    assert (twice.points, twice.factor, twice.exact) == (4, pytest.approx(2**0.5), True)
    mirrored = of(3, input_size=4, padding=1, padding_mode="reflect")
    assert (mirrored.points, mirrored.exact) == (6, False)
    assert mirrored.factor == pytest.approx(2**0.5)
    assert of(5, input_size=3, padding=2, padding_mode="replicate").factor == pytest.approx(3**0.5)


# -- the map and its transpose -------------------------------------------------------------------
@pytest.mark.parametrize("block", [(1, 1), (1, 60), (1 << 15, 1 << 18)])
def test_the_map_is_the_matrix(block: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lipkit.norms._conv_apply._BLOCKS", block)
    draws = np.random.default_rng(0)
    for kernel, layer in configurations(150, seed=30):
        shape = geometry(kernel.shape, **layer)
        A = conv_matrix(kernel, **layer)
        layer_map = Convolution(kernel, shape)
        x, y = draws.normal(size=shape.layer_input), draws.normal(size=shape.layer_output)
        np.testing.assert_allclose(layer_map.apply(x).ravel(), A @ x.ravel(), atol=1e-12)
        np.testing.assert_allclose(layer_map.transpose(y).ravel(), A.T @ y.ravel(), atol=1e-12)


# -- Lanczos iteration on a matrix ---------------------------------------------------------------
class Matrix:
    def __init__(self, A: Any):
        self.A = A

    def apply(self, x: Any) -> Any:
        return self.A @ x

    def transpose(self, y: Any) -> Any:
        return self.A.T @ y


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_lanczos_does_not_drift_once_it_has_converged(dtype: Any) -> None:
    draws = np.random.default_rng(0)
    A = draws.normal(size=(6, 4)).astype(dtype)
    x = lanczos(Matrix(A), draws.normal(size=4).astype(dtype), rtol=1e-4, steps=500)
    assert np.linalg.norm(x) == pytest.approx(1, rel=1e-5)
    assert np.linalg.norm(A @ x) == pytest.approx(np.linalg.norm(A, 2), rel=1e-5)


def test_lanczos_beats_power_iteration_on_a_slow_spectrum() -> None:
    """Gaps of one part in a thousand: 60 steps are enough for it."""
    A = np.diag(1 - np.arange(400) / 1000.0)
    x = lanczos(Matrix(A), np.random.default_rng(0).normal(size=400), rtol=1e-4, steps=60)
    assert np.linalg.norm(A @ x) > 1 - 1e-4


def test_lanczos_of_a_map_that_is_zero() -> None:
    x = lanczos(Matrix(np.zeros((3, 3))), np.ones(3), rtol=1e-4)
    assert np.isfinite(x).all()
