"""The product of the controls' values: the states that the page holds."""

import itertools
import math
from collections.abc import Mapping
from typing import Any

from lipkit.teach.panels import Control

MOST = 2000


class Grid:
    """All combinations of the controls' values; the last control runs fastest."""

    def __init__(self, controls: Mapping[str, Control]):
        if not controls:
            raise ValueError("controls: got none, expected at least one, such as a panels.slider")
        self.controls = dict(controls)
        self.shape = tuple(len(control.values) for control in controls.values())
        if len(self) > MOST:
            product = " × ".join(map(str, self.shape))
            raise ValueError(
                f"controls: got {product} = {len(self):,} states, expected at most {MOST:,}; "
                "take larger steps or fewer controls"
            )

    def __len__(self) -> int:
        return math.prod(self.shape)

    @property
    def start(self) -> int:
        """The number of the state where the page begins."""
        return self.number([control.start for control in self.controls.values()])

    def strides(self) -> list[int]:
        """How far apart in number the neighbours along each control are."""
        return [math.prod(self.shape[i + 1 :]) for i in range(len(self.shape))]

    def number(self, places: list[int]) -> int:
        """The state's number, from the place of each control's value."""
        return sum(place * stride for place, stride in zip(places, self.strides(), strict=True))

    def places(self, state: int) -> list[int]:
        """The place of each control's value in this state."""
        return [
            state // stride % size for stride, size in zip(self.strides(), self.shape, strict=True)
        ]

    def along(self, name: str, state: int) -> tuple[list[int], int]:
        """The numbers of the states along one control, and the place of this state among them."""
        axis = list(self.controls).index(name)
        place, stride = self.places(state)[axis], self.strides()[axis]
        return [state + (i - place) * stride for i in range(self.shape[axis])], place

    def states(self) -> list[dict[str, Any]]:
        """The values of all states, in order."""
        values = [control.values for control in self.controls.values()]
        return [dict(zip(self.controls, each, strict=True)) for each in itertools.product(*values)]

    def filled(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The given values, and the starting values of the controls that are not given."""
        unknown = [name for name in given if name not in self.controls]
        if unknown:
            raise ValueError(
                f"got the control {unknown[0]!r}, expected {', '.join(map(repr, self.controls))}"
            )
        start = {name: control.values[control.start] for name, control in self.controls.items()}
        return start | dict(given)
