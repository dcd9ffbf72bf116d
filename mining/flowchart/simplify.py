"""Which steps and paths a map shows: few, but every step can be reached from Start and reaches End or Open.

Steps are left out by projection (the graph of each level is computed from the log without them), paths by two spanning
arborescences: after Chapela-Campa, Dumas, Mucientes, Lama: "Efficient edge filtering of directly-follows graphs", 2022.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha1
from itertools import pairwise
from math import ceil
from typing import Final

from mining.findings import Activity, Bottleneck, Flow, Graph

BADGES: Final = 5  # of the worst bottlenecks
START: Final = "start"
END: Final = "end"
OPEN: Final = "open"
_SINK: Final = "sink"  # behind End and Open

MOST_PATHS: Final = 90  # more labelled paths take seconds to lay out, and nobody reads them
MOST_STEPS: Final = 40  # two arborescences over these stay below MOST_PATHS
_READABLE: Final = ((0.95, 1.8), (0.98, 3.0))  # up to this coverage at most so many paths a step
_SIZES: Final = (4, 6, 8, 10, 12, 15, 20, 27, 36)


@dataclass(frozen=True)
class Path:
    """An arrow of the map: moves between two steps, or from Start, to End, or to Open."""

    source: str  # id of a step, or START
    target: str  # id of a step, END or OPEN
    n: int
    flow: Flow | None  # None at Start, End and Open

    @property
    def id(self) -> str:
        return f"e_{self.source}_{self.target}"


def step_id(activity: str) -> str:
    """Name the element of an activity in every map; the same name from night to night."""
    return "a" + sha1(activity.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()[:8]


def path_id(source: str, target: str) -> str:
    """Name the element of the moves from one activity to another."""
    return f"e_{step_id(source)}_{step_id(target)}"


def levels(graph: Graph, main: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """List the activities kept at each level, few to all (at most 40): the main variant's first, then by cases."""
    by_cases = sorted(graph.activities, key=lambda activity: (-activity.cases, activity.name))
    known = {activity.name for activity in by_cases}
    ranked = list(dict.fromkeys([name for name in main if name in known] + [activity.name for activity in by_cases]))
    most = min(len(ranked), MOST_STEPS)
    sizes = [size for size in _SIZES if size < most] + [most]
    return tuple(tuple(ranked[:size]) for size in sizes) if ranked else ()


def default_level(graph: Graph, levels: Sequence[Sequence[str]], named: Collection[str] = ()) -> int:
    """Choose the level to open with, of at most 12 steps: the smallest with 95 % of the events and all the steps that are named
    beside the map; where there is none, the smallest with 95 %, else the largest.
    """
    events = {activity.name: activity.events for activity in graph.activities}
    readable = [index for index, kept in enumerate(levels) if len(kept) <= 12]
    most = [index for index in readable if sum(events[name] for name in levels[index]) >= 0.95 * sum(events.values())]
    whole = [index for index in most if set(named) <= set(levels[index])]
    return next(iter(whole or most or readable[-1:]), 0)


def phone_level(levels: Sequence[Sequence[str]]) -> int:
    """Choose the level for a narrow screen: the first with six steps or more."""
    return next((index for index, kept in enumerate(levels) if len(kept) >= 6), max(0, len(levels) - 1))


def all_paths(graph: Graph) -> tuple[Path, ...]:
    """List every path of a graph, most moves first, in an order that does not depend on that of the graph's parts."""
    paths = [Path(step_id(flow.source), step_id(flow.target), flow.n, flow) for flow in graph.flows]
    for activity in graph.activities:
        paths.extend(_terminal_paths(activity))
    return tuple(sorted((path for path in paths if path.n > 0), key=lambda path: (-path.n, path.source, path.target)))


def _terminal_paths(activity: Activity) -> tuple[Path, Path, Path]:
    step = step_id(activity.name)
    return (
        Path(START, step, activity.starts, None),
        Path(step, END, activity.ends, None),
        Path(step, OPEN, activity.open, None),
    )


def main_pairs(graph: Graph, main: Iterable[str]) -> frozenset[tuple[str, str]]:
    """List the moves of the most frequent variant as ids of steps, as far as the graph keeps them."""
    kept = {activity.name for activity in graph.activities}
    spine = [START, *(step_id(name) for name in main if name in kept), END]
    return frozenset(pairwise(spine))


