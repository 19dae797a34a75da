"""The points an attack visits, looked at in blocks: the best of each, and the trace of the loss."""

from dataclasses import dataclass

import torch
from torch import Tensor

from lipkit.attacks._border import Problem

_LARGEST = 2**24  # bytes of points held back before they are looked at
_SHORTEST = 5  # points of a block where an attack stops once it has succeeded


@dataclass(frozen=True, eq=False)
class Block:
    """Points ``(b, n, ...)``, their logits and losses, and the mask of who goes on (None: all)."""

    points: Tensor
    logits: Tensor
    losses: Tensor
    going: Tensor | None


class Trail:
    """What is kept of each point: the best place met, its loss, class and success.

    ``rows`` are the points still attacked. With ``stop``, those where the attack has succeeded
    leave, and the first place where it did is kept; otherwise the one with the largest loss.
    """

    def __init__(self, task: Problem, logits: Tensor, steps: int, stop: bool) -> None:
        self._task, self._stop = task, stop
        n, device = len(task), logits.device
        self.point = task.region.x.clone()
        self.loss, self.prediction = task.goal.losses(logits), logits.argmax(dim=1)
        self.hit = task.goal.hits(self.prediction)
        self.trace = logits.new_full((steps + 1, n), torch.nan)
        self.zero, self.broken = torch.zeros(2, n, dtype=torch.bool, device=device)
        self._newest = self.trace.clone()
        self.rows = torch.arange(n, device=device)
        self._held: tuple[Tensor, Tensor] | None = None
        self._count, self._room = 0, 0
        self._begin, self._improved = 0, torch.ones(n, dtype=torch.bool, device=device)

    def restart(self) -> Problem:
        """The problem of the points still attacked, for a new run over the steps."""
        if self._stop:
            self.rows = (~self.hit).nonzero()[:, 0]
        self._begin, self._held = 0, None
        return self._task.take(self.rows) if self._stop else self._task

    def finish(self) -> None:
        """Keep the trace of the run where it improved the point, and of the first run."""
        if self._improved.all():
            self.trace = self._newest
        else:
            self.trace[:, self._improved] = self._newest[:, self._improved]
        self._improved = torch.zeros_like(self._improved)
        self._newest = torch.full_like(self.trace, torch.nan)

    def record(self, x: Tensor, logits: Tensor) -> None:
        """A point visited, and the logits there; beyond the last step it is in no trace."""
        if self._held is None:
            # copies in one place: tensors kept alive one by one would slow the model's own
            self._room = max(1, min(len(self.trace), _LARGEST // (x.numel() * x.element_size())))
            self._room = min(self._room, _SHORTEST) if self._stop else self._room
            rooms = self._room + 2  # for what is recorded after the last step
            self._held = x.new_empty(rooms, *x.shape), logits.new_empty(rooms, *logits.shape)
        for kept, new in zip(self._held, (x, logits), strict=True):
            kept[self._count].copy_(new)
        self._count += 1

    def note(self, gradient: Tensor) -> None:
        """Remember where a gradient is 0, or not finite."""
        largest = gradient.flatten(1).abs().amax(dim=1)
        self.zero[self.rows] |= largest == 0
        self.broken[self.rows] |= ~largest.isfinite()

    @property
    def due(self) -> bool:
        """Whether it is time to look at what was recorded."""
        return self._count >= self._room

    def fold(self) -> Block:
        """Look at what was recorded, keep the best of it, and forget the rest."""
        assert self._held is not None
        block, rows = self._count, self.rows
        points, logits = (kept[:block] for kept in self._held)
        self._count = 0
        goal, flat = self._task.goal.take(rows).repeat(block), logits.flatten(0, 1)
        losses = goal.losses(flat).view(block, -1)
        finite = losses.isfinite()
        predicted = flat.max(dim=1).indices
        hits = goal.hits(predicted).view(block, -1) & finite
        self.broken[rows] |= ~finite.all(dim=0)
        visited = self._newest[self._begin : self._begin + block]
        visited[:, rows if self._stop else slice(None)] = losses[: len(visited)]
        self._begin += block
        self._keep(points, losses, hits, predicted.view(block, -1))
        going = ~self.hit[rows] if self._stop else None
        if going is None or bool(going.all()):
            return Block(points, logits, losses, None)
        self.rows, self._held = rows[going], None
        return Block(points, logits, losses, going)

    def settle(self, x: Tensor, logits: Tensor) -> None:
        """Return these points, whatever else was met."""
        self.point, self.prediction = x, logits.argmax(dim=1)
        self.loss = self._task.goal.losses(logits)
        self.hit = self._task.goal.hits(self.prediction) & self.loss.isfinite()
        self.broken |= ~self.loss.isfinite()

    def _keep(self, points: Tensor, losses: Tensor, hits: Tensor, predicted: Tensor) -> None:
        """Replace what is kept where the block has better: a success, or else a larger loss."""
        rows, each = self.rows, torch.arange(points.shape[1], device=points.device)
        hit = hits.any(dim=0)
        eligible = losses.isfinite() & (hits | ~hit)
        top, index = losses.where(eligible, -torch.inf).max(dim=0)
        if self._stop:
            order = torch.arange(len(hits), 0, -1, device=hits.device)[:, None]
            index = torch.where(hit, (hits * order).argmax(dim=0), index)
            top = losses[index, each]
        before = self.hit[rows]
        better = (hit & ~before) | ((hit == before) & (top > self.loss[rows]))
        index, each, rows = index[better], each[better], rows[better]
        self.point[rows] = points[index, each]
        self.loss[rows] = losses[index, each]
        self.prediction[rows] = predicted[index, each]
        self.hit[rows] = hit[better]
        self._improved[rows] = True
