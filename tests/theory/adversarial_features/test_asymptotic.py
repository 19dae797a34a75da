"""The two scalar equations: printed values, an oracle in 40 digits, and laws."""

import math
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipkit.networks import ActivationConstants, activation_constants
from lipkit.theory.adversarial_features import (
    adversarial_rf_theory,
    adversarial_risk,
    asymptotic_risk,
    eps_max,
    large_width_expansion,
    min_gradient_interpolator_theory,
    mp_resolvent,
    rf_trace_coeffs,
    saddle_gradient,
    saddle_objective,
)
from tests.theory.adversarial_features.digits import assert_agrees

KAPPA = 1 - 2 / math.pi
# psi1, psi2, tau2, eps; SR, s, AR at eps, AR at .3, nu, p, lam
TABLE = """
.5,2,.25,.5 | 1.1091738 .28012511 1.3641835 1.2574714 .0092195563 14.42488 .3872855
1,2,.25,.5 | .94556121 .58646891 1.4865670 1.2495279 .065647979 4.5935538 .57605452
2,2,.25,.5 | .83110187 .89631384 1.6839160 1.2945876 .28908320 1.7005136 .67340419
4,2,.25,.5 | .85305517 1.0597282 1.9147609 1.4226972 1.0426704 .55021054 .64260039
8,2,.25,.5 | .83807904 .81927404 1.6043093 1.2575446 2.2348103 .20022396 .44285851
4,2,.25,.1 | .95312204 1.2182082 1.1577491 1.6560450 5.5758650 .022378709 .69115507
4,2,.25,1 | .83039003 .56402091 1.9686842 1.1050732 .27447267 2.2550441 .38893866
3,4,.01,.25 | .32197004 1.0526178 .62950079 .70762700 .34756802 1.3343297 .88535606
8,4,.01,.25 | .30245367 .92760156 .55974859 .62411424 2.7401687 .15388445 .71087321
30,4,.01,.25 | .61476858 .54335589 .80318220 .84529346 6.8528326 .025281243 .28800280
""".strip().splitlines()


def setting(text: str) -> dict[str, float]:
    psi1, psi2, tau2, eps = map(float, text.split(","))
    return {"psi1": psi1, "psi2": psi2, "tau2": tau2, "eps": eps}


@pytest.mark.parametrize("line", TABLE)
def test_printed_values(line: str) -> None:
    given, printed = line.split(" | ")
    r = asymptotic_risk(**setting(given))
    at_point_three = adversarial_risk(r.standard_risk, r.grad_norm, 0.3)
    values = (
        *(r.standard_risk, r.grad_norm, r.adversarial_risk, at_point_three),
        *(r.nu, r.p, r.lam),
    )
    for value, text in zip(values, printed.split(), strict=True):
        assert_agrees(value, text)
    other = asymptotic_risk(**setting(given), eps_test=0.3)
    assert other.adversarial_risk == at_point_three


@pytest.mark.parametrize(
    ("given", "printed"),
    [
        (
            "4,2,.25,.5",
            "sigma2=.35477619 alpha2=.49827898 beta=.32267690 tau_g=.58646078 tau_q=.34743240 "
            "gamma=.29009591 train_objective=.17440728 train_mse=.014724882 "
            "interpolated_fraction=.70289901",
        ),
        (
            "2,2,.25,.5",
            "sigma2=.47829980 alpha2=.35280207 beta=.57096818 tau_g=.33576218 tau_q=.51871003 "
            "gamma=.37962427 train_objective=.34131870",
        ),
    ],
)
def test_the_papers_variables(given: str, printed: str) -> None:
    r = asymptotic_risk(**setting(given))
    for item in printed.split():
        name, text = item.split("=")
        assert_agrees(getattr(r, name), text)
    point = math.sqrt(r.alpha2), r.tau_g, r.beta, r.gamma, r.tau_q
    assert saddle_objective(*point, **setting(given)) == pytest.approx(r.train_objective, rel=1e-12)


