"""Which step stands above which: the order with the fewest moves upwards (a weighted feedback arc order)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

Weights = Mapping[tuple[str, str], int]


def order_of(steps: Sequence[str], weights: Weights) -> tuple[str, ...]:
    """Order `steps` from top to bottom so that few of the `weights` (moves from one step to another) point upwards.

    Greedy of Eades, Lin and Smyth (1993), then single steps are moved while that helps; the exact optimum is NP-hard.
    Ties are settled by the order of `steps`.
    """
    inner = {(a, b): n for (a, b), n in weights.items() if a != b}
    return _improved(_greedy(list(steps), inner), inner)


def upward(order: Sequence[str], weights: Weights) -> int:
    """Count the moves that point upwards in `order`."""
    place = {step: index for index, step in enumerate(order)}
    return sum(n for (a, b), n in weights.items() if place[a] > place[b])


def _greedy(steps: list[str], weights: Weights) -> list[str]:
    """Put sources first and sinks last; where there are none, the step with the greatest surplus of moves out first."""
    out: dict[str, dict[str, int]] = defaultdict(dict)
    into: dict[str, dict[str, int]] = defaultdict(dict)
    for (a, b), n in weights.items():
        out[a][b] = n
        into[b][a] = n
    head: list[str] = []
    tail: list[str] = []
    left = dict.fromkeys(steps)
    while left:
        gain = {step: _sum(out[step], left) - _sum(into[step], left) for step in left}
        sink = next((step for step in reversed(left) if not _sum(out[step], left)), None)
        source = next((step for step in left if not _sum(into[step], left)), None)
        if source is not None:
            head.append(source)
            del left[source]
        elif sink is not None:
            tail.append(sink)
            del left[sink]
        else:
            best = max(left, key=gain.__getitem__)
            head.append(best)
            del left[best]
    return head + tail[::-1]


def _improved(order: list[str], weights: Weights) -> tuple[str, ...]:
    better = True
    while better:
        better = False
        for step in tuple(order):
            rest = [other for other in order if other != step]
            cost = _costs(step, rest, weights)
            now = order.index(step)
            best = min(range(len(cost)), key=lambda place: (cost[place], abs(place - now)))
            if cost[best] < cost[now]:
                order = [*rest[:best], step, *rest[best:]]
                better = True
    return tuple(order)


def _costs(step: str, rest: Sequence[str], weights: Weights) -> list[int]:
    """Count the upward moves of `step` at each place among `rest`."""
    cost = [sum(weights.get((other, step), 0) for other in rest)]
    for other in rest:
        cost.append(cost[-1] - weights.get((other, step), 0) + weights.get((step, other), 0))
    return cost


def _sum(moves: Mapping[str, int], left: Mapping[str, None]) -> int:
    return sum(n for step, n in moves.items() if step in left)
