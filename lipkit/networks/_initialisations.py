"""The usual random weights of a ReLU network, and how much steeper each makes it."""

import math
from dataclasses import dataclass

from lipkit import _validate
from lipkit.networks import _draws
from lipkit.networks._draws import Draw


@dataclass(frozen=True)
class Weights:
    """The law of the weights, and the variances of first layer, later hidden layers, readout."""

    draw: Draw
    first: float
    hidden: float
    readout: float

    def scales(self, depth: int) -> list[float]:
        """What the draws of each layer are multiplied by; a uniform draw has variance 1/3."""
        unit = 1.0 if self.draw is _draws.normal else 3.0
        variances = [self.first, *[self.hidden] * (depth - 1), self.readout]
        return [math.sqrt(unit * variance) for variance in variances]


NAMES = (
    "generalised_he",
    "kaiming_normal",
    "kaiming_linear",
    "lecun_normal",
    "xavier_normal",
    "torch_default",
)


def weight_law(init: str, d: int, width: int) -> Weights:
    """The law of that name at these sizes."""
    init = _validate.one_of(init, "init", NAMES)
    draw = _draws.uniform if init == "torch_default" else _draws.normal
    variances = {
        "generalised_he": (2 / width, 2 / width, 1.0),
        "kaiming_normal": (2 / d, 2 / width, 2 / width),
        "kaiming_linear": (2 / d, 2 / width, 1 / width),
        "lecun_normal": (1 / d, 1 / width, 1 / width),
        "xavier_normal": (2 / (d + width), 1 / width, 2 / (width + 1)),
        "torch_default": (1 / (3 * d), 1 / (3 * width), 1 / (3 * width)),
    }
    return Weights(draw, *variances[init])


def initialisation_factor(init: str, d: int, width: int, depth: int) -> float:
    r"""By how much a statement about the generalised He model changes for another initialisation.

    .. math:: \sqrt{\frac{v_0}{2/N}} \left(\frac{v}{2/N}\right)^{(L-1)/2} \sqrt{v_L}

    for variances :math:`v_0` of the first layer, v of the L - 1 other hidden ones and :math:`v_L`
    of the readout, N the width, L the depth:

    ================== ================ ============== =================
    ``init``           first            hidden         readout
    ================== ================ ============== =================
    ``generalised_he`` :math:`2/N`      :math:`2/N`    1
    ``kaiming_normal`` :math:`2/d`      :math:`2/N`    :math:`2/N`
    ``kaiming_linear`` :math:`2/d`      :math:`2/N`    :math:`1/N`
    ``lecun_normal``   :math:`1/d`      :math:`1/N`    :math:`1/N`
    ``xavier_normal``  :math:`2/(d+N)`  :math:`1/N`    :math:`2/(N+1)`
    ``torch_default``  :math:`1/(3d)`   :math:`1/(3N)` :math:`1/(3N)`
    ================== ================ ============== =================

    For Gaussian weights and no biases the Lipschitz constant, every gradient and every bound are
    multiplied by it, in law; the law of the gradient at a fixed point is multiplied by it whatever
    the symmetric biases. ``kaiming_normal`` is ``torch.nn.init.kaiming_normal_`` of every layer,
    ``kaiming_linear`` with gain 1 for the readout. ``torch_default``, of ``torch.nn.Linear``, has
    uniform weights: :math:`\mathbb E\|\nabla f(x)\|_2^2 = \text{factor}^2 d` still holds exactly,
    by the symmetry argument of Theorem A, but the law is another. Raises ``ValueError`` for another
    name or sizes below 1.
    [Derived, digest of random ReLU networks, section 1.]

    >>> [round(initialisation_factor("kaiming_linear", d, 64, 3), 9) for d in (4, 16)]
    [0.5, 0.25]
    """
    d, width, depth = (
        _validate.count(v, name) for v, name in ((d, "d"), (width, "width"), (depth, "depth"))
    )
    law = weight_law(init, d, width)
    he = 2 / width
    logs = math.log(law.first / he) + (depth - 1) * math.log(law.hidden / he)
    return math.exp((logs + math.log(law.readout)) / 2)
