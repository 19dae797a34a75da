"""Stacks of networks: the same networks as one by one."""

import tracemalloc
from collections.abc import Iterable, Iterator

import numpy as np
import pytest

from lipkit.networks import (
    ReluNetwork,
    ReluNetworkBatch,
    sample_random_relu,
    sample_random_relu_batch,
    sample_random_relu_chunks,
)


@pytest.mark.parametrize("bias", ["zero", "normal"])
def test_the_networks_that_one_generator_draws_one_by_one(bias: str) -> None:
    batch = sample_random_relu_batch(5, 3, 4, 2, bias=bias, rng=7)
    draws = np.random.default_rng(7)
    for i in range(5):
        single = sample_random_relu(3, 4, 2, bias=bias, rng=draws)
        for ours, theirs in zip(
            (*batch[i].weights, *batch[i].biases), (*single.weights, *single.biases), strict=True
        ):
            np.testing.assert_array_equal(ours, theirs)
    more = sample_random_relu_batch(9, 3, 4, 2, bias=bias, rng=7)
    for short, long in zip(batch.weights, more.weights, strict=True):
        np.testing.assert_array_equal(short, long[:5])


def numbers(batch: ReluNetworkBatch) -> np.ndarray:  # type: ignore[type-arg]
    """Everything in it, a row for each network."""
    arrays = [*batch.weights, *batch.biases]
    return np.concatenate([a.reshape(len(batch), -1) for a in arrays], axis=1)


