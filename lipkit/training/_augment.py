"""Images moved a little before each step, as is usual for CIFAR-10."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from lipkit import _validate


@dataclass(frozen=True)
class CropFlip:
    """Shift each image by up to ``padding`` pixels, zeros coming in, and mirror every other one.

    A callable for ``fit(augment=…)``: images ``(n, channels, height, width)`` and a torch generator
    on their device give images of the same shape; shifts are uniform on each axis, a mirror image
    has probability 1/2. Zeros must lie in the box of the attack. Raises ``ValueError`` for a
    negative padding or other shapes. [Standard.]

    >>> images = torch.arange(9.0).reshape(1, 1, 3, 3)
    >>> CropFlip(padding=1)(images, torch.Generator().manual_seed(0)).shape
    torch.Size([1, 1, 3, 3])
    """

    padding: int = 4

    def __post_init__(self) -> None:
        _validate.count(self.padding, "padding", 0)

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        if images.ndim != 4:
            raise ValueError(
                f"augment: got points of shape {tuple(images.shape[1:])}, expected images "
                "(channels, height, width)"
            )
        n, channels, height, width = images.shape
        device = images.device
        most = 2 * self.padding + 1
        shift = torch.randint(most, (2, n, 1), generator=generator, device=device)
        mirrored = torch.rand((n, 1), generator=generator, device=device) < 0.5
        rows = shift[0] + torch.arange(height, device=device)
        columns = torch.arange(width, device=device).expand(n, width)
        columns = shift[1] + torch.where(mirrored, width - 1 - columns, columns)
        padded = F.pad(images, [self.padding] * 4)
        each = torch.arange(n, device=device)[:, None, None, None]
        channel = torch.arange(channels, device=device)[None, :, None, None]
        return padded[each, channel, rows[:, None, :, None], columns[:, None, None, :]]
