"""Convolutional networks for small images, of layers that every room of lipkit can read."""

from collections.abc import Iterator, Sequence

from torch import nn

from lipkit import _validate
from lipkit._validate import Seed
from lipkit.norms import residual
from lipkit.training._he_start import drawn

VGG11 = (1, "pool", 2, "pool", 4, 4, "pool", 8, 8, "pool", 8, 8, "pool")


def small_cnn(
    input_shape: Sequence[int] = (1, 8, 8),
    *,
    classes: int = 10,
    width: int = 16,
    batch_norm: bool = False,
    rng: Seed = 0,
) -> nn.Sequential:
    r"""Three 3 × 3 convolutions, the second with stride 2, and a linear layer: for digits.

    The channels are ``width``, twice and twice that; ReLU after each, and BatchNorm before it if
    asked for. ``input_shape`` is (channels, height, width). Weights are :math:`N(0, 2/n_{in})`,
    :math:`n_{in}` the number of inputs of an output; biases start at 0; torch's global generator is
    neither used nor moved. Raises ``ValueError`` for a size below 1.
    [The network of digest of layer norms, section 8; He et al. 2015 for the start.]

    >>> [type(layer).__name__ for layer in small_cnn()]
    ['Conv2d', 'ReLU', 'Conv2d', 'ReLU', 'Conv2d', 'ReLU', 'Flatten', 'Linear']
    """
    channels, height, across = _image(input_shape, 1)
    sizes = [channels, width, 2 * width, 2 * width]
    blocks: list[nn.Module] = []
    for i in range(3):
        stride = 2 if i == 1 else 1
        blocks += [*_conv(sizes[i], sizes[i + 1], stride, batch_norm), nn.ReLU()]
    features = sizes[-1] * -(-height // 2) * -(-across // 2)
    return drawn(nn.Sequential(*blocks, nn.Flatten(), _linear(features, classes)), rng)


def vgg11(
    input_shape: Sequence[int] = (3, 32, 32),
    *,
    classes: int = 10,
    width: int = 64,
    batch_norm: bool = True,
    rng: Seed = 0,
) -> nn.Sequential:
    r"""VGG-11 for images of CIFAR size: eight 3 × 3 convolutions, five poolings, a linear layer.

    The channels are 1, 2, 4, 4, 8, 8, 8 and 8 times ``width``. Height and width must be multiples
    of 32; at 32 the last two convolutions read 2 × 2 maps. BatchNorm, start and errors as for
    :func:`small_cnn`. [Simonyan and Zisserman 2015, one linear layer instead of three, as is usual
    for CIFAR-10.]

    >>> sum(isinstance(layer, nn.Conv2d) for layer in vgg11(width=4))
    8
    """
    channels, height, across = _image(input_shape, 32)
    layers: list[nn.Module] = []
    for step in VGG11:
        if isinstance(step, str):
            layers.append(nn.MaxPool2d(2))
            continue
        layers += [*_conv(channels, step * width, 1, batch_norm), nn.ReLU()]
        channels = step * width
    features = channels * (height // 32) * (across // 32)
    return drawn(nn.Sequential(*layers, nn.Flatten(), _linear(features, classes)), rng)


def resnet18(
    input_shape: Sequence[int] = (3, 32, 32), *, classes: int = 10, width: int = 64, rng: Seed = 0
) -> nn.Sequential:
    r"""ResNet-18 for images of CIFAR size: a 3 × 3 stem without pooling, four stages of two blocks.

    The stages have 1, 2, 4 and 8 times ``width`` channels, and all but the first begin with stride
    2, so height and width must be multiples of 8; the mean over the last map and a linear layer
    follow. A block is ``ReLU(shortcut(x) + body(x))``, written with
    :func:`~lipkit.norms.residual`, so that ``layer_lipschitz`` can read it. BatchNorm follows every
    convolution; start and errors as for :func:`small_cnn`.
    [He et al. 2016; the CIFAR form of digest of layer norms, section 8.5.]

    >>> model = resnet18()
    >>> sum(weights.numel() for weights in model.parameters())
    11173962
    """
    channels, height, across = _image(input_shape, 8)
    layers: list[nn.Module] = [*_conv(channels, width, 1, True), nn.ReLU()]
    channels = width
    for stage in range(4):
        for block in range(2):
            stride = 2 if stage and not block else 1
            layers += [_block(channels, width * 2**stage, stride), nn.ReLU()]
            channels = width * 2**stage
    head = [nn.AvgPool2d((height // 8, across // 8)), nn.Flatten(), _linear(channels, classes)]
    return drawn(nn.Sequential(*layers, *head), rng)


def _block(n_in: int, n_out: int, stride: int) -> nn.Module:
    body = [*_conv(n_in, n_out, stride, True), nn.ReLU(), *_conv(n_out, n_out, 1, True)]
    same = stride == 1 and n_in == n_out
    shortcut = None if same else nn.Sequential(*_conv(n_in, n_out, stride, True, size=1))
    made: nn.Module = residual(nn.Sequential(*body), shortcut)
    return made


def _conv(
    n_in: int, n_out: int, stride: int, batch_norm: bool, size: int = 3
) -> Iterator[nn.Module]:
    """A convolution that keeps the size up to its stride; BatchNorm takes the place of a bias."""
    _validate.count(n_out, "width")
    yield nn.Conv2d(
        n_in, n_out, size, stride, padding=size // 2, bias=not batch_norm, device="meta"
    )
    if batch_norm:
        yield nn.BatchNorm2d(n_out)


def _linear(n_in: int, classes: int) -> nn.Linear:
    return nn.Linear(n_in, _validate.count(classes, "classes"), device="meta")


def _image(input_shape: Sequence[int], multiple: int) -> tuple[int, int, int]:
    shape = tuple(_validate.count(n, "input_shape") for n in input_shape)
    if len(shape) != 3 or any(n % multiple for n in shape[1:]):
        divisible = f" in multiples of {multiple}" if multiple > 1 else ""
        raise ValueError(
            f"input_shape: got {tuple(input_shape)}, expected (channels, height, width), height "
            f"and width{divisible}"
        )
    return shape[0], shape[1], shape[2]
