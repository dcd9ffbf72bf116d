"""All maps of a process between which its reader chooses: by how many activities, and by how many paths."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from mining.findings import Bottleneck, Graph
from mining.flowchart.chart import Chart, Level
from mining.flowchart.scale import Scale
from mining.flowchart.simplify import Path
from mining.languages import within

SETTINGS: Final = (0.0, 0.8, 0.9, 0.95, 0.98, 1.0)  # of the slider for paths: the share of moves that they carry
OPENING: Final = 2  # the setting to open with
ALL_SETTINGS: Final = tuple(range(len(SETTINGS)))
_AT_ONCE: Final = 2  # layouts; each is a program of its own
_SECONDS: Final = 10.0  # for a layout; one that takes longer is replaced by one with fewer paths


@dataclass(frozen=True)
class Variation:
    """One map of the grid, without legend."""

    chart: Chart
    setting: int  # the last of `SETTINGS` that leads to it
    opens: bool  # the one of its level to begin with


def draw_grid(
    graphs: Iterable[Graph],
    *,
    full: Graph,
    main: tuple[str, ...],
    bottlenecks: Sequence[Bottleneck],
    scale: Scale,
    title: str,
    settings: Sequence[int] = ALL_SETTINGS,
) -> tuple[tuple[Variation, ...], ...]:
    """Draw every level at every setting; settings that show the same paths share one map.

    Args:
        graphs: one per level, each of the log projected on the level's activities; while the next is mined, one is drawn.
        full, main, bottlenecks, scale, title: as of `draw`.
        settings: those to draw, by their places in `SETTINGS`; one of them is `OPENING` or more.

    Returns:
        Per level its maps, fewest paths first; the last one shows all paths, or as many as can be read.
    """
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        drawn = [
            [
                (pool.submit(within(level.chart), choices, _SECONDS, legend=False), setting)
                for choices, setting in _distinct(level, settings)
            ]
            for level in (Level(graph, full, main, tuple(bottlenecks), scale, title) for graph in graphs)
        ]
        return tuple(_each_once({future.result(): setting for future, setting in level}) for level in drawn)


def _distinct(level: Level, settings: Sequence[int]) -> Iterable[tuple[tuple[tuple[Path, ...], ...], int]]:
    """What to draw of a level, and the last setting that asks for it."""
    return {level.choices(SETTINGS[setting]): setting for setting in settings}.items()


def _each_once(drawn: Mapping[Chart, int]) -> tuple[Variation, ...]:
    """The maps of a level with the settings that lead to them; where layouts took too long, several came to the same map."""
    in_order = sorted(drawn.items(), key=lambda one: one[0].flows_shown)
    opening = next(chart for chart, setting in in_order if setting >= OPENING)
    return tuple(Variation(chart, setting, opens=chart is opening) for chart, setting in in_order)
