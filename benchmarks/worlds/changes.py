"""What can be planted in a world."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

KINDS = ("slow", "capacity", "mix", "rework", "surge", "strike")


@dataclass(frozen=True)
class Change:
    """What is planted. It holds from `day` on (until `until`), for work and for work in progress."""

    kind: str  # one of KINDS
    day: int
    size: float = (
        0.0  # slow: times the work; capacity: people who stay; mix, rework: the new share; surge: times the orders
    )
    step: int | None = None  # slow, capacity
    segment: str | None = None  # slow in the world of delays: "A" or "B" alone
    ramp: int = 0  # days over which it grows to its size
    until: int | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind of change {self.kind!r}: one of {', '.join(KINDS)}")

    def extent(self, times: Floats) -> Floats:
        """0 before, 1 when it has its full size."""
        grown = np.clip((times - self.day) / self.ramp, 0, 1) if self.ramp else (times >= self.day).astype(float)
        return np.where(times >= self.until, 0.0, grown) if self.until is not None else grown

    def between(self, usual: float, times: Floats) -> Floats:
        """The quantity that goes from `usual` to `size`."""
        return usual + (self.size - usual) * self.extent(times)
