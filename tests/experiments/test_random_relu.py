"""The experiments of random networks: what each must show, at sizes of seconds."""

import numpy as np
import pytest

from lipkit.experiments import EXPERIMENTS
from lipkit.lipschitz import exact_plane
from lipkit.networks import sample_random_relu
from tests.experiments.repeating import changed_by_seed

NAMES = (
    "gradient_law",
    "lp_slopes",
    "depth_width",
    "plane_depth",
    "plane_width",
    "bias_floor",
    "relaxation_growth",
    "hidden_map",
)


def quick(name, seed=0, **changed):
    run = EXPERIMENTS[name]
    return run(run.params("quick") | changed, seed)


@pytest.mark.parametrize("name", NAMES)
def test_they_repeat_and_depend_on_their_seed(name):
    assert any(changed_by_seed(name).values())


class TestGradientLaw:
    @pytest.mark.parametrize(
        ("d", "width", "depth", "bias"),
        [(5, 40, 3, "zero"), (5, 40, 3, "cauchy"), (3, 8, 2, "uniform"), (2, 3, 2, "normal")],
    )
    def test_networks_and_law_agree(self, d, width, depth, bias):
        found = quick("gradient_law", d=d, width=width, depth=depth, bias=bias)
        assert found["pvalue"] > 1e-3
        assert found["mean_square"] == pytest.approx(1, abs=0.12)
        assert found["dead"] == pytest.approx(found["dead_law"], abs=0.03)
        if width > 3:
            assert found["log_variance"] == pytest.approx(found["log_variance_law"], rel=0.25)
        assert found["networks"] == pytest.approx(found["law"], rel=0.15, abs=0.01)

    def test_the_digests_quantiles(self):
        found = quick("gradient_law")  # 5, 40, 3 with Cauchy biases of scale 5
        at = dict(zip(found["levels"], found["law"] ** 2, strict=True))
        assert [at[level] for level in (0.1, 0.5, 0.9)] == pytest.approx(
            [0.962, 3.507, 10.73], rel=0.02
        )
        assert found["five_l_over_n"] == 0.375


@pytest.fixture(scope="module")
def slopes():
    return quick("lp_slopes", dims=(8, 16, 32, 64))


class TestSlopesInD:
    def test_the_dichotomy(self, slopes):
        assert slopes["slope_steepest"] == pytest.approx([0.40, 0.41, 0.51, 0.78, 1.0], abs=0.08)
        assert slopes["slope_typical"] == pytest.approx([0.18, 0.38, 0.52, 0.78, 0.99], abs=0.15)
        ratio = slopes["steepest"] / slopes["typical"]
        assert (np.diff(ratio[0]) > 0).sum() >= 2  # p = 1: the ratio grows
        assert ratio[0, -1] > 3
        assert np.ptp(ratio[2]) < 0.6  # p = 2: about twice, at any size

    def test_random_search_suggests_a_wrong_exponent(self, slopes):
        assert (slopes["slope_random"] < slopes["slope_steepest"] - 0.07).all()
        assert slopes["slope_random"][2] == pytest.approx(0.39, abs=0.06)

    def test_what_lies_above_what(self):
        found = quick("lp_slopes", dims=(4, 16), nets=7)
        assert (found["random"] <= found["steepest"]).all()
        assert (found["typical"] <= found["random"]).all()
        assert (found["steepest_low"] <= found["steepest"]).all()
        assert (found["steepest"] <= found["steepest_high"]).all()
        grown = found["steepest"][1:] / found["steepest"][:-1]
        assert (grown > 0.98).all()  # with p, but for what the searches miss
        assert (found["exponent"] >= found["fixed_point"]).all()

    def test_the_digests_medians(self, slopes):  # of 5 and 15 networks; within 12 %
        shares = slopes["steepest"][2] / np.sqrt(slopes["d"])
        assert shares == pytest.approx([1.93, 1.81, 1.98, 1.93], rel=0.12)
        assert slopes["steepest"][0] == pytest.approx([3.76, 5.03, 7.15, 8.58], rel=0.12)

    @pytest.mark.parametrize("dims", [(8,), (8, 8), ()])
    def test_a_line_needs_two_sizes(self, dims):
        with pytest.raises(ValueError, match=r"dims: got \(.*\), expected two or more different"):
            quick("lp_slopes", dims=dims)

    def test_two_sizes_are_enough(self):
        found = quick("lp_slopes", dims=(4, 8), nets=3, points=50)
        rise = np.log(found["steepest"][:, 1] / found["steepest"][:, 0]) / np.log(2)
        np.testing.assert_allclose(found["slope_steepest"], rise)