def flagged(graph: Graph, bottlenecks: Iterable[Bottleneck]) -> dict[tuple[str, str], int]:
    """Give the rank of each of the five worst bottlenecks that the graph holds, by the ids of its two steps."""
    held = {(flow.source, flow.target) for flow in graph.flows if flow.timer_s is None}
    return {
        (step_id(one.after), step_id(one.step)): one.rank
        for one in bottlenecks
        if 1 <= one.rank <= BADGES and (one.after, one.step) in held
    }


def backbone(paths: Sequence[Path]) -> tuple[Path, ...]:
    """Choose the paths that tie every step to Start and to End or Open: the heaviest trees out of and into these.

    Raises:
        ValueError: some step is not on a way from Start to End or Open: then the graph's counts are wrong.
    """
    forward = _arborescence(START, [(path.source, path.target, path) for path in paths])
    ends = {END: _SINK, OPEN: _SINK}
    backward = _arborescence(
        _SINK, [(ends.get(path.target, path.target), path.source, path) for path in paths if path.source != START]
    )
    chosen = forward | backward
    return tuple(path for path in paths if path in chosen)


def selections(
    paths: Sequence[Path],
    steps: int,
    wanted: set[tuple[str, str]],
    coverage: float = 0.9,
    bones: Sequence[Path] | None = None,
) -> tuple[tuple[Path, ...], ...]:
    """List what may be shown, most first; each next one is easier to lay out, the last is the backbone alone.

    Args:
        paths: all of them, most moves first.
        steps: of the map; how many paths a step are shown depends on the coverage, unless more are needed.
        wanted: moves to show in any case (most frequent variant, bottlenecks).
        coverage: the share of all moves to show.
        bones: their `backbone`, if it is known.
    """
    least = set(backbone(paths) if bones is None else bones)
    needed = least | {path for path in paths if (path.source, path.target) in wanted}
    a_step = next((paths_a_step for upto, paths_a_step in _READABLE if coverage <= upto), MOST_PATHS)
    limit = min(MOST_PATHS, ceil(a_step * steps))
    full = _filled(paths, needed, limit, coverage)
    half = _filled(paths, needed, (len(full) + len(needed)) // 2, coverage)
    choices = [chosen for chosen in (full, half, needed, least) if len(chosen) <= MOST_PATHS]
    kept = dict.fromkeys(tuple(path for path in paths if path in chosen) for chosen in choices)
    return tuple(kept)


def share_of_moves(shown: Iterable[Path], paths: Iterable[Path]) -> float:
    """Say which share of all moves, also those at Start, End and Open, the shown paths carry (1 if there are none)."""
    total = sum(path.n for path in paths)
    return sum(path.n for path in shown) / total if total else 1.0


def _filled(paths: Sequence[Path], needed: set[Path], limit: int, coverage: float) -> set[Path]:
    chosen = set(needed)
    for path in paths:
        if len(chosen) >= limit or share_of_moves(chosen, paths) >= coverage:
            break
        chosen.add(path)
    return chosen


def _arborescence(root: str, edges: Sequence[tuple[str, str, Path]]) -> set[Path]:
    """Find the heaviest spanning arborescence (Chu-Liu/Edmonds); ties are settled by the order of the edges.

    Nothing leads to its root. Vertices are numbers, since sets of texts are ordered anew in every run.
    """
    import networkx as nx  # noqa: PLC0415 - takes as long as all else here, which charts use, too

    number = {root: 0}
    heaviest: dict[tuple[int, int], tuple[int, Path]] = {}
    for index, (a, b, path) in enumerate(edges):
        pair = number.setdefault(a, len(number)), number.setdefault(b, len(number))
        weight = path.n * len(edges) + len(edges) - index
        if a != b and (pair not in heaviest or heaviest[pair][0] < weight):
            heaviest[pair] = (weight, path)
    # A branching leaves out what costs it more than it brings: with `enough` added to each weight, nothing does. What
    # maximum_spanning_arborescence adds by itself can be too little (the log of one case "abdbcda").
    enough = len(number) * sum(weight for weight, _ in heaviest.values())
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_weighted_edges_from((u, v, weight + enough) for (u, v), (weight, _) in heaviest.items())
    chosen = nx.maximum_branching(graph).edges
    if len(chosen) != len(number) - 1:
        raise ValueError("some step of the graph is not on a way from Start to End or Open: its counts do not add up")
    return {heaviest[pair][1] for pair in chosen}
