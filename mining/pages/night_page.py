"""The page of one night of one process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from markupsafe import Markup

from mining.findings import Bottleneck, Findings, Graph, Variant
from mining.flowchart import Chart, path_id
from mining.pages.rendering import write_page

RANKED_SHOWN = 5  # as many as the map has badges for
VARIANTS_SHOWN = 6
REWORK_SHOWN = 8
TABLE_ROWS = 200  # of a table behind a picture; the rest is in the downloads
CHEVRONS = 14  # of one variant


@dataclass(frozen=True)
class LevelMap:
    """The map at one level of detail; exactly one is the `default`, and one is for a `phone`."""

    chart: Chart
    default: bool
    phone: bool


@dataclass(frozen=True)
class Download:
    """A file beside the page."""

    label: str
    file: str  # path relative to the page
    about: str

    @property
    def kind(self) -> str:
        return Path(self.file).suffix.lstrip(".").lower()


@dataclass(frozen=True)
class Chevron:
    """A run of the same activity in a variant, or `times` steps that are left out (then without a name)."""

    activity: str | None
    times: int


@dataclass(frozen=True)
class Level:
    """A LevelMap as the page's script and styles see it."""

    position: int
    chart: Chart
    svg: Markup
    default: bool
    phone: bool


def write_night(findings: Findings, maps: Sequence[LevelMap], downloads: Sequence[Download], into: Path) -> Path:
    """Write into/index.html; it refers to ../../assets/ and ../nights.js, which `write_site` keeps, and to `downloads`.

    Without maps the page says that there is nothing to draw.
    """
    return write_page(
        into / "index.html",
        "night.html",
        root="../../",
        findings=findings,
        levels=_levels(maps),
        downloads=downloads,
        ranked=_ranked(findings.bottlenecks),
        ranked_shown=RANKED_SHOWN,
        unranked=[bottleneck for bottleneck in findings.bottlenecks if not bottleneck.rank],
        average_wait=_average_waits(findings.graph),
        bar_full=max((b.share_interval.high for b in findings.bottlenecks if b.rank), default=1.0) or 1.0,
        variants_shown=VARIANTS_SHOWN,
        rework_shown=REWORK_SHOWN,
        table_rows=TABLE_ROWS,
        chevrons=chevrons,
        path_id=path_id,
    )


def _levels(maps: Sequence[LevelMap]) -> list[Level]:
    """Fewest activities first, the order of the slider; each map has ids of its own."""
    in_order = sorted(maps, key=lambda level: level.chart.activities_shown)
    return [
        Level(position, level.chart, Markup(level.chart.inline_svg(f"m{position}-")), level.default, level.phone)  # noqa: S704  (our own SVG, escaped where it is made)
        for position, level in enumerate(in_order)
    ]


def _ranked(bottlenecks: Sequence[Bottleneck]) -> list[Bottleneck]:
    return sorted((bottleneck for bottleneck in bottlenecks if bottleneck.rank), key=lambda b: b.rank)


def _average_waits(graph: Graph) -> dict[tuple[str, str], float]:
    """The averages that the map shows, so that the list beside it says the same: seconds, by path."""
    return {(flow.source, flow.target): flow.winsorised_mean_s for flow in graph.flows}


def chevrons(variant: Variant) -> list[Chevron]:
    """The steps of a variant, equal neighbours as one; of a long one the beginning and the end."""
    runs = [Chevron(activity, len(list(run))) for activity, run in groupby(variant.activities)]
    if len(runs) <= CHEVRONS:
        return runs
    hidden = runs[CHEVRONS - 3 : -2]
    return [*runs[: CHEVRONS - 3], Chevron(None, sum(run.times for run in hidden)), *runs[-2:]]
