"""How loose is the product bound? In the plane the truth is known at any depth."""

from typing import Any

from lipkit import lipschitz
from lipkit.experiments._registry import experiment
from lipkit.networks import sample_random_relu


@experiment(
    sizes={
        "test": {"width": 16, "depth": 2},
        "quick": {"width": 32, "depth": 4},
        "standard": {"width": 100, "depth": 4},
        "full": {"width": 400, "depth": 4},
    }
)
def product_gap(params: dict[str, Any], seed: int) -> dict[str, Any]:
    """Exact constant and product bound (ℓ2, global) of a random bias-free network on the plane."""
    network = sample_random_relu(2, params["width"], params["depth"], rng=seed)
    exact = lipschitz.METHODS["exact_plane"](network).value
    product = lipschitz.METHODS["autolip"](network).value
    return {"exact": exact, "product": product, "ratio": product / exact}