@pytest.mark.parametrize(
    ("given", "ridge", "activation", "printed"),
    [
        ("30,4,.01,.25", 0.1, "relu", ".15670418 .72499264 .30404940"),
        ("8,4,.01,.25", 0.1, "shifted_relu", ".13898154 .90016917 .32350466"),
        ("30,4,.01,.25", 0.001, "relu", ".59653046 .54355802"),
        ("20,4,.01,.25", 0.0, "erf", ".4028224 "),
        ("8,4,.01,.01", 0.1, "relu", ".10849069"),
        ("8,4,.01,.001", 0.1, "relu", ".10821124"),
        ("8,4,.01,.0001", 0.1, "relu", ".10818841"),
    ],
)
def test_ridge_and_erf(given: str, ridge: float, activation: str, printed: str) -> None:
    r = asymptotic_risk(**setting(given), ridge=ridge, activation=activation)
    values = r.standard_risk, r.grad_norm, r.adversarial_risk
    for value, text in zip(values, printed.split(), strict=False):
        assert_agrees(value, text)


@pytest.mark.parametrize(
    ("psi1", "ridge", "printed"),
    [(psi1, ridge, text) for ridge, row in {
        0.01: ".583 .462 .642 .882", 0.1: ".487 .324 .304 .513", 0.3: ".515 .308 .220 .315",
    }.items() for psi1, text in zip((3, 8, 30, 100), row.split(), strict=True)],
)  # fmt: skip
def test_a_ridge_cures(psi1: float, ridge: float, printed: str) -> None:
    r = asymptotic_risk(psi1, 4, tau2=0.01, eps=0.25, ridge=ridge)
    assert_agrees(r.adversarial_risk, printed)


@pytest.mark.parametrize(
    ("activation", "printed"),
    [("erf", ".615 .337 .380 .605 .831 1.001"), ("tanh", ".577 .307 .372 .607 .834 1.002")],
)
def test_other_activations(activation: str, printed: str) -> None:
    psi1 = [1, 3, 8, 20, 50, 200]
    risks = asymptotic_risk(psi1, 4, tau2=0.01, eps=0.25, activation=activation)
    for value, text in zip(risks.adversarial_risk, printed.split(), strict=True):
        assert_agrees(value, text)


def test_tanh_to_five_digits() -> None:
    r = asymptotic_risk(3, 4, tau2=0.01, eps=0.25, activation="tanh")
    assert_agrees(r.adversarial_risk, ".30747")


