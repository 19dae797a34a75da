"""The parts of ascent one by one: random points and pairs, starts, covectors, walks."""

from dataclasses import replace

import numpy as np
import pytest

from lipkit.lipschitz import _ascent
from lipkit.lipschitz._points import random_pairs, random_points
from lipkit.lipschitz._question import ask
from lipkit.lipschitz._starts import Starts, choose_starts
from lipkit.lipschitz._walk import walk
from lipkit.networks import ReluNetwork, sample_random_relu

BOX = (np.array([-1.0, 0.5, 0.0]), np.array([0.5, 2.0, 1e-3]))


def deep(*sizes, seed=0):
    rng = np.random.default_rng(seed)
    return ReluNetwork([rng.normal(size=s) for s in zip(sizes[1:], sizes[:-1], strict=True)])


def patterns(network, X):
    gates = np.concatenate([z > 0 for z in network.preactivations(X)], axis=1)
    return {tuple(row.tolist()) for row in gates}


def test_points_and_pairs_stay_in_the_box_and_fill_it():
    question = ask(sample_random_relu(3, 4, 1, bias="normal", rng=0), 2, None, BOX)
    rng = np.random.default_rng(0)
    for points in (random_points(question, 500, rng), *random_pairs(question, 500, rng)):
        assert ((points >= BOX[0]) & (points <= BOX[1])).all()
        assert (np.ptp(points, axis=0) > 0.9 * (BOX[1] - BOX[0])).all()


def test_half_of_the_pairs_are_close():
    question = ask(sample_random_relu(3, 4, 1, rng=0), 2, None, None)
    X, Y = random_pairs(question, 400, np.random.default_rng(0))
    far, near = (np.linalg.norm(X - Y, axis=1)[k::2] / np.sqrt(3) for k in (0, 1))
    assert near.max() < 0.3 < np.median(far)
    assert near.min() < 3e-3


def test_each_start_has_its_own_input_for_p_1_and_its_own_output_for_q_inf():
    network = deep(5, 12, 4)
    X = np.random.default_rng(1).normal(size=(300, 5))
    J = network.gradient(X)
    starts, slopes = choose_starts(ask(network, 1, 2, None), X, 5)
    assert sorted(starts.u.argmax(axis=1)) == [0, 1, 2, 3, 4]
    assert (starts.u.sum(axis=1) == 1).all()
    assert slopes == pytest.approx(np.linalg.norm(J, axis=1).max(axis=1))
    starts, slopes = choose_starts(ask(network, 2, np.inf, None), X, 4)
    assert starts.holds_c
    assert starts.u is None
    assert sorted(starts.c.argmax(axis=1)) == [0, 1, 2, 3]
    assert slopes == pytest.approx(np.linalg.norm(J, axis=2).max(axis=1))
    starts, slopes = choose_starts(ask(network, 2, 2, None), X, 6)
    norms = np.linalg.norm(J, ord=2, axis=(1, 2))
    assert slopes == pytest.approx(norms)
    assert np.linalg.norm(network.gradient(starts.X), 2, (1, 2)) == pytest.approx(
        np.unique(norms.round(9))[::-1][:6]
    )


@pytest.mark.parametrize(("p", "q", "norm"), [(2, 2, 2), (1, 1, 1), (np.inf, np.inf, np.inf)])
def test_covectors_of_a_linear_map_become_those_of_its_norm(p, q, norm):
    (A,) = deep(5, 4).weights
    question = ask(ReluNetwork([A]), p, q, None)
    at, _ = choose_starts(question, np.zeros((1, 5)), 1)
    for _ in range(300):
        _, c = _ascent._uphill(question, at, 2.0, None)
        at = replace(at, c=c)
    dual, c = {1: np.inf, 2: 2, np.inf: 1}, at.c[0]
    slope = c @ A @ at.u[0] if p == 1 else np.linalg.norm(c @ A, ord=dual[p])
    assert np.linalg.norm(c, ord=dual[q]) == pytest.approx(1)
    assert abs(slope) == pytest.approx(np.linalg.norm(A, ord=norm), rel=1e-9)


@pytest.mark.parametrize("bias", ["zero", "normal"])
@pytest.mark.parametrize("boxed", [False, True])
def test_a_walk_steps_over_no_piece(bias, boxed):
    network = sample_random_relu(3, 10, 2, bias=bias, rng=1)
    box = (-np.ones(3), np.ones(3)) if boxed else None
    question = ask(network, 2, None, box)
    x, u = np.array([0.5, -0.2, 0.7]), np.array([1.0, 2.0, -0.5])
    (points,) = walk(question, x[None], u[None], 1000)
    t = (
        np.linspace(-1.5, 1.5, 100_001)[:, None]
        if boxed
        else np.linspace(-20, 20, 100_001)[:, None]
    )
    line = x + t * u
    if boxed:
        line = line[(np.abs(line) <= 1).all(axis=1)]
        assert (np.abs(points) <= 1).all()
        assert np.abs(points).max() > 0.9
    assert patterns(network, line) <= patterns(network, points)
    # all of them lie in the plane of x and u
    assert np.linalg.matrix_rank(np.vstack([points, x, u]), tol=1e-9) == 2


def test_a_short_walk_stays_near():
    network = sample_random_relu(3, 200, 1, rng=1)
    x, u = np.array([0.5, -0.2, 0.7]), np.array([1.0, 2.0, -0.5])
    (points,) = walk(ask(network, 2, None, None), x[None], u[None], 20)
    assert 10 <= len(points) <= 80
    cosines = points @ x / np.linalg.norm(points, axis=1) / np.linalg.norm(x)
    assert cosines.min() > np.cos(np.pi / 10) - 1e-9


def test_without_a_direction_there_is_only_the_start():
    network = sample_random_relu(2, 5, 1, bias="normal", rng=0)
    x = np.array([[1.0, 1.0]])
    question = ask(network, 2, None, (-1, 1))
    for u in ([0.0, 0.0], [1.0, 2.0]):  # the second leads out of the corner at once
        (points,) = walk(question, x, np.array([u]), 100)
        assert (points == x).all()


def test_what_is_held_is_held():
    network = deep(3, 6, 2)
    X = np.random.default_rng(0).normal(size=(4, 3))
    for p, q in ((1, 2), (2, np.inf)):
        question = ask(network, p, q, None)
        at: Starts = choose_starts(question, X, 2)[0]
        _, c = _ascent._uphill(question, at, 2.0, None)
        assert (c == at.c).all() == at.holds_c
