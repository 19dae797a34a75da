"""A small convolutional network trained on scikit-learn's digits."""

from typing import TYPE_CHECKING

from lipkit.data import Split, digits

if TYPE_CHECKING:
    from torch import nn

IMAGE = (1, 8, 8)
CONVOLUTIONS = ((0, (1, 8, 8)), (2, (16, 8, 8)), (4, (32, 4, 4)))
"""Where the convolutions stand in the network, and the shape of what they read."""


def digits_cnn(
    seed: int = 0, *, epochs: int = 10, normalised: bool = False
) -> tuple["nn.Sequential", Split]:
    """Three convolutions with ReLU and a linear layer, in eval mode, and the digits it has learned.

    Kernels are 3 × 3 with padding 1: 1 → 16 channels, 16 → 32 with stride 2, 32 → 32; then ten
    logits. Torch's own initialisation; SGD with momentum 0.9, batches of 64, cosine schedule from
    0.05; no epochs leave it as it was drawn. ``normalised`` puts torch's ``spectral_norm`` on all
    four layers. The images of the split are flat, ``(n, 64)``. The same seed gives the same weights
    on the same machine and torch version.
    """
    from lipkit.training import fit

    split = digits(rng=seed)
    model = _drawn(seed, normalised)
    if epochs:
        X, y = split.train
        images = X.reshape(-1, *IMAGE)
        fit(model, (images, y), epochs=epochs, batch_size=64, lr=0.05, progress=False, rng=seed)
    return model.eval(), split


def _drawn(seed: int, normalised: bool) -> "nn.Sequential":
    import torch
    from torch import nn
    from torch.nn.utils.parametrizations import spectral_norm

    wrapped = spectral_norm if normalised else lambda layer: layer
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(
            wrapped(nn.Conv2d(1, 16, 3, padding=1)),
            nn.ReLU(),
            wrapped(nn.Conv2d(16, 32, 3, stride=2, padding=1)),
            nn.ReLU(),
            wrapped(nn.Conv2d(32, 32, 3, padding=1)),
            nn.ReLU(),
            nn.Flatten(),
            wrapped(nn.Linear(512, 10)),
        )
