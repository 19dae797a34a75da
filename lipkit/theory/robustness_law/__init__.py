"""Laws of robustness: how steep must a function be that fits its data?

Here so far: the floor that holds for every function, and a network of few neurons that fits random
labels but pays for it in slope.
"""

from lipkit.theory.robustness_law._bracket import grouped_bracket
from lipkit.theory.robustness_law._floor import interpolation_floor
from lipkit.theory.robustness_law._groups import grouped_network
from lipkit.theory.robustness_law._witness import group_witness

__all__ = ["group_witness", "grouped_bracket", "grouped_network", "interpolation_floor"]
