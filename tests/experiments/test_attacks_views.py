"""What the chapter on adversarial examples shows, against brute force."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipkit.experiments.attack_trained import attack_trained
from lipkit.experiments.digit_pair import digit_pair, nearest_tie
from lipkit.experiments.digits import digits_network, margins
from lipkit.experiments.quiet_failures import claims_by_scale, quiet_failures, step_lengths
from lipkit.experiments.two_radii import (
    attacked_radius,
    pair_radius,
    read_correctly,
    two_radii,
)
from lipkit.experiments.worst_point import LINE, WINDOW, score_of, worst_point
from lipkit.networks import ReluNetwork, sample_random_relu
from lipkit.norms import vector_norm
from lipkit.teach import figures

STATES = [("line", 2.0, 0.4, 60.0), ("network", 1.0, 0.8, 120.0), ("network", 2.0, 0.3, 60.0),
          ("network", np.inf, 0.3, 60.0), ("network", np.inf, 0.8, 90.0)]  # fmt: skip


def ball(x, p, eps, n=400):
    """A fine grid of the ball around x, border included."""
    t = np.linspace(-1, 1, n)
    square = np.stack(np.meshgrid(t, t), axis=-1).reshape(-1, 2)
    return x + eps * square[vector_norm(square, p) <= 1]


# -- the explorer --------------------------------------------------------------------------------
@pytest.mark.parametrize(("classifier", "p", "eps", "angle"), STATES)
def test_the_worst_point_is_that_of_a_fine_grid(classifier, p, eps, angle):
    seen = worst_point(classifier, p, eps, angle)
    score, x = score_of(classifier), np.array([seen["x"], seen["y"]])
    found = score(ball(x, p, eps)).min()
    assert seen["worst"] <= found + 1e-12
    assert found - seen["worst"] <= seen["constant"] * 2 * eps / 190
    end = np.array([seen["wx"], seen["wy"]])
    assert vector_norm(end - x, p) <= eps * (1 + 1e-9)
    assert score(end) == pytest.approx(seen["worst"])


@pytest.mark.parametrize(("classifier", "p", "eps", "angle"), STATES)
def test_the_distance_is_where_the_balls_begin_to_hold_a_tie(classifier, p, eps, angle):
    seen = worst_point(classifier, p, eps, angle)
    near, far = (worst_point(classifier, p, c * seen["distance"], angle) for c in (0.999, 1.001))
    assert near["worst"] > 0 > far["worst"]


@given(
    classifier=st.sampled_from(["line", "network"]),
    p=st.sampled_from([1.0, 2.0, np.inf]),
    eps=st.floats(0, 0.8),
    angle=st.sampled_from(range(0, 181, 30)),
)
def test_promised_worst_step_and_the_radii_are_in_order(classifier, p, eps, angle):
    seen = worst_point(classifier, p, eps, angle)
    slack = 1e-9 * (1 + abs(seen["promised"]))
    assert seen["promised"] - slack <= seen["worst"] <= seen["step"] + slack
    assert seen["worst"] <= seen["margin"] + slack
    assert seen["radius"] <= seen["distance"] + slack
    if classifier == "line":
        assert seen["promised"] == pytest.approx(seen["step"])
        assert seen["radius"] == pytest.approx(seen["distance"])


def test_no_reachable_ball_leaves_the_window_and_no_distance_reaches_beyond_it():
    for p in (1.0, 2.0, np.inf):
        for angle in range(0, 181, 30):
            for classifier in ("line", "network"):
                seen = worst_point(classifier, p, 0.8, float(angle))
                x = np.array([seen["x"], seen["y"]])
                to_edge = np.min([x - WINDOW[0], WINDOW[1] - x])
                assert to_edge >= 0.8 - 1e-12
                assert seen["distance"] <= 4 - np.abs(x).max()


def test_the_zeros_are_zeros():
    seen = worst_point("network", 2.0, 0.3, 90.0)
    points = np.stack([seen["zerox"], seen["zeroy"]], axis=1)
    points = points[np.isfinite(points).all(axis=1)]
    assert len(points) > 10
    np.testing.assert_allclose(score_of("network")(points), 0, atol=1e-9)


# -- a line on digits ----------------------------------------------------------------------------
def test_the_line_tells_threes_from_eights_by_its_sign():
    score, (X, y) = digit_pair(3, 8)
    assert set(y) == {-1.0, 1.0}
    assert (y * score(X) > 0).mean() > 0.95
    assert score.depth == 0


def test_the_nearest_tie_by_hand():
    tie = nearest_tie(LINE, np.array([0.0, 1.0]), 2.0)
    np.testing.assert_allclose(tie, [0.54, 0.28])


# -- radii ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("p", [2.0, np.inf])
def test_on_a_linear_network_all_radii_are_the_distance(p):
    draws = np.random.default_rng(3)
    f = ReluNetwork([draws.normal(size=(2, 6))])
    X = draws.uniform(0.4, 0.6, size=(30, 6))
    y = f(X).argmax(axis=1)
    certified = pair_radius(f, X, y, p)
    near = certified < 0.3  # so that the pixel box is out of reach
    assert near.sum() > 3
    attacked = attacked_radius(f, X[near], y[near], p)
    np.testing.assert_allclose(attacked, certified[near], rtol=0.05)
    assert (attacked >= certified[near] * (1 - 1e-9)).all()


def test_an_attacked_radius_is_infinite_where_nothing_can_fall():
    f = ReluNetwork([np.zeros((2, 3))], [[1.0, 0.0]])
    assert np.isinf(attacked_radius(f, np.full((2, 3), 0.5), np.array([0, 0]), 2.0)).all()


@pytest.mark.parametrize("seed", range(2))
def test_the_pair_radius_is_never_beyond_what_a_walk_finds(seed):
    f = sample_random_relu(4, 16, 2, rng=seed)
    f = f.with_readout(np.random.default_rng(seed).normal(size=(3, 1)))
    X = np.random.default_rng([seed, 1]).uniform(size=(20, 4))
    y = f(X).argmax(axis=1)
    for p in (2.0, np.inf):
        assert (pair_radius(f, X, y, p) <= attacked_radius(f, X, y, p) * (1 + 1e-9)).all()


def test_radii_of_the_digits_are_on_their_sides_and_repeat():
    params = two_radii.params("test")
    first, again = two_radii(params, 1), two_radii(params, 1)
    for name in first:
        np.testing.assert_array_equal(first[name], again[name])
    for name in ("l2", "linf"):
        assert (first[f"pairs_{name}"] < first[f"attacked_{name}"]).all()
    assert (first["attacked_linf"] < first["attacked_l2"]).all()  # the larger ball


def test_what_is_read_correctly_has_a_margin():
    network, split = digits_network(0, epochs=3)
    X, y = read_correctly(network, split.test, 30)
    assert len(X) == 30
    assert (margins(network, X, y) > 0).all()


# -- failures ------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def failures():
    return quiet_failures(images=60, steps=20)


def test_a_sound_attack_raises_no_flag_and_each_failure_reports_more(failures):
    sound = failures["sound"]
    assert sound.names == "none"
    assert sound.known <= sound.claimed < 0.1
    for name in failures.keys() - {"sound", "long"}:
        assert failures[name].known <= failures[name].claimed, name
        assert failures[name].claimed > sound.claimed, name


@pytest.mark.parametrize(
    ("name", "flag"),
    [
        ("units", "eps in the wrong units"),
        ("short", "budget unused"),
        ("saturated", "masked gradients"),
        ("saturated", "zero gradients"),
        ("quantised", "zero gradients"),
    ],
)
def test_a_failure_is_flagged(failures, name, flag):
    assert flag in failures[name].names
    assert failures[name].claimed > 0.5


def test_a_model_that_draws_inside_a_function_is_noticed_though_every_point_fell(failures):
    assert failures["training mode"].names == "masked gradients"
    assert "change from call to call" in failures["training mode"].flags[0]
    assert failures["training mode"].claimed > 0.3  # after an attack to which every point fell


def test_one_long_step_reports_too_much_and_nothing_notices(failures):
    assert failures["one step"].names == "none"
    assert failures["one step"].claimed > failures["sound"].claimed


def test_long_steps_do_no_harm_to_the_attack_on_the_digits(failures):
    assert failures["long"].claimed <= failures["sound"].claimed


@pytest.mark.parametrize("seed", range(3))
def test_long_steps_fly_over_the_valley_of_the_moon_and_are_noticed(seed):
    found = step_lengths(seed=seed)
    default, long = found["default"], found["long"]
    assert default.known == long.known
    assert default.known < default.claimed < long.claimed - 0.05
    assert long.flags[0].startswith("step too large: 1 is more than the ball is wide, 0.6")
    assert "step too large" not in default.names


def test_what_is_known_of_the_moon_is_exact():
    score, eps = score_of("network"), 0.3
    turns = np.radians(np.linspace(0, 180, 9))
    points = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    stands = [score(ball(x, np.inf, eps)).min() > 0 for x in points]
    assert step_lengths(points=9)["long"].known == np.mean(stands)


def test_the_loss_that_saturates_is_the_only_one_that_sees_the_scale():
    found = claims_by_scale([1.0, 1000.0], images=60, steps=20)
    assert found["ce"][1] > found["ce"][0] + 0.5
    for loss in ("dlr", "margin"):
        assert found[loss][1] == pytest.approx(found[loss][0], abs=0.02)


# -- training ------------------------------------------------------------------------------------
def test_both_networks_are_measured_alike():
    found = attack_trained(attack_trained.params("test"), 0)
    plain = {name[6:] for name in found if name.startswith("plain_")}
    assert plain == {name[8:] for name in found if name.startswith("trained_")}
    for who in ("plain", "trained"):
        assert 0 <= found[f"{who}_stands"] <= found[f"{who}_accuracy"] <= 1
        for norm in ("l2", "linf"):
            assert found[f"{who}_certified_{norm}"] < found[f"{who}_attacked_{norm}"]
        # every pair of logits is at most sqrt 2 times as steep as all of them together
        assert found[f"{who}_slope"] <= np.sqrt(2) * found[f"{who}_constant_l2"]
    assert found["trained_stands"] != found["plain_stands"]


# -- the figure ----------------------------------------------------------------------------------
def test_images_refuses_a_change_of_no_image():
    with pytest.raises(ValueError, match="other"):
        figures.images({"one": np.eye(2)}, changes={"other": np.eye(2)})


def test_images_draws_each_change_under_its_image():
    change = np.array([[0.5, 0.0], [0.0, -1.0]])
    fig = figures.images({"a": np.eye(2), "b": np.eye(2)}, changes={"b": change})
    axes = fig.axes
    assert [ax.get_title() for ax in axes[:2]] == ["a", "b"]
    drawn = np.asarray(axes[3].collections[0].get_array())
    np.testing.assert_array_equal(drawn, change[::-1])
    assert not axes[2].collections
