"""The matrix of a convolution: torch's own numbers, the definition, and what is refused."""

import re
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from lipkit.norms import conv_matrix, conv_norm, conv_norm_bracket, sum_plan
from tests.norms.conv_oracles import NINE, configurations, definition_matrix, modular


def torch_matrix(kernel: Any, s: dict[str, Any]) -> Any:
    """Torch's convolution of every unit image."""
    turned = s.get("transposed", False)
    kind = getattr(nn, f"Conv{'Transpose' if turned else ''}{kernel.ndim - 2}d")
    first, second, *taps = kernel.shape
    channels = (first, second * s["groups"]) if turned else (second * s["groups"], first)
    names = ("stride", "padding", "dilation", "groups", "padding_mode")
    more = {"output_padding": s["output_padding"]} if turned else {}
    layer = kind(*channels, tuple(taps), bias=False, **{name: s[name] for name in names}, **more)
    layer.double().weight.data = torch.from_numpy(kernel)
    n = channels[0] * int(np.prod(s["input_size"]))
    images = torch.eye(n, dtype=torch.float64).reshape(n, channels[0], *s["input_size"])
    with torch.no_grad():
        return layer(images).reshape(n, -1).T.numpy()


@pytest.mark.filterwarnings("ignore:Using padding='same'")
def test_torch() -> None:
    for kernel, settings in configurations(250, seed=1):
        A = conv_matrix(kernel, **settings).toarray()
        np.testing.assert_allclose(A, torch_matrix(kernel, settings), atol=1e-13)


def test_the_definition() -> None:
    for kernel, settings in configurations(150, seed=2):
        A = conv_matrix(kernel, **settings).toarray()
        np.testing.assert_allclose(A, definition_matrix(kernel, settings), atol=1e-13)


def test_asymmetric_padding() -> None:
    settings = {
        "input_size": (4, 5), "stride": (1, 2), "padding": ((0, 2), (1, 3)), "dilation": (1, 1),
        "groups": 1, "padding_mode": "zeros",
    }  # fmt: skip
    for mode in ("zeros", "circular", "reflect", "replicate"):
        settings["padding_mode"] = mode
        A = conv_matrix(modular(3, 2, 3, 2), **settings)
        np.testing.assert_allclose(
            A.toarray(), definition_matrix(modular(3, 2, 3, 2), settings), atol=1e-14
        )


def test_valid_is_no_padding() -> None:
    A, B = (conv_matrix(NINE, input_size=5, padding=p).toarray() for p in ("valid", 0))
    assert np.array_equal(A, B)


def test_a_transposed_layer_is_the_transpose() -> None:
    """Of the convolution from its output back, wherever the sizes fit without remainder."""
    K = modular(3, 2, 3, 3)
    A = conv_matrix(K, input_size=3, stride=2, padding=1, output_padding=1, transposed=True)
    B = conv_matrix(K, input_size=6, stride=2, padding=1)
    assert np.array_equal(A.toarray(), B.T.toarray())


def test_the_matrix_is_sparse_and_stays_so() -> None:
    A = conv_matrix(NINE, input_size=200, padding=1)
    assert A.shape == (40_000, 40_000)
    assert A.nnz == (3 * 200 - 2) ** 2
    assert A.format == "csr"