class TestSmallFunctions:
    def test_resolvent(self) -> None:
        m, m2 = mp_resolvent(KAPPA, 2)
        assert (m, m2) == pytest.approx((1.6901026861288495, 4.067625790379834), rel=1e-14)
        m, m2 = mp_resolvent([1.0], 0.5)
        assert (m[0], m2[0]) == pytest.approx((0.5615528128088303, 0.3488746876271654), rel=1e-14)

    @given(st.floats(-12, 12), st.floats(-12, 12))
    def test_resolvent_solves_its_equation(self, log_k: float, log_psi: float) -> None:
        k, psi = mp.mpf(math.exp(log_k)), mp.mpf(math.exp(log_psi))
        with mp.workdps(60):
            a = 1 - psi + k
            root = mp.sqrt(a**2 + 4 * psi * k)
            m = 2 / (a + root)
            m2 = (psi * m**2 + m) / root
        ours = mp_resolvent(float(k), float(psi))
        assert ours == pytest.approx((float(m), float(m2)), rel=1e-12)

    def test_resolvent_of_a_large_matrix(self) -> None:
        draws = np.random.default_rng(0)
        W = draws.normal(size=(1200, 600))
        W /= np.linalg.norm(W, axis=1, keepdims=True)
        x = np.linalg.eigvalsh(W @ W.T)
        m, m2 = mp_resolvent(0.4, 2.0)
        assert m == pytest.approx((1 / (x + 0.4)).mean(), rel=3e-4)
        assert m2 == pytest.approx((1 / (x + 0.4) ** 2).mean(), rel=1e-3)

    def test_trace_coefficients(self) -> None:
        c = rf_trace_coeffs(0.5, 0, 2, KAPPA, 1)
        printed = "1.0123571763 .1248123055 .5287788415 .3683335096 .9671566697 .7717002024"
        for value, text in zip(c, [*printed.split(), ".5755868184"], strict=True):
            assert_agrees(value, text)

    @pytest.mark.parametrize("shape", [(50, 25), (25, 50)])
    def test_traces_of_a_matrix(self, shape: tuple[int, int]) -> None:
        """The five traces from the eigenvalues of one W, by the digest's formula Q."""
        draws = np.random.default_rng(1)
        n_features, d = 20 * shape[0], 20 * shape[1]
        W = draws.normal(size=(n_features, d))
        W /= np.linalg.norm(W, axis=1, keepdims=True)
        x = np.linalg.eigvalsh(W @ W.T)
        o1, o2, k, kj = 0.7, 0.2, 0.3, 0.9
        ours = rf_trace_coeffs(o1, o2, n_features / d, k, kj)
        lam = 1 / (1 + o1)
        mix = lam * (k + o1 * kj + o2)

        def q(a: float, b: float) -> float:
            return float(((x + a) * (x + b) / (x + mix) ** 2).sum() / d)

        bias = (x * (lam / (x + mix) - 1 / (x + k)) ** 2 * (x + k)).sum() / d
        assert ours.kappa_mix == pytest.approx(mix, rel=1e-14)
        degrees = ours.D
        assert degrees == pytest.approx(lam * ((x + k) / (x + mix)).sum() / d, rel=3e-3)
        assert ours.a0 == pytest.approx(bias, rel=1e-2)
        assert ours.a1 == pytest.approx(lam**2 * q(k, k), rel=3e-3)
        assert ours.b0 == pytest.approx(lam**2 * q(0, kj), rel=3e-3)
        assert ours.b1 == pytest.approx(lam**2 * q(k, kj), rel=3e-3)
        explained = ours.B
        assert explained == pytest.approx((x / (x + k)).sum() / d, rel=3e-3)

    @pytest.mark.parametrize(
        ("given", "printed"),
        [
            ((0.5, 2, 0.25), ".7264952656"), ((1, 2, 0.25), ".9779436666"),
            ((2, 2, 0.25), "1.2648361527"), ((4, 2, 0.25), "1.5759263805"),
            ((8, 2, 0.25), "1.9553952194"), ((8, 4, 0.01), "1.6506365025"),
            ((1e-4, 2, 0.25), ".010787"),
        ],
    )  # fmt: skip
    def test_eps_max(self, given: tuple[float, float, float], printed: str) -> None:
        assert_agrees(eps_max(*given), printed)

    def test_eps_max_at_infinity(self) -> None:
        limit = math.sqrt(math.pi * KAPPA * 1e8 / (2 * 2))
        assert eps_max(1e8, 2, 0.25) == pytest.approx(limit, rel=1e-6)
        m, _ = mp_resolvent(1.0, 2.0)
        rich = math.sqrt(math.pi * 2 * (1 - m) / (2 * 1.25))
        assert eps_max(2, 1e12, 0.25) == pytest.approx(rich, rel=1e-10)
        assert rich <= math.sqrt(math.pi / 2)

    def test_adversarial_risk(self) -> None:
        assert adversarial_risk(0.25, 1.0, 0.0) == 0.25
        grid = np.linspace(0, 2, 9)
        table = adversarial_risk(*np.ix_(grid, grid, grid))
        assert all((np.diff(table, axis=axis) >= 0).all() for axis in range(3))
        z = np.random.default_rng(0).normal(size=400_000)
        mean = ((np.abs(0.8 * z) + 0.5 * 1.2) ** 2).mean()
        assert adversarial_risk(0.64, 1.2, 0.5) == pytest.approx(mean, rel=5e-3)
        assert adversarial_risk(math.inf, math.inf, 0.5) == math.inf
        assert adversarial_risk(1.0, math.inf, 0.0) == 1.0

    @pytest.mark.parametrize(
        ("given", "risk", "gradient"),
        [((4, 2, 0.25), ".9531220401", "1.2182082228"),
         ((8, 4, 0.01), ".3025274238", ".9282512280"),
         ((30, 4, 0.01), ".6147685850", ".5433558880")],
    )  # fmt: skip
    def test_min_gradient_interpolator(self, given: Any, risk: str, gradient: str) -> None:
        found = min_gradient_interpolator_theory(*given)
        assert_agrees(found.standard_risk, risk)
        assert_agrees(found.grad_norm, gradient)

    def test_large_width(self) -> None:
        exact = asymptotic_risk(1e4, 4, tau2=0.01, eps=0.25)
        assert_agrees(exact.grad_norm, ".03333")
        assert_agrees(exact.standard_risk, "1.00821")
        assert_agrees(exact.adversarial_risk, "1.0216")
        found = large_width_expansion(1e4, 4, 0.01)
        assert_agrees(found.grad_norm, ".03334")
        assert_agrees(found.standard_risk, "1.00820")
        assert_agrees(adversarial_risk(*found, 0.25), "1.02163")

    def test_large_width_orders(self) -> None:
        """What the expansion leaves falls faster than the order it has."""
        for psi1 in (1e5, 1e7):
            exact, found = (
                asymptotic_risk(psi1, 4, tau2=0.3, eps=0.5),
                large_width_expansion(psi1, 4, 0.3),
            )
            assert abs(exact.standard_risk - found.standard_risk) < 2000 / psi1**2
            assert abs(exact.grad_norm / found.grad_norm - 1) < 50 / psi1