@pytest.mark.parametrize("bias", ["zero", "normal", "uniform", ("cauchy", 2.0)])
@pytest.mark.parametrize("entries", [1, 100, 2**20])
def test_the_draws_do_not_depend_on_the_chunk(
    bias: str, entries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = numbers(sample_random_relu_batch(11, 3, 4, 2, bias=bias, rng=7))
    monkeypatch.setattr("lipkit.networks._draws.ENTRIES", entries)
    again = numbers(sample_random_relu_batch(11, 3, 4, 2, bias=bias, rng=7))
    np.testing.assert_array_equal(again, whole)
    for chunk in (1, 4, 11, 50):
        parts = list(sample_random_relu_chunks(11, 3, 4, 2, chunk=chunk, bias=bias, rng=7))
        assert [len(part) for part in parts[:-1]] == [chunk] * (len(parts) - 1)
        np.testing.assert_array_equal(np.concatenate([numbers(part) for part in parts]), whole)


def test_chunks_hold_little_memory() -> None:
    """Of 300 networks of 100 kB each, 30 MB, no more than some of ten are held."""
    sizes = {"d": 10, "width": 64, "depth": 4, "rng": 0}

    def whole() -> Iterator[ReluNetworkBatch]:
        yield sample_random_relu_batch(300, **sizes)  # type: ignore[arg-type]

    def peak(batches: Iterable[ReluNetworkBatch]) -> int:
        tracemalloc.start()
        for batch in batches:
            batch.gradient(np.ones(10))
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    one = 8 * (10 * 64 + 3 * 64 * 64 + 64)
    assert peak(sample_random_relu_chunks(300, chunk=10, **sizes)) < 60 * one  # type: ignore[arg-type]
    assert peak(whole()) > 250 * one


def test_a_batch_is_drawn_beside_one_chunk_only() -> None:
    """The result, the network's own copy of it, and one chunk of 8 MB."""
    tracemalloc.start()
    batch = sample_random_relu_batch(1500, 8, 64, 3, rng=0)
    highest = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    size = sum(W.nbytes for W in batch.weights)
    assert size > 10 * 2**23 * 0.8
    assert highest < 2.2 * size + 2 * 2**23


def test_gradients_do_not_depend_on_the_group(monkeypatch: pytest.MonkeyPatch) -> None:
    batch = sample_random_relu_batch(9, 3, 6, 2, bias="normal", rng=0)
    rng = np.random.default_rng(1)
    for X in (rng.normal(size=3), rng.normal(size=(5, 3)), rng.normal(size=(9, 5, 3))):
        whole = batch.gradient(X)
        with monkeypatch.context() as patch:
            patch.setattr("lipkit.networks._batch._ENTRIES", 60)
            np.testing.assert_allclose(batch.gradient(X), whole, rtol=1e-12, atol=1e-14)


def test_digest_value() -> None:
    f = sample_random_relu_batch(2, 3, 8, 2, rng=0)[0]
    gradient = f.gradient([1, -0.5, 2])
    np.testing.assert_allclose(gradient, [1.57638048, -0.99646362, 0.88027218], atol=5e-9)


def test_shapes_and_what_it_is() -> None:
    batch = sample_random_relu_batch(6, 3, 4, 2, bias="normal", rng=0)
    assert [W.shape for W in batch.weights] == [(6, 4, 3), (6, 4, 4), (6, 1, 4)]
    assert [b.shape for b in batch.biases] == [(6, 4), (6, 4), (6, 1)]
    assert (len(batch), batch.input_dim, batch.output_dim, batch.depth) == (6, 3, 1, 2)
    assert batch.widths == (4, 4)
    assert not batch.bias_free
    assert repr(batch) == "ReluNetworkBatch(6 × 3 → 4 → 4 → 1)"
    assert isinstance(batch[-1], ReluNetwork)
    assert len(list(batch[i] for i in range(len(batch)))) == 6


def test_copies_what_it_gets() -> None:
    W = np.ones((2, 3, 4))
    batch = ReluNetworkBatch([W])
    W[0, 0, 0] = 9
    assert batch.weights[0][0, 0, 0] == 1


def test_the_mean_square_of_the_gradient_is_d() -> None:
    """Exactly, whatever the sizes; its variance is d (d + 2) (1 + 5/N)^L - d^2."""
    d, width, depth, n = 3, 8, 2, 4000
    batch = sample_random_relu_batch(n, d, width, depth, bias="normal", rng=0)
    x = np.array([0.3, -1.0, 2.0])
    squares = [np.sum(batch[i].gradient(x) ** 2) for i in range(n)]
    deviation = np.sqrt((d * (d + 2) * (1 + 5 / width) ** depth - d**2) / n)
    assert abs(np.mean(squares) - d) < 4 * deviation  # fails by chance once in 16000 seeds


@pytest.mark.parametrize(
    ("weights", "biases", "message"),
    [
        ([], None, "weights: got an empty list"),
        ([np.ones((2, 3))], None, r"weights\[0\]: got shape \(2, 3\), expected 3 axes"),
        (
            [np.ones((2, 3, 0))],
            None,
            "nothing empty",
        ),
        (
            [np.ones((2, 3, 4)), np.ones((3, 1, 3))],
            None,
            r"weights\[1\]: got 3 networks, expected 2",
        ),
        ([np.ones((2, 3, 4)), np.ones((2, 1, 4))], None, r"weights\[1\].*expected 3 columns"),
        ([np.ones((2, 3, 4))], [], "biases: got 0, expected 1"),
        ([np.ones((2, 3, 4))], [np.ones((2, 4))], r"biases\[0\]: got shape \(2, 4\), expected"),
        ([np.full((2, 3, 4), np.nan)], None, r"weights\[0\]: got NaN"),
    ],
)
def test_bad_input(weights, biases, message) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=message):
        ReluNetworkBatch(weights, biases)


@pytest.mark.parametrize("name", ["n", "d", "width", "depth"])
def test_sizes_below_one(name: str) -> None:
    sizes = {"n": 2, "d": 2, "width": 2, "depth": 1} | {name: 0}
    with pytest.raises(ValueError, match=f"{name}: got 0, expected at least 1"):
        sample_random_relu_batch(**sizes, rng=0)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        ({"chunk": 0}, ValueError, "chunk: got 0, expected at least 1"),
        ({"chunk": 2.5}, TypeError, r"chunk: got 2\.5, expected an integer"),
        ({"n": 0}, ValueError, "n: got 0"),
        ({"bias": "gauss"}, ValueError, "bias: got 'gauss'"),
        ({"rng": None}, TypeError, "rng: got None"),
    ],
)
def test_chunks_are_checked_before_the_first_is_asked_for(call, error, message) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(error, match=message):
        sample_random_relu_chunks(
            **{"n": 2, "d": 2, "width": 2, "depth": 1, "chunk": 1, "rng": 0} | call
        )
