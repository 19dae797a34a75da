"""What the chapter on one number of a class measures: repeatable, ordered, right on four points."""

import numpy as np
import pytest

from lipkit.experiments import EXPERIMENTS
from lipkit.experiments.whole_class import neuron_suprema, whole_class
from lipkit.theory.rademacher import neuron_rademacher
from tests.experiments.repeating import changed_by_seed

READINGS = EXPERIMENTS["label_readings"]


def test_readings_repeat_and_depend_on_their_seed():
    assert changed_by_seed("label_readings")["fit"]


def test_readings_are_those_of_every_label_vector():
    found = READINGS(READINGS.params("test"), 0)
    assert len(found["fit"]) == len(found["given"]) == 2**6
    assert (np.diff(found["fit"]) >= 0).all()
    np.testing.assert_allclose(found["fit"][::2], found["fit"][1::2])  # y and -y
    assert found["below"] == np.mean(found["fit"] < found["average"])
    assert found["below_given"] == np.mean(found["given"] < found["average"])
    assert found["below"] < found["below_given"]
    assert 1 / found["average"] == pytest.approx(np.mean(1 / found["given"]))


def test_four_points_by_hand():
    """nu is 1 for the two alternating labellings and sqrt 2 for the others; 2 nu >= 4 never."""
    nu = neuron_suprema("sq4")
    assert sorted(np.round(nu, 9)) == pytest.approx([1.0] * 2 + [2**0.5] * 14)
    for weights, share in ((2.8, 0), (2.9, 87.5), (3.9, 87.5), (4.0, 100)):
        assert whole_class("sq4", "path", 7, weights)["share"] == share
    rho = float(neuron_rademacher(np.array([[1, 0], [0, 1], [-1, 0], [0, -1.0]]), exact=True))
    assert whole_class("sq4", "linf_rows", 3, 2.0)["complexity"] == pytest.approx(6 * rho)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("moon",), "points: got 'moon'"),
        (("sq4", "bounded"), "norm: got 'bounded'"),
        (("sq4", "path", 0), "k: got 0"),
        (("sq4", "path", 1, 0.0), "weights: got 0.0"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(ValueError, match=message):
        whole_class(*arguments)