def equations(nu: Any, p: Any, r: dict[str, Any]) -> tuple[Any, Any, Any, Any]:
    """(E1), (E2) in the digest's textbook form, with mpmath: oracle; also A² and s²."""
    psi1, psi2, tau2, eps, k, kj, ridge = (r[n] for n in
        ("psi1", "psi2", "tau2", "eps", "kappa", "kappa_j", "ridge"))  # fmt: skip
    big, small = mp.erfc(nu / mp.sqrt(2)), mp.sqrt(2 / mp.pi) * mp.exp(-(nu**2) / 2)
    degrees = 1 - p * big / (1 + p)
    o1 = eps**2 / (p * degrees) * (1 + (small - nu * big) / (nu * (1 + p)))
    o2 = ridge / (p * degrees)
    lam = 1 / (1 + o1)
    mix = (k + o1 * kj + o2) / (1 + o1)

    def m(x: Any) -> Any:
        a = 1 - psi1 + x
        return 2 / (a + mp.sqrt(a**2 + 4 * psi1 * x))

    def q(a: Any, b: Any) -> Any:
        m1 = m(mix)
        m2 = (psi1 * m1**2 + m1) / (2 * psi1 * mix * m1 + 1 - psi1 + mix)
        return psi1 * (1 + (a + b - 2 * mix) * m1 + (a - mix) * (b - mix) * m2)

    big_d = lam * psi1 * (1 + (k - mix) * m(mix))
    a1, b0, b1 = lam**2 * q(k, k), lam**2 * q(0, kj), lam**2 * q(k, kj)
    explained = psi1 * (1 - k * m(k))
    a0 = lam**2 * q(0, k) - 2 * lam * psi1 * (1 - mix * m(mix)) + explained
    sigma2 = tau2 + 1 - explained
    v = 1 - big - nu * small
    v += ((big + nu * small) + 2 * p * nu * small + p**2 * nu**2 * big) / (1 + p) ** 2
    eta2 = (sigma2 + a0) * v / (big_d**2 / psi2 - a1 * v)
    risk, slope = sigma2 + a0 + eta2 * a1, b0 + eta2 * b1
    return big_d / (psi2 * degrees) - 1, eps * mp.sqrt(slope / risk) / (nu * p) - 1, risk, slope