class TestDepthAndWidth:
    def test_the_product_explodes_and_the_network_does_not(self):
        found = quick("depth_width", widths=(64, 256), depths=(1, 8), nets=3)
        grown = found["steepest"][-1] / found["steepest"][0]
        assert (grown < 2).all()
        assert (found["product"][-1] / found["product"][0] > 500).all()
        assert (found["typical"] <= found["steepest"]).all()
        for upper in ("product", "proved", "tame"):
            assert (found["steepest"] < found[upper]).all()

    def test_no_logarithm_of_the_width_is_seen(self):
        found = quick("depth_width", depths=(1, 2), widths=(64, 512), nets=8)
        slopes = np.polyfit(np.log(found["width"]), np.log(found["steepest"]).T, 1)[0]
        assert slopes == pytest.approx([0.04, -0.01], abs=0.06)  # digest, 4.2

    def test_the_spread_is_the_root_of_five_l_over_n(self):
        found = quick("depth_width", widths=(256,), nets=2, depths=(1, 3))
        assert found["spread"][:, 0] == pytest.approx(np.sqrt([5 / 256, 15 / 256]), rel=0.03)

    def test_the_plane_exactly(self):
        found = quick("plane_depth", depths=(1, 4, 8), nets=20)
        assert found["mean"] == pytest.approx([1.71, 2.18, 2.5], rel=0.2)  # of width 400
        assert found["pieces"] == pytest.approx([1, 1, 0.97], abs=0.04)
        assert found["product"][-1] > 5e3
        one = quick("plane_depth", width=20, depths=(2,), nets=2)
        values = [
            exact_plane(sample_random_relu(2, 20, 2, rng=np.random.default_rng([0, 2, i]))).value
            for i in range(2)
        ]
        assert one["mean"][0] == pytest.approx(np.mean(values) / np.sqrt(2))

    def test_the_plane_by_width(self):
        found = quick("plane_width", widths=(12, 48), depths=(1, 3), nets=6)
        assert found["pieces"] == pytest.approx(np.outer([1, 3], [24, 96]), rel=0.12)
        np.testing.assert_allclose(found["anew"] ** 2, np.log(found["pieces"]))
        values = [
            exact_plane(sample_random_relu(2, 48, 3, rng=np.random.default_rng([0, 3, 48, i])))
            for i in range(6)
        ]
        constants = np.array([b.value for b in values]) / np.sqrt(2)
        assert found["mean"][1, 1] == pytest.approx(constants.mean())
        assert found["median"][1, 1] == pytest.approx(np.median(constants))
        assert found["stderr"][1, 1] == pytest.approx(constants.std(ddof=1) / np.sqrt(6))

    def test_the_slow_search_finds_more_in_deep_networks(self):
        size = {"widths": (32,), "depths": (8,), "nets": 3}
        slow, fast = (quick("depth_width", search=how, **size) for how in ("ascent", "batch"))
        assert slow["steepest"] > 1.2 * fast["steepest"]
        assert (slow["steepest_low"] <= slow["steepest"]).all()
        assert (slow["steepest"] <= slow["steepest_high"]).all()
        assert slow["product"] == fast["product"]  # the same networks
        assert slow["law"] == pytest.approx(slow["typical"], rel=0.6)

    def test_hidden_layers_hardly_stretch(self):  # digest: 1.28 to 1.35, largest 1.5 to 1.6
        found = quick("hidden_map", width=1024, points=8)
        assert found["mean"][-1] == pytest.approx(1.31, abs=0.08)
        assert found["largest"][-1] == pytest.approx(1.55, abs=0.2)
        assert found["product"][-1] == pytest.approx(2150, rel=0.1)
        assert (found["mean"] <= found["largest"]).all()
        assert (found["largest"] <= found["product"]).all()
        assert found["wide"] < 0.01  # far below where the proof speaks


class TestBiases:
    def test_the_digests_networks_on_the_line(self):
        found = quick("bias_floor", searched=2, points=10)
        assert len(found["ratio"]) == 200
        assert found["ratio"].min() == pytest.approx(1.0142, abs=5e-5)
        assert found["with_biases"].mean() == pytest.approx(2.0916, abs=5e-5)
        assert found["without"].mean() == pytest.approx(1.0319, abs=5e-5)

    def test_the_artefact_of_searching_near_the_origin(self):
        found = quick("bias_floor", nets=1)
        near, anywhere = found["near"], found["anywhere"]
        assert near[-1] < 0.75 * near[0]  # digest: 5.34 to 3.08
        assert (anywhere >= near).all()
        assert (anywhere >= anywhere[0] * (1 - 1e-9)).all()


def test_relaxations_grow_like_the_root_of_the_width():
    found = quick("relaxation_growth", widths=(50, 200, 800))
    for name in ("autolip", "eclipse_fast", "lipsdp", "seqlip_greedy"):
        assert 0.3 < found[f"slope_{name}"] < 0.55
        assert (found[name] > found["steepest"]).all()
    assert abs(found["slope_steepest"]) < 0.1
    for name in ("autolip", "eclipse_fast"):
        assert found[name] == pytest.approx(found[f"size_{name}"], rel=0.25)
        assert found[name][-1] == pytest.approx(found[f"size_{name}"][-1], rel=0.05)
    assert (found["lipsdp"] >= found["size_lipsdp"]).all()
    assert (found["lipsdp"] >= found["seqlip_greedy"] * (1 - 1e-9)).all()
    assert (found["lipsdp"] <= found["eclipse_fast"]).all()
    assert (found["steepest"] < found["union"]).all()
