"""The theory columns of the digest's tables, and what they say."""

import numpy as np
import pytest
from scipy import optimize

from lipkit.theory.adversarial_features import asymptotic_risk
from tests.theory.adversarial_features.digits import assert_agrees

# psi1, eps at psi2 = 2, tau2 = .25; SR, s, AR, fraction fitted, objective: digest 8.1.
TABLE = """
0.5 .25 1.0760 .6167 1.3549 .020 .4980
0.5 .5 1.1092 .2801 1.3642 .007 .5965
0.5 1 1.25 0 1.25 0 .6250
1 .25 .9920 .9429 1.4221 .081 .3490
1 .5 .9456 .5865 1.4866 .052 .5017
1 1 1.25 0 1.25 0 .6250
1.5 .25 1.0048 1.1627 1.5542 .185 .2413
1.5 .5 .8612 .7721 1.5820 .128 .4129
1.5 1 1.1180 .1470 1.3875 .007 .6156
2 .25 1.1063 1.3478 1.7854 .345 .1648
2 .5 .8311 .8963 1.6839 .227 .3413
2 1 1.0082 .2741 1.5224 .029 .5928
3 .25 1.1817 1.4556 1.9454 .795 .0764
3 .5 .8454 1.0406 1.8795 .472 .2386
3 1 .8821 .4504 1.7600 .108 .5371
4 .25 .9489 1.2127 1.5121 .974 .0463
4 .5 .8531 1.0597 1.9148 .703 .1744
4 1 .8304 .5640 1.9687 .216 .4820
6 .25 .8334 .9496 1.2356 1.00 .0282
6 .5 .8281 .9315 1.7215 .919 .1121
6 1 .8189 .6754 2.2505 .450 .3871
8 .25 .8384 .8227 1.1812 1.00 .0211
8 .5 .8381 .8193 1.6043 .975 .0845
8 1 .8414 .6940 2.3388 .629 .3165
""".strip().splitlines()

# psi1, psi2, tau2, eps, activation; the same five: the digest's second simulation.
SECOND = """
2.5,3,.1,.35,relu .5258 1.0074 1.0582 .2550 .1955
1.2,1.5,.5,.4,relu 1.3305 .9683 2.1935 .1483 .4561
5,3,.1,.6,erf .3498 .8805 1.1274 .5154 .2054
""".strip().splitlines()

# psi1 at psi2 = 4, tau2 = .01, eps = .25; SR and AR: digest 8.2.
CURSE = {
    1: ".5678 .8386", 2: ".3752 .6735", 3: ".3220 .6295", 4: ".3239 .6505", 5: ".3357 .6737",
    6: ".3182 .6308", 8: ".3025 .5597", 10: ".3326 .5700", 14: ".4093 .6305", 20: ".5055 .7124",
    30: ".6148 .8032", 50: ".7352 .8969", 100: ".8542 .9787", 300: ".9530 1.0292",
    1000: ".9923 1.0347", 10000: "1.0082 1.0216",
}  # fmt: skip

# psi2, eps; best psi1, least AR, AR at psi1 = 300, tau2 = .01: digest 9.2.
BEST = """
1 .1 3.90 .7242 1.0107
2 .1 5.04 .5454 1.0025
2 .25 5.73 .7151 1.0355
4 .1 7.77 .3922 .9829
4 .25 8.42 .5584 1.0292
4 .5 3.97 .8544 1.1099
8 .1 4.58 .2896 .9409
8 .25 5.51 .4055 1.0049
8 .5 6.50 .6616 1.1186
""".strip().splitlines()


@pytest.mark.parametrize("line", TABLE)
def test_simulated_table(line: str) -> None:
    psi1, eps, *printed = line.split()
    check(float(psi1), 2, 0.25, float(eps), "relu", printed)


@pytest.mark.parametrize("line", SECOND)
def test_second_simulation(line: str) -> None:
    setting, *printed = line.split()
    *numbers, activation = setting.split(",")
    psi1, psi2, tau2, eps = map(float, numbers)
    check(psi1, psi2, tau2, eps, activation, printed)


def check(
    psi1: float, psi2: float, tau2: float, eps: float, activation: str, printed: list[str]
) -> None:
    r = asymptotic_risk(psi1, psi2, tau2=tau2, eps=eps, activation=activation)
    values = (
        *(r.standard_risk, r.grad_norm, r.adversarial_risk),
        *(r.interpolated_fraction, r.train_objective),
    )
    for value, text in zip(values, printed, strict=True):
        assert_agrees(value, text)


def test_the_curse() -> None:
    r = asymptotic_risk(list(CURSE), 4, tau2=0.01, eps=0.25)
    for i, printed in enumerate(CURSE.values()):
        standard, robust = printed.split()
        assert_agrees(r.standard_risk[i], standard)
        assert_agrees(r.adversarial_risk[i], robust)


@pytest.mark.parametrize("line", BEST)
def test_best_width(line: str) -> None:
    psi2, eps, *printed = line.split()

    def risk(psi1: float) -> float:
        return float(asymptotic_risk(psi1, float(psi2), tau2=0.01, eps=float(eps)).adversarial_risk)

    grid = np.geomspace(0.3, 60, 120)
    values = asymptotic_risk(grid, float(psi2), tau2=0.01, eps=float(eps)).adversarial_risk
    i = int(np.argmin(values))
    best = optimize.minimize_scalar(
        risk, bounds=(grid[i - 1], grid[i + 1]), method="bounded", options={"xatol": 1e-4}
    )
    for value, text in zip((best.x, best.fun, risk(300.0)), printed, strict=True):
        assert_agrees(value, text)


@pytest.mark.parametrize(
    ("psi1", "printed"),
    [
        (2, ".881 .838 .780 .735 .674 .629 .637 .786 1.01"),
        (8, ".560 .560 .560 .560 .560 .552 .536 .562 .751"),
        (30, ".8032 .8032 .8032 .8032 .8032 .8032 .8032 .8041 .8116"),
    ],
)
def test_the_training_radius(psi1: float, printed: str) -> None:
    eps = [0.02, 0.05, 0.1, 0.15, 0.25, 0.4, 0.6, 0.9, 1.3]
    r = asymptotic_risk(psi1, 4, tau2=0.01, eps=eps, eps_test=0.25)
    for value, text in zip(r.adversarial_risk, printed.split(), strict=True):
        assert_agrees(value, text)
