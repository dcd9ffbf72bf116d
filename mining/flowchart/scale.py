"""The colours of waiting: five classes between four limits, on one of seven fixed scales."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from math import log
from typing import Final

from mining.errors import InputError
from mining.findings import Graph
from mining.flowchart.durations import DAY, HOUR, MINUTE


@dataclass(frozen=True)
class Scale:
    """Four limits (seconds) that part average waits into five colours: kept per process, colours keep their meaning."""

    name: str
    limits_s: tuple[float, float, float, float]

    def colour_class(self, wait_s: float) -> int:
        """Say in which class, 0 (short) to 4 (long), a wait falls; a limit belongs to the class above it."""
        return bisect_right(self.limits_s, wait_s)


SCALES: Final = (
    Scale("5min-8h", (5 * MINUTE, 30 * MINUTE, 2 * HOUR, 8 * HOUR)),
    Scale("30min-1d", (30 * MINUTE, 2 * HOUR, 8 * HOUR, DAY)),
    Scale("2h-3d", (2 * HOUR, 8 * HOUR, DAY, 3 * DAY)),
    Scale("8h-7d", (8 * HOUR, DAY, 3 * DAY, 7 * DAY)),
    Scale("1d-14d", (DAY, 3 * DAY, 7 * DAY, 14 * DAY)),
    Scale("3d-30d", (3 * DAY, 7 * DAY, 14 * DAY, 30 * DAY)),
    Scale("7d-90d", (7 * DAY, 14 * DAY, 30 * DAY, 90 * DAY)),
)


def scale_named(name: str) -> Scale:
    """Find a scale by the name under which it was kept.

    Raises:
        InputError: there is no such scale.
    """
    for scale in SCALES:
        if scale.name == name:
            return scale
    raise InputError(f'"{name}" is no colour scale; write one of {", ".join(scale.name for scale in SCALES)}')


def choose_scale(graph: Graph) -> Scale:
    """Choose the scale that tells the most: whose classes part the moves with the highest entropy (first of equals)."""
    return max(SCALES, key=lambda scale: _entropy(graph, scale))


def _entropy(graph: Graph, scale: Scale) -> float:
    moves: Counter[int] = Counter()
    for flow in graph.flows:
        if flow.timer_s is None:
            moves[scale.colour_class(flow.winsorised_mean_s)] += flow.n
    total = sum(moves.values())
    return round(-sum(n / total * log(n / total) for n in moves.values()), 9) if total else 0.0
