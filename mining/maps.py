"""The maps of a night: mined anew for each choice of activities, drawn for each choice of paths."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from mining import durable
from mining.findings import Bottleneck, Graph
from mining.flowchart import (
    ALL_SETTINGS,
    BADGES,
    OPENING,
    SETTINGS,
    Chart,
    Scale,
    choose_scale,
    default_level,
    draw,
    draw_grid,
    phone_level,
    render,
    scale_named,
)
from mining.languages import within
from mining.pages.night_map import LevelMap


@dataclass(frozen=True)
class Maps:
    """What the page shows, and the map to take away."""

    shown: tuple[LevelMap, ...]
    draw_file: Callable[[], Chart]

    @cached_property
    def file(self) -> Chart:
        """The one that the page opens with, and its legend below it; drawn when it is first asked for."""
        return self.draw_file()

    def write(self, site: Path, kinds: Collection[str] = ("svg", "dot", "png", "pdf")) -> None:
        """Write map.svg and so on."""
        texts = {"svg": self.file.svg, "dot": self.file.dot}
        for kind in kinds:
            drawn = texts[kind].encode() if kind in texts else render(self.file.dot, kind)
            (site / f"map.{kind}").write_bytes(drawn)


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
        graphs: of the levels, fewest activities first.
        full: the graph with all activities, at least one.
        main: the activities of the most frequent variant, in their order.
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
    named = {step for one in bottlenecks if 1 <= one.rank <= BADGES for step in (one.after, one.step)}
    first, phone = default_level(full, kept, named), phone_level(kept)
    shown = tuple(
        LevelMap(one.chart, one.opens and number == first, one.opens and number == phone, one.setting)
        for number, variations in enumerate(grid)
        for one in variations
    )
    file = partial(
        draw,
        graphs[first],
        full=full,
        main=main,
        bottlenecks=bottlenecks,
        scale=scale,
        title=title,
        coverage=SETTINGS[OPENING],
    )
    return Maps(shown, within(file))


def keep_scale(settings: Path, graph: Graph) -> Scale:
    """The colours chosen on the first night; a colour means the same wait every night until someone changes the file."""
    if not settings.exists():
        chosen = json.dumps({"map_scale": choose_scale(graph).name}) + "\n"
        durable.write_once(settings, chosen.encode())
    return scale_named(json.loads(settings.read_text())["map_scale"])
