"""The maps of a night's page: one to begin with, one for a phone, and the others behind two sliders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from mining.flowchart import Chart, Legend


@dataclass(frozen=True)
class LevelMap:
    """One map of the grid; exactly one is the `default`, and one is for a `phone`.

    Maps with the same number of activities are one stop of the slider for activities; among them the one for paths chooses.
    """

    chart: Chart
    default: bool
    phone: bool
    setting: int = 0  # of the slider for paths that leads to it: kept as well as may be when the activities change


@dataclass(frozen=True)
class ShownMap:
    """A LevelMap as the page's script and styles see it."""

    level: int  # stop of the slider for activities, 0 shows the fewest
    place: int  # of the slider for paths, among the maps of this level
    setting: int
    chart: Chart
    svg: Markup
    default: bool
    phone: bool


@dataclass(frozen=True)
class ShownMaps:
    """All maps of a page, fewest activities first, then fewest paths; never empty."""

    maps: tuple[ShownMap, ...]

    @property
    def first(self) -> ShownMap:
        return next((shown for shown in self.maps if shown.default), self.maps[0])

    @property
    def last_level(self) -> int:
        return self.maps[-1].level

    @property
    def last_place(self) -> int:
        """Of the slider for paths, as the page opens."""
        return max(shown.place for shown in self.maps if shown.level == self.first.level)

    @property
    def legend(self) -> Legend:
        return Legend.of_all([shown.chart.legend for shown in self.maps])


def shown_maps(maps: Sequence[LevelMap]) -> ShownMaps | None:
    """The maps in the order of the sliders, each with ids of its own; none where there is nothing to draw."""
    if not maps:
        return None
    in_order = sorted(maps, key=lambda one: (one.chart.activities_shown, one.chart.flows_shown))
    sizes = sorted({one.chart.activities_shown for one in maps})
    shown = []
    for position, one in enumerate(in_order):
        size = one.chart.activities_shown
        svg = Markup(one.chart.inline_svg(f"m{position}-"))  # noqa: S704 - our own SVG, escaped where it is made
        place = position - next(i for i, other in enumerate(in_order) if other.chart.activities_shown == size)
        level = sizes.index(size)
        shown.append(ShownMap(level, place, one.setting, one.chart, svg, one.default, one.phone))
    return ShownMaps(tuple(shown))
