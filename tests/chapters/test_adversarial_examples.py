"""What the chapter claims; each hypothesis called needed is dropped, and the conclusion breaks."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lipkit import attacks, lipschitz
from lipkit.bound import NETWORK, Bound
from lipkit.certificates import certified_radius, linear_radius, margin
from lipkit.experiments import load_result
from lipkit.experiments.attack_trained import attack_trained
from lipkit.experiments.digit_pair import digit_pair, nearest_tie
from lipkit.experiments.digits import digits_network
from lipkit.experiments.quiet_failures import EPS, _with_dropout, scaled
from lipkit.experiments.two_radii import two_radii
from lipkit.experiments.worst_point import worst_point
from lipkit.networks import ReluNetwork
from lipkit.norms import dual_exponent, pair_norm, vector_norm
from tests.conftest import ROOT

NORMS = (1.0, 1.5, 2.0, 3.0, np.inf)


def line(seed, d=5):
    draws = np.random.default_rng(seed)
    return ReluNetwork([draws.normal(size=(1, d))], [draws.normal(size=1)])


# -- the nearest tie of a linear score -----------------------------------------------------------
@given(seed=st.integers(0, 10_000), p=st.sampled_from(NORMS))
def test_the_nearest_tie_is_attained_and_nothing_nearer_ties(seed, p):
    score, draws = line(seed), np.random.default_rng([seed, 1])
    x = draws.normal(size=5)
    end = nearest_tie(score, x, p)
    distance = vector_norm(end - x, p)
    assert score(end) == pytest.approx(0, abs=1e-9)
    assert distance == pytest.approx(linear_radius(score, x[None], [np.sign(score(x))], p)[0])
    steps = draws.normal(size=(200, 5))
    steps *= 0.999 * distance / vector_norm(steps, p)[:, None]
    assert (np.sign(score(x + steps)) == np.sign(score(x))).all()


def test_nearest_tie_needs_an_affine_score(breaks):
    seen = worst_point("network", np.inf, 0.3, 60.0)
    slope = (seen["margin"] - worst_point("network", np.inf, 1e-7, 60.0)["step"]) / 1e-7
    straight = seen["margin"] / slope
    breaks(found=seen["distance"], at_least=straight, margin=0.2)


def test_nearest_tie_needs_every_input(breaks):
    """x₁ is spent after a fifth, and the rest has to come from x₂, where it buys a tenth."""
    score, x = ReluNetwork([[[1.0, 0.1]]], [[-0.05]]), np.array([0.2, 0.9])
    formula = vector_norm(nearest_tie(score, x, 1) - x, 1)
    assert formula == pytest.approx(0.24)
    grid = np.stack(np.meshgrid(*2 * [np.linspace(0, 1, 1001)]), axis=-1).reshape(-1, 2)
    tied = grid[np.asarray(score(grid)) <= 1e-12]
    breaks(found=vector_norm(tied - x, 1).min(), at_most=formula, margin=0.3)


# -- one rule ------------------------------------------------------------------------------------
def stated(value, p, q, kind="exact", domain="global"):
    return Bound(value, kind, quantity=NETWORK, norm=(p, q), domain=domain, method="by hand")


@pytest.mark.parametrize("q", [1.0, 1.5, 2.0, 4.0, np.inf])
def test_the_rule_holds_for_every_pair_of_norms_and_is_sharp(q):
    """f(t) = t a has the constant ||a||_q for any p, and at t = 1 every tie is at distance 1."""
    draws = np.random.default_rng(0)
    for a in [np.array([1.0, -1.0]), *draws.normal(size=(50, 3))]:
        L = stated(float(vector_norm(a, q)), 2.0, q)
        radius = certified_radius(a[None], [int(a.argmax())], L)[0]
        assert 0 < radius <= 1 + 1e-12
        if len(a) == 2:
            assert radius == pytest.approx(1)


PAIRS = [(1.0, 1.0), (1.0, 2.0), (1.0, np.inf), (2.0, 2.0), (2.0, np.inf), (np.inf, np.inf)]


@given(seed=st.integers(0, 10_000), pair=st.sampled_from(PAIRS))
def test_pairs_never_promise_less(seed, pair):
    (p, q), draws = pair, np.random.default_rng(seed)
    W, x = draws.normal(size=(4, 2)), draws.normal(size=2)
    z = W @ x
    y = int(z.argmax())
    rule = certified_radius(z[None], [y], stated(float(pair_norm(W, p, q)), p, q))[0]
    others = [j for j in range(4) if j != y]
    slopes = vector_norm(W[y] - W[others], dual_exponent(p))
    pairs = ((z[y] - z[others]) / slopes).min()
    assert rule <= pairs * (1 + 1e-9)
    steps = draws.normal(size=(500, 2))
    steps *= 0.999 * pairs / vector_norm(steps, p)[:, None]
    assert (((x + steps) @ W.T).argmax(axis=1) == y).all()


def test_three_and_one_by_hand():
    logits = [[1.0, 0.0]]
    for q, expected in ((np.inf, 1 / 6), (2.0, 1 / (3 * 2**0.5)), (1.0, 1 / 3)):
        assert certified_radius(logits, [0], stated(3.0, 2.0, q))[0] == pytest.approx(expected)
    one = certified_radius([1.0], [1], stated(3.0, 2.0, 2.0))[0]
    assert one == pytest.approx(1 / 3)
    never = ReluNetwork([[[1.0]], [[3.0]]], [[0.0], [1.0]])
    assert never(np.linspace(-100, 100, 2001)[:, None]).min() == 1
    assert lipschitz.exact_line(never).value == pytest.approx(3)


def test_rule_needs_an_upper_answer(breaks):
    f = ReluNetwork([[[1.5], [-1.5]]])
    half = stated(1.5 / 2**0.5, 2.0, 2.0, "upper")  # half of the constant, signed as an upper one
    promised = certified_radius(f([[1.0]]), [0], half)[0]
    breaks(found=1.0, at_least=promised, margin=0.9)  # the tie is at 0
    with pytest.raises(ValueError, match="lower"):
        certified_radius(f([[1.0]]), [0], lipschitz.sampling(f, n=10, rng=0))


def test_rule_needs_the_factor_of_its_own_q(breaks):
    f = ReluNetwork([[[3.0], [-3.0]]])
    as_if = stated(3.0, np.inf, 2.0, "upper")  # 3 is the constant for q = inf
    promised = certified_radius(f([[1.0]]), [0], as_if)[0]
    breaks(found=1.0, at_least=promised, margin=0.4)


def test_rule_needs_the_points_between_the_data(breaks):
    """3|t| - 1 at the data 1 and -1.2: slope 3/11 from one to the other, and a tie at 1/3."""
    f = ReluNetwork([[[1.0], [-1.0]], [[3.0, 3.0]]], [[0.0, 0.0], [-1.0]])
    data = np.array([[1.0], [-1.2]])
    slope = abs(float(np.diff(f(data)).item())) / 2.2
    with pytest.raises(ValueError, match="global"):
        certified_radius(f(data), [1, 1], stated(slope, 2.0, 2.0, "upper", "data"))
    promised = certified_radius(f(data), [1, 1], stated(slope, 2.0, 2.0, "upper"))[0]
    assert promised == pytest.approx(22 / 3)
    assert f([1 / 3]) == pytest.approx(0)
    breaks(found=2 / 3, at_least=promised, margin=6)


# -- what attacks and certificates find ----------------------------------------------------------
def test_on_a_line_attack_and_certificate_meet():
    score, (X, y) = digit_pair(3, 8)
    logits = score.with_readout([[0.0], [1.0]])
    classes = (y > 0).astype(int)
    for p in (2.0, np.inf):
        certified = certified_radius(score(X), y.astype(int), lipschitz.autolip(score, p))
        rows = np.flatnonzero(certified > 0)[:20]
        for share, falls in ((0.999, False), (1.001, True)):
            for i in rows[:5]:
                found = attacks.pgd(
                    logits, X[[i]], classes[[i]], eps=share * certified[i], p=p, bounds=None
                )
                assert bool(found.success[0]) == falls


def test_chosen_signs_misread_half_where_coins_misread_few():
    score, (X, y) = digit_pair(3, 8)
    lead = y * score(X)
    w = score.weights[0][0]
    half = np.median(lead) / np.abs(w).sum()
    chosen = X - half * np.sign(w) * y[:, None]
    assert (y * score(chosen) <= 1e-9).mean() == pytest.approx(0.5, abs=0.02)
    inside = (y * score(np.clip(chosen, 0, 1)) <= 0).mean()
    assert 0.3 < inside < 0.45  # grey values kept between 0 and 1 cost the adversary
    draws = np.random.default_rng(5)
    coins = [
        (y * score(X + half * draws.choice([-1.0, 1.0], size=64)) <= 0).mean() for _ in range(300)
    ]
    assert np.mean(coins) < 0.05


def test_as_images_the_three_ties_are_read_as_a_three_again():
    score, (X, y) = digit_pair(3, 8)
    lead = y * score(X)
    threes = np.flatnonzero((y < 0) & (lead > 0))
    x = X[threes[np.argsort(lead[threes])[len(threes) // 2]]]
    for p in (1, 2, np.inf):
        beyond = x + 1.01 * (nearest_tie(score, x, p) - x)
        assert score(beyond) > 0 > score(np.clip(beyond, 0, 1))


@pytest.fixture(scope="module")
def trained():
    return digits_network(0)


def test_a_thousandfold_logit_hides_the_worst_points(trained):
    network, split = trained
    X, y = torch.tensor(split.test.X[:200], dtype=torch.float32), torch.tensor(split.test.y[:200])
    once, loud = scaled(network, 1.0), scaled(network, 1000.0)
    assert (once(X).argmax(dim=1) == loud(X).argmax(dim=1)).all()
    quiet = attacks.pgd(once, X, y, eps=EPS)
    hidden = attacks.pgd(loud, X, y, eps=EPS)
    seen = attacks.pgd(loud, X, y, eps=EPS, loss="margin")
    assert quiet.success_rate > 0.97
    assert hidden.success_rate < 0.2
    assert seen.success_rate > 0.97
    assert loud(quiet.adversarial).argmax(dim=1).ne(y).double().mean() > 0.97
    assert not quiet.flags
    named = {flag.split(":")[0] for flag in hidden.flags}
    assert {"zero gradients", "masked gradients"} <= named


def test_under_dropout_every_digit_falls_in_some_draw_and_the_draws_are_noticed(trained):
    network, split = trained
    X, y = torch.tensor(split.test.X[:200], dtype=torch.float32), torch.tensor(split.test.y[:200])
    dropping = _with_dropout(scaled(network, 1.0))
    found = attacks.pgd(lambda x: dropping(x), X, y, eps=EPS)
    assert found.success.all()
    assert "change from call to call" in found.flags[0]


def test_certified_and_attacked_radius_leave_a_gap(trained):
    network, split = trained
    found = two_radii(two_radii.params("quick") | {"images": 40}, 0)
    right = margin(network(split.test.X), split.test.y) > 0
    X = split.test.X[right][:40]
    for name in ("l2", "linf"):
        assert (found[f"rule_{name}"] <= found[f"pairs_{name}"] * (1 + 1e-9)).all()
        assert (found[f"pairs_{name}"] < found[f"attacked_{name}"]).all()
    norms = [np.linalg.norm(W, 2) for W in network.weights]
    z = np.sort(network(X), axis=1)
    expected = (z[:, -1] - z[:, -2]) / (np.sqrt(2) * np.prod(norms))
    np.testing.assert_allclose(found["rule_l2"], expected, rtol=1e-9)
    assert 3 < np.median(found["attacked_l2"] / found["pairs_l2"]) < 10
    assert np.median(found["attacked_linf"] / found["pairs_linf"]) > 50


def test_training_against_pgd_raises_what_attacks_measure_and_not_the_certificate():
    stored = load_result(ROOT / "book/static/results/attack_trained.json")
    data = {name: np.array(values) for name, values in stored.data.items()}
    assert len(stored.seeds) >= 5
    assert (data["trained_stands"] > 1.7 * data["plain_stands"]).all()
    assert (data["trained_attacked_linf"] > 1.4 * data["plain_attacked_linf"]).all()
    assert (data["trained_attacked_l2"] > data["plain_attacked_l2"]).all()
    assert (data["trained_certified_l2"] < data["plain_certified_l2"]).all()
    rose = data["trained_certified_linf"] > data["plain_certified_linf"]
    assert rose.any()  # in the norm of the training: in some of the seeds
    assert not rose.all()
    margins = data["trained_margin"] / data["plain_margin"]
    assert (margins < data["trained_constant_l2"] / data["plain_constant_l2"]).all()
    assert (margins > data["trained_slope"] / data["plain_slope"]).all()
    live = attack_trained(stored.params, 3)
    stored.check(live, rtol=0.2, seed=3)