# -- what is refused: the digest's edge cases 1, 4, 5 and 7 --------------------------------------
BAD: dict[str, tuple[Any, dict[str, Any], type[Exception], str]] = {
    "empty output": (NINE, {"input_size": 2}, ValueError, "input_size: got 2 for 3 taps.*empty"),
    "empty output on one axis": (
        NINE, {"input_size": (3, 1), "padding": (0, 0)}, ValueError, "got 1 for 3 taps"),
    "empty output of a transposed layer": (
        NINE, {"input_size": 1, "transposed": True, "padding": 2}, ValueError, "output is empty"),
    "size zero": (NINE, {"input_size": 0}, ValueError, "input_size: got 0, expected at least 1"),
    "size negative": (NINE, {"input_size": (4, -1)}, ValueError, r"input_size\[1\]: got -1"),
    "size not an integer": (NINE, {"input_size": 4.0}, TypeError, "got 4.0, expected an integer"),
    "sizes in no order": (NINE, {"input_size": {4, 5}}, TypeError, r"input_size: got \{4, 5\}"),
    "one size too many": (NINE, {"input_size": (4, 4, 4)}, ValueError, "one integer or 2"),
    "reflect with p = n": (
        NINE, {"input_size": 4, "padding": 4, "padding_mode": "reflect"}, ValueError,
        "got 4 in mode 'reflect' for an input of 4, expected at most 3"),
    "circular with p > n": (
        NINE, {"input_size": 2, "padding": 3, "padding_mode": "circular"}, ValueError,
        "got 3 in mode 'circular' for an input of 2, expected at most 2"),
    "reflect, one side": (
        NINE, {"input_size": 3, "padding": ((0, 3), (0, 0)), "padding_mode": "reflect"}, ValueError,
        "got 3 in mode 'reflect'"),
    "same with a stride": (
        NINE, {"input_size": 4, "padding": "same", "stride": 2}, ValueError, "'same' with stride"),
    "unknown padding": (NINE, {"input_size": 4, "padding": "full"}, ValueError, "'same', 'valid'"),
    "negative padding": (NINE, {"input_size": 4, "padding": -1}, ValueError, "padding: got -1"),
    "three numbers for a pair": (
        NINE, {"input_size": 4, "padding": ((1, 1, 1), (1, 1))}, ValueError, r"padding\[0\]"),
    "one pair for two axes": (
        NINE, {"input_size": 4, "padding": ((1, 1),)}, ValueError, "got 1 pairs, expected 2"),
    "unknown mode": (
        NINE, {"input_size": 4, "padding_mode": "constant"}, ValueError, "padding_mode: got"),
    "stride zero": (NINE, {"input_size": 4, "stride": 0}, ValueError, "stride: got 0"),
    "dilation zero": (NINE, {"input_size": 4, "dilation": 0}, ValueError, "dilation: got 0"),
    "groups that do not divide the outputs": (
        modular(3, 2, 3, 3), {"input_size": 4, "groups": 2}, ValueError,
        "got 2 for 3 output channels, expected a divisor of 3"),
    "groups that do not divide the inputs": (
        modular(3, 2, 3, 3), {"input_size": 4, "groups": 2, "transposed": True}, ValueError,
        "got 2 for 3 input channels"),
    "groups zero": (NINE, {"input_size": 4, "groups": 0}, ValueError, "groups: got 0"),
    "no channels": (np.zeros((0, 1, 3, 3)), {"input_size": 4}, ValueError, "no empty axis"),
    "no taps": (np.zeros((1, 1, 3, 0)), {"input_size": 4}, ValueError, "no empty axis"),
    "a matrix": (np.eye(3), {"input_size": 4}, ValueError, r"got shape \(3, 3\)"),
    "four dimensions": (np.zeros((1,) * 6), {"input_size": 4}, ValueError, "one to three axes"),
    "transposed and circular": (
        NINE, {"input_size": 4, "padding": 1, "transposed": True, "padding_mode": "circular"},
        ValueError, "got 'circular' for a transposed"),
    "transposed and same": (
        NINE, {"input_size": 4, "padding": "same", "transposed": True}, ValueError,
        "padding: got 'same' for a transposed"),
    "output padding too large": (
        NINE, {"input_size": 4, "stride": 2, "output_padding": 2, "transposed": True}, ValueError,
        "output_padding: got 2 for stride 2 and dilation 1"),
    "output padding of a convolution": (
        NINE, {"input_size": 4, "output_padding": 1}, ValueError, "belongs to transposed=True"),
    "NaN": (NINE * np.nan, {"input_size": 4}, ValueError, "kernel: got NaN or infinite"),
    "infinity": (
        np.where(NINE == 5, np.inf, NINE), {"input_size": 4}, ValueError, "NaN or infinite"),
    "infinity on a tap that reads no pixel": (
        np.where(NINE == 1, np.inf, NINE), {"input_size": 1, "padding": 1}, ValueError, "NaN or"),
    "NaN in a layer that reads no pixel": (
        [[[np.nan, 2.0]]], {"input_size": 1, "padding": 5, "dilation": 10}, ValueError, "NaN or"),
    "complex": (NINE * 1j, {"input_size": 4}, TypeError, "dtype complex128, expected real"),
    "text": ([[["a"]]], {"input_size": 4}, TypeError, "expected real numbers"),
}  # fmt: skip


@pytest.mark.parametrize(("kernel", "settings", "error", "message"), BAD.values(), ids=BAD)
def test_bad_input(kernel: Any, settings: Any, error: type[Exception], message: str) -> None:
    calls = [
        lambda: conv_matrix(kernel, **settings),
        lambda: conv_norm(kernel, 1, **settings),
        lambda: conv_norm(kernel, np.inf, **settings),
        lambda: conv_norm(kernel, 2, **settings),
        lambda: conv_norm_bracket(kernel, **settings),
    ]
    for call in calls:
        with pytest.raises(error, match=message):
            call()


def test_bad_input_to_a_plan() -> None:
    with pytest.raises(ValueError, match=r"p: got 2, expected 1 or numpy\.inf"):
        sum_plan((1, 1, 3, 3), 2, input_size=4)
    with pytest.raises(ValueError, match=re.escape("the output is empty")):
        sum_plan((1, 1, 3, 3), 1, input_size=2)


@pytest.mark.parametrize("sizes", [(4.0, 4.0), np.array([4.0, 4.0]), [4, 4.0], (True, 4)])
def test_what_was_looked_up_before_does_not_matter(sizes: Any) -> None:
    """4.0 is not a size, though it equals one that is kept."""
    conv_matrix(NINE, input_size=(4, 4), padding=1)
    conv_matrix(NINE, input_size=(1, 4), padding=1)
    with pytest.raises(TypeError, match=r"input_size: got .* inside, expected an integer"):
        conv_matrix(NINE, input_size=sizes, padding=1)


def test_lists_and_arrays_are_sizes_too() -> None:
    """A geometry is looked up by its settings, so they must not have to be tuples."""
    by_list = conv_matrix(
        NINE, input_size=[4, 5], padding=[(0, 1), [1, 1]], stride=np.array([1, 2])
    )
    by_tuple = conv_matrix(NINE, input_size=(4, 5), padding=((0, 1), (1, 1)), stride=(1, 2))
    assert np.array_equal(by_list.toarray(), by_tuple.toarray())
    by_numpy = conv_matrix(
        NINE, input_size=(np.int64(4), 5), padding=(np.array([0, 1]), (1, 1)), stride=(1, 2)
    )
    assert np.array_equal(by_numpy.toarray(), by_tuple.toarray())
    assert conv_norm(NINE, 1, input_size=torch.Size([4, 4]), padding=1) == 45
