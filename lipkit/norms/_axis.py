"""One axis of a convolution: which input pixel each tap of each output reads."""

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

IntArray: TypeAlias = NDArray[np.intp]

PADDED = -1  # the source of a tap that reads a padded zero


@dataclass(frozen=True)
class Axis:
    r"""Output t reads, by its tap a, the padded position :math:`ts + ad - p_L`.

    ``size`` input pixels, ``taps`` of the kernel, ``left`` and ``right`` padded pixels, ``outputs``
    of the convolution (fewer than there is room for under a transposed convolution).
    """

    size: int
    taps: int
    stride: int
    left: int
    right: int
    dilation: int
    mode: str
    outputs: int

    @property
    def reach(self) -> int:
        """The distance between the first and the last tap."""
        return self.dilation * (self.taps - 1)

    @property
    def used_right(self) -> int:
        """How far the last output reads beyond the input."""
        last = (self.outputs - 1) * self.stride + self.reach - self.left
        return max(0, last - (self.size - 1))

    @property
    def sees_no_padding(self) -> bool:
        """Whether some output reads real pixels only: the digest's condition (G)."""
        return self.inner_output is not None

    @property
    def inner_output(self) -> int | None:
        """The first output that reads real pixels only, if there is one."""
        first = -(-self.left // self.stride)
        last_read = first * self.stride - self.left + self.reach
        return first if last_read < self.size and first < self.outputs else None

    @property
    def inner_input(self) -> int | None:
        """The first input that every tap of some output reads, for stride 1 and zero padding."""
        first = max(0, self.reach - self.left)
        inside = first < self.size and first + self.left < self.outputs
        return first if self.mode == "zeros" and self.stride == 1 and inside else None

    def positions(self) -> IntArray:
        """What tap a of output t reads, in pixels from the first real one: ``(outputs, taps)``."""
        t, a = np.arange(self.outputs), np.arange(self.taps)
        return np.asarray(t[:, None] * self.stride + a * self.dilation - self.left)

    def sources(self) -> IntArray:
        """The input pixel that tap a of output t reads, or ``PADDED``: ``(outputs, taps)``."""
        return self.fold(self.positions())

    def fold(self, position: IntArray) -> IntArray:
        """The input pixel behind each padded position."""
        last = self.size - 1
        if self.mode == "circular":
            return position % self.size
        if self.mode == "replicate":
            return position.clip(0, last)
        if self.mode == "reflect":
            return np.asarray(last - np.abs(last - np.abs(position)))
        return np.where((position >= 0) & (position <= last), position, PADDED)

    def shortened(self) -> "Axis":
        """An axis with the same patterns at both borders and inside, however long this one is."""
        room = (self.size + self.left + self.right - self.reach - 1) // self.stride + 1
        unused = (room - self.outputs) * self.stride
        border = self.left + self.right + self.reach + self.stride + unused
        excess = max(0, self.size - 2 * border) // self.stride
        return replace(self, size=self.size - excess * self.stride, outputs=self.outputs - excess)
