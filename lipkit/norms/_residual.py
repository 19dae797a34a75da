"""A residual block as a torch module. Importing this module imports torch."""

from torch import Tensor, nn


class Residual(nn.Module):
    """The block x + body(x), or shortcut(x) + body(x)."""

    def __init__(self, body: nn.Module, shortcut: nn.Module | None = None):
        super().__init__()
        self.body = body
        self.shortcut = nn.Identity() if shortcut is None else shortcut

    def forward(self, x: Tensor) -> Tensor:
        """The sum of the two branches."""
        out: Tensor = self.shortcut(x) + self.body(x)
        return out