def wide_setting(draws: np.random.Generator) -> dict[str, float]:
    """Corners that plain double precision would lose."""

    def between(low: float, high: float) -> float:
        return float(np.exp(draws.uniform(np.log(low), np.log(high))))

    kappa = between(0.01, 3)
    kappa_j = kappa * between(2, 30)
    psi1, psi2, tau2 = between(1e-3, 1e5), between(1e-3, 1e5), between(1e-6, 10)
    top = eps_max(psi1, psi2, tau2, activation=activation_like(kappa, kappa_j))
    eps = top * (1 - between(1e-4, 0.5) if draws.random() < 0.5 else between(1e-3, 0.9))
    ridge = between(1e-4, 1) if draws.random() < 0.3 else 0.0
    return {"psi1": psi1, "psi2": psi2, "tau2": tau2, "eps": eps, "kappa": kappa,
            "kappa_j": kappa_j, "ridge": ridge}  # fmt: skip


def activation_like(kappa: float, kappa_j: float) -> Any:
    return ActivationConstants(0.0, 1.0, kappa, 1 + kappa_j)


def test_against_forty_digits() -> None:
    """The textbook equations solved anew in 50 digits, from 40 corners of the parameter box."""
    draws = np.random.default_rng(7)
    checked = 0
    while checked < 40:
        r = wide_setting(draws)
        ours = adversarial_rf_theory(**r, mu1=1.0)
        if ours.zero_phase or ours.plateau:
            continue
        with mp.workdps(60):
            exact = {name: mp.mpf(value) for name, value in r.items()}
            start = mp.log(mp.mpf(ours.nu)), mp.log(mp.mpf(ours.p))
            nu, p = mp.findroot(
                lambda x, y, exact=exact: equations(mp.exp(x), mp.exp(y), exact)[:2],
                start, tol=1e-60, maxsteps=20, verify=False,
            )  # fmt: skip
            e1, e2, risk, slope = equations(mp.exp(nu), mp.exp(p), exact)
            assert abs(e1) + abs(e2) < 1e-30
        assert ours.standard_risk == pytest.approx(float(risk), rel=1e-7), r
        assert ours.grad_norm == pytest.approx(float(mp.sqrt(slope)), rel=1e-7), r
        checked += 1


def test_stationarity_of_the_printed_objective() -> None:
    """Its gradient vanishes at our solution, over the digest's box, and its Hessian is a saddle."""
    draws = np.random.default_rng(3)
    box = ((0.05, 200), (0.1, 20), (1e-4, 4), (0.02, 2))
    checked = 0
    for _ in range(40):
        psi1, psi2, tau2, eps = (float(np.exp(draws.uniform(*np.log(b)))) for b in box)
        r = asymptotic_risk(psi1, psi2, tau2=tau2, eps=eps)
        if r.zero_phase or not 1e-4 < r.nu < 20:
            continue
        point = math.sqrt(r.alpha2), r.tau_g, r.beta, r.gamma, r.tau_q
        gradient = saddle_gradient(*point, psi1, psi2, tau2, eps)
        value = saddle_objective(*point, psi1, psi2, tau2, eps)
        assert value == pytest.approx(r.train_objective, rel=1e-9)
        assert np.abs(gradient).max() < 1e-7 * value, (psi1, psi2, tau2, eps)
        checked += 1
    assert checked > 20


