"""The maps of a night: mined anew for each choice of activities, drawn for each choice of paths."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from mining import durable
from mining.discovery import projections
from mining.findings import Bottleneck, Graph
from mining.flowchart import (
    ALL_SETTINGS,
    OPENING,
    SETTINGS,
    Chart,
    Scale,
    choose_scale,
    default_level,
    draw,
    draw_grid,
    levels,
    phone_level,
    render,
    scale_named,
)
from mining.pages import LevelMap
from mining.store import Tables


@dataclass(frozen=True)
class Maps:
    """What the page shows, and the map to take away: the one that the page opens with, and its legend below it."""

    shown: tuple[LevelMap, ...]
    file: Chart

    def write(self, site: Path, kinds: Collection[str] = ("svg", "dot", "png", "pdf")) -> None:
        """Write map.svg and so on."""
        texts = {"svg": self.file.svg, "dot": self.file.dot}
        for kind in kinds:
            drawn = texts[kind].encode() if kind in texts else render(self.file.dot, kind)
            (site / f"map.{kind}").write_bytes(drawn)


def level_graphs(tables: Tables, full: Graph, main: tuple[str, ...], *, few: bool = False) -> tuple[Graph, ...]:
    """Mine the log at each level of the map.

    Args:
        tables: of the night.
        full: the graph with all activities, at least one.
        main: the activities of the most frequent variant, in their order.
        few: at most three levels.
    """
    kept = levels(full, main)
    return tuple(projections(tables, full, _three(full, kept) if few else kept))


def draw_maps(
    graphs: Sequence[Graph],
    full: Graph,
    main: tuple[str, ...],
    bottlenecks: Sequence[Bottleneck],
    settings: Path,
    title: str,
    *,
    few: bool = False,
) -> Maps:
    """Draw all maps of a process in the spoken language.

    Args:
        graphs: as of `level_graphs`; full, main: as there.
        bottlenecks: all of them.
        settings: the file that keeps the colours of this process; it is written if it is not there.
        title: of the process.
        few: at most three settings of the slider for paths.
    """
    kept = [[activity.name for activity in graph.activities] for graph in graphs]
    scale = keep_scale(settings, full)
    grid = draw_grid(
        graphs,
        full=full,
        main=main,
        bottlenecks=bottlenecks,
        scale=scale,
        title=title,
        settings=(0, OPENING, ALL_SETTINGS[-1]) if few else ALL_SETTINGS,
    )
    first, phone = default_level(full, kept), phone_level(kept)
    shown = tuple(
        LevelMap(one.chart, one.opens and number == first, one.opens and number == phone, one.setting)
        for number, variations in enumerate(grid)
        for one in variations
    )
    file = draw(
        graphs[first],
        full=full,
        main=main,
        bottlenecks=bottlenecks,
        scale=scale,
        title=title,
        coverage=SETTINGS[OPENING],
    )
    return Maps(shown, file)


def _three(full: Graph, kept: Sequence[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    """The level for a phone, the one to open with, and the last."""
    chosen = {phone_level(kept), default_level(full, kept), len(kept) - 1}
    return tuple(kept[place] for place in sorted(chosen))


def keep_scale(settings: Path, graph: Graph) -> Scale:
    """The colours chosen on the first night; a colour means the same wait every night until someone changes the file."""
    if not settings.exists():
        chosen = json.dumps({"map_scale": choose_scale(graph).name}) + "\n"
        durable.write_once(settings, chosen.encode())
    return scale_named(json.loads(settings.read_text())["map_scale"])