def test_the_printed_objective_is_a_saddle() -> None:
    r = asymptotic_risk(4, 2, tau2=0.25, eps=0.5)
    point = np.array([math.sqrt(r.alpha2), r.tau_g, r.beta, r.gamma, r.tau_q])
    h = 1e-4 * point

    def f(x: Any) -> float:
        return saddle_objective(*x, 4, 2, 0.25, 0.5)

    hessian = np.empty((5, 5))
    for i, a in enumerate(np.diag(h)):
        for j, b in enumerate(np.diag(h)):
            corner = f(point + a + b) - f(point + a - b) - f(point - a + b) + f(point - a - b)
            hessian[i, j] = corner / (4 * h[i] * h[j])
    assert np.linalg.eigvalsh(hessian[:2, :2]).min() > 0
    assert np.linalg.eigvalsh(hessian[2:, 2:]).max() < 0


class TestLaws:
    @given(st.integers(0, 10**6))
    @settings(max_examples=30)
    def test_vectorised_is_one_by_one(self, seed: int) -> None:
        draws = np.random.default_rng(seed)
        psi1, psi2 = np.exp(draws.uniform(-2, 3, 4)), np.exp(draws.uniform(-1, 2, 4))
        tau2, eps = draws.uniform(0, 2, 4), np.exp(draws.uniform(-3, 1, 4))
        together = asymptotic_risk(psi1, psi2, tau2=tau2, eps=eps)
        for i in range(4):
            alone = asymptotic_risk(psi1[i], psi2[i], tau2=tau2[i], eps=eps[i])
            for name, value in vars(alone).items():
                if not (isinstance(value, float) and math.isnan(value)):
                    assert value == pytest.approx(getattr(together, name)[i], rel=1e-8), name

    @given(st.integers(0, 10**6))
    @settings(max_examples=30)
    def test_orders(self, seed: int) -> None:
        """Risk above the irreducible one, objective below the null's, atoms below psi1/psi2."""
        draws = np.random.default_rng(seed)
        psi1, psi2 = np.exp(draws.uniform(-2, 3, 20)), np.exp(draws.uniform(-1, 2, 20))
        tau2, eps = draws.uniform(0, 2, 20), np.exp(draws.uniform(-3, 1, 20))
        r = asymptotic_risk(psi1, psi2, tau2=tau2, eps=eps)
        assert (r.standard_risk >= r.sigma2 * (1 - 1e-12)).all()
        assert (r.adversarial_risk >= r.standard_risk).all()
        assert (r.train_objective <= (1 + tau2) / 2 * (1 + 1e-12)).all()
        assert (r.interpolated_fraction <= np.minimum(1, psi1 / psi2) * (1 + 1e-9)).all()
        assert (r.zero_phase == (r.grad_norm == 0)).all()

    def test_the_objective_grows_with_eps_and_falls_with_width(self) -> None:
        eps = np.geomspace(0.01, 3, 40)
        assert (np.diff(asymptotic_risk(3, 2, tau2=0.25, eps=eps).train_objective) >= 0).all()
        wide = asymptotic_risk(np.geomspace(0.1, 100, 40), 2, tau2=0.25, eps=0.5)
        assert (np.diff(wide.train_objective) <= 0).all()

    def test_broadcasting_and_types(self) -> None:
        r = asymptotic_risk(np.ones((3, 1)), [1.0, 2.0], tau2=0.25, eps=0.5, eps_test=0.1)
        assert r.standard_risk.shape == r.zero_phase.shape == (3, 2)
        assert r.standard_risk.dtype == np.float64
        assert r.zero_phase.dtype == bool
        alone = asymptotic_risk(1, 2, tau2=0.25, eps=0.5)
        assert isinstance(alone.standard_risk, float)
        assert isinstance(alone.zero_phase, bool)
        assert alone.eps_test == 0.5

    def test_activation_by_name_by_constants_and_by_pair(self) -> None:
        by_name = asymptotic_risk(2, 2, tau2=0.1, eps=0.3, ridge=0.1, activation="tanh")
        found = activation_constants("tanh")
        by_constants = asymptotic_risk(2, 2, tau2=0.1, eps=0.3, ridge=0.1, activation=found)
        by_pair = adversarial_rf_theory(2, 2, 0.1, 0.3, found.kappa, found.kappa_j, 0.1, found.mu1)
        assert by_name == by_constants == by_pair
